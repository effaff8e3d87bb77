"""The play of a directory's health from beginning to end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from rich.table import Table
from rich.text import Text

from keyturn.demo.agents import CommandRefused
from keyturn.demo.play.health.faults import LAST, ONE, Fault
from keyturn.demo.play.health.pairs import PAIRS
from keyturn.demo.play.health.ward import HEALTHY_S, SEEN_S, Place, Report, Ward
from keyturn.demo.play.playing import EXPECTED, Act, perform
from keyturn.demo.play.telling import Teller
from keyturn.lab.commands import CommandFailed, InVain

TROUBLE: Final = (*EXPECTED, CommandRefused, CommandFailed, InVain)
#: between two looks at a domain that is to be silent, s
EACH_S: Final = 10.0
FAULTS: Final = (*ONE, *PAIRS, LAST)


@dataclass(slots=True)
class Row:
    """A line of the table.

    Attributes:
        seen: the last report of the fault. seen_s: seconds until it was named rightly, negative:
            it was not. healthy_s: as that, after it was undone; None: not waited for.
        lacking: why it was not played.
    """

    fault: Fault
    seen: Report | None = None
    seen_s: float = -1.0
    healthy_s: float | None = None
    lacking: str = ""

    @property
    def right(self) -> bool:
        """Whether it was named rightly, and gone when it was undone."""
        return self.seen_s >= 0 and (self.healthy_s is None or self.healthy_s >= 0)


def play(silent_minutes: float, only: str = "") -> bool:
    """Play everything; whether every root was named rightly and the healthy domain was silent.

    Args:
        silent_minutes: how long the healthy domain is listened to.
        only: faults with this in their name; "" for all.

    Raises Unable, CommandFailed, CommandRefused.
    """
    teller, rows = Teller(), [Row(fault) for fault in FAULTS if only in fault.name]
    teller.out.print(
        "[bold]The health of a directory, played from outside[/bold]: three real controllers, an "
        f"agent beside each, {len(rows)} faults."
    )
    acts: list[Act[Ward]] = [
        Act("B3", "A healthy domain, and silence", partial(silence, silent_minutes)),
        *(Act("B3", row.fault.name, partial(show, row)) for row in rows),
    ]
    held = perform(Ward(), acts, teller, TROUBLE)
    teller.out.width = max(teller.out.width, 140)
    teller.out.print(table(rows))
    for row in rows:
        if row.lacking:
            teller.out.print(Text(f"NOT PLAYED: {row.fault.name}: {row.lacking}.", "bold red"))
    return held and all(row.right for row in rows)


def silence(minutes: float, ward: Ward, told: Teller) -> None:
    """The doctor has nothing to say of the healthy domain, look after look."""
    took, report = ward.until(healthy, "a healthy domain", HEALTHY_S)
    told.check(f"the domain is healthy after {took:.0f} s", report.healthy, report)
    pause, noise = threading.Event(), list[tuple[float, tuple[Place, ...]]]()
    began, looks = time.monotonic(), 0
    while (since := time.monotonic() - began) < 60 * minutes:
        found = ward.report()
        looks += 1
        if not found.healthy:
            noise.append((since, found.places))
        pause.wait(EACH_S)
    told.check(f"silent for {minutes:g} minutes, in {looks} looks", looks and not noise, noise)


def show(row: Row, ward: Ward, told: Teller) -> None:
    """Do a fault, hear what the doctor says, undo it, and wait until the domain is healthy."""
    fault = row.fault
    row.lacking = fault.lacking()
    if row.lacking:
        told.check("it can be played here", good=False, seen=row.lacking)
        return
    try:
        fault.do(ward)
        row.seen_s, seen = ward.until(names(fault), fault.name, SEEN_S)
    finally:
        fault.undo(ward)
    row.seen = seen
    told.check("the right root, what comes of it beneath", row.seen_s >= 0, seen)
    told.seen(f"{_said(seen.places)} (after: {_seconds(row.seen_s)})")
    if fault.lasts:
        told.tell("What was refused is told for an hour: nothing is played after it.")
        return
    row.healthy_s, last = ward.until(healthy, "a healthy domain", HEALTHY_S)
    told.check("undone, and healthy again", row.healthy_s >= 0, last)


def healthy(report: Report) -> bool:
    """Nothing is said of it."""
    return report.healthy


def names(fault: Fault) -> Callable[[Report], bool]:
    """Whether a report names exactly these roots, in their order, with what has to be beneath."""

    def so(report: Report) -> bool:
        beneath = {cause for root in report.roots for cause in root.beneath}
        return report.places == fault.roots and beneath >= set(fault.beneath)

    return so


def table(rows: Sequence[Row]) -> Table:
    """What was done, what had to be said, what was said."""
    made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for title in ("", "Fault", "Expected root", "Seen root", "Beneath", "Seen after",
                  "Well after"):  # fmt: skip
        made.add_column(title)
    for row in rows:
        mark = Text("✓", "green") if row.right else Text("✗", "bold red")
        seen = row.seen.roots if row.seen else ()
        beneath = ", ".join(dict.fromkeys(cause for root in seen for cause in root.beneath))
        made.add_row(
            mark, row.fault.name, _said(row.fault.roots), _said([root.place for root in seen]),
            beneath or "nothing", _seconds(row.seen_s), _seconds(row.healthy_s),
        )  # fmt: skip
    return made


def _said(places: Sequence[Place]) -> str:
    named = (f"{cause} {subject.partition('.')[0]}".strip() for cause, subject in places)
    return ", ".join(named) or "nothing"


def _seconds(taken: float | None) -> str:
    if taken is None:
        return "not awaited"
    return f"{taken:.0f} s" if taken >= 0 else "never"
