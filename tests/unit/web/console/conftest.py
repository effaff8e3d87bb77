"""An office for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.web.console.desk import Office


@pytest.fixture
def office() -> Iterator[Office]:
    """Two tenants, nobody in them."""
    built = Office()
    yield built
    built.close()
