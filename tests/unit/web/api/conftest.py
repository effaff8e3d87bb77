"""A house with doors, and a program that calls them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.flows.house import House
from tests.unit.web.api.calling import App
from tests.unit.web.browsing import open_web


@pytest.fixture
def house() -> Iterator[House]:
    """One installation, one tenant, nobody in it."""
    built = House()
    yield built
    built.close()


@pytest.fixture
def app(house: House) -> App:
    """A program that nobody knows."""
    return App(open_web(house))
