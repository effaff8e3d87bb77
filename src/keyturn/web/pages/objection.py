"""This wasn't me. Opening the link changes nothing: mail filters open links, too."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import BaseRoute

from keyturn.flows import objection
from keyturn.flows.objection import Stopped
from keyturn.web.door import door
from keyturn.web.pages.link import UNKNOWN, standing, token_of
from keyturn.web.site import Site
from keyturn.web.visit import Visit


def routes(site: Site) -> list[BaseRoute]:
    """The doors of this room."""
    return [door(site, "/notme/{token}", get=show, post=confirm)]


async def show(visit: Visit) -> Response:
    """What the link is worth, and a button."""
    token = token_of(visit)
    state = UNKNOWN
    if token is not None:
        state = standing(await objection.look(visit.site.parts, visit.caller, token))
    status = 404 if state["kind"] == "unknown" else 200
    return visit.page("notme.html", status, state=state)


async def confirm(visit: Visit) -> Response:
    """The button was pressed. Pressed again (or reloaded) it shows the same case."""
    await visit.form()
    token = token_of(visit)
    if token is None:
        return await show(visit)
    answer = await objection.confirm(visit.site.parts, visit.caller, token)
    if not isinstance(answer, Stopped):
        return await show(visit)
    visit.keep_session(None)
    return visit.page("notme_done.html", ref=answer.ref)
