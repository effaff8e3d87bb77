"""What charts say, made of counts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.rules import figures
from keyturn.rules.calendar import Days
from keyturn.rules.events import Event
from keyturn.rules.figures import CAUSES, DAILY, Bar, Cause, Figures
from keyturn.rules.tallies import STEPS, Tally


def test_bars_hold_their_days_and_a_day_without_anything_is_a_zero() -> None:
    spans = (Days(10, 16), Days(17, 23))
    daily = [
        Tally(10, "signin.passed", 3), Tally(16, "signin.passed", 4), Tally(17, "signin.locked", 1),
        Tally(16, "recovery.done/4", 1),
    ]  # fmt: skip
    one, two = figures.bars(spans, daily)
    assert (one.counts["signin.passed"], one.counts["signin.locked"], one.median) == (7, 0, 4)
    assert (two.counts["signin.passed"], two.counts["signin.locked"], two.median) == (0, 1, None)
    assert {*one.counts} == {*two.counts} == {*DAILY}


@given(st.lists(st.integers(0, 59), min_size=1, max_size=60))
def test_the_median_is_the_middle_one(minutes: list[int]) -> None:
    counts: dict[str, int] = {"recovery.done": len(minutes)}
    for one in minutes:
        counts[f"recovery.done/{one}"] = counts.get(f"recovery.done/{one}", 0) + 1
    assert figures.median(counts) == sorted(minutes)[(len(minutes) - 1) // 2]


def test_of_nobody_there_is_no_median() -> None:
    assert figures.median({"recovery.done": 3}) is None


def test_refusals_are_told_by_their_why_and_none_twice() -> None:
    totals = {
        "signin.failed": 9, "second.failed": 5, "second.failed/ahead": 3, "second.failed/wrong": 1,
        "signin.passed": 99, "code.failed": 0,
    }  # fmt: skip
    assert figures.refusals(totals) == (
        Cause("signin.failed", "", 9), Cause("second.failed", "ahead", 3),
        Cause("second.failed", "", 1), Cause("second.failed", "wrong", 1),
    )  # fmt: skip


def test_the_commonest_refusals_alone_are_told() -> None:
    totals = {f"code.failed/v{n:02}": n + 1 for n in range(CAUSES + 5)}
    totals["code.failed"] = sum(totals.values())
    found = figures.refusals(totals)
    assert [cause.count for cause in found] == list(range(CAUSES + 5, 5, -1))


def test_steps_count_people_for_the_first_time() -> None:
    found = figures.steps({"first/app.bound": 2, "app.bound": 7})
    assert found == tuple((step, 2 if step is Event.APP_BOUND else 0) for step in STEPS)


def test_causes_of_cases_stand_in_order() -> None:
    totals = {"case.closed": 9, "case.closed/lock.now": 2, "case.closed/a.b": 5}
    assert figures.cases(totals) == (("a.b", 5), ("lock.now", 2))


def test_what_staff_did_is_told_by_person() -> None:
    totals = {"by/u1/user.unlocked": 2, "by/u2/user.unlocked": 9, "by/u1/user.disabled": 3}
    two, one = figures.deeds(totals)
    assert (two.actor_id, two.count) == ("u2", 9)
    assert (one.counts, one.count) == ((("user.disabled", 3), ("user.unlocked", 2)), 5)


@pytest.mark.parametrize(("totals", "empty"), [({}, True), ({"a": 0}, True), ({"a": 1}, False)])
def test_nothing_at_all_is_told_apart(totals: dict[str, int], empty: bool) -> None:
    spans = (Days(1, 7), Days(8, 14))
    bars = tuple(Bar(span, {}, None) for span in spans)
    found = Figures(bars, totals, None, (), (), (), (), 9, None, None)
    assert found.empty is empty
    assert found.days == Days(1, 14)
