"""Your phone: which one answers for the account, adding one, replacing it, taking it away."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response
from starlette.routing import BaseRoute

from keyturn.flows import lost_phone, own_phone, proof
from keyturn.flows.own_phone import Bound, Capped, NothingOpen, Removed, Shown
from keyturn.rules.accounts import User
from keyturn.web.door import door
from keyturn.web.pages.proof import barred
from keyturn.web.pages.scanning import code_shown, is_open, stream
from keyturn.web.refusals import Refusal
from keyturn.web.site import Site
from keyturn.web.visit import Visit

ROOT = "/account/app"
ADD, REMOVE = f"{ROOT}/add", f"{ROOT}/remove"
STOP = f"{ROOT}/lost/stop"


def routes(site: Site) -> list[BaseRoute]:
    """The doors of this room."""
    return [
        door(site, ROOT, get=show),
        door(site, ADD, get=show_code, post=new_code),
        door(site, f"{ADD}/show", post=new_code),
        door(site, f"{ADD}/events", get=watch),
        door(site, REMOVE, get=ask_remove, post=remove),
        door(site, STOP, post=stop_lost),
    ]


async def show(visit: Visit) -> Response:
    """Which phone it is, and how it does."""
    signed = await visit.signed()
    own = await own_phone.overview(visit.site.parts, visit.caller, signed)
    app = visit.site.parts.link(visit.tenant, "/app/")
    return visit.page("own_phone.html", phone=own.phone, seen_at=own.seen_at, app=app)


async def show_code(visit: Visit) -> Response:
    """The code to scan; once a phone is bound by it, which phone it is."""
    signed = await visit.signed()
    parts, caller = visit.site.parts, visit.caller
    found = await own_phone.current(parts, caller, signed)
    if isinstance(found, Bound):
        return visit.to(ROOT)
    if isinstance(found, Shown) and is_open(found):
        return _code_page(visit, 200, found)
    answer = await proof.check(parts, caller, signed)
    if not isinstance(answer, User):
        return barred(visit, answer, ADD)
    return _code_page(visit, 200, found if isinstance(found, Shown) else None)


def _code_page(
    visit: Visit, status: int, shown: Shown | None, capped: Capped | None = None
) -> Response:
    watched = f"{ADD}/events" if is_open(shown) else ""
    s = code_shown(visit, shown, capped)
    return visit.page("activation_scan.html", status, s=s, watch=watched, root=ADD)


async def new_code(visit: Visit) -> Response:
    """Show a code, in place of the one before."""
    await visit.form()
    signed = await visit.signed()
    answer = await own_phone.show(visit.site.parts, visit.caller, signed)
    match answer:
        case Shown():
            return visit.to(ADD)
        case Capped():
            found = await own_phone.current(visit.site.parts, visit.caller, signed)
            shown = found if isinstance(found, Shown) else None
            return _code_page(visit, 429, shown, answer)
        case _:
            return barred(visit, answer, ADD)


async def watch(visit: Visit) -> Any:
    """What became of the code, as it happens."""
    signed = await visit.signed()
    found = await own_phone.current(visit.site.parts, visit.caller, signed)
    if isinstance(found, NothingOpen):
        raise Refusal(404, "no-such-page")

    async def look() -> Shown | None:
        now = await own_phone.current(visit.site.parts, visit.caller, signed)
        return now if isinstance(now, Shown) else None

    return stream(visit, signed.user.id, look, root=ADD)


async def ask_remove(visit: Visit) -> Response:
    """Before the phone goes."""
    signed = await visit.signed()
    parts, caller = visit.site.parts, visit.caller
    answer = await proof.check(parts, caller, signed)
    if not isinstance(answer, User):
        return barred(visit, answer, REMOVE)
    own = await own_phone.overview(parts, caller, signed)
    if own.phone is None:
        return visit.to(ROOT)
    return visit.page("own_phone_remove.html", phone=own.phone)


async def remove(visit: Visit) -> Response:
    """Take the phone away."""
    await visit.form()
    signed = await visit.signed()
    answer = await own_phone.remove(visit.site.parts, visit.caller, signed)
    return visit.to(ROOT) if isinstance(answer, Removed) else barred(visit, answer, REMOVE)


async def stop_lost(visit: Visit) -> Response:
    """Stop the new phone that the help desk was asked for."""
    await visit.form()
    await lost_phone.stop_own(visit.site.parts, visit.caller, await visit.signed())
    return visit.to("/account")
