"""When a finding counts, what changed, and what is worth waking somebody for.

What was found once may be a lost packet.  An answer of a check counts from when it was given by
two looks in a row, or by one that nothing has contradicted for a minute; until then the one
before it stands.  Two looks are two looks at the directory: facts that are judged twice were
still seen once.

    look       well  late   well  late  late            late late
    counts     well  well   well  well  late            late late
    history                             opened

A check whose answer changes again and again flaps.  That is told once, then nothing of it until
it has been quiet for half an hour.

An alarm tells all roots that failed and were not told before, together, at most one in ten
minutes; what comes between waits for the next.  Consequences never alarm, nor does a directory
whose first agent has not come yet: whoever connects it is at it, and the page says what is left.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from keyturn.rules.directories.health.catalogue import CATALOGUE
from keyturn.rules.directories.health.forest import Key, key
from keyturn.rules.health.report import Report
from keyturn.rules.health.verdicts import Finding, State
from keyturn.rules.health.words import MINUTE

LOOKS: Final = 2
STANDS_MS: Final = MINUTE
#: so many changes of an answer within that time are a flapping
FLAPS: Final = 6
FLAP_MS: Final = 30 * MINUTE
ALARM_MS: Final = 10 * MINUTE
#: Kept.told of a check of which it was told that it flaps
FLAPPING: Final = "flapping"
_TROUBLE: Final = frozenset({State.FAIL, State.WARN})
#: an agent came, whatever became of it
_CAME: Final = frozenset({"agent.ok", "agent.silent", "agent.copied"})


class Change(StrEnum):
    """What happened to an answer. Stored: add, never rename."""

    OPENED = "opened"  # it was well, or never asked, and is wrong or could be better
    CHANGED = "changed"  # what is open is another trouble now, cannot be seen, or can again
    CLOSED = "closed"  # it is well again, or its place is not there any more
    FLAPPING = "flapping"
    CALMED = "calmed"  # it flaps no more, and this is the answer


@dataclass(frozen=True, slots=True)
class Coming:
    """An answer that does not count yet: the last time it was given, since when, how often."""

    finding: Finding
    since: int
    looks: int


@dataclass(frozen=True, slots=True)
class Kept:
    """What is remembered of one check at one place.

    Attributes:
        held: the answer that counts; None before the first did. since: when it began to.
        coming: another one, or None.
        changes: when answers changed lately, whether they came to count or not.
        open: a trouble was told to history that is not closed.
        flaps: it is being told as flapping.
        told: the cause that an alarm told, FLAPPING, or "".
    """

    held: Finding | None = None
    since: int = 0
    coming: Coming | None = None
    changes: tuple[int, ...] = ()
    open: bool = False
    flaps: bool = False
    told: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """One line of history.

    Attributes:
        before: the cause that counted until now, "" for none.
    """

    change: Change
    finding: Finding
    before: str
    at: int


Memory = Mapping[Key, Kept]


def settle(
    memory: Memory, findings: Iterable[Finding], now: int
) -> tuple[dict[Key, Kept], tuple[Event, ...]]:
    """What is remembered after a look, and what to write into history.

    Args:
        memory: of before; {} at first.
        findings: all of checks.judge. A place that is not in them is not there any more.
        now: the moment, ms. May be called between looks, with the findings of the last.
    """
    after: dict[Key, Kept] = {}
    events: list[Event] = []
    found = {key(f): f for f in findings}
    for place, finding in found.items():
        after[place], told = _one(memory.get(place, Kept()), finding, now)
        events += told
    for place, kept in memory.items():
        if place not in found:
            events += _closed(kept, now)
            if kept.told:
                after[place] = Kept(told=kept.told)
    return after, tuple(events)


def held(memory: Memory) -> tuple[Finding, ...]:
    """The answers that count: what is arranged and shown."""
    return tuple(kept.held for kept in memory.values() if kept.held is not None)


def _one(kept: Kept, finding: Finding, now: int) -> tuple[Kept, list[Event]]:
    looked = _look(kept, finding, now)
    if looked.flaps or len(looked.changes) >= FLAPS:
        return _flapping(kept, looked, finding, now)
    return looked, _change(kept, looked, now)


def _look(kept: Kept, finding: Finding, now: int) -> Kept:
    """One more answer, and whether it counts now."""
    changes = tuple(at for at in kept.changes if now < at + FLAP_MS)
    latest = _latest(kept)
    if latest is not None and latest.cause != finding.cause:
        changes = (*changes, now)[-FLAPS:]
    kept = replace(kept, changes=changes)
    if kept.held is not None and kept.held.cause == finding.cause:
        return replace(kept, held=finding, coming=None)
    coming = _again(kept.coming, finding, now)
    if coming.looks < LOOKS and now < coming.since + STANDS_MS:
        return replace(kept, coming=coming)
    trouble = CATALOGUE.state(finding)
    is_open = trouble in _TROUBLE or (kept.open and trouble is State.UNKNOWN)
    return replace(kept, held=finding, since=now, coming=None, open=is_open)


def _latest(kept: Kept) -> Finding | None:
    """The last answer, whether it counts or not."""
    return kept.coming.finding if kept.coming else kept.held


def _again(coming: Coming | None, finding: Finding, now: int) -> Coming:
    if coming is None or coming.finding.cause != finding.cause:
        return Coming(finding, now, 1)
    return Coming(finding, coming.since, coming.looks + (finding.at > coming.finding.at))


def _change(before: Kept, after: Kept, now: int) -> list[Event]:
    """What came to count just now."""
    was, now_is = before.held, after.held
    if now_is is None or (was is not None and was.cause == now_is.cause):
        return []
    cause = was.cause if was else ""
    if after.open and not before.open:
        return [Event(Change.OPENED, now_is, cause, now)]
    if before.open and not after.open:
        return [Event(Change.CLOSED, now_is, cause, now)]
    return [Event(Change.CHANGED, now_is, cause, now)] if after.open else []


def _flapping(before: Kept, after: Kept, finding: Finding, now: int) -> tuple[Kept, list[Event]]:
    """While it flaps nothing else is told of it."""
    cause = before.held.cause if before.held else ""
    if not before.flaps:
        return replace(after, flaps=True), [Event(Change.FLAPPING, finding, cause, now)]
    if after.changes or after.held is None:
        return after, []
    calm = replace(after, flaps=False)
    return calm, [Event(Change.CALMED, after.held, cause, now)]


def _closed(kept: Kept, now: int) -> list[Event]:
    if kept.held is None or not kept.open:
        return []
    return [Event(Change.CLOSED, kept.held, kept.held.cause, now)]


# -- alarms


@dataclass(frozen=True, slots=True)
class Alarm:
    """What owners are told.

    Attributes:
        roots: failures that are new, the gravest first. flapping: checks that began to flap.
        over: check and place of what was told before and is over.
    """

    roots: tuple[Finding, ...]
    flapping: tuple[Finding, ...]
    over: tuple[Key, ...]


def alarm(
    memory: Memory, report: Report, last_at: int | None, now: int
) -> tuple[dict[Key, Kept], Alarm | None]:
    """What to tell now, if anything, and what is remembered then.

    Args:
        report: of what is held.
        last_at: when the last alarm of this directory went; None: never.
    """
    if _begins(report) or (last_at is not None and now < last_at + ALARM_MS):
        return dict(memory), None
    roots = tuple(
        root.finding
        for root in report.roots
        if CATALOGUE.state(root.finding) is State.FAIL and _is_new(memory, root.finding)
    )
    flapping = {
        place: kept for place, kept in memory.items() if kept.flaps and kept.told != FLAPPING
    }
    over = tuple(p for p, kept in memory.items() if kept.told and not (kept.open or kept.flaps))
    if not (roots or flapping or over):
        return dict(memory), None
    words = {key(f): f.cause for f in roots} | dict.fromkeys(flapping, FLAPPING)
    words |= dict.fromkeys(over, "")
    after = {p: replace(kept, told=words.get(p, kept.told)) for p, kept in memory.items()}
    told = tuple(f for kept in flapping.values() if (f := _latest(kept)) is not None)
    return {p: k for p, k in after.items() if k != Kept()}, Alarm(roots, told, over)


def _begins(report: Report) -> bool:
    """Whether the directory is still being connected: no agent ever came, and none ever told."""
    causes = {finding.cause for finding in report.findings}
    return "telling.never" in causes and causes.isdisjoint(_CAME)


def _is_new(memory: Memory, finding: Finding) -> bool:
    kept = memory.get(key(finding), Kept())
    return not kept.flaps and kept.told != finding.cause
