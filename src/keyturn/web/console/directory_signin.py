"""The switch of a directory's page: whether its passwords sign people in."""

from __future__ import annotations

from starlette.responses import Response

from keyturn.flows import directory_switch
from keyturn.flows.directory_switch import Switched
from keyturn.rules.access import Staff
from keyturn.web.console.entry import barred
from keyturn.web.console.reading import WORD_MAX, choice, row_id
from keyturn.web.visit import Visit


async def is_on(visit: Visit, staff: Staff, directory_id: str) -> bool:
    """As stored now."""
    found = await directory_switch.look(visit.site.parts, staff, directory_id)
    return isinstance(found, Switched) and found.on


async def switch(visit: Visit, staff: Staff) -> Response:
    """On or off, for who has just shown that it is they."""
    wanted = choice("to", (await visit.form(to=WORD_MAX))["to"], {"on", "off"})
    directory_id = row_id(visit.path["directory"])
    answer = await directory_switch.switch(visit.site.parts, staff, directory_id, on=wanted == "on")
    if not isinstance(answer, Switched):
        raise barred(answer)
    return visit.to(f"/console/directories/{directory_id}")
