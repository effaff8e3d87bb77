"""The way of a provider's people into a customer's console: see flows/entering.py.

home      POST /console/customers/TENANT/enter
customer  GET  /console/arrive/HOME/BEGUN       says which browser it is there, signed
home      GET  /console/handover/BEGUN/BROWSER/SIGNATURE
customer  GET  /console/enter/CODE              in
"""

from __future__ import annotations

import re
from typing import Final

from starlette.responses import Response

from keyturn.flows import entering as flow
from keyturn.flows.entering import Arrived, Begun, Handed
from keyturn.rules.access import Staff
from keyturn.web.console.entry import ConsoleHandler, barred
from keyturn.web.console.reading import row_id
from keyturn.web.refusals import Refusal
from keyturn.web.visit import Visit

CUSTOMERS: Final = "/console/customers"
LEAVE: Final = "/console/leave"
#: what the customer's address signs, so that nobody else names a browser
PURPOSE: Final = "arriving"
_DIGEST = re.compile(r"[A-Za-z0-9_-]{43}")
#: where at a customer's a proof at home may lead
_ON = re.compile(r"resume|users/[0-9a-z]{26}/[a-z-]{1,12}|directories/[0-9a-z]{26}")


async def begin(visit: Visit, staff: Staff) -> Response:
    """Set out for a customer's console."""
    await visit.form()
    answer = await flow.begin(visit.site.parts, staff, row_id(visit.path["tenant"]))
    if not isinstance(answer, Begun):
        raise barred(answer)
    return visit.away(answer.customer, f"/console/arrive/{visit.tenant.slug}/{answer.id}")


async def tell_browser(visit: Visit) -> Response:
    """At the customer's: back home with which browser it is here. Nothing is changed."""
    begun, slug = row_id(visit.path["begun"]), visit.path["home"]
    home = next((one for one in await visit.site.tenants() if one.slug == slug), None)
    if home is None or home.id == visit.tenant.id:
        raise Refusal(404, "no-such-page")
    browser = visit.caller.browser
    signature = visit.site.parts.sealer.digest(PURPOSE, f"{begun}|{browser}")
    return visit.abroad(home, f"/console/handover/{begun}/{browser}/{signature}")


async def hand(visit: Visit, _staff: Staff) -> Response:
    """At home: the secret for that browser."""
    begun, browser = row_id(visit.path["begun"]), visit.path["browser"]
    sealer, signed = visit.site.parts.sealer, visit.path["signature"]
    shaped = _DIGEST.fullmatch(browser) and _DIGEST.fullmatch(signed)
    if not shaped or not sealer.matches(PURPOSE, f"{begun}|{browser}", signed):
        raise Refusal(404, "no-such-page")
    if visit.guest is not None:  # nothing is handed on: they are at home elsewhere
        raise Refusal(404, "no-such-page")
    caller, session = visit.caller, await visit.signed()
    answer = await flow.hand(visit.site.parts, caller, session, begun, browser)
    if not isinstance(answer, Handed):
        raise barred(answer)
    return visit.abroad(answer.customer, f"/console/enter/{answer.code}")


async def arrive(visit: Visit) -> Response:
    """At the customer's: in."""
    code = visit.path["code"]
    if not _DIGEST.fullmatch(code):
        raise Refusal(404, "no-such-page")
    answer = await flow.arrive(visit.site.parts, visit.caller, code)
    if not isinstance(answer, Arrived):
        raise barred(answer)
    visit.keep_stay(answer.token)
    return visit.to("/console/users")


async def leave(visit: Visit) -> Response:
    """Out again, dead or alive, and home."""
    await visit.form()
    token = visit.stay_token
    home = await flow.leave(visit.site.parts, visit.caller, token) if token else None
    visit.keep_stay(None)
    return visit.away(home, CUSTOMERS) if home else visit.to("/console/users")


def go_on(then: str) -> ConsoleHandler:
    """At home, after a proof there: back to where it was needed. `then`: an address at the
    customer's, with its parameters in braces.
    """

    async def handler(visit: Visit, staff: Staff) -> Response:
        there = await flow.customer(visit.site.parts, staff, row_id(visit.path["tenant"]))
        if isinstance(there, flow.NotFound):
            raise barred(there)
        on = then.format(**visit.path)
        if not _ON.fullmatch(on):
            raise Refusal(404, "no-such-page")
        return visit.away(there, f"/console/{on}")

    return handler
