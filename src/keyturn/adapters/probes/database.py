"""The database, looked at by a connection of its own that only reads.

Nothing here goes through the store: a store migrates nothing, but its writer, its pool and
its locks are what may be in trouble.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Connection, Engine, RowMapping, make_url, select, text
from sqlalchemy.exc import SQLAlchemyError

from keyturn.adapters.probes.threads import aside
from keyturn.adapters.replies import one_line
from keyturn.adapters.sql import migrate
from keyturn.adapters.sql.engine import postgres_engine, sqlite_engine
from keyturn.adapters.sql.facts import BACKUP, DEMO
from keyturn.adapters.sql.schema import facts
from keyturn.adapters.sql.tx import SqlTx
from keyturn.adapters.system import ulid, wall_ms
from keyturn.ports.store import StoreUnavailable
from keyturn.rules.accounts import Tenant
from keyturn.rules.health.sights import DatabaseSight, Outbox, SeenTenant
from keyturn.rules.health.words import DAY, MINUTE

LATE_MS, LONGEST = MINUTE, 200
_PATIENCE = text("set local statement_timeout = 5000")
_CLOCK = text("select (extract(epoch from clock_timestamp()) * 1000)::bigint")
_SAFETY = text(
    "select name, setting from pg_settings "
    "where name in ('fsync', 'full_page_writes', 'synchronous_commit') order by name"
)
_WAITING = text(
    "select tenant_id, channel, count(*) as late, min(run_at) as oldest from messages "
    "where state = 'queued' and run_at < :late and expires_at > :now group by tenant_id, channel"
)
_LATELY = text(
    "select tenant_id, channel, state, count(*) as number from messages "
    "where id >= :since group by tenant_id, channel, state"
)
#: SQLite writes `synchronous` as a number
SYNCHRONOUS = {0: "off", 1: "normal", 2: "full", 3: "extra"}


@dataclass(frozen=True, slots=True)
class DatabaseProbe:
    """See ports.health.Database. `url`: as store.url."""

    url: str

    async def look(self, now: int) -> DatabaseSight:
        """See the port."""
        return await aside(lambda: self._look(now))

    def _look(self, now: int) -> DatabaseSight:
        kind = "sqlite" if self.url.startswith("sqlite") else "postgresql"
        if kind == "sqlite" and not Path(str(make_url(self.url).database)).exists():
            return DatabaseSight("absent", kind, wanted=migrate.HEAD)
        try:
            engine = (
                sqlite_engine(self.url, begin="BEGIN")
                if kind == "sqlite"
                else postgres_engine(self.url)
            )
            try:
                return _seen(engine, kind, now)
            finally:
                engine.dispose()
        except (SQLAlchemyError, StoreUnavailable) as error:
            return DatabaseSight("down", kind, said=_said(error), wanted=migrate.HEAD)


def _said(error: BaseException) -> str:
    """The driver's own words; SQLAlchemy's repeat the statement."""
    cause = error.__cause__ if isinstance(error, StoreUnavailable) else error
    words = getattr(cause, "orig", None) or cause or error
    return one_line(str(words))[:LONGEST] or type(error).__name__


def _seen(engine: Engine, kind: str, now: int) -> DatabaseSight:
    revision = migrate.current(engine)
    with engine.connect() as connection:
        sight = DatabaseSight(
            "yes", kind, revision=revision, wanted=migrate.HEAD, newer=_is_newer(revision)
        )
        look = _postgres if kind == "postgresql" else _sqlite
        sight = look(connection, sight)
        if revision is not None and not sight.newer:
            sight = _contents(connection, kind, sight, now)
        connection.rollback()
    return sight


def _is_newer(revision: str | None) -> bool:
    """Revisions are numbers of four digits."""
    return revision is not None and (len(revision), revision) > (len(migrate.HEAD), migrate.HEAD)


def _postgres(connection: Connection, sight: DatabaseSight) -> DatabaseSight:
    connection.execute(_PATIENCE)
    before = wall_ms()
    theirs = int(connection.execute(_CLOCK).scalar_one())
    ahead = theirs - (before + wall_ms()) // 2
    number = int(connection.execute(text("show server_version_num")).scalar_one())
    safety = {row.name: row.setting for row in connection.execute(_SAFETY)}
    return replace(
        sight, version=(number // 10_000, number % 10_000), durability=safety, ahead_ms=ahead
    )


def _sqlite(connection: Connection, sight: DatabaseSight) -> DatabaseSight:
    mode = str(connection.exec_driver_sql("pragma journal_mode").scalar_one())
    synchronous = int(connection.exec_driver_sql("pragma synchronous").scalar_one())
    safety = {"journal_mode": mode, "synchronous": SYNCHRONOUS.get(synchronous, str(synchronous))}
    return replace(sight, version=sqlite3.sqlite_version_info, durability=safety)


def _contents(connection: Connection, kind: str, sight: DatabaseSight, now: int) -> DatabaseSight:
    rows = connection.execute(select(facts.c.name, facts.c.value)).all()
    known: dict[str, str] = {row.name: row.value for row in rows}
    backup = known.get(BACKUP, "")
    tenants = SqlTx(connection, kind, writing=False).tenants.all()
    waiting = connection.execute(_WAITING, {"late": now - LATE_MS, "now": now}).mappings().all()
    since = ulid(max(now - DAY, 0), 0)
    lately = connection.execute(_LATELY, {"since": since}).mappings().all()
    return replace(
        sight,
        tenants=tuple(map(_tenant, tenants)),
        outbox=tuple(_outbox([*waiting, *lately])),
        demo=DEMO in known,
        backup_at=int(backup) if backup.isascii() and backup.isdigit() else None,
    )


def _outbox(rows: list[RowMapping]) -> list[Outbox]:
    """One for each tenant and channel, of both questions' rows."""
    found: dict[tuple[str, str], Outbox] = {}
    for row in rows:
        key = (row["tenant_id"], row["channel"])
        box = found.get(key) or Outbox(*key)
        if "late" in row:
            found[key] = replace(box, late=row["late"], oldest_due=row["oldest"])
        else:
            counts: Mapping[str, int] = {**box.lately, row["state"]: row["number"]}
            found[key] = replace(box, lately=counts)
    return list(found.values())


def _tenant(tenant: Tenant) -> SeenTenant:
    policy = tenant.policy
    return SeenTenant(
        id=tenant.id, slug=tenant.slug, sender=tenant.sender, host=tenant.host,
        phone=policy.phone, lockout_scope=policy.lockout_scope,
        sms_second=policy.sms_second,
    )  # fmt: skip
