"""How a directory is, on its page: roots with what comes of them, marks on the map, history."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from keyturn import __version__
from keyturn.flows import directory_health as flow
from keyturn.ports.directory_health import Line
from keyturn.rules.access import Staff
from keyturn.rules.directories.health.catalogue import CATALOGUE, Place, place_of
from keyturn.rules.directories.health.spoken import headline, untold
from keyturn.rules.health.report import Report
from keyturn.rules.health.verdicts import Finding, State
from keyturn.steps.directory_views import DirectoryPage
from keyturn.web.console.entry import barred
from keyturn.web.console.health import SpokenReport, in_words, manner_of, spoken
from keyturn.web.visit import Visit

Mark = tuple[str, str, str]
#: by verdict; where nothing can be told, the map says what the primary reaches
_MARKS: Final[Mapping[State, tuple[str, str]]] = {
    State.FAIL: ("bad", "cross"), State.WARN: ("warn", "alert"),
}  # fmt: skip
#: of the others the map says already what is worse, or nothing is known
_SHOWN: Final = frozenset({"reached", "read_only"})


@dataclass(frozen=True, slots=True)
class SpokenLine:
    """A line of history in words. `change`: settled.Change."""

    at: int
    change: str
    title: str
    subject: str
    what: str


@dataclass(frozen=True, slots=True)
class SpokenHealth:
    """For the page.

    Attributes:
        untold: titles of checks that nobody looked at.
        marks: tone, icon and word of controllers that answer and have a trouble.
    """

    report: SpokenReport
    untold: tuple[str, ...]
    history: tuple[SpokenLine, ...]
    marks: Mapping[str, Mark]


async def health_of(visit: Visit, staff: Staff, page: DirectoryPage) -> SpokenHealth:
    """How it is now. Raises Refusal 404 for a directory that went meanwhile."""
    found = await flow.page(visit.site.parts, staff, page.row.directory.id, __version__)
    if found is None:
        raise barred(None)
    report, manner = found.health.report, manner_of(visit)
    shown = {controller.host for controller in page.controllers if controller.state in _SHOWN}
    return SpokenHealth(
        report=spoken(visit, report, CATALOGUE, headline(report, manner)),
        untold=tuple(manner.say(CATALOGUE.checks[check].title) for check in untold(report)),
        history=tuple(_lines(visit, found.history)),
        marks=_marks(report, shown, manner.say),
    )


def _lines(visit: Visit, history: Iterable[Line]) -> Iterable[SpokenLine]:
    """Causes that this release does not know are left out."""
    for line in history:
        if line.cause in CATALOGUE.causes:
            finding = Finding(line.cause, line.subject, line.at, line.facts)
            told = in_words(visit, CATALOGUE, finding)
            yield SpokenLine(line.at, line.change, told.title, line.subject, told.what)


def _marks(report: Report, shown: Container[str], say: Callable[[str], str]) -> Mapping[str, Mark]:
    """The gravest of each of these controllers: what is wrong before what could be better."""
    marks: dict[str, Mark] = {}
    for state, look in _MARKS.items():
        for finding in report.findings:
            here = finding.subject in shown and place_of(finding.check) is Place.CONTROLLER
            if here and CATALOGUE.state(finding) is state:
                marks.setdefault(
                    finding.subject, (*look, say(CATALOGUE.checks[finding.check].title))
                )
    return marks
