"""People who sign up, sign in, forget, object, die and wait, on both databases.

See tests/fuzz/people and docs/design/04-models.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import ClassVar

import pytest
from hypothesis.stateful import run_state_machine_as_test

from keyturn.adapters.sql import SqlStore, open_store
from keyturn.adapters.sql.schema import metadata
from keyturn.adapters.sql.store import SqliteStore, engine_of
from tests.figures import Figure
from tests.fuzz.budget import patience
from tests.fuzz.people.machine import People


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Iterator[SqlStore]:
    """The memory twin of SQLite, or a PostgreSQL database."""
    memory = request.param == "sqlite"
    opened = open_store("sqlite://" if memory else request.getfixturevalue("pg_url"))
    metadata.create_all(engine_of(opened))
    yield opened
    opened.close()


def test_whatever_people_do_is_answered_as_the_specification_says(
    store: SqlStore, figure: Figure
) -> None:
    class Machine(People):
        steps_taken: ClassVar[Counter[str]] = Counter()

    Machine.store = store
    most = 40 if isinstance(store, SqliteStore) else 25
    run_state_machine_as_test(Machine, settings=patience(most, stateful_step_count=40))
    for what, times in Machine.steps_taken.items():
        figure(f"people: {what}", times)
