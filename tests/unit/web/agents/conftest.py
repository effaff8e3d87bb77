"""An office for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.flows.house import House
from tests.unit.web.ringing import Office


@pytest.fixture
def office() -> Iterator[Office]:
    """One installation, one directory, the doors for its agents."""
    house = House()
    yield Office(house)
    house.close()
