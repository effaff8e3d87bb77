"""On PostgreSQL what is only told goes with the next statement that is asked."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Thread

import pytest
from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    bindparam,
    select,
    text,
)
from sqlalchemy.exc import IntegrityError, OperationalError

from keyturn.adapters.sql.engine import postgres_engine
from keyturn.adapters.sql.quick import WAY, Quick, flush

things = Table(
    "prepared_things",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("name", String(20)),
)
ADD = Quick(things.insert())
FIND = Quick(select(things.c.name).where(things.c.id == bindparam("wanted")))
NAME = Quick(
    things.update().where(things.c.id == bindparam("wanted")).values(name=bindparam("called"))
)
BEGIN, COMMIT = Quick(text("BEGIN")), Quick(text("COMMIT"))


@pytest.fixture
def engine(pg_url: str) -> Iterator[Engine]:
    engine = postgres_engine(pg_url)
    things.create(engine)
    yield engine
    things.drop(engine)
    engine.dispose()


@pytest.fixture
def telling(engine: Engine) -> Iterator[Connection]:
    """A connection that begins nothing by itself, as the store's."""
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as opened:
        yield opened


def test_what_is_told_goes_with_the_next_statement_in_order(
    engine: Engine, telling: Connection
) -> None:
    def seen() -> list[tuple[object, ...]]:
        with engine.connect() as other:
            return FIND.rows(other, {"wanted": 1})

    BEGIN.tell(telling, {})
    ADD.tell(telling, {"id": 1, "name": "one"})
    NAME.tell(telling, {"wanted": 1, "called": "two"})
    assert FIND.rows(telling, {"wanted": 1}) == [("two",)]
    assert seen() == []  # it is one transaction
    NAME.tell(telling, {"wanted": 1, "called": "three"})
    assert COMMIT.count(telling, {}) == 0
    assert seen() == [("three",)]


def test_what_is_told_is_there_for_statements_of_sqlalchemys_own(telling: Connection) -> None:
    BEGIN.tell(telling, {})
    ADD.tell(telling, {"id": 1, "name": "one"})
    with telling.begin_nested():
        assert telling.execute(select(things.c.name)).scalars().all() == ["one"]
    COMMIT.count(telling, {})


def test_what_is_told_and_fails_is_raised_by_the_next_one_which_does_nothing(
    telling: Connection,
) -> None:
    ADD.count(telling, {"id": 1, "name": "one"})
    BEGIN.tell(telling, {})
    ADD.tell(telling, {"id": 1, "name": "secret"})
    NAME.tell(telling, {"wanted": 1, "called": "new"})
    with pytest.raises(IntegrityError) as broken:
        COMMIT.count(telling, {})
    assert "secret" not in str(broken.value)
    telling.connection.rollback()
    assert FIND.rows(telling, {"wanted": 1}) == [("one",)]


def test_what_is_told_last_is_flushed(telling: Connection) -> None:
    ADD.tell(telling, {"id": 1, "name": "one"})
    flush(telling)
    flush(telling)
    assert FIND.rows(telling, {"wanted": 1}) == [("one",)]
    ADD.tell(telling, {"id": 1, "name": "two"})
    with pytest.raises(IntegrityError):
        flush(telling)


def test_what_is_dropped_never_happens(telling: Connection) -> None:
    BEGIN.tell(telling, {})
    ADD.tell(telling, {"id": 1, "name": "one"})
    telling.info[WAY].drop()
    flush(telling)
    assert FIND.rows(telling, {"wanted": 1}) == []


def test_whoever_holds_a_row_can_let_it_go_while_another_thread_waits_for_it(
    engine: Engine, telling: Connection
) -> None:
    ADD.count(telling, {"id": 1, "name": "one"})

    def wait() -> None:
        with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as other:
            BEGIN.tell(other, {})
            NAME.count(other, {"wanted": 1, "called": "other's"})
            COMMIT.count(other, {})

    BEGIN.tell(telling, {})
    NAME.count(telling, {"wanted": 1, "called": "ours"})
    waiting = Thread(target=wait)
    waiting.start()
    waits = text("select count(*) from pg_stat_activity where wait_event_type = 'Lock'")
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as third:
        while not third.execute(waits).scalar():
            pass
    COMMIT.count(telling, {})
    waiting.join(10)
    assert not waiting.is_alive()
    assert FIND.rows(telling, {"wanted": 1}) == [("other's",)]


@pytest.mark.parametrize("told", [True, False], ids=["told", "asked"])
def test_a_connection_that_is_lost_is_given_up(
    engine: Engine, telling: Connection, *, told: bool
) -> None:
    ADD.count(telling, {"id": 1, "name": "one"})
    pid = telling.execute(text("select pg_backend_pid()")).scalar()
    if told:
        NAME.tell(telling, {"wanted": 1, "called": "new"})
    with engine.connect() as other:
        other.execute(text("select pg_terminate_backend(:pid)"), {"pid": pid})
    with pytest.raises(OperationalError):
        ADD.count(telling, {"id": 2, "name": "two"})
    assert telling.invalidated
