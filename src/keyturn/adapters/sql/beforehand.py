"""Indexes that are made before a migration, while everybody goes on working. PostgreSQL only.

An index made in a transaction keeps all writers of its table out until it is done: minutes
on a table of many million rows, and sign-ins write to such tables.  Made CONCURRENTLY it
keeps nobody out, but that cannot be undone with a transaction.  So revisions name such
indexes in BEFOREHAND and make them `if_not_exists`: what is made here stays if the upgrade
fails, harms no server of the release before, and is found by the next try.

On SQLite nothing is made beforehand: its one writer waits, a second for a million rows.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, text

#: the number is "keyturn" in ASCII, and one more
_TRY = text("select pg_try_advisory_lock(30229394827342447)")
_LEAVE = text("select pg_advisory_unlock(30229394827342447)")
_STATE = text("select i.indisvalid from pg_index i where i.indexrelid = to_regclass(:name)::oid")
PAUSE_S = 0.5


def make(engine: Engine, indexes: Iterable[tuple[str, str]]) -> None:
    """Make those indexes that there are not, one process at a time.

    Args:
        indexes: name and statement of each.
    """
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for name, statement in indexes:
            with _turn(connection):
                _one(connection, name, statement)


@contextmanager
def _turn(connection: Connection) -> Iterator[None]:
    """Asked for again and again: whoever waited *in* a statement would hold a snapshot, for
    whose end CREATE INDEX CONCURRENTLY waits in turn.
    """
    while not connection.execute(_TRY).scalar_one():
        threading.Event().wait(PAUSE_S)
    try:
        yield
    finally:
        connection.execute(_LEAVE).close()


def _one(connection: Connection, name: str, statement: str) -> None:
    valid = connection.execute(_STATE, {"name": name}).scalar()
    if valid:
        return
    if valid is not None:  # somebody was interrupted
        connection.execute(text(f"DROP INDEX CONCURRENTLY {name}")).close()
    connection.execute(text(statement)).close()
