"""All rows out of a running database, as of one moment.

Both databases give a snapshot to one transaction that only reads (SQLite in WAL mode as
well as PostgreSQL's REPEATABLE READ), and nobody waits for it.  So rows are read and
written as rows: never a copy of a live file, no pg_dump of the right version to be had,
and a backup of one engine restores into the other.  Only SQLite's write-ahead log grows
while the backup is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, Table, inspect, select

from keyturn.adapters.archive import Part, Row
from keyturn.adapters.sql.engine import postgres_engine, sqlite_engine
from keyturn.adapters.sql.migrate import revision_of
from keyturn.adapters.sql.schema import whole
from keyturn.adapters.sql.store import outages

_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The database as of one moment. `revision`: of its tables, None for an empty one."""

    engine: str
    revision: str | None
    _connection: Connection

    def parts(self) -> Iterator[Part]:
        """Table after table; each is read while its rows are gone through."""
        there = inspect(self._connection)
        for table in whole().sorted_tables:
            if there.has_table(table.name):
                kept = {column["name"] for column in there.get_columns(table.name)}
                names = tuple(column.name for column in table.columns if column.name in kept)
                yield Part(table.name, names, self._rows(table, names))

    def _rows(self, table: Table, names: tuple[str, ...]) -> Iterator[Row]:
        wanted = select(*(table.c[name] for name in names))
        streamed = self._connection.execution_options(yield_per=_AT_ONCE)
        for row in streamed.execute(wanted):
            yield tuple(row)


@contextmanager
def snapshot(url: str) -> Iterator[Snapshot]:
    """Read everything at `url` as of now. Raises ports.StoreUnavailable."""
    sqlite = url.startswith("sqlite")
    engine = sqlite_engine(url, begin="BEGIN") if sqlite else postgres_engine(url)
    try:
        with outages(), engine.connect() as connection:
            if not sqlite:
                connection = connection.execution_options(  # noqa: PLW2901  the same one
                    isolation_level="REPEATABLE READ", postgresql_readonly=True
                )
            revision = revision_of(connection)  # the first read fixes the moment
            yield Snapshot(engine.dialect.name, revision, connection)
    finally:
        engine.dispose()
