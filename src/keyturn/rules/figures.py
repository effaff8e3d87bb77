"""What charts and reports say, made of daily counts (rules/tallies.py). Pure.

A day on which nothing happened is a true zero; a day that is not counted, because it was before the
first or lies ahead, is none, and is told apart by `Figures.since` and `Figures.today`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from keyturn.rules.calendar import Days
from keyturn.rules.events import Event
from keyturn.rules.tallies import BY, FIRST, STEPS, Tally

#: charts with what is drawn in each
CHARTS: Mapping[str, tuple[Event, ...]] = {
    "signins": (Event.SIGNIN_PASSED, Event.SIGNIN_FAILED),
    "locks": (Event.SIGNIN_LOCKED,),
    "resets": (Event.RESET_DONE, Event.RESET_CHANGED, Event.RESET_NOT_DONE, Event.RESET_REFUSED),
    "recoveries": (Event.RECOVERY_DONE,),
}
#: what else the tables say
BESIDE = (Event.RECOVERY_STARTED, Event.USER_UNLOCKED, Event.CASE_OPENED, Event.CASE_CLOSED)
#: by which somebody was not let in, or did not get what they asked for
REFUSALS = (
    Event.SIGNIN_FAILED, Event.SIGNIN_REFUSED, Event.SIGNIN_UNVERIFIED, Event.SECOND_FAILED,
    Event.CODE_FAILED, Event.ENROLMENT_FAILED, Event.PASSKEY_REFUSED, Event.DEVICE_REFUSED,
    Event.RESET_REFUSED, Event.RESET_NOT_DONE,
)  # fmt: skip
#: names of counts that are wanted day by day
DAILY = frozenset(map(str, (*(event for drawn in CHARTS.values() for event in drawn), *BESIDE)))
#: recoveries by how many minutes they took
MINUTES = f"{Event.RECOVERY_DONE}/"
CAUSES = 10


@dataclass(frozen=True, slots=True)
class Bar:
    """A day, week or month.

    Attributes:
        counts: by event; all of DAILY.
        median: whole minutes from "forgotten" to the new password; None: nobody got that far.
    """

    days: Days
    counts: Mapping[str, int]
    median: int | None


@dataclass(frozen=True, slots=True)
class Cause:
    """Why people were refused. `why`: the term of the audit trail; "" where there is none."""

    event: str
    why: str
    count: int


@dataclass(frozen=True, slots=True)
class Deeds:
    """What one of staff did: how often, by event, most first."""

    actor_id: str
    counts: tuple[tuple[str, int], ...]

    @property
    def count(self) -> int:
        """All of it."""
        return sum(count for _event, count in self.counts)


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything that a page of charts says.

    Attributes:
        bars: in order; `days`: from the first to the last of them.
        totals: by event, over all days.
        steps: of enrolment: event and people who took it for the first time.
        refusals: CAUSES at most, most first; `cases`: causes of closed cases, by id, likewise.
        staff: who did most first.
        today: the number of this day; `since`: of the first that is counted, None: nothing is.
        until: up to when it is counted (ms), where that is not now.
    """

    bars: tuple[Bar, ...]
    totals: Mapping[str, int]
    median: int | None
    steps: tuple[tuple[Event, int], ...]
    refusals: tuple[Cause, ...]
    cases: tuple[tuple[str, int], ...]
    staff: tuple[Deeds, ...]
    today: int
    since: int | None
    until: int | None

    @property
    def days(self) -> Days:
        """From the first day to the last."""
        return Days(self.bars[0].days.first, self.bars[-1].days.last)

    @property
    def empty(self) -> bool:
        """Whether nothing at all happened."""
        return not any(self.totals.values())


def bars(spans: Sequence[Days], daily: Sequence[Tally]) -> tuple[Bar, ...]:
    """The bars of these days, one after the other without a gap, true zeros included."""
    counts = [Counter(dict.fromkeys(DAILY, 0)) for _ in spans]
    place = {day: n for n, span in enumerate(spans) for day in range(span.first, span.last + 1)}
    for tally in daily:
        counts[place[tally.day]][tally.name] += tally.count
    return tuple(
        Bar(span, {name: found[name] for name in sorted(DAILY)}, median(found))
        for span, found in zip(spans, counts, strict=True)
    )


def median(counts: Mapping[str, int]) -> int | None:
    """The median of the minutes that recoveries took; of an even number the lower of the two."""
    took = sorted((int(n.removeprefix(MINUTES)), c) for n, c in counts.items()
                  if n.startswith(MINUTES))  # fmt: skip
    left = (sum(count for _, count in took) + 1) // 2
    for minutes, count in took:
        left -= count
        if left <= 0:
            return minutes
    return None


def steps(totals: Mapping[str, int]) -> tuple[tuple[Event, int], ...]:
    """The way to a phone that works."""
    return tuple((event, totals.get(f"{FIRST}{event}", 0)) for event in STEPS)


def refusals(totals: Mapping[str, int]) -> tuple[Cause, ...]:
    """The commonest, each by its own why; what a fact says no why of stands under its event."""
    found: list[Cause] = []
    for event in map(str, REFUSALS):
        named = [Cause(event, name.removeprefix(f"{event}/"), count)
                 for name, count in totals.items() if name.startswith(f"{event}/")]  # fmt: skip
        rest = totals.get(event, 0) - sum(cause.count for cause in named)
        found += [*named, Cause(event, "", rest)]
    most = sorted(found, key=lambda cause: (-cause.count, cause.event, cause.why))
    return tuple(cause for cause in most[:CAUSES] if cause.count)


def cases(totals: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    """Which causes were true, by what staff said when they closed cases."""
    within = f"{Event.CASE_CLOSED}/"
    found = Counter({n.removeprefix(within): c for n, c in totals.items() if n.startswith(within)})
    return tuple(found.most_common(CAUSES))


def deeds(totals: Mapping[str, int]) -> tuple[Deeds, ...]:
    """What each of staff did."""
    found: dict[str, Counter[str]] = {}
    for name, count in sorted(totals.items()):
        if name.startswith(BY):
            actor, _, event = name.removeprefix(BY).partition("/")
            found.setdefault(actor, Counter())[event] += count
    every = (Deeds(actor, tuple(counts.most_common())) for actor, counts in found.items())
    return tuple(sorted(every, key=lambda one: (-one.count, one.actor_id)))
