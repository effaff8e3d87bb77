"""Engines: how SQLite and PostgreSQL are opened.

SQLite: write-ahead log, `synchronous=FULL` (a commit that was answered survives a power
cut), `BEGIN IMMEDIATE` for the writer, so that it never finds the lock taken halfway.
PostgreSQL: psycopg 3, READ COMMITTED with row locks for writing, a REPEATABLE READ
snapshot for reading.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import ConnectionPoolEntry, NullPool, StaticPool

from keyturn.adapters.sql.quick import WAY, Plain, flush

#: threads of the store, and connections: few, so that those in use have their caches warm;
#: a transaction takes milliseconds, and no thread is held while a password is compared
POOL = 3
CONNECTION = {
    "application_name": "keyturn",
    "connect_timeout": 5,  # s
    # what is prepared, adapters.sql.prepared prepares: after each ROLLBACK, psycopg would
    # forget its own prepared statements and make the server forget all, ours too
    "prepare_threshold": None,
    # a database that is gone without a word is given up after so long: libpq waits for ever
    "keepalives_idle": 10,  # s
    "keepalives_interval": 5,  # s
    "keepalives_count": 2,
    "tcp_user_timeout": 20_000,  # ms
}


def is_memory(url: str) -> bool:
    """Whether `url` names an in-memory SQLite database."""
    return url.startswith("sqlite") and ("/" not in url.split("://", 1)[1] or ":memory:" in url)


def sqlite_engine(url: str, *, begin: str) -> Engine:
    """An engine whose transactions start with `begin` ("BEGIN" or "BEGIN IMMEDIATE")."""
    pool: Any = StaticPool if is_memory(url) else NullPool
    engine = create_engine(url, poolclass=pool, connect_args={"check_same_thread": False})
    event.listen(engine, "connect", _tune_sqlite)

    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "begin", start)
    return engine


def _tune_sqlite(connection: sqlite3.Connection, record: ConnectionPoolEntry) -> None:
    record.info[WAY] = Plain(connection)
    connection.isolation_level = (
        None  # SQLAlchemy's "begin" event starts transactions, not the driver
    )
    for pragma in (
        "journal_mode=wal",
        "synchronous=full",
        "busy_timeout=10000",
        "foreign_keys=on",
        "wal_autocheckpoint=20000",  # a background checkpoint does this long before
        "cache_size=-16000",
        "mmap_size=0",
    ):
        connection.execute(f"pragma {pragma}")


def postgres_engine(url: str) -> Engine:
    """An engine with a connection for each of the store's threads, and two to spare."""
    from keyturn.adapters.sql.prepared import Prepared  # noqa: PLC0415  not for SQLite's start

    engine = create_engine(
        url,
        pool_size=POOL + 2,
        max_overflow=0,
        pool_timeout=10,
        pool_pre_ping=False,
        connect_args=CONNECTION,
    )

    def tune(connection: Any, record: ConnectionPoolEntry) -> None:
        record.info[WAY] = Prepared(connection)

    def in_order(connection: Connection, *_: object) -> None:
        if WAY in connection.info:  # not while SQLAlchemy looks whom it is talking to
            flush(connection)

    event.listen(engine, "connect", tune)
    event.listen(engine, "before_cursor_execute", in_order)
    return engine
