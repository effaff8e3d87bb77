"""Cases: who waits for help, why they may not get in, what is proved and what that permits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from keyturn.flows import casework
from keyturn.flows import staff as flow
from keyturn.flows.casework import FREE, MINE, Desk
from keyturn.flows.staff import NotAllowed, NotFound
from keyturn.rules.access import ALLOWED, Action, Staff
from keyturn.rules.diagnosis.catalogue import BY_ID, CAUSES
from keyturn.rules.grants import Deed, Permit
from keyturn.web.console.entry import barred, is_partial, refused
from keyturn.web.console.reading import WORD_MAX, choice
from keyturn.web.console.spoken import spoken
from keyturn.web.visit import Visit

STATES = ("open", MINE, FREE, "closed")


async def index(visit: Visit, staff: Staff) -> Response:
    """The newest cases."""
    state = choice("state", visit.query(state=WORD_MAX)["state"], STATES)
    return await listed(visit, staff, state, {})


async def listed(
    visit: Visit, staff: Staff, state: str | None, problem: Mapping[str, str]
) -> Response:
    """The list. `problem`: why no case was opened for a caller, by field."""
    answer = await casework.index(visit.site.parts, staff, state)
    return visit.page(
        "console/cases.html",
        422 if problem else 200,
        cases=answer.cases,
        holders=answer.holders,
        state=state,
        wrong=problem,
        can=ALLOWED[staff.role] & {Action.CLOSE_CASE},
    )


async def show(visit: Visit, staff: Staff) -> Response:
    """One case."""
    return await one(visit, staff, {})


async def proofs(visit: Visit, staff: Staff) -> Response:
    """For htmx, which asks while a proof runs: what changes of a case's page."""
    desk = await found(visit, staff)
    if not is_partial(visit):
        return visit.to(f"/console/cases/{desk.page.case.ref}")
    return visit.page("console/_case_proofs.html", **told(desk))


async def one(
    visit: Visit, staff: Staff, problem: Mapping[str, str], status: int = 200
) -> Response:  # fmt: skip
    """A case's page. `problem`: what was not taken, by field."""
    desk = await found(visit, staff)
    page = desk.page
    likely = list(dict.fromkeys(finding.cause for finding in page.diagnosis.findings))
    return visit.page(
        "console/case.html",
        status,
        diagnosis=spoken(visit, staff, page.diagnosis, page.facts),
        likely=[BY_ID[cause] for cause in likely],
        others=[cause for cause in CAUSES if cause.id not in likely and not cause.strangers],
        was=BY_ID.get(str(page.case.facts.get("cause"))),
        entries=desk.entries,
        wrong=problem,
        **told(desk),
    )


async def found(visit: Visit, staff: Staff) -> Desk:
    """The case. Raises Refusal 404."""
    answer = await casework.look(visit.site.parts, staff, visit.path["ref"])
    if isinstance(answer, Desk):
        return answer
    raise barred(answer)


def told(desk: Desk) -> dict[str, Any]:
    """What every page of a case says of it."""
    return {
        "case": desk.page.case, "user": desk.page.user, "holder": desk.holder, "mine": desk.mine,
        "proofs": desk.proofs, "running": desk.running, "ways": desk.ways,
        "deeds": [
            {"deed": str(one.deed), "missing": () if isinstance(one, Permit) else one.missing,
             "bound": isinstance(one, Permit) and one.bound}
            for one in desk.deeds if one.deed is not Deed.TEMPORARY_PASSWORD or desk.accounts
        ],
        "colleagues": desk.colleagues, "asks_me": desk.asks_me, "recovery": desk.recovery,
        "can": desk.can, "accounts": desk.accounts,
    }  # fmt: skip


async def close(visit: Visit, staff: Staff) -> Response:
    """Close one, with the cause that it was; none for another one."""
    cause = choice("cause", (await visit.form(cause=WORD_MAX))["cause"], BY_ID)
    answer = await flow.close_case(visit.site.parts, staff, visit.path["ref"], cause)
    if isinstance(answer, NotFound | NotAllowed):
        raise refused(answer)
    return visit.to(f"/console/cases/{answer.case.ref}")
