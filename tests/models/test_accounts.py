"""All orders of tries, second steps, recoveries and what ends them, on one account."""

from __future__ import annotations

import pytest

from tests.figures import Figure
from tests.models.account_errors import PLAIN, SECOND
from tests.models.accounts import Model, Rules, World
from tests.unit.rules.worlds import Explored, Violated, explore

SEEDED = [*[(name, False, rules) for name, rules in PLAIN.items()]]
SEEDED += [(name, True, rules) for name, rules in SECOND.items()]


def explored(changed: Rules, *, second_step: bool) -> Explored:
    model = Model(second_step=second_step, changed=changed)
    with model.installed():
        return explore(World(), model.steps, model.key, 10**9)


@pytest.mark.parametrize("second_step", [False, True])
def test_nothing_outlives_what_ended_it(second_step: bool, figure: Figure) -> None:
    seen = explored(Rules(), second_step=second_step)
    figure("states explored, accounts", seen.states)
    figure("transitions, accounts", seen.transitions)
    assert seen.complete
    assert seen.states > 3_000


@pytest.mark.parametrize(("name", "second_step", "rules"), SEEDED)
def test_the_explorer_finds_a_seeded_error(
    name: str, second_step: bool, rules: Rules, figure: Figure
) -> None:
    found = False
    try:
        explored(rules, second_step=second_step)
    except Violated:
        found = True
    figure("seeded errors found, accounts", int(found), of=1)
    assert found, name
