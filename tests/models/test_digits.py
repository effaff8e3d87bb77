"""All orders of typing, asking again and following links in two browsers; broken codes found."""

from __future__ import annotations

import pytest

from tests.figures import Figure
from tests.fuzz.budget import long
from tests.models.digit_errors import ERRORS
from tests.models.digits import Model, Rules
from tests.unit.rules.worlds import Explored, Violated, explore


def explored(changed: Rules) -> Explored:
    """In the short run a code takes two tries, which leaves a tenth of the states."""
    model = Model(changed, tries=5 if long() else 2)
    with model.installed():
        return explore(model.first(), model.steps, model.key, 10**9)


def test_no_order_of_events_breaks_the_codes_of_two_browsers(figure: Figure) -> None:
    seen = explored(Rules())
    figure("states explored, codes", seen.states)
    figure("transitions, codes", seen.transitions)
    assert seen.complete
    assert seen.states > 5_000


@pytest.mark.parametrize("name", ERRORS)
def test_the_explorer_finds_a_seeded_error(name: str, figure: Figure) -> None:
    found = False
    try:
        explored(ERRORS[name])
    except Violated:
        found = True
    figure("seeded errors found, codes", int(found), of=1)
    assert found
