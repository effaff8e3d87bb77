"""A directory's report for people and programs.

The terminal prints it as every report of health is printed (cli/findings.py), with this
catalogue and this headline.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from keyturn.rules.directories.health.catalogue import CATALOGUE, place_of
from keyturn.rules.directories.health.settled import Kept, Memory
from keyturn.rules.health import records
from keyturn.rules.health import report as house
from keyturn.rules.health.report import Report, Root
from keyturn.rules.health.verdicts import State
from keyturn.rules.health.words import ENGLISH, Manner, fill

#: checks that an agent may have nothing to look at for: no OU was chosen, or another kind of
#: directory than Active Directory
OPTIONAL: Final = ("rights", "replication")


def headline(report: Report, manner: Manner = ENGLISH) -> str:
    """The one sentence that says how things stand: what people notice of the first root."""
    failed = [root for root in report.roots if CATALOGUE.state(root.finding) is State.FAIL]
    if not failed:
        return house.headline(CATALOGUE, report, manner.say)
    return house.and_more(f"{_so(failed[0], manner)}.", len(failed) - 1, manner.say)


def _so(root: Root, manner: Manner) -> str:
    """The worst that comes of it: that nobody's password can be set, or its own."""
    worst = next((f for f in root.consequences if f.check == "resets"), root.finding)
    return fill(CATALOGUE.causes[worst.cause].so, worst.facts, str, manner)


def untold(report: Report) -> tuple[str, ...]:
    """Checks of which no agent of this directory tells anything. Nobody looked, so they are
    neither well nor wrong, and whoever reads the report has to be told.
    """
    told = {finding.check for finding in report.findings}
    return tuple(check for check in OPTIONAL if check not in told)


def document(report: Report, memory: Memory, moment: Callable[[int], str]) -> dict[str, object]:
    """A report for programs, as records.document, with the kind of each place, since when each
    answer counts, and whether it flaps; and with what nobody looked at.

    Args:
        report: of what is held in `memory`.
        moment: milliseconds to what stands for a time.
    """
    told: dict[str, Any] = records.document(CATALOGUE, report, moment)

    def one(said: Mapping[str, Any]) -> dict[str, Any]:
        kept = memory.get((said["check"], said["subject"] or ""), Kept())
        whole = {
            **said, "place": str(place_of(said["check"])), "since": moment(kept.since),
            "flapping": kept.flaps,
        }  # fmt: skip
        if "consequences" in said:
            whole["consequences"] = [one(each) for each in said["consequences"]]
        return whole

    roots, fine = ([one(each) for each in told[part]] for part in ("roots", "fine"))
    return {
        **told, "headline": headline(report), "roots": roots, "fine": fine,
        "untold": list(untold(report)),
    }  # fmt: skip
