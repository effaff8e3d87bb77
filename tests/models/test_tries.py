"""All orders of tries, deaths, recoveries and deadlines on one lane; broken rules found out.

See `tries` for the steps and `laws` for what must hold.  "Complete" means: visited to the last
state.  The real five are too many for that: they are looked at from the moments that matter.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from keyturn.rules.lockout import LockoutPolicy
from tests.figures import Figure
from tests.fuzz.budget import long, scaled
from tests.models.tries import Model, Rules
from tests.models.try_errors import ABSENT_ERRORS, ERRORS
from tests.models.witness import World
from tests.unit.rules.worlds import Explored, Violated, explore

TINY = LockoutPolicy(limit=2, close_after=3, lock_ms=2, streak_ms=3, lease_ms=1)
SMALL = LockoutPolicy(limit=2, close_after=3, lock_ms=3, streak_ms=4, lease_ms=2)
REAL = LockoutPolicy(close_after=7)
NO_END = 10**9

WRONG = ["begin wrong", "store", "compare", "settle wrong"]
TAKEN = ["begin wrong", "store"]
OPENED = [*WRONG * 5, "+600000"]
BEGINNINGS = {
    "a fresh lane": [],
    "four failures": WRONG * 4,
    "four failures and a try under way": [*WRONG * 4, *TAKEN],
    "four tries under way": TAKEN * 4,
    "three dead processes and a failure": [*WRONG, *[*TAKEN, "die"] * 3],
    "a lock": WRONG * 5,
    "one failure before the lane closes": [*OPENED, *WRONG],
    "a closed lane": [*OPENED, *WRONG * 2],
    "a closed lane before its lock": [*OPENED, *WRONG * 4],
}


def explored(model: Model, first: World, most: int) -> Explored:
    with model.installed():
        return explore(first, model.steps, model.key, most)


def said(figure: Figure, seen: Explored) -> None:
    figure("states explored, tries", seen.states)
    figure("transitions, tries", seen.transitions)


def found(figure: Figure, look: Callable[[], Explored]) -> bool:
    """Whether an error shows."""
    try:
        look()
    except Violated:
        figure("seeded errors found, tries", 1, of=1)
        return True
    figure("seeded errors found, tries", 0, of=1)
    return False


def test_no_order_of_events_breaks_two_runners_and_all_of_them_are_seen(figure: Figure) -> None:
    policy = SMALL if long() else TINY
    seen = explored(Model(policy, 2, prompt=True), World(), NO_END)
    said(figure, seen)
    assert seen.complete
    assert seen.states > 50_000


def test_a_process_halted_between_read_and_store_breaks_nothing(figure: Figure) -> None:
    seen = explored(Model(SMALL, 1), World(), NO_END)
    said(figure, seen)
    assert seen.complete
    assert seen.states > 10_000


def test_two_processes_halted_there_break_nothing(figure: Figure) -> None:
    seen = explored(Model(SMALL, 2), World(), scaled(10_000))
    said(figure, seen)


def test_three_runners_break_nothing(figure: Figure) -> None:
    seen = explored(Model(TINY, 3), World(), scaled(10_000))
    said(figure, seen)


def test_a_name_that_nobody_has_walks_the_same_way_through_all_of_them(figure: Figure) -> None:
    seen = _beside_somebody(Rules())
    said(figure, seen)
    assert seen.complete
    assert seen.states > 5_000


def _beside_somebody(changed: Rules) -> Explored:
    somebody = Model(TINY, 2, changed=changed, prompt=True)
    nobody = Model(TINY, 2, changed=changed, prompt=True, absent=True)
    with nobody.installed():
        return explore(
            World(), lambda world: nobody.compared_with(somebody, world), nobody.key, NO_END
        )


@pytest.mark.parametrize("steps", BEGINNINGS.values(), ids=BEGINNINGS)
def test_no_order_of_events_breaks_a_lane_of_five(steps: list[str], figure: Figure) -> None:
    alone, crowded = Model(REAL, 5), Model(REAL, 7)
    with alone.installed():
        world = World()
        for name in steps:
            world = dict(alone.steps(world))[name]
    said(figure, explored(crowded, world, scaled(2_000)))


@pytest.mark.parametrize("name", ERRORS)
def test_the_explorer_finds_a_seeded_error(name: str, figure: Figure) -> None:
    model = Model(TINY, 2, changed=ERRORS[name], prompt=True)
    assert found(figure, lambda: explored(model, World(), 60_000))


@pytest.mark.parametrize("name", ABSENT_ERRORS)
def test_the_explorer_finds_what_tells_who_exists(name: str, figure: Figure) -> None:
    assert found(figure, lambda: _beside_somebody(ABSENT_ERRORS[name]))
