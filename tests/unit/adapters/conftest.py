"""Databases with all tables, and tenants that nobody else has."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from keyturn.adapters.sql import SqlStore, open_store
from keyturn.adapters.sql.schema import complete
from keyturn.adapters.sql.store import engine_of
from tests.unit.adapters.stores import new_id


@pytest.fixture(scope="module")
def store(store_url: str) -> Iterator[SqlStore]:
    """One database for the module; each test has tenants of its own."""
    opened = open_store(store_url)
    complete().create_all(engine_of(opened))
    yield opened
    opened.close()


@pytest.fixture
def here() -> str:
    """A tenant's id."""
    return new_id()


@pytest.fixture
def there() -> str:
    """Another tenant's."""
    return new_id()
