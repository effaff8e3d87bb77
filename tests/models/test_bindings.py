"""All orders of links, codes, phones and staff on one user's row; broken rules found."""

from __future__ import annotations

import pytest

from tests.figures import Figure
from tests.models.binding_errors import ERRORS
from tests.models.bindings import Model, Most
from tests.unit.rules.worlds import Explored, Violated, explore

HAPPENS: dict[str, Most] = {
    "a newer link": (1, 0, 0, 0),
    "Reset User": (0, 1, 0, 0),
    "a disabling": (0, 0, 1, 0),
    "wrong numbers": (0, 0, 0, 3),
    "Reset User and a wrong number": (0, 1, 0, 1),
    "a disabling and a newer link": (1, 0, 1, 0),
    "a disabling and Reset User": (0, 1, 1, 0),
}
NO_END = 10**9


def explored(model: Model, figure: Figure) -> Explored:
    with model.installed():
        seen = explore(model.first(), model.steps, model.key, NO_END)
    figure("states explored, binding a phone", seen.states)
    figure("transitions, binding a phone", seen.transitions)
    return seen


@pytest.mark.parametrize("used", [False, True], ids=["invited", "active"])
def test_in_no_order_do_two_phones_end_with_one_link(used: bool, figure: Figure) -> None:
    model = Model((0, 0, 0, 0), used=used)
    assert explored(model, figure).complete
    assert {"scan None", "scan taken", "scan expired", "number None"} <= model.reached


@pytest.mark.parametrize("most", HAPPENS.values(), ids=HAPPENS)
@pytest.mark.parametrize("used", [False, True], ids=["invited", "active"])
def test_what_staff_end_is_ended(most: Most, used: bool, figure: Figure) -> None:
    model = Model(most, used=used)
    assert explored(model, figure).complete
    assert "number None" in model.reached


@pytest.mark.parametrize("name", ERRORS)
def test_the_explorer_finds_a_seeded_error(name: str, figure: Figure) -> None:
    most, used, wrong = ERRORS[name]
    model, found = Model(most, used=used, wrong=wrong), False
    try:
        with model.installed():
            explore(model.first(), model.steps, model.key, 200_000)
    except Violated:
        found = True
    figure("seeded errors found, binding a phone", int(found), of=1)
    assert found
