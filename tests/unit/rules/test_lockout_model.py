"""All interleavings of tries, on the real lockout rules; and broken rules found out.

See `lockout_world` for the steps and the invariants.  Two kinds of run: a small lane
(limit 2) whose states are visited to the last one, and the real five from several
beginnings, as far as the budget goes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from keyturn.rules import lockout
from keyturn.rules.lockout import (
    Failed,
    Lane,
    Lapsed,
    LockoutPolicy,
    Notice,
    Passed,
    Reservation,
    Reserved,
)

from .lockout_world import Model, Rules, World
from .worlds import Violated, explore

REAL = LockoutPolicy(close_after=7)
SMALL = LockoutPolicy(limit=2, close_after=3, lock_ms=3, streak_ms=4, lease_ms=2)
CROWD = 2
TIMED = ("observe", "reserve", "settle", "recover", "unlock")

WRONG = ["begin wrong", "compare", "settle wrong"]
BEGINNINGS = {
    "a fresh lane": [],
    "four failures": WRONG * 4,
    "five tries under way": ["begin wrong"] * 4 + ["begin right"],
    "a lock": [*WRONG * 5],
    "one failure before the lane closes": [*WRONG * 5, "+600000", *WRONG],
    "a closed lane": [*WRONG * 5, "+600000", *WRONG * 2],
    "a closed lane before its lock": [*WRONG * 5, "+600000", *WRONG * 4],
}


def explored(rules: Rules, policy: LockoutPolicy, crowd: int, most: int, first: World) -> int:
    """How many states were visited without a violation."""
    model = Model(rules, policy, crowd)
    return explore(first, model.steps, model.key, most).states


def beginning(steps: list[str]) -> World:
    """The world after some named steps on the real rules."""
    model, world = Model(Rules(), REAL, 6), World()
    for name in steps:
        world = dict(model.steps(world))[name]
    return world


def test_no_order_of_events_breaks_a_small_lane_and_all_of_them_are_seen(
    record_property: Callable[[str, object], None],
) -> None:
    model = Model(Rules(), SMALL, CROWD)
    states, complete, _ = explore(World(), model.steps, model.key, 100_000)
    record_property("states", states)
    print(f"states explored: {states}, to the last one")  # noqa: T201  how far it looked is part of the answer
    assert complete
    assert states > 1_000


@pytest.mark.parametrize("steps", BEGINNINGS.values(), ids=BEGINNINGS)
def test_no_order_of_events_breaks_a_lane_of_five(
    steps: list[str], record_property: Callable[[str, object], None]
) -> None:
    states = explored(Rules(), REAL, 7, 5_000, beginning(steps))
    record_property("states", states)
    print(f"states explored: {states}")  # noqa: T201  how far it looked is part of the answer
    assert states == 5_000


# -- broken rules -------------------------------------------------------------------------


def _six_slots(lane: Lane, now: int, name: str, policy: LockoutPolicy) -> Any:
    return lockout.reserve(lane, now, name, replace(policy, limit=policy.limit + 1))


def _locks_late(lane: Lane, now: int, held: str, right: bool, policy: LockoutPolicy) -> Any:
    return lockout.settle(lane, now, held, right, replace(policy, limit=policy.limit + 1))


def _locks_early(lane: Lane, now: int, held: str, right: bool, policy: LockoutPolicy) -> Any:
    return lockout.settle(lane, now, held, right, replace(policy, limit=policy.limit - 1))


def _try_extends(lane: Lane, now: int, name: str, policy: LockoutPolicy) -> Any:
    lane, answer, notices = lockout.reserve(lane, now, name, policy)
    if lane.locked_until:
        lane = replace(lane, locked_until=now + policy.lock_ms)
    return lane, answer, notices


def _everywhere(change: Callable[[Lane, int], Lane]) -> Rules:
    """Rules that see another lane than the one that is stored."""

    def broken(name: str) -> Callable[..., Any]:
        return lambda lane, now, *rest: getattr(lockout, name)(change(lane, now), now, *rest)

    return Rules(**{name: broken(name) for name in TIMED})


def _forgiven(lane: Lane, now: int) -> Lane:
    """Leases that ran out leave no failure."""
    return replace(lane, reservations=tuple(r for r in lane.reservations if r.until > now))


def _eternal(lane: Lane, now: int) -> Lane:
    """Leases never run out."""
    held = tuple(replace(r, until=max(r.until, now + 1)) for r in lane.reservations)
    return replace(lane, reservations=held)


def _late(lane: Lane, now: int) -> Lane:
    """Leases that ran out are failures of the moment when somebody looks."""
    held = tuple(replace(r, until=max(r.until, now)) for r in lane.reservations)
    return replace(lane, reservations=held)


def _success_keeps_streak(
    lane: Lane, now: int, held: str, right: bool, policy: LockoutPolicy
) -> Any:
    before, _ = lockout.observe(lane, now, policy)
    after, answer, notices = lockout.settle(lane, now, held, right, policy)
    if isinstance(answer, Passed):
        after = replace(after, failed=before.failed, total=before.total)
    return after, answer, notices


def _success_keeps_total(
    lane: Lane, now: int, held: str, right: bool, policy: LockoutPolicy
) -> Any:
    after, answer, notices = lockout.settle(lane, now, held, right, policy)
    return replace(after, total=max(after.total, lane.total)), answer, notices


def _slots_during_lock(lane: Lane, now: int, name: str, policy: LockoutPolicy) -> Any:
    lane, answer, notices = lockout.reserve(lane, now, name, policy)
    if not lane.locked_until:
        return lane, answer, notices
    until = now + policy.lease_ms
    held = (*lane.reservations, Reservation(until, name))
    return replace(lane, reservations=held), Reserved(name, until, lane.closed), notices


def _two_notices(lane: Lane, now: int, held: str, right: bool, policy: LockoutPolicy) -> Any:
    after, answer, notices = lockout.settle(lane, now, held, right, policy)
    return after, answer, notices + notices[-1:]


def _no_notice(lane: Lane, now: int, held: str, right: bool, policy: LockoutPolicy) -> Any:
    after, answer, _ = lockout.settle(lane, now, held, right, policy)
    return after, answer, ()


def _notice_lost_in_recovery(lane: Lane, now: int, policy: LockoutPolicy) -> Any:
    return lockout.recover(lane, now, policy)[0], ()


def _notice_lost_in_unlock(lane: Lane, now: int, policy: LockoutPolicy) -> Any:
    return lockout.unlock(lane, now, policy)[0], ()


def _recover_opens(lane: Lane, now: int, policy: LockoutPolicy) -> Any:
    lane, notices = lockout.recover(lane, now, policy)
    return replace(lane, locked_until=0), notices


def _recover_keeps_tries(lane: Lane, now: int, policy: LockoutPolicy) -> Any:
    after, notices = lockout.recover(lane, now, policy)
    return replace(after, reservations=lockout.observe(lane, now, policy)[0].reservations), notices


def _recover_keeps_closed(lane: Lane, now: int, policy: LockoutPolicy) -> Any:
    before, _ = lockout.observe(lane, now, policy)
    after, notices = lockout.recover(lane, now, policy)
    return replace(after, closed=before.closed), notices


def _unlock_frees_slots(lane: Lane, now: int, policy: LockoutPolicy) -> Any:
    lane, notices = lockout.unlock(lane, now, policy)
    return replace(lane, reservations=()), notices


def _unlock_reopens(lane: Lane, now: int, policy: LockoutPolicy) -> Any:
    lane, notices = lockout.unlock(lane, now, policy)
    return replace(lane, total=0, closed=False), notices


def _closed_lets_in(lane: Lane, now: int, held: str, right: bool, policy: LockoutPolicy) -> Any:
    closed = lane.closed
    after, answer, notices = lockout.settle(replace(lane, closed=False), now, held, right, policy)
    return replace(after, closed=after.closed or (closed and not right)), answer, notices


def _lapsed_may_pass(lane: Lane, now: int, held: str, right: bool, policy: LockoutPolicy) -> Any:
    after, answer, notices = lockout.settle(lane, now, held, right, policy)
    return after, Passed() if right and isinstance(answer, Lapsed) else answer, notices


def _right_counts_as_wrong(
    lane: Lane, now: int, held: str, _right: bool, policy: LockoutPolicy
) -> Any:
    return lockout.settle(lane, now, held, False, policy)


def _release_counts(lane: Lane, held: str) -> Lane:
    return replace(lockout.release(lane, held), total=lane.total + 1)


def _settle_keeps_slot(lane: Lane, now: int, held: str, right: bool, policy: LockoutPolicy) -> Any:
    before, _ = lockout.observe(lane, now, policy)
    after, answer, notices = lockout.settle(lane, now, held, right, policy)
    if isinstance(answer, Failed) and not answer.locked_until:
        after = replace(after, reservations=before.reservations)
    return after, answer, notices


def _opens_late(lane: Lane, now: int, policy: LockoutPolicy) -> Any:
    """The lock is thought to last until after its end, not to its end."""
    after, notices = lockout.observe(lane, now, policy)
    return (replace(after, locked_until=now) if lane.locked_until == now else after), notices


def _notice_says_open(lane: Lane, now: int, held: str, right: bool, policy: LockoutPolicy) -> Any:
    after, answer, notices = lockout.settle(lane, now, held, right, policy)
    return after, answer, tuple(Notice(n.since, n.until, closed=False) for n in notices)


def _refuses_instead_of_waiting(lane: Lane, now: int, name: str, policy: LockoutPolicy) -> Any:
    after, answer, notices = lockout.reserve(lane, now, name, policy)
    if isinstance(answer, lockout.Wait):
        answer = lockout.Locked(until=answer.at)
    return after, answer, notices


MUTANTS = {
    "one slot too many": Rules(reserve=_six_slots),
    "the lock comes one failure late": Rules(settle=_locks_late),
    "the lock comes one failure early": Rules(settle=_locks_early),
    "a try during the lock extends it": Rules(reserve=_try_extends),
    "leases never end": _everywhere(_eternal),
    "a lapsed lease does not count": _everywhere(_forgiven),
    "a lapsed lease counts when seen": _everywhere(_late),
    "a success does not end the streak": Rules(settle=_success_keeps_streak),
    "a success does not end the row": Rules(settle=_success_keeps_total),
    "slots are given during a lock": Rules(reserve=_slots_during_lock),
    "two notices for a lock": Rules(settle=_two_notices),
    "no notice for a lock": Rules(settle=_no_notice),
    "recovery loses a notice": Rules(recover=_notice_lost_in_recovery),
    "unlocking loses a notice": Rules(unlock=_notice_lost_in_unlock),
    "recovery ends the lock": Rules(recover=_recover_opens),
    "recovery lets the old password in": Rules(recover=_recover_keeps_tries),
    "recovery leaves the lane closed": Rules(recover=_recover_keeps_closed),
    "unlocking frees the slots of tries under way": Rules(unlock=_unlock_frees_slots),
    "unlocking reopens a closed lane": Rules(unlock=_unlock_reopens),
    "a closed lane lets the right password in": Rules(settle=_closed_lets_in),
    "a lapsed try may pass": Rules(settle=_lapsed_may_pass),
    "a right password counts as wrong": Rules(settle=_right_counts_as_wrong),
    "a slot given back unused counts": Rules(release=_release_counts),
    "a settled try keeps its slot": Rules(settle=_settle_keeps_slot),
    "a lock opens after its end": Rules(observe=_opens_late),
    "the notice hides that the lane closed": Rules(settle=_notice_says_open),
    "whoever should wait is refused": Rules(reserve=_refuses_instead_of_waiting),
}


@pytest.mark.parametrize("rules", MUTANTS.values(), ids=MUTANTS)
def test_the_explorer_finds_a_broken_rule(rules: Rules) -> None:
    with pytest.raises(Violated):
        explored(rules, SMALL, CROWD, 30_000, World())
