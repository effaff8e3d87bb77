"""Migrations on both engines: what they make is what the code expects."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text
from sqlalchemy.exc import ProgrammingError

from keyturn.adapters.sql import migrate, open_store
from keyturn.adapters.sql.facts import get_fact, set_fact
from keyturn.adapters.sql.migrate import HEAD, Newer, NotOurs, current, ensure, upgrade
from keyturn.adapters.sql.schema import metadata
from keyturn.adapters.sql.store import SqlStore, engine_of
from keyturn.ports import StoreUnavailable

SQLITE_SAYS = "select name, sql from sqlite_master where name not like 'alembic%' and sql not null"
POSTGRES_SAYS = """
select indexname, indexdef from pg_indexes
where schemaname = 'public' and tablename <> 'alembic_version'
union all
select table_name || '.' || column_name,
       concat_ws(' ', data_type, character_maximum_length, is_nullable, column_default)
from information_schema.columns where table_schema = 'public' and table_name <> 'alembic_version'
"""


@pytest.fixture
def store(store_url: str) -> Iterator[SqlStore]:
    """A store on an empty database."""
    opened = open_store(store_url)
    _empty(engine_of(opened))
    yield opened
    opened.close()


def _empty(engine: Engine) -> None:
    with engine.begin() as connection:
        metadata.drop_all(connection)
        connection.execute(text("drop table if exists alembic_version"))


def _catalogue(engine: Engine) -> set[tuple[str, str]]:
    """What the database itself says of its tables and indexes, columns in any order."""
    sqlite = engine.dialect.name == "sqlite"
    with engine.connect() as connection:
        rows = connection.execute(text(SQLITE_SAYS if sqlite else POSTGRES_SAYS))
        return {(name, _sorted(said)) for name, said in rows}


def _sorted(said: str) -> str:
    lines = said.replace("\t", "").split("\n")
    return "\n".join(sorted(line.strip().strip(", ") for line in lines))


def test_an_empty_database_is_brought_to_head_once(store: SqlStore, store_url: str) -> None:
    assert current(store) is None
    assert ensure(store_url)
    assert current(store) == HEAD
    assert not ensure(store_url)


def test_alembic_finds_nothing_to_change_after_the_migrations(
    store: SqlStore, store_url: str
) -> None:
    upgrade(store_url)
    with engine_of(store).connect() as connection:
        seen = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(seen, metadata) == []


def test_migrations_make_the_same_database_as_the_schema(store: SqlStore, store_url: str) -> None:
    engine = engine_of(store)
    upgrade(store_url)
    migrated = _catalogue(engine)
    _empty(engine)
    metadata.create_all(engine)
    assert _catalogue(engine) == migrated
    assert len(migrated) > len(metadata.tables)


def test_head_is_the_newest_revision_and_there_is_only_one_line() -> None:
    config = Config()
    config.set_main_option("script_location", str(migrate.SCRIPTS))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_many_that_start_at_once_migrate_once(store: SqlStore, store_url: str) -> None:
    with ThreadPoolExecutor(4) as threads:
        done = list(threads.map(lambda _: ensure(store_url), range(4)))
    assert any(done)
    assert current(store) == HEAD


def test_a_database_of_a_newer_release_is_refused_and_left_alone(
    store: SqlStore, store_url: str
) -> None:
    upgrade(store_url)
    with engine_of(store).begin() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
    with pytest.raises(Newer) as refused:
        ensure(store_url)
    assert refused.value.found == "9999"
    assert current(store) == "9999"


def test_tables_that_keyturn_did_not_make_are_refused(store: SqlStore, store_url: str) -> None:
    with engine_of(store).begin() as connection:
        connection.execute(text("create table users (id integer)"))
    with pytest.raises(NotOurs) as refused:
        ensure(store_url)
    assert refused.value.tables == ("users",)
    assert current(store) is None


def test_a_failed_migration_leaves_the_database_as_it_was(
    store: SqlStore, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = engine_of(store)
    monkeypatch.setattr(migrate, "_refuse_strangers", lambda _connection: None)
    with engine.begin() as connection:  # in the way of the last table, when others are made
        connection.execute(text("create table users (id integer)"))
    with pytest.raises((StoreUnavailable, ProgrammingError)):
        upgrade(store_url)
    assert current(store) is None
    assert {name for name, _ in _catalogue(engine)} <= {"users", "users.id"}


def test_a_start_on_a_database_at_head_does_not_import_alembic(
    store: SqlStore, store_url: str
) -> None:
    upgrade(store_url)
    code = (
        "import sys; from keyturn.adapters.sql.migrate import ensure;"
        "assert not ensure(sys.argv[1]); assert 'alembic' not in sys.modules"
    )
    ran = subprocess.run([sys.executable, "-c", code, store_url], check=False)
    assert ran.returncode == 0


def test_a_database_that_cannot_be_reached_is_an_outage() -> None:
    for url in ("sqlite:////nowhere/at/all.db", "postgresql+psycopg://x@/x?host=/nowhere"):
        with pytest.raises(StoreUnavailable):
            ensure(url)


def test_a_database_in_memory_is_not_migrated() -> None:
    with pytest.raises(ValueError, match="sqlite://"):
        upgrade("sqlite://")


def test_facts_are_remembered_until_they_are_replaced(store: SqlStore, store_url: str) -> None:
    upgrade(store_url)
    assert get_fact(store, "demo") is None
    set_fact(store, "demo", "1")
    set_fact(store, "demo", "2")
    set_fact(store, "other", "3")
    assert get_fact(store, "demo") == "2"
