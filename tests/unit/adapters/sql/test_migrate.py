"""Migrations on both engines: what they make is what the code expects."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.exc import ProgrammingError

from keyturn.adapters.sql import migrate, open_store
from keyturn.adapters.sql.facts import get_fact, set_fact
from keyturn.adapters.sql.migrate import HEAD, Newer, NotOurs, current, ensure, upgrade
from keyturn.adapters.sql.schema import complete
from keyturn.adapters.sql.store import SqlStore, engine_of
from keyturn.ports import StoreUnavailable

SQLITE_SAYS = """
select name, sql from sqlite_master
where name not like 'alembic%' and name not like 'sqlite%' and sql not null
"""
#: small ones of one row are no matter
SQLITE_INDEXES = """
select tbl_name, name from sqlite_master where type = 'index'
and tbl_name not in ('tenants', 'budgets', 'facts', 'alembic_version')
union all select 'words', 'words'
"""
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
        complete().drop_all(connection)
        connection.execute(text("drop table if exists alembic_version"))


def _catalogue(engine: Engine) -> set[tuple[str, str]]:
    """What the database itself says of its tables and indexes, columns in any order."""
    sqlite = engine.dialect.name == "sqlite"
    with engine.connect() as connection:
        rows = connection.execute(text(SQLITE_SAYS if sqlite else POSTGRES_SAYS))
        return {(name, _sorted(said)) for name, said in rows}


def _sorted(said: str) -> str:
    # SQLite writes an added column into the line of the one before it
    pieces = (piece.strip() for piece in said.replace(",", "\n").split("\n"))
    return "\n".join(sorted(piece for piece in pieces if piece))


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
        assert compare_metadata(seen, complete()) == []


def test_migrations_make_the_same_database_as_the_schema(store: SqlStore, store_url: str) -> None:
    engine = engine_of(store)
    upgrade(store_url)
    migrated = _catalogue(engine)
    _empty(engine)
    complete().create_all(engine)
    assert _catalogue(engine) == migrated
    assert len(migrated) > len(complete().tables)


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


@pytest.fixture
def sqlite_engine(tmp_path: Path) -> Iterator[Engine]:
    """A SQLite database that was migrated."""
    url = f"sqlite:///{tmp_path}/keyturn.db"
    upgrade(url)
    opened = open_store(url)
    yield engine_of(opened)
    opened.close()


def test_sqlite_is_told_of_every_index_what_a_grown_tenant_looks_like(
    sqlite_engine: Engine,
) -> None:
    with sqlite_engine.connect() as connection:
        told = set(connection.execute(text("select tbl, idx from sqlite_stat1")))
        there = set(connection.execute(text(SQLITE_INDEXES)))
    assert told == there


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        ("select 1 from lanes where tenant_id = ? and user_id = ?", "ix_lanes_user_id"),
        ("select 1 from messages where tenant_id = ? and user_id = ?", "ix_messages_user_id"),
        ("select min(run_at) from messages where state in ('queued', 'sending')",
         "ix_messages_due"),
        ("select 1 from users where filed is null", "ix_users_unfiled"),
    ],
)  # fmt: skip
def test_sqlite_reads_few_rows_by_the_index_that_has_them(
    sqlite_engine: Engine, wanted: str, index: str
) -> None:
    with sqlite_engine.connect() as connection:
        marks = ("x",) * wanted.count("?")
        plan = connection.exec_driver_sql(f"explain query plan {wanted}", marks).all()
    assert index in str(plan)


def _at(url: str, revision: str) -> None:
    """An empty database brought to an older revision."""
    migrate.alone(url, lambda connection: migrate.bring(connection, revision))


def test_from_each_older_revision_the_same_tables_come_about(
    store: SqlStore, store_url: str
) -> None:
    engine = engine_of(store)
    upgrade(store_url)
    wanted = _catalogue(engine)
    for older in sorted(migrate.known() - {HEAD}):
        _empty(engine)
        _at(store_url, older)
        assert _catalogue(engine) != wanted
        upgrade(store_url)
        assert _catalogue(engine) == wanted


def test_large_indexes_are_made_while_others_write(pg_url: str) -> None:
    opened = open_store(pg_url)
    engine = engine_of(opened)
    _empty(engine)
    _at(pg_url, "0001")
    made = set[str]()

    def watch(_c: object, _cursor: object, statement: str, *_more: object) -> None:
        if "CREATE INDEX" in statement:
            made.add(statement.split(" ON ", maxsplit=1)[0])

    event.listen(Engine, "before_cursor_execute", watch)
    try:
        with ThreadPoolExecutor(3) as threads:  # three servers that start at once
            list(threads.map(upgrade, [pg_url] * 3))
    finally:
        event.remove(Engine, "before_cursor_execute", watch)
        opened.close()
    for table in ("lanes_locked", "audit_ip", "audit_rare", "messages_listed"):
        assert f"CREATE INDEX CONCURRENTLY ix_{table}" in made


def test_an_index_that_was_left_half_made_is_made_anew(pg_url: str) -> None:
    opened = open_store(pg_url)
    engine = engine_of(opened)
    _empty(engine)
    _at(pg_url, "0001")
    with engine.begin() as connection:
        connection.execute(text("create index ix_audit_ip on audit (ip)"))
        connection.execute(
            text(
                "update pg_index set indisvalid = false where indexrelid = 'ix_audit_ip'::regclass"
            )
        )
    upgrade(pg_url)
    with engine.connect() as connection:
        said = connection.execute(
            text("select indexdef from pg_indexes where indexname = 'ix_audit_ip'")
        )
        assert "(tenant_id, ip, id)" in said.scalar_one()
    opened.close()


def test_an_upgrade_that_met_a_servers_transaction_begins_anew(pg_url: str) -> None:
    """Each holds a table and wants the other's; PostgreSQL ends the upgrade's transaction."""
    opened = open_store(pg_url)
    engine = engine_of(opened)
    _empty(engine)
    upgrade(pg_url)
    runs: list[Connection] = []
    holds = Event()

    def work(connection: Connection) -> None:
        runs.append(connection)
        connection.execute(text("lock table users in access exclusive mode"))
        holds.set()
        connection.execute(text("lock table messages in access exclusive mode"))

    with ThreadPoolExecutor(1) as threads:
        with engine.begin() as server:
            server.execute(text("set local deadlock_timeout = '60s'"))  # it is not the one to end
            server.execute(text("lock table messages in row exclusive mode"))
            going = threads.submit(migrate.alone, pg_url, work)
            assert holds.wait(30)
            server.execute(text("lock table users in row exclusive mode"))
        going.result(30)
    assert len(runs) == 2
    opened.close()
