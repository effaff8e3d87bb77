"""A house with doors for each test, as in tests/unit/web."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.figures import Figure
from tests.fuzz.budget import DRAWN
from tests.unit.flows.house import House


@pytest.fixture
def house() -> Iterator[House]:
    """One installation, one tenant, nobody in it."""
    built = House()
    yield built
    built.close()


@pytest.fixture(autouse=True)
def drawn(figure: Figure) -> Iterator[None]:
    """Say how many inputs Hypothesis drew."""
    before = DRAWN[0]
    yield
    if DRAWN[0] > before:
        figure("properties: inputs drawn", DRAWN[0] - before)
