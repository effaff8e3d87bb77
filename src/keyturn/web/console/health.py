"""Health: what the doctor found last, and a new look.

A page is never held up by somebody's name servers: POST begins a look beside the requests,
GET shows the last result.  Results are kept in the database (`facts`), one for each tenant:
servers are several processes, and whichever is asked must show the same.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.responses import Response

from keyturn.flows import doctor
from keyturn.flows.staff import NotAllowed
from keyturn.ports.health import Ledger, Probes
from keyturn.ports.store import StoreUnavailable
from keyturn.rules.access import ALLOWED, Action, Staff, Why
from keyturn.rules.health.catalogue import CATALOGUE
from keyturn.rules.health.records import seen
from keyturn.rules.health.report import Catalogue, Report, headline, worst
from keyturn.rules.health.verdicts import Finding, State
from keyturn.rules.health.words import Manner, fill
from keyturn.web.console.entry import REDIRECT, is_partial, refused
from keyturn.web.console.spoken import PAGE, Ear
from keyturn.web.refusals import Refusal
from keyturn.web.visit import Visit

LOG = logging.getLogger("keyturn.doctor")
PLACE = "/console/health"


@dataclass(frozen=True, slots=True)
class SpokenFinding:
    """A finding in words. `copies`: what to copy, by kind; `evidence`: what was seen."""

    id: str
    title: str
    state: State
    what: str
    mend: str
    copies: tuple[tuple[str, str], ...]
    evidence: Mapping[str, str]
    consequences: tuple[SpokenFinding, ...] = ()


@dataclass(frozen=True, slots=True)
class SpokenReport:
    """A report for a page."""

    headline: str
    state: State
    at: int
    roots: tuple[SpokenFinding, ...]
    fine: tuple[SpokenFinding, ...]


async def show(visit: Visit, staff: Staff) -> Response:
    """The last result. For htmx, which asks while a look goes on: nothing until it is over,
    and then to open the page.
    """
    probes, ledger = _instruments(visit, staff)
    whole = await _whole(visit)
    looked = await doctor.last(probes, ledger, visit.tenant, whole=whole)
    if is_partial(visit):
        done = {REDIRECT: visit.base + PLACE} if looked.since is None else {}
        return Response(status_code=204, headers=done)
    return visit.page(
        "console/health.html",
        report=spoken(visit, looked.report) if looked.report else None,
        since=looked.since,
        whole=whole,
    )


async def look(visit: Visit, staff: Staff) -> Response:
    """Begin a look, unless one has just begun."""
    await visit.form()
    probes, ledger = _instruments(visit, staff)
    whole = await _whole(visit)
    if await doctor.begin(probes, ledger, visit.tenant):
        task = asyncio.create_task(_carry_out(visit, probes, ledger, whole=whole))
        visit.site.looks.add(task)
        task.add_done_callback(visit.site.looks.discard)
    return visit.to(PLACE)


async def _carry_out(visit: Visit, probes: Probes, ledger: Ledger, *, whole: bool) -> None:
    try:
        await doctor.carry_out(probes, ledger, visit.tenant, whole=whole)
    except StoreUnavailable as outage:
        LOG.warning("look not kept cause=%s", outage)


def _instruments(visit: Visit, staff: Staff) -> tuple[Probes, Ledger]:
    """What to look through. Raises Refusal 403, or 404 where nothing is looked at."""
    if Action.HEALTH not in ALLOWED[staff.role]:
        raise refused(NotAllowed(Why.NO_ROLE))
    if visit.site.health is None:
        raise Refusal(404, "no-such-page")
    return visit.site.health()


async def _whole(visit: Visit) -> bool:
    """Whether the installation is shown here: in its first tenant alone."""
    return (await visit.site.tenants())[0].id == visit.tenant.id


def spoken(
    visit: Visit, report: Report, catalogue: Catalogue = CATALOGUE, said: str = ""
) -> SpokenReport:
    """A report in words, times in the reader's zone.

    Args:
        said: the headline; "" for that of every report.
    """

    def one(finding: Finding, beneath: tuple[Finding, ...] = ()) -> SpokenFinding:
        return in_words(visit, catalogue, finding, tuple(one(each) for each in beneath))

    return SpokenReport(
        headline=said or headline(catalogue, report, manner_of(visit).say),
        state=worst(catalogue, report),
        at=report.at,
        roots=tuple(one(root.finding, root.consequences) for root in report.roots),
        fine=tuple(one(finding) for finding in report.fine),
    )


def manner_of(visit: Visit) -> Manner:
    """How the console's language says what was found."""
    say, speech = visit.words(PAGE)
    return Manner(say, speech.point)


def in_words(
    visit: Visit, catalogue: Catalogue, finding: Finding,
    consequences: tuple[SpokenFinding, ...] = (),
) -> SpokenFinding:  # fmt: skip
    """One finding in words."""
    cause = catalogue.causes[finding.cause]
    moment, manner = Ear(visit).time, manner_of(visit)

    def filled(text: str) -> str:
        return fill(text, finding.facts, moment, manner)

    return SpokenFinding(
        id=cause.id,
        title=manner.say(catalogue.checks[finding.check].title),
        state=cause.state,
        what=filled(cause.what),
        mend=filled(cause.mend),
        copies=tuple((c.kind, filled(c.text)) for c in cause.copies),
        evidence=seen(catalogue, finding, moment, manner),
        consequences=consequences,
    )
