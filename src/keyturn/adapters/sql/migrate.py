"""Bringing a database up to this release's tables.

`ensure` is what every start calls: one small query where nothing is to be done, and
Alembic is not even imported then.  Otherwise one process migrates while the others wait:
behind the writer's own `flock` on SQLite, behind an advisory lock on PostgreSQL; all
revisions run in one transaction, so that a crash leaves the database as it was.

There is no way down.  Who goes back to an older release goes back to its backup; a
database that is newer than this release is refused.

A new revision is a file in `migrations/versions`, written by hand, and the next HEAD;
the tests hold both against `schema.py`.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from keyturn.adapters.sql.engine import is_memory, postgres_engine, sqlite_engine
from keyturn.adapters.sql.schema import metadata
from keyturn.adapters.sql.store import SqlStore, engine_of, outages, writer_lock

HEAD: Final = "0001"
SCRIPTS: Final = Path(__file__).parent / "migrations"

_VERSION = text("select version_num from alembic_version")
#: the number of PostgreSQL's advisory lock is "keyturn" in ASCII
_LOCK = text("select pg_advisory_xact_lock(30229394827342446)")


class Newer(Exception):
    """The database was made by a newer release, which this one would damage.

    Attributes:
        found: its revision.
    """

    def __init__(self, found: str) -> None:
        super().__init__(found)
        self.found = found


class NotOurs(Exception):
    """The database holds tables of these names that no release of Keyturn made.

    Attributes:
        tables: their names.
    """

    def __init__(self, tables: tuple[str, ...]) -> None:
        super().__init__(*tables)
        self.tables = tables


def current(database: SqlStore | Engine) -> str | None:
    """The revision a database is at, or None for one without our tables.

    Raises ports.StoreUnavailable where it cannot be reached.
    """
    engine = database if isinstance(database, Engine) else engine_of(database)
    with outages(), engine.connect() as connection:
        return _current(connection)


def _current(connection: Connection) -> str | None:
    try:
        with connection.begin_nested():
            found = connection.execute(_VERSION).scalar()
    except (OperationalError, ProgrammingError):
        # two databases, two names for "no such table"; anything else fails again here
        if inspect(connection).has_table("alembic_version"):
            raise
        return None
    return None if found is None else str(found)


def ensure(url: str) -> bool:
    """Bring the database at `url` up to this release; whether there was anything to do.

    Raises Newer, NotOurs, and ports.StoreUnavailable where it cannot be reached.
    """
    engine = _engine(url, begin="BEGIN")
    try:
        if current(engine) == HEAD:
            return False
    finally:
        engine.dispose()
    upgrade(url)
    return True


def upgrade(url: str) -> None:
    """As `ensure`, without the look beforehand. An in-memory database cannot be meant:
    it would be gone at the end of this call.
    """
    if is_memory(url):
        raise ValueError(url)
    engine = _engine(url, begin="BEGIN IMMEDIATE")
    try:
        with outages(), _alone(url), engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(_LOCK)
            _migrate(connection)
    finally:
        engine.dispose()


def _engine(url: str, *, begin: str) -> Engine:
    if url.startswith("sqlite"):
        return sqlite_engine(url, begin=begin)
    return postgres_engine(url)


@contextmanager
def _alone(url: str) -> Iterator[None]:
    """On SQLite no other process writes meanwhile, servers included."""
    if not url.startswith("sqlite"):
        yield
        return
    file = writer_lock(url)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)


def _migrate(connection: Connection) -> None:
    found = _current(connection)  # again, now that nobody else can change it
    if found == HEAD:
        return
    from alembic import command  # noqa: PLC0415  a quarter of a second that most starts save
    from alembic.config import Config  # noqa: PLC0415  as above
    from alembic.script import ScriptDirectory  # noqa: PLC0415  as above

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise Newer(found)
    if found is None:
        _refuse_strangers(connection)
    command.upgrade(config, HEAD)


def _refuse_strangers(connection: Connection) -> None:
    taken = set(metadata.tables) & set(inspect(connection).get_table_names())
    if taken:
        raise NotOurs(tuple(sorted(taken)))
