"""Your data: a file of all of it, and the account deleted; the link that keeps it.

Opening the link changes nothing: mail filters open links, too.
"""

from __future__ import annotations

import json

from starlette.responses import Response
from starlette.routing import BaseRoute

from keyturn.flows import data
from keyturn.flows.data import Asked, Exported, Kept, LastOwner
from keyturn.rules.accounts import User
from keyturn.steps.erasure import WAIT_MS
from keyturn.web.door import door
from keyturn.web.pages.link import UNKNOWN, standing, token_of
from keyturn.web.pages.proof import barred
from keyturn.web.site import Site
from keyturn.web.visit import Visit

DATA, DELETE = "/account/data", "/account/delete"


def routes(site: Site) -> list[BaseRoute]:
    """The doors of this room."""
    return [
        door(site, DATA, get=show, post=export),
        door(site, DELETE, get=ask, post=delete),
        door(site, "/keep/{token}", get=show_link, post=keep),
    ]


async def show(visit: Visit) -> Response:
    """What can be had, and what can be ended."""
    await visit.signed()
    return visit.page("data.html")


async def export(visit: Visit) -> Response:
    """The file."""
    await visit.form()
    answer = await data.export(visit.site.parts, visit.caller, await visit.signed())
    if not isinstance(answer, Exported):
        return barred(visit, answer, DATA)
    return as_file(answer, visit.tenant.slug)


def as_file(exported: Exported, slug: str) -> Response:
    """A file to be saved: no browser shows it as a page."""
    text = json.dumps(exported.document, ensure_ascii=False, indent=2, default=str)
    # what strangers called their browsers stands in it: no mark-up, should anything show it
    text = text.replace("<", "\\u003c")
    name = f'attachment; filename="{slug}-data.json"'
    return Response(
        text + "\n", media_type="application/json", headers={"content-disposition": name}
    )


async def ask(visit: Visit) -> Response:
    """What a deletion means, before it is asked for."""
    signed = await visit.signed()
    answer = await data.check(visit.site.parts, visit.caller, signed)
    if isinstance(answer, LastOwner):
        return visit.page("delete.html", last_owner=True, erase_at=None)
    if not isinstance(answer, User):
        return barred(visit, answer, DELETE)
    return visit.page("delete.html", last_owner=False, erase_at=visit.now + WAIT_MS)


async def delete(visit: Visit) -> Response:
    """Disable the account, to be erased after the wait."""
    await visit.form()
    signed = await visit.signed()
    answer = await data.ask_deletion(visit.site.parts, visit.caller, signed)
    match answer:
        case Asked(erase_at=at):
            email = signed.user.email
            visit.keep_session(None)
            visit.signed_in = None
            return visit.page("delete_done.html", erase_at=at, email=email)
        case LastOwner():
            return visit.page("delete.html", 409, last_owner=True, erase_at=None)
        case _:
            return barred(visit, answer, DELETE)


async def show_link(visit: Visit) -> Response:
    """What the link is worth, and a button."""
    token = token_of(visit)
    state = UNKNOWN
    if token is not None:
        state = standing(await data.look(visit.site.parts, visit.caller, token))
    return visit.page("keep.html", 404 if state["kind"] == "unknown" else 200, state=state)


async def keep(visit: Visit) -> Response:
    """The button was pressed. Pressed again it says the same."""
    await visit.form()
    token = token_of(visit)
    if token is None:
        return await show_link(visit)
    answer = await data.keep(visit.site.parts, visit.caller, token)
    return visit.page("keep_done.html") if isinstance(answer, Kept) else await show_link(visit)
