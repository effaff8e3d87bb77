"""Long links in mails. Opening one changes nothing: mail filters open links, too."""

from __future__ import annotations

import re
from typing import Any

from starlette.responses import Response
from starlette.routing import BaseRoute

from keyturn.flows import recovery, signup
from keyturn.rules.codes import Expired, Replaced, Used
from keyturn.steps.links import LinkState
from keyturn.web.door import door
from keyturn.web.pages.recover import PAGES
from keyturn.web.pages.signup import arrive
from keyturn.web.site import Site
from keyturn.web.visit import Visit

TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
UNKNOWN = {"kind": "unknown", "at": None}


def routes(site: Site) -> list[BaseRoute]:
    """The doors of this room."""
    return [door(site, "/link/{token}", get=show, post=follow)]


def token_of(visit: Visit) -> str | None:
    """The token in the address, if it has the shape of one."""
    token = visit.path["token"]
    return token if TOKEN.fullmatch(token) else None


def standing(state: LinkState) -> dict[str, Any]:
    """What a link is worth, for a page."""
    if not state.known:
        return UNKNOWN
    match state.verdict:
        case None:
            return {"kind": "live", "at": None}
        case Expired(at=at):
            return {"kind": "expired", "at": at}
        case Used(at=at):
            return {"kind": "used", "at": at}
        case Replaced(at=at):
            return {"kind": "replaced", "at": at}
        case _:
            return UNKNOWN


async def _looked_up(visit: Visit) -> tuple[str, dict[str, Any]]:
    """What the link is for, and what it is worth."""
    token = token_of(visit)
    if token is None:
        return "recovery", UNKNOWN
    parts, caller = visit.site.parts, visit.caller
    state = await recovery.look_at_link(parts, caller, token)
    if state.known:
        return "recovery", standing(state)
    state = await signup.look_at_link(parts, caller, token)
    if state.known and state.verdict is None and not state.here:
        return "signup", {"kind": "elsewhere", "at": None}
    return ("signup" if state.known else "recovery"), standing(state)


async def show(visit: Visit) -> Response:
    """What the link is worth, and a button."""
    purpose, state = await _looked_up(visit)
    status = 404 if state["kind"] == "unknown" else 200
    return visit.page("link.html", status, purpose=purpose, state=state)


async def follow(visit: Visit) -> Response:
    """The button was pressed."""
    await visit.form()
    token = token_of(visit) or ""
    purpose, state = await _looked_up(visit)
    if state["kind"] == "live":
        answered = await (_signup if purpose == "signup" else _recovery)(visit, token)
        if answered is not None:
            return answered
    return visit.to(f"/link/{token}") if token else await show(visit)


async def _recovery(visit: Visit, token: str) -> Response | None:
    answer = await recovery.follow_link(visit.site.parts, visit.caller, token)
    return visit.to(PAGES[answer.step]) if isinstance(answer, recovery.Open) else None


async def _signup(visit: Visit, token: str) -> Response | None:
    answer = await signup.follow_link(visit.site.parts, visit.caller, token)
    if isinstance(answer, signup.SignedIn | signup.Confirmed):
        return arrive(visit, answer)
    return None
