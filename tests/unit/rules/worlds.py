"""A breadth-first explorer, and rules that can be swapped for broken ones.

The explorer knows nothing of lockout: it is given a first state, a function from a
state to its successors (each with the name of the step that leads there), and a function
that says what of a state the future can see.  A broken rule must show as `Violated`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable
from typing import NamedTuple, TypeVar

S = TypeVar("S")
Step = tuple[str, S]


class Violated(AssertionError):
    """An invariant does not hold; the message names it and the steps that lead there."""


class Explored(NamedTuple):
    """How far the explorer looked. `complete`: these were all the states there are."""

    states: int
    complete: bool
    transitions: int


def must(holds: bool, invariant: str) -> None:
    """Raise Violated unless `holds`."""
    if not holds:
        raise Violated(invariant)


def explore(
    first: S,
    steps: Callable[[S], Iterable[Step[S]]],
    seen_by_future: Callable[[S], Hashable],
    most: int,
) -> Explored:
    """Visit states breadth first, at most `most` of them.

    Raises Violated with the path to the violation.
    """
    known = {seen_by_future(first)}
    came: dict[int, tuple[int, str]] = {}
    queue = deque([(0, first)])
    transitions = 0
    while queue:
        number, state = queue.popleft()
        try:
            for name, after in steps(state):
                transitions += 1
                key = seen_by_future(after)
                if key in known:
                    continue
                if len(known) >= most:
                    return Explored(len(known), False, transitions)
                known.add(key)
                came[len(known) - 1] = (number, name)
                queue.append((len(known) - 1, after))
        except Violated as violated:
            path = " > ".join(_path(came, number))
            raise Violated(f"{violated} after {path}") from None
    return Explored(len(known), True, transitions)


def _path(came: dict[int, tuple[int, str]], number: int) -> list[str]:
    """The names of the steps that led to a state."""
    names: list[str] = []
    while number:
        number, name = came[number]
        names.append(name)
    return names[::-1]
