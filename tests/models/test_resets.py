"""All orders of two resets of one account: takeover, death, lost and repeated requests, hands.

See `resets` for the steps and `reset_laws` for what must hold. That every job can come to an
answer is a law of the whole graph: it is asked when all states are known.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Hashable, Iterator

import pytest

from tests.figures import Figure
from tests.fuzz.budget import long, scaled
from tests.models import reset_laws as laws
from tests.models.reset_errors import ERRORS
from tests.models.resets import FIRST, Model, World, Wrong
from tests.unit.rules.worlds import Explored, Violated, explore

ACCIDENTS = {
    "no accident": (0, 0, 0, 0),
    "a death": (1, 0, 0, 0),
    "a lost answer": (0, 1, 0, 0),
    "a request that arrives twice": (0, 0, 1, 0),
    "a change by hand": (0, 0, 0, 1),
}
PAIRS = {
    "two deaths": (2, 0, 0, 0),
    "a death and a lost answer": (1, 1, 0, 0),
    "a death and a change by hand": (1, 0, 0, 1),
    "a lost answer and a change by hand": (0, 1, 0, 1),
    "a death and a repeated request": (1, 0, 1, 0),
}
NO_END = 10**9


class Graph:
    """The model's steps, with every way from state to state kept."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._before: dict[int, set[int]] = defaultdict(set)
        self._settled: set[int] = set()
        self._numbers: dict[Hashable, int] = {}
        self._last: tuple[World, int] = (FIRST, -1)

    def number(self, world: World) -> int:
        if self._last[0] is world and self._last[1] >= 0:
            return self._last[1]
        key = self.model.key(world)
        number = self._numbers.setdefault(key, len(self._numbers))
        self._last = (world, number)
        return number

    def steps(self, world: World) -> Iterator[tuple[str, World]]:
        here = self.number(world)
        if self.model.settled(world):
            self._settled.add(here)
        for name, after in self.model.steps(world):
            self._before[self.number(after)].add(here)
            yield name, after

    def stuck(self) -> int:
        """States from which no settled one can be reached."""
        ways, queue = set(self._settled), deque(self._settled)
        while queue:
            for before in self._before[queue.popleft()] - ways:
                ways.add(before)
                queue.append(before)
        return len(self._numbers) - len(ways)


def explored(most: tuple[int, int, int, int], wrong: Wrong | None, limit: int) -> Explored:
    graph = Graph(Model(most, wrong))
    with graph.model.installed():
        seen = explore(FIRST, graph.steps, graph.number, limit)
    if seen.complete:
        laws.every_job_can_come_to_an_answer(graph.stuck())
    return seen


def said(figure: Figure, seen: Explored) -> None:
    figure("states explored, resets", seen.states)
    figure("transitions, resets", seen.transitions)


@pytest.mark.parametrize("most", ACCIDENTS.values(), ids=ACCIDENTS)
def test_one_accident_in_any_order_breaks_nothing(
    most: tuple[int, int, int, int], figure: Figure
) -> None:
    seen = explored(most, None, NO_END)
    said(figure, seen)
    assert seen.complete
    assert seen.states > 3_000


@pytest.mark.parametrize("most", PAIRS.values(), ids=PAIRS)
def test_two_accidents_in_any_order_break_nothing(
    most: tuple[int, int, int, int], figure: Figure
) -> None:
    seen = explored(most, None, NO_END if long() else scaled(3_000))
    said(figure, seen)


@pytest.mark.parametrize("name", ERRORS)
def test_the_explorer_finds_a_seeded_error(name: str, figure: Figure) -> None:
    most, wrong = ERRORS[name]
    found = False
    try:
        explored(most, wrong, NO_END)
    except Violated:
        found = True
    figure("seeded errors found, resets", int(found), of=1)
    assert found
