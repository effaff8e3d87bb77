"""A code by text as the second step: at sign-in, in recovery, before a dangerous change."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response
from starlette.routing import BaseRoute

from keyturn.flows import signin, texting
from keyturn.flows.signin import NothingPending
from keyturn.flows.texting import Capped, NoTexts, Texted, TooSoon
from keyturn.web.door import door
from keyturn.web.pages.proof import PROOF, THEN_MAX, onward, proof_page
from keyturn.web.pages.recover import second_again
from keyturn.web.pages.signin import second_page
from keyturn.web.site import Site
from keyturn.web.visit import Visit


def routes(site: Site) -> list[BaseRoute]:
    """The doors of this room."""
    return [
        door(site, "/signin/second/text", post=at_signin),
        door(site, "/recover/second/text", post=in_recovery),
        door(site, "/account/proof/text", post=before_a_change),
    ]


def _problem(answer: TooSoon | Capped) -> dict[str, Any]:
    if isinstance(answer, TooSoon):
        return {"code": "too_soon", "at": answer.at}
    return {"code": "budget", "until": answer.until}


async def at_signin(visit: Visit) -> Response:
    """Text a code to whoever gave the right password in this browser."""
    await visit.form()
    answer = await texting.for_flow(visit.site.parts, visit.caller, "signin")
    if isinstance(answer, Texted | NoTexts):
        return visit.to("/signin/second")
    waiting = await signin.pending(visit.site.parts, visit.caller)
    if isinstance(waiting, NothingPending):
        return visit.to("/signin")
    return second_page(visit, 429, waiting, _problem(answer))


async def in_recovery(visit: Visit) -> Response:
    """Text a code to whoever proved the address in this browser."""
    await visit.form()
    answer = await texting.for_flow(visit.site.parts, visit.caller, "recovery")
    if isinstance(answer, Texted | NoTexts):
        return visit.to("/recover/second")
    return await second_again(visit, _problem(answer), 429)


async def before_a_change(visit: Visit) -> Response:
    """Text a code to whoever is signed in."""
    then = onward((await visit.form(then=THEN_MAX))["then"])
    signed = await visit.signed()
    answer = await texting.for_proof(visit.site.parts, visit.caller, signed)
    if isinstance(answer, Texted | NoTexts):
        return visit.to(f"{PROOF}?then={then}")
    return await proof_page(visit, 429, then, _problem(answer))
