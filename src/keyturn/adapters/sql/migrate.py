"""Bringing a database up to this release's tables.

`ensure` is what every start calls: one small query where nothing is to be done, and
Alembic is not even imported then.  Otherwise one process migrates while the others wait:
behind the writer's own `flock` on SQLite, behind an advisory lock on PostgreSQL; all
revisions run in one transaction, so that a crash leaves the database as it was.  Only large
indexes are made before it on PostgreSQL, see `beforehand.py`.

There is no way down.  Who goes back to an older release goes back to its backup; a
database that is newer than this release is refused.

A new revision is a file in `migrations/versions`, written by hand, and the next HEAD;
the tests hold both against `schema.py`.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError

from keyturn.adapters.sql import beforehand
from keyturn.adapters.sql.engine import is_memory, postgres_engine, sqlite_engine
from keyturn.adapters.sql.schema import whole
from keyturn.adapters.sql.store import SqlStore, engine_of, may_run_again, outages, writer_lock

if TYPE_CHECKING:
    from alembic.config import Config

T = TypeVar("T")

HEAD: Final = "0014"
#: how often a transaction that PostgreSQL ended for somebody else's sake is begun
TRIES: Final = 5
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
        return revision_of(connection)


def revision_of(connection: Connection) -> str | None:
    """As `current`, within a transaction."""
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
    _before(url)
    alone(url, bring)


def _before(url: str) -> None:
    """What the revisions to come want made outside of their transaction."""
    if url.startswith("sqlite"):
        return
    engine = _engine(url, begin="BEGIN")
    try:
        with outages():
            beforehand.make(engine, _wanted(current(engine)))
    finally:
        engine.dispose()


def _wanted(found: str | None) -> list[tuple[str, str]]:
    """Indexes of revisions after `found`; none for an empty database or one we do not know."""
    from alembic.script import ScriptDirectory  # noqa: PLC0415  as in `bring`

    if found is None or found not in known():
        return []
    scripts = ScriptDirectory.from_config(_config()).iterate_revisions(HEAD, found)
    return [index for script in scripts for index in getattr(script.module, "BEFOREHAND", ())]


def alone(url: str, work: Callable[[Connection], T]) -> T:
    """Do `work` in one transaction in which the tables may be changed: no other upgrade or restore
    runs meanwhile, and on SQLite nobody else writes.

    Servers that go on working on PostgreSQL hold one table and want the next, in another order than
    this: of two that wait for each other it ends one, perhaps us.  Then nothing has happened, and
    `work` begins anew, a few times.

    Raises ports.StoreUnavailable where the database cannot be reached.
    """
    if is_memory(url):
        raise ValueError(url)
    engine = _engine(url, begin="BEGIN IMMEDIATE")
    try:
        with outages(), _alone(url):
            return _in_turn(engine, work)
    finally:
        engine.dispose()


def _in_turn(engine: Engine, work: Callable[[Connection], T]) -> T:
    for left in reversed(range(TRIES)):
        try:
            with engine.begin() as connection:
                if engine.dialect.name == "postgresql":
                    connection.execute(_LOCK)
                return work(connection)
        except DBAPIError as error:
            if not left or not may_run_again(error):
                raise
    raise AssertionError  # the last round returns or raises


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


def bring(connection: Connection, revision: str = HEAD) -> None:
    """Bring the database to `revision` within the transaction that `alone` gave.

    Raises Newer (also where `revision` is none of this release's), NotOurs.
    """
    found = revision_of(connection)  # again, now that nobody else can change it
    if found == revision:
        return
    from alembic import command  # noqa: PLC0415  a quarter of a second that most starts save

    config = _config()
    config.attributes["connection"] = connection
    ours = known()
    for wanted in (found, revision):
        if wanted is not None and wanted not in ours:
            raise Newer(wanted)
    if found is None:
        _refuse_strangers(connection)
    command.upgrade(config, revision)


def known() -> frozenset[str]:
    """The revisions that this release can work with."""
    from alembic.script import ScriptDirectory  # noqa: PLC0415  as in `bring`

    scripts = ScriptDirectory.from_config(_config()).walk_revisions()
    return frozenset(script.revision for script in scripts)


def _config() -> Config:
    from alembic.config import Config  # noqa: PLC0415  as in `bring`

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    return config


def _refuse_strangers(connection: Connection) -> None:
    taken = set(whole().tables) & set(inspect(connection).get_table_names())
    if taken:
        raise NotOurs(tuple(sorted(taken)))
