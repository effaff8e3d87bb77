"""All orders of three tries of one directory account; broken budgets and agents found."""

from __future__ import annotations

import pytest

from tests.figures import Figure
from tests.fuzz.budget import long, scaled
from tests.models.signin_errors import ERRORS
from tests.models.signins import Model, first
from tests.unit.rules.worlds import Explored, Violated, explore

TRIES = 3
ACCIDENTS = {
    "a death": (1, 0, 0, 0),
    "a lost answer": (0, 1, 0, 0),
    "an answer that arrives twice": (0, 0, 1, 0),
    "a mistyping at the desk": (0, 0, 0, 1),
    "a death and a mistyping": (1, 0, 0, 1),
    "a death and an answer that arrives twice": (1, 0, 1, 0),
    "two mistypings": (0, 0, 0, 2),
}
NO_END = 10**9


def explored(model: Model, figure: Figure, limit: int = NO_END) -> Explored:
    with model.installed():
        seen = explore(first(TRIES), model.steps, model.key, limit)
    figure("states explored, directory sign-in", seen.states)
    figure("transitions, directory sign-in", seen.transitions)
    return seen


@pytest.mark.parametrize("right", [False, True], ids=["all wrong", "one right"])
def test_no_order_of_three_tries_locks_anybody(right: bool, figure: Figure) -> None:
    model = Model((0, 0, 0, 0), right)
    seen = explored(model, figure)
    assert seen.complete
    assert seen.states > 3_000
    assert model.passed is right


@pytest.mark.parametrize("most", ACCIDENTS.values(), ids=ACCIDENTS)
@pytest.mark.parametrize("right", [False, True], ids=["all wrong", "one right"])
def test_accidents_in_any_order_lock_nobody(
    most: tuple[int, int, int, int], right: bool, figure: Figure
) -> None:
    model = Model(most, right)
    explored(model, figure, NO_END if long() else scaled(5_000))
    assert model.passed is right


@pytest.mark.parametrize("name", ERRORS)
def test_the_explorer_finds_a_seeded_error(name: str, figure: Figure) -> None:
    most, right, wrong = ERRORS[name]
    model, found = Model(most, right, wrong), False
    try:
        with model.installed():
            explore(first(TRIES), model.steps, model.key, NO_END)
    except Violated:
        found = True
    figure("seeded errors found, directory sign-in", int(found), of=1)
    assert found
