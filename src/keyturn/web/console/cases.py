"""Cases: who waits for help, and why they may not get in."""

from __future__ import annotations

from starlette.responses import Response

from keyturn.flows import staff as flow
from keyturn.flows.staff import NotAllowed, NotFound
from keyturn.rules.access import ALLOWED, Action, Staff
from keyturn.rules.diagnosis.catalogue import BY_ID, CAUSES
from keyturn.web.console.entry import refused
from keyturn.web.console.reading import WORD_MAX, choice
from keyturn.web.console.spoken import spoken
from keyturn.web.visit import Visit

STATES = ("open", "closed")


async def index(visit: Visit, staff: Staff) -> Response:
    """The newest cases."""
    state = choice("state", visit.query(state=WORD_MAX)["state"], STATES)
    found = await flow.cases(visit.site.parts, staff, state)
    return visit.page("console/cases.html", cases=found, state=state)


async def show(visit: Visit, staff: Staff) -> Response:
    """One case."""
    found = await flow.case(visit.site.parts, staff, visit.path["ref"])
    if isinstance(found, NotFound):
        raise refused(found)
    diagnosis = found.diagnosis
    likely = list(dict.fromkeys(finding.cause for finding in diagnosis.findings))
    return visit.page(
        "console/case.html",
        case=found.case,
        user=found.user,
        diagnosis=spoken(visit, staff, diagnosis, found.facts),
        likely=[BY_ID[cause] for cause in likely],
        others=[cause for cause in CAUSES if cause.id not in likely and not cause.strangers],
        was=BY_ID.get(str(found.case.facts.get("cause"))),
        can=ALLOWED[staff.role] & {Action.CLOSE_CASE, Action.VERIFY},
    )


async def close(visit: Visit, staff: Staff) -> Response:
    """Close one, with the cause that it was; none for another one."""
    cause = choice("cause", (await visit.form(cause=WORD_MAX))["cause"], BY_ID)
    found = await flow.close_case(visit.site.parts, staff, visit.path["ref"], cause)
    if isinstance(found, NotFound | NotAllowed):
        raise refused(found)
    return visit.to(f"/console/cases/{found.case.ref}")
