"""A house for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.flows.house import Browser, House


@pytest.fixture
def house() -> Iterator[House]:
    """One installation, one tenant, nobody in it."""
    built = House()
    yield built
    built.close()


@pytest.fixture
def browser(house: House) -> Browser:
    """A browser nobody knows."""
    return house.browser()
