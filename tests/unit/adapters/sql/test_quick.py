"""Statements handed to the driver as text do what SQLAlchemy would have done."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    bindparam,
    select,
)
from sqlalchemy.exc import DBAPIError, IntegrityError

from keyturn.adapters.sql.engine import postgres_engine, sqlite_engine
from keyturn.adapters.sql.quick import Quick

things = Table(
    "quick_things",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("name", String(20)),
    Column("good", Boolean),
)
ADD = Quick(things.insert())
ADD_GOOD = Quick(things.insert().values(id=bindparam("b_id"), name=None, good=True))
FIND = Quick(select(things.c.name, things.c.good).where(things.c.id == bindparam("wanted")))
NAME = Quick(
    things.update().where(things.c.id == bindparam("wanted")).values(name=bindparam("called"))
)


@pytest.fixture
def connection(store_url: str) -> Iterator[Connection]:
    sqlite = store_url.startswith("sqlite")
    engine = sqlite_engine(store_url, begin="BEGIN") if sqlite else postgres_engine(store_url)
    things.create(engine)
    with engine.connect() as opened:
        yield opened
    things.drop(engine)
    engine.dispose()


def test_what_is_written_is_found(connection: Connection) -> None:
    assert ADD.count(connection, {"id": 1, "name": "one", "good": False}) == 1
    assert ADD_GOOD.count(connection, {"b_id": 2}) == 1
    assert FIND.rows(connection, {"wanted": 1}) == [("one", False)]
    assert FIND.rows(connection, {"wanted": 2}) == [(None, True)]
    assert FIND.rows(connection, {"wanted": 3}) == []


def test_changed_rows_are_counted(connection: Connection) -> None:
    ADD.count(connection, {"id": 1, "name": "one", "good": True})
    assert NAME.count(connection, {"wanted": 1, "called": "new"}) == 1
    assert NAME.count(connection, {"wanted": 9, "called": "new"}) == 0


def test_it_is_part_of_the_connections_transaction(connection: Connection) -> None:
    assert not connection.in_transaction()
    ADD.count(connection, {"id": 1, "name": "one", "good": True})
    assert connection.in_transaction()
    connection.rollback()
    assert FIND.rows(connection, {"wanted": 1}) == []


def test_errors_are_sqlalchemys_and_name_no_value(connection: Connection) -> None:
    ADD.count(connection, {"id": 1, "name": "secret", "good": True})
    with pytest.raises(IntegrityError) as broken:
        ADD.count(connection, {"id": 1, "name": "secret", "good": True})
    assert isinstance(broken.value, DBAPIError)
    assert "secret" not in str(broken.value)


def test_what_is_told_is_part_of_the_transaction(connection: Connection) -> None:
    ADD.tell(connection, {"id": 1, "name": "one", "good": True})
    assert FIND.rows(connection, {"wanted": 1}) == [("one", True)]
    assert connection.in_transaction()
    connection.rollback()
    assert FIND.rows(connection, {"wanted": 1}) == []
