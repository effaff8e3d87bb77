"""Two lanes of one account: what a stranger does on theirs never reaches the owner's."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from typing import NamedTuple

import pytest

from keyturn.rules.lockout import (
    Lane,
    Locked,
    LockoutPolicy,
    Passed,
    Reserved,
    observe,
    reserve,
    settle,
)

from .worlds import Violated, explore, must

POLICY = LockoutPolicy(limit=2, close_after=5, lock_ms=3, streak_ms=8, lease_ms=2)
OWNER, STRANGER = "c:phone", "u:ada"


class House(NamedTuple):
    """Lanes by key, and the moment."""

    now: int = 1_000
    lanes: tuple[tuple[str, Lane], ...] = ((OWNER, Lane()), (STRANGER, Lane()))


def tried(house: House, key: str, *, right: bool) -> tuple[House, bool]:
    """One whole try on a lane. Returns the house after it, and whether it passed."""
    lanes = dict(house.lanes)
    lane, slot, _ = reserve(lanes[key], house.now, "t", POLICY)
    answer: object = slot
    if isinstance(slot, Reserved):
        lane, answer, _ = settle(lane, house.now, "t", right, POLICY)
    else:
        assert isinstance(slot, Locked)
    lanes[key] = lane
    return House(house.now, tuple(sorted(lanes.items()))), isinstance(answer, Passed)


def steps(lane_of: Callable[[str], str]) -> Callable[[House], Iterator[tuple[str, House]]]:
    """A stranger guesses (and once is right), the owner never errs, time passes."""

    def successors(house: House) -> Iterator[tuple[str, House]]:
        for right in (False, True):
            after, _ = tried(house, lane_of(STRANGER), right=right)
            same = dict(after.lanes)[OWNER] == dict(house.lanes)[OWNER]
            must(same, "a stranger leaves the owner's lane alone")
            yield f"stranger {right}", after
        after, passed = tried(house, lane_of(OWNER), right=True)
        must(passed, "an owner who never errs always gets in")
        yield "owner", after
        for step in (1, POLICY.lock_ms, POLICY.streak_ms):
            yield f"+{step}", house._replace(now=house.now + step)

    return successors


def seen(house: House) -> Hashable:
    """Lanes as they stand now, without absolute time."""
    now = house.now
    stands = (observe(lane, now, POLICY)[0] for _, lane in house.lanes)
    return tuple(
        (
            lane.failed,
            min(lane.total, POLICY.close_after),
            lane.closed,
            max(0, lane.locked_until - now),
            min(now - lane.last_failed, POLICY.streak_ms) if lane.last_failed else -1,
        )
        for lane in stands
    )


def test_a_stranger_never_keeps_the_owner_out() -> None:
    states, complete, transitions = explore(House(), steps(lambda who: who), seen, 10_000)
    print(f"states: {states}, transitions: {transitions}")  # noqa: T201  how far it looked
    assert complete
    assert states > 20


def test_with_one_lane_for_the_account_the_stranger_does_and_the_explorer_sees_it() -> None:
    with pytest.raises(Violated):
        explore(House(), steps(lambda _: OWNER), seen, 10_000)
