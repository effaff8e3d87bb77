"""Looking at the console as a lower role sees it, and being oneself again."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from keyturn.flows import seeing as flow
from keyturn.flows.seeing import NotAllowed
from keyturn.rules.access import Staff, Why
from keyturn.rules.accounts import Role
from keyturn.web.console.entry import barred
from keyturn.web.console.reading import WORD_MAX, choice
from keyturn.web.visit import Visit

HOME: Final = "/console/as"


async def choose(visit: Visit, staff: Staff) -> Response:
    """The roles to look as."""
    roles = flow.lower(staff)
    if not roles:
        raise barred(NotAllowed(Why.NO_ROLE))
    return visit.page("console/see_as.html", roles=roles)


async def start(visit: Visit, staff: Staff) -> Response:
    """Look as one of them from now on."""
    wanted = choice("role", (await visit.form(role=WORD_MAX))["role"], set(map(str, Role)))
    if wanted is None:
        return await choose(visit, staff)
    answer = await flow.start(visit.site.parts, staff, Role(wanted))
    if isinstance(answer, NotAllowed):
        raise barred(answer)
    return visit.to("/console/users")


async def end(visit: Visit, staff: Staff) -> Response:
    """Be oneself again."""
    await visit.form()
    await flow.end(visit.site.parts, staff)
    return visit.to("/console/users")
