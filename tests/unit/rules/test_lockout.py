"""Lockout, behaviour by behaviour. All orders of events are in test_lockout_model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.rules.lockout import (
    DAY,
    DEFAULT,
    MINUTE,
    SECOND,
    Failed,
    Lane,
    Lapsed,
    Locked,
    LockoutPolicy,
    Notice,
    Passed,
    Reserved,
    Wait,
    interrupt,
    observe,
    recover,
    release,
    reserve,
    settle,
    unlock,
)

NOW = 1_000_000_000


def tried(lane: Lane, now: int, *, right: bool) -> tuple[Lane, object, tuple[Notice, ...]]:
    """One whole try, reserved and settled at once."""
    lane, slot, before = reserve(lane, now, "t")
    if not isinstance(slot, Reserved):
        return lane, slot, before
    lane, answer, after = settle(lane, now, "t", right)
    return lane, answer, before + after


def failed(times: int, lane: Lane | None = None, now: int = NOW) -> Lane:
    lane = lane or Lane()
    for _ in range(times):
        lane, _, _ = tried(lane, now, right=False)
    return lane


def reserved(count: int, lane: Lane | None = None, now: int = NOW) -> Lane:
    lane = lane or Lane()
    for name in range(count):
        lane, _, _ = reserve(lane, now, f"r{name}")
    return lane


def test_the_fifth_failure_locks_for_ten_minutes_with_one_notice() -> None:
    until = NOW + 10 * MINUTE
    lane, answer, notices = tried(failed(4), NOW, right=False)
    assert answer == Failed(locked_until=until)
    assert notices == (Notice(since=NOW, until=until, closed=False),)
    assert lane.locked_until == until


def test_the_fourth_failure_does_not_lock() -> None:
    _, answer, notices = tried(failed(3), NOW, right=False)
    assert answer == Failed(locked_until=0)
    assert notices == ()


@pytest.mark.parametrize("right", [False, True])
@pytest.mark.parametrize(("moment", "locked"), [(-1, True), (0, False), (1, False)])
def test_a_lock_answers_the_same_to_everybody_and_opens_by_itself(
    moment: int, locked: bool, right: bool
) -> None:
    end = NOW + 10 * MINUTE
    lane, answer, notices = tried(failed(5), end + moment, right=right)
    assert (answer == Locked(until=end)) is locked
    assert (lane == failed(5)) is locked
    assert notices == ()


def test_after_a_lock_there_are_five_tries_again() -> None:
    after = NOW + 10 * MINUTE
    assert failed(4, failed(5), after).locked_until == 0
    assert failed(5, failed(5), after).locked_until == after + 10 * MINUTE


def test_a_success_ends_the_streak_and_the_row() -> None:
    lane, answer, _ = tried(failed(4), NOW, right=True)
    assert answer == Passed()
    assert lane == Lane()


@pytest.mark.parametrize(("moment", "left"), [(-1, 3), (0, 0), (1, 0)])
def test_a_streak_is_forgotten_a_day_after_its_last_failure(moment: int, left: int) -> None:
    lane, _ = observe(failed(3), NOW + DAY + moment)
    assert lane.failed == left
    assert lane.total == 3


def test_five_tries_under_way_take_all_slots_and_the_next_waits() -> None:
    _, answer, _ = reserve(reserved(5), NOW + 1, "next")
    assert answer == Wait(at=NOW + 10 * SECOND)


def test_64_right_tries_at_once_all_pass_in_their_turn() -> None:
    lane, waiting, passed = failed(4), [f"r{n}" for n in range(64)], 0
    while waiting:
        lane, slot, _ = reserve(lane, NOW, waiting[-1])
        if isinstance(slot, Reserved):
            lane, answer, _ = settle(lane, NOW, waiting.pop(), right=True)
            passed += answer == Passed()
    assert passed == 64


@pytest.mark.parametrize(("moment", "lapsed"), [(-1, False), (0, True), (1, True)])
def test_a_lease_that_runs_out_counts_as_failed_and_lets_nobody_in(
    moment: int, lapsed: bool
) -> None:
    lane, answer, _ = settle(reserved(1), NOW + 10 * SECOND + moment, "r0", right=True)
    assert answer == (Lapsed(locked_until=0) if lapsed else Passed())
    assert lane.failed == lapsed


def test_five_processes_that_die_lock_the_lane_at_the_end_of_their_leases() -> None:
    ended = NOW + 10 * SECOND
    until = ended + 10 * MINUTE
    lane, answer, notices = reserve(reserved(5), ended + MINUTE, "next")
    assert answer == Locked(until=until)
    assert notices == (Notice(since=ended, until=until, closed=False),)
    assert lane.reservations == ()


def test_a_lock_that_began_and_ended_unseen_still_has_its_notice() -> None:
    lane, answer, notices = reserve(reserved(5), NOW + DAY, "next")
    assert isinstance(answer, Reserved)
    assert len(notices) == 1
    assert lane.failed == 0


def test_a_slot_given_back_unused_does_not_count() -> None:
    assert release(reserved(5), "r0") == replace(
        reserved(5), reservations=reserved(5).reservations[1:]
    )
    assert release(reserved(1), "r0") == Lane()


def test_a_hundred_failures_close_the_lane_and_keep_the_rhythm() -> None:
    lane, now, answers = Lane(), NOW, []
    for count in range(110):
        lane, answer, notices = tried(lane, now, right=count >= 100)
        answers.append((isinstance(answer, Failed) and bool(answer.locked_until), len(notices)))
        now = lane.locked_until or now
    assert answers == ([(False, 0)] * 4 + [(True, 1)]) * 22
    assert lane.closed


def test_a_slot_and_a_notice_say_that_the_lane_is_closed() -> None:
    lane = replace(failed(4), total=99)
    lane, _, notices = tried(lane, NOW, right=False)
    assert notices[0].closed
    _, slot, _ = reserve(lane, lane.locked_until, "t")
    assert slot == Reserved(id="t", until=lane.locked_until + 10 * SECOND, closed=True)


def test_recovery_opens_a_closed_lane_and_leaves_a_lock_its_end() -> None:
    lane, notices = recover(replace(failed(5), closed=True, total=100), NOW + MINUTE)
    assert lane == Lane(locked_until=NOW + 10 * MINUTE)
    assert notices == ()
    assert tried(lane, NOW + 10 * MINUTE, right=True)[1] == Passed()


def test_a_try_with_the_old_password_under_way_at_recovery_lets_nobody_in() -> None:
    lane, _ = recover(reserved(2), NOW + 1)
    lane, answer, _ = settle(lane, NOW + 2, "r0", right=True)
    assert answer == Lapsed(locked_until=0)
    assert lane == Lane()


def test_unlocking_ends_the_lock_and_leaves_the_row() -> None:
    lane, notices = unlock(failed(5), NOW + MINUTE)
    assert (lane.locked_until, lane.failed, lane.total) == (0, 0, 5)
    assert notices == ()


def test_unlocking_leaves_tries_under_way_their_slots() -> None:
    lane, _ = unlock(reserved(5), NOW + 1)
    assert isinstance(reserve(lane, NOW + 2, "next")[1], Wait)


def test_an_interruption_counts_tries_under_way_as_wrong_and_lets_none_of_them_in() -> None:
    lane, notices = interrupt(reserved(2, failed(2)), NOW + 1)
    assert (lane.failed, lane.last_failed, lane.reservations, notices) == (4, NOW + 1, (), ())
    assert settle(lane, NOW + 2, "r0", True)[1] == Lapsed(locked_until=0)


def test_an_interruption_of_the_fifth_try_locks() -> None:
    lane, notices = interrupt(reserved(1, failed(4)), NOW + 1)
    assert [notice.since for notice in notices] == [NOW + 1]
    assert lane.locked_until == NOW + 1 + 10 * MINUTE


@pytest.mark.parametrize("change", [interrupt, recover, unlock])
def test_a_lock_first_seen_by_a_change_still_has_its_notice(
    change: Callable[[Lane, int], tuple[Lane, tuple[Notice, ...]]],
) -> None:
    _, notices = change(reserved(5), NOW + MINUTE)
    assert [notice.since for notice in notices] == [NOW + 10 * SECOND]


STRICTER = LockoutPolicy(limit=3)


def test_a_stricter_limit_leaves_a_longer_streak_one_more_try() -> None:
    lane, slot, _ = reserve(failed(4), NOW, "t", STRICTER)
    assert isinstance(slot, Reserved)
    assert isinstance(reserve(lane, NOW, "u", STRICTER)[1], Wait)
    assert settle(lane, NOW, "t", False, STRICTER)[1] == Failed(NOW + 10 * MINUTE)


def test_under_a_stricter_limit_nobody_gets_in_by_a_try_that_outlived_the_locks_begin() -> None:
    lane = failed(2)
    lane = reserved(3, lane)
    lane, _, first = settle(lane, NOW, "r0", False, STRICTER)
    locked, answer, second = settle(lane, NOW + 1, "r1", True, STRICTER)
    assert len(first) == 1
    assert answer == Failed(locked_until=NOW + 10 * MINUTE)
    assert (locked.locked_until, locked.failed, second) == (NOW + 10 * MINUTE, 0, ())


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["wrong", "right", "die", "recover", "unlock", "look"]),
        st.sampled_from([0, 1, 9_999, 10_000, 10_001, 599_999, 600_000, 600_001, DAY]),
    ),
    max_size=60,
)


@given(EVENTS)
def test_whatever_happens_a_lane_stays_within_its_bounds(events: list[tuple[str, int]]) -> None:
    lane, now = Lane(), NOW
    for number, (event, gap) in enumerate(events):
        now += gap
        if event == "recover":
            lane, _ = recover(lane, now)
        elif event == "unlock":
            lane, _ = unlock(lane, now)
        elif event == "look":
            lane, _ = observe(lane, now)
        elif event == "die":
            lane, _, _ = reserve(lane, now, str(number))
        else:
            lane, _, _ = tried(lane, now, right=event == "right")
        assert 0 <= lane.failed < DEFAULT.limit
        assert lane.failed + len(lane.reservations) <= DEFAULT.limit
        assert lane.locked_until <= now + DEFAULT.lock_ms
        assert not (lane.locked_until > now and lane.reservations)
        assert lane.closed is (lane.total >= DEFAULT.close_after)
