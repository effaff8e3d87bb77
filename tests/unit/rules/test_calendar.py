"""Days, weeks and months in a zone."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.rules import calendar
from keyturn.rules.calendar import BARS, Days, Unit, begins, day, day_of, latest, month, number
from keyturn.rules.lockout import DAY, HOUR

LONDON, KATHMANDU = ZoneInfo("Europe/London"), ZoneInfo("Asia/Kathmandu")
ZONES = st.sampled_from(("Europe/London", "Asia/Kathmandu", "America/St_Johns", "Pacific/Apia"))
DAYS = st.integers(number(date(2020, 1, 1)), number(date(2035, 1, 1)))


@given(on=DAYS, zone=ZONES)
def test_a_day_lasts_from_its_beginning_to_the_next(on: int, zone: str) -> None:
    tz = ZoneInfo(zone)
    since, until = begins(on, tz), begins(on + 1, tz)
    assert (day_of(since, tz), day_of(until - 1, tz)) == (on, on)
    assert day_of(since - 1, tz) == on - 1


def test_the_days_on_which_clocks_are_set_have_23_and_25_hours() -> None:
    for on, hours in ((date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 3, 1), 24)):
        assert begins(number(on) + 1, LONDON) - begins(number(on), LONDON) == hours * HOUR


def test_a_zone_need_not_be_whole_hours_away() -> None:
    assert begins(0, KATHMANDU) == -5 * HOUR - HOUR // 2
    assert number(date(1970, 1, 2)) == 1
    assert begins(1, ZoneInfo("UTC")) == DAY


@given(today=DAYS, unit=st.sampled_from(Unit))
def test_the_newest_bars_follow_one_another_and_the_last_holds_today(
    today: int, unit: Unit
) -> None:
    bars = latest(unit, today)
    assert len(bars) == BARS[unit]
    assert bars[-1].first <= today <= bars[-1].last
    assert all(a.last + 1 == b.first for a, b in pairwise(bars))
    assert all(day(bar.first).weekday() == 0 for bar in bars if unit is Unit.WEEK)
    assert all(day(bar.first).day == 1 for bar in bars if unit is Unit.MONTH)


@pytest.mark.parametrize(
    ("year", "on", "length"), [(2024, 2, 29), (2026, 2, 28), (2026, 12, 31), (2026, 4, 30)]
)
def test_a_month_has_its_days(year: int, on: int, length: int) -> None:
    days = month(year, on)
    assert day(days.first) == date(year, on, 1)
    assert [*calendar.each(days)][-1] == Days(days.last, days.last)
    assert days.last - days.first + 1 == length
