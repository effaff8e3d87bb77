"""A breadth-first explorer, and rules that can be swapped for broken ones.

The explorer knows nothing of lockout: it is given a first state, a function from a
state to its successors (each with the name of the step that leads there), and a function
that says what of a state the future can see.  A broken rule must show as `Violated`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

S = TypeVar("S")
Step = tuple[str, S]


class Violated(AssertionError):
    """An invariant does not hold; the message names it and the steps that lead there."""


def must(holds: bool, invariant: str) -> None:
    """Raise Violated unless `holds`."""
    if not holds:
        raise Violated(invariant)


def explore(
    first: S,
    steps: Callable[[S], Iterable[Step[S]]],
    seen_by_future: Callable[[S], Hashable],
    most: int,
) -> tuple[int, bool]:
    """Visit states breadth first, at most `most` of them.

    Returns: how many states were visited, and whether these were all there are.
    Raises Violated with the path to the violation.
    """
    known = {seen_by_future(first)}
    came: dict[int, tuple[int, str]] = {}
    queue = deque([(0, first)])
    while queue:
        number, state = queue.popleft()
        try:
            for name, after in steps(state):
                key = seen_by_future(after)
                if key in known:
                    continue
                if len(known) >= most:
                    return len(known), False
                known.add(key)
                came[len(known) - 1] = (number, name)
                queue.append((len(known) - 1, after))
        except Violated as violated:
            path = " > ".join(_path(came, number))
            raise Violated(f"{violated} after {path}") from None
    return len(known), True


def _path(came: dict[int, tuple[int, str]], number: int) -> list[str]:
    """The names of the steps that led to a state."""
    names: list[str] = []
    while number:
        number, name = came[number]
        names.append(name)
    return names[::-1]
