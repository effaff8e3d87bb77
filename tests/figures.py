"""What tests count, said at the end of a run: states explored, inputs tried, 500s.

    def test_that_tries_much(figure: Figure) -> None:
        ...
        figure("inputs tried, forms", 12_345)
        figure("500s, forms", 0)
        figure("seeded rule errors found", 12, of=12)

Figures of one name are added up over all tests and processes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import pytest

NAME = "figure"
Total = tuple[int, int | None]


class Figure(Protocol):
    """Count `amount` under `name`; `of`: out of so many."""

    def __call__(self, name: str, amount: int, *, of: int | None = None) -> None:
        """See the class."""


def note(request: pytest.FixtureRequest) -> Figure:
    """A Figure whose counts travel with the test's report, also between processes."""

    def figure(name: str, amount: int, *, of: int | None = None) -> None:
        request.node.user_properties.append((NAME, [name, amount, of]))

    return figure


def totals(reports: Iterable[Any]) -> Mapping[str, Total]:
    """The sums by name, in order of their names."""
    found: dict[str, Total] = {}
    for report in reports:
        for key, value in getattr(report, "user_properties", ()):
            if key == NAME and report.when == "teardown":  # has what the test had, and its fixtures
                name, amount, of = value
                before, whole = found.get(name, (0, None))
                found[name] = (before + amount, whole if of is None else (whole or 0) + of)
    return dict(sorted(found.items()))


def lines(sums: Mapping[str, Total]) -> list[str]:
    """The sums as lines of a terminal."""
    width = max(map(len, sums), default=0)
    return [
        f"  {name:{width}}  {amount:>12,}{'' if of is None else f' of {of:,}'}"
        for name, (amount, of) in sums.items()
    ]
