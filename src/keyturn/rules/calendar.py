"""Days, weeks and months as a tenant's own clock has them.

A day is a number: days since 1970-01-01 on the calendar.  When it begins depends on the zone, which
is an argument; a day in which clocks are set has 23 or 25 hours.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum

_FIRST = date(1970, 1, 1)
_MS = 1000


class Unit(StrEnum):
    """What a bar of a chart stands for."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


#: so many bars are as many as a finger can tell apart on a phone
BARS = {Unit.DAY: 14, Unit.WEEK: 13, Unit.MONTH: 12}


@dataclass(frozen=True, slots=True)
class Days:
    """Days one after the other: a day, a week (Monday to Sunday), a month."""

    first: int
    last: int


def number(on: date) -> int:
    """The number of a day."""
    return (on - _FIRST).days


def day(number_: int) -> date:
    """The day of a number."""
    return _FIRST + timedelta(days=number_)


def day_of(ms: int, tz: tzinfo) -> int:
    """Which day a moment (ms since the epoch) falls on."""
    return number(datetime.fromtimestamp(ms / _MS, tz).date())


def begins(number_: int, tz: tzinfo) -> int:
    """When a day begins, in ms since the epoch."""
    midnight = datetime.combine(day(number_), time.min, tz)
    return int(midnight.astimezone(UTC).timestamp()) * _MS


def latest(unit: Unit, today: int) -> tuple[Days, ...]:
    """The newest BARS of a unit; the last one holds today."""
    found = [_around(unit, day(today))]
    while len(found) < BARS[unit]:
        found.append(_around(unit, day(found[-1].first - 1)))
    return tuple(reversed(found))


def month(year: int, month_: int) -> Days:
    """A month of the calendar."""
    return _around(Unit.MONTH, date(year, month_, 1))


def each(days: Days) -> Iterator[Days]:
    """Each day by itself."""
    return (Days(n, n) for n in range(days.first, days.last + 1))


def _around(unit: Unit, on: date) -> Days:
    """The unit that a day belongs to."""
    if unit is Unit.DAY:
        return Days(number(on), number(on))
    if unit is Unit.WEEK:
        monday = number(on) - on.weekday()
        return Days(monday, monday + 6)
    after = date(on.year + on.month // 12, on.month % 12 + 1, 1)
    return Days(number(on.replace(day=1)), number(after) - 1)
