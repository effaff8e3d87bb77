"""All orders of questions to one phone, its answers, and what takes them; broken rules found."""

from __future__ import annotations

import pytest

from tests.figures import Figure
from tests.fuzz.budget import long, scaled
from tests.models.approval_errors import ERRORS
from tests.models.approvals import Model, World
from tests.unit.rules.worlds import Explored, Violated, explore

NO_END = 10**9


def explored(model: Model, figure: Figure, limit: int) -> Explored:
    with model.installed():
        seen = explore(World(), model.steps, model.key, limit)
    figure("states explored, approvals", seen.states)
    figure("transitions, approvals", seen.transitions)
    return seen


@pytest.mark.parametrize(("questions", "resets"), [(1, 0), (1, 1), (2, 0)])
def test_one_question_has_one_answer_and_one_use(
    questions: int, resets: int, figure: Figure
) -> None:
    model = Model(questions, resets)
    assert explored(model, figure, NO_END).complete
    assert {"taken", "deny None", "approve wrong", "approve number", "approve phone"} <= (
        model.reached
    )


@pytest.mark.parametrize(
    ("questions", "resets", "reached"),
    [(2, 1, {"alarm", "busy"}), (3, 0, {"alarm", "busy", "often"})],
)
def test_nobody_is_flooded(questions: int, resets: int, reached: set[str], figure: Figure) -> None:
    model = Model(questions, resets)
    explored(model, figure, NO_END if long() else scaled(10_000))
    assert reached <= model.reached


@pytest.mark.parametrize("name", ERRORS)
def test_the_explorer_finds_a_seeded_error(name: str, figure: Figure) -> None:
    questions, resets, wrong = ERRORS[name]
    model, found = Model(questions, resets, wrong), False
    try:
        with model.installed():
            explore(World(), model.steps, model.key, 100_000)
    except Violated:
        found = True
    figure("seeded errors found, approvals", int(found), of=1)
    assert found
