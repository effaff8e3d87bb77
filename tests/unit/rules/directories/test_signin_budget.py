"""How often a directory account's password may be tried from here."""

from __future__ import annotations

import pytest

from keyturn.rules.directories.signins.budget import (
    LEAVE_MOST_MS,
    SKEW_MS,
    SLACK_MS,
    WINDOW_MIN_MS,
    Busy,
    Leave,
    Limits,
    Spent,
    Streak,
    allowance,
    margin,
    observe,
    reserve,
    settle,
    window,
)

NOW, NEEDS = 10**9, 11_000
WINDOW = 30 * 60_000
FIVE = Limits(threshold=5, window_ms=WINDOW)
UNTIL = NOW + NEEDS + SLACK_MS
HELD = Streak(count=1, holder="1", run_id="run", until=UNTIL)


def asked(
    streak: Streak, now: int = NOW, limits: Limits = FIVE, *, one: str = "1", run: str = "run"
) -> tuple[Streak, Leave | Busy | Spent]:
    return reserve(streak, one, run, limits, NEEDS, now)


@pytest.mark.parametrize(
    ("threshold", "tries"),
    [(0, 5), (1, 0), (2, 0), (3, 1), (4, 2), (5, 3), (6, 4), (7, 5), (8, 5), (1000, 5)],
)
def test_it_is_the_least_of_five_and_the_threshold_without_two(threshold: int, tries: int) -> None:
    assert allowance(threshold) == tries


def test_a_try_is_counted_before_it_is_made() -> None:
    assert asked(Streak()) == (HELD, Leave(UNTIL))


def test_a_leave_never_lasts_longer_than_a_minute() -> None:
    after, answer = reserve(Streak(), "1", "run", FIVE, 10**9, NOW)
    assert answer == Leave(NOW + LEAVE_MOST_MS)
    assert after.until == NOW + LEAVE_MOST_MS


def test_the_same_run_gets_the_same_leave_again_and_nobody_else_does() -> None:
    assert asked(HELD, UNTIL - 1) == (HELD, Leave(UNTIL))
    assert asked(HELD, UNTIL - 1, run="other") == (HELD, Busy(UNTIL))
    assert asked(HELD, UNTIL - 1, one="2") == (HELD, Busy(UNTIL))


def test_a_leave_that_ended_stays_counted_as_tried_at_its_very_end() -> None:
    assert observe(HELD, UNTIL - 1) == HELD
    assert observe(HELD, UNTIL) == Streak(count=1, last_at=UNTIL)
    after, answer = asked(HELD, UNTIL, one="2")
    assert isinstance(answer, Leave)
    assert (after.count, after.holder, after.last_at) == (2, "2", UNTIL)


def test_nobody_has_leave_of_old() -> None:
    assert observe(Streak(count=2, last_at=7), NOW) == Streak(count=2, last_at=7)


def test_a_spent_budget_says_when_it_is_there_again() -> None:
    spent = Streak(count=3, last_at=NOW)
    assert asked(spent) == (spent, Spent(NOW + WINDOW))
    assert asked(spent, NOW + WINDOW - 1) == (spent, Spent(NOW + WINDOW))
    after, answer = asked(spent, NOW + WINDOW)
    assert isinstance(answer, Leave)
    assert after.count == 1


def test_it_begins_anew_only_when_the_window_has_passed_since_the_last() -> None:
    """Not since the first, as a fixed window would."""
    streak, now = Streak(), NOW
    for _ in range(3):
        streak, answer = asked(streak, now)
        assert isinstance(answer, Leave)
        streak, _ = settle(streak, "1", now, counts=True)
        now += WINDOW - 1
    assert asked(streak, now)[1] == Spent(now + 1)


@pytest.mark.parametrize("threshold", [1, 2])
def test_a_directory_that_locks_after_fewer_than_three_is_never_tried(threshold: int) -> None:
    limits = Limits(threshold, WINDOW)
    assert asked(Streak(), limits=limits) == (Streak(), Spent(None))


def test_a_stricter_policy_binds_what_was_counted_before_it() -> None:
    two = Streak(count=2, last_at=NOW)
    assert asked(two, limits=Limits(4, WINDOW))[1] == Spent(NOW + WINDOW)
    assert isinstance(asked(two)[1], Leave)


@pytest.mark.parametrize("shorter", [0, 1, WINDOW_MIN_MS - 1])
def test_guesses_are_never_quicker_than_at_ordinary_sign_in(shorter: int) -> None:
    assert window(Limits(0, shorter)) == 10 * 60_000
    assert window(FIVE) == WINDOW


def test_what_counts_is_dated_by_its_answer() -> None:
    assert settle(HELD, "1", NOW + 5, counts=True) == (Streak(count=1, last_at=NOW + 5), True)


def test_what_was_right_or_never_sent_is_given_back() -> None:
    held = Streak(count=3, last_at=NOW - 9, holder="1", run_id="run", until=UNTIL)
    assert settle(held, "1", NOW, counts=False) == (Streak(count=2, last_at=NOW - 9), True)


def test_an_answer_after_the_end_of_its_leave_changes_nothing() -> None:
    counted = Streak(count=1, last_at=UNTIL)
    for counts in (True, False):
        assert settle(HELD, "1", UNTIL, counts=counts) == (counted, False)
        assert settle(HELD, "2", NOW, counts=counts) == (HELD, False)


@pytest.mark.parametrize(
    ("threshold", "bad", "bears"),
    [(5, 0, True), (5, 2, True), (5, 3, False), (5, 9, False), (3, 0, True), (3, 1, False),
     (2, 0, False), (0, 99, True)],
)  # fmt: skip
def test_two_are_left_to_the_person_at_the_desk(threshold: int, bad: int, bears: bool) -> None:
    assert margin(Limits(threshold, WINDOW), bad, NOW, NOW) is bears


def test_a_count_that_its_window_has_outlived_is_over() -> None:
    over = NOW + WINDOW + SKEW_MS
    assert not margin(FIVE, 4, NOW, over - 1)
    assert margin(FIVE, 4, NOW, over)


def test_a_count_without_a_moment_or_a_window_stands() -> None:
    assert not margin(FIVE, 4, None, NOW + 10**9)
    assert not margin(Limits(5, 0), 4, NOW, NOW + 10**9)
