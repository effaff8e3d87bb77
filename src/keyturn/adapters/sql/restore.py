"""A backup takes the place of what is in a database, in one transaction.

    nobody else writes --> drop --> tables of the backup's release --> rows --> this
    release's tables --> void --> commit

Whatever goes wrong on the way leaves the database as it was.  Servers that run meanwhile
wait, and go on with what was restored; whatever they had under way belongs to accounts
whose epoch has moved on, and comes to nothing.

Voided is all that could be used twice or that was taken back after the backup: sessions,
what browsers had begun, codes and links, the trust in known clients, codes that an
authenticator has shown so far, mails that waited to be sent, what agents had under way
(`directory_restore.py`), what phones were asked (`phone_restore.py`), recoveries of lost phones
(`case_restore.py`), keys that were revoked since (`verification_restore.py`), devices
(`device_restore.py`), and links with providers that were ended since (`providers.py`).  Locks and
counted failures are what they were.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Table, delete, func, inspect, select, text, update

from keyturn.adapters.archive import BadArchive, Manifest, Part
from keyturn.adapters.sql import (
    case_restore,
    countersigns,
    device_restore,
    directory_restore,
    phone_restore,
    providers,
    verification_restore,
)
from keyturn.adapters.sql.device_restore import Spoke
from keyturn.adapters.sql.facts import GENERATION, RESTORED
from keyturn.adapters.sql.migrate import HEAD, NotOurs, alone, bring, revision_of
from keyturn.adapters.sql.phone_restore import Heard
from keyturn.adapters.sql.phone_tables import phones
from keyturn.adapters.sql.rows import compact, upsert
from keyturn.adapters.sql.schema import (
    audit,
    clients,
    codes,
    factors,
    facts,
    flows,
    messages,
    sessions,
    tenants,
    users,
    whole,
)
from keyturn.rules.accounts import FactorKind, UserState
from keyturn.rules.events import Event
from keyturn.rules.lockout import DAY, SECOND
from keyturn.rules.messages import MessageState

#: RFC 6238: the time step of authenticators
STEP_MS = 30 * SECOND
#: an account that waits to be erased waits this long again: its links to object are void
WAIT_MS = 7 * DAY
REASON = "not sent: restored from a backup made before it was"


#: name and statement of every index that is not a constraint's
_INDEXES = {
    "sqlite": "select name, sql from sqlite_master where type = 'index' and sql is not null",
    "postgresql": """
        select indexname, indexdef from pg_indexes
        where schemaname = current_schema() and tablename = any(:ours)
        and indexname not in (select conname from pg_constraint)
    """,
}


@dataclass(frozen=True, slots=True)
class Moment:
    """When, by whom and under which ids a restore is written down.

    Attributes:
        new_id: makes a row id for `now`.
        client: what the audit trail shows as the client.
    """

    now: int
    new_id: Callable[[], str]
    client: str


@dataclass(frozen=True, slots=True)
class Restored:
    """What became of it.

    Attributes:
        generation: of the installation, higher than ever before.
        unsent: messages that waited and are not sent any more.
        erased: accounts erased after the backup, which are erased again at once.
    """

    generation: int
    unsent: int
    erased: int


@dataclass(frozen=True, slots=True)
class _Before:
    """What the database knew that must not be forgotten."""

    epoch: int = 0
    generation: int = 0
    erased: Sequence[str] = ()
    revoked: Sequence[str] = ()
    phones: Mapping[str, Heard] = field(default_factory=dict)
    keys: Sequence[str] = ()
    devices: Mapping[str, Spoke] = field(default_factory=dict)
    providers: tuple[Sequence[str], Sequence[str]] = ((), ())


def restore(
    url: str, parts: Callable[[], Iterable[Part]], manifest: Manifest, moment: Moment
) -> Restored:
    """Replace everything at `url`.

    Args:
        parts: reads the backup anew from its beginning each time it is called.
        manifest: what a reading of the whole backup has found.

    Raises BadArchive, Newer (the backup's or the database's tables), NotOurs,
    ports.StoreUnavailable; then nothing was changed.
    """
    return alone(url, lambda connection: _replace(connection, parts(), manifest, moment))


def _replace(
    connection: Connection, parts: Iterable[Part], manifest: Manifest, moment: Moment
) -> Restored:
    before = _clear(connection, manifest.head.taken_at)
    bring(connection, manifest.head.revision)
    indexes = _take_indexes(connection)
    for part in parts:
        _load(connection, part)
    for statement in indexes:
        connection.exec_driver_sql(statement)
    _count(connection, manifest)
    bring(connection)
    return _void(connection, manifest, moment, before)


def _clear(connection: Connection, since: int) -> _Before:
    """Drop all of our tables. Raises NotOurs, Newer."""
    found = revision_of(connection)
    there = inspect(connection)
    ours = [table for table in whole().sorted_tables if there.has_table(table.name)]
    if found is None:
        if ours:
            raise NotOurs(tuple(sorted(table.name for table in ours)))
        return _Before()
    bring(connection, HEAD)  # refuses what a newer release made; `before` asks in its words
    if connection.dialect.name == "postgresql":
        names = ", ".join(f'"{name}"' for name in whole().tables)
        connection.execute(text(f"lock table {names} in access exclusive mode"))
    before = _remember(connection, since)
    whole().drop_all(connection)
    connection.execute(text("drop table alembic_version"))
    return before


def _remember(connection: Connection, since: int) -> _Before:
    told = select(facts.c.value).where(facts.c.name == GENERATION)
    gone = select(audit.c.user_id).where(
        audit.c.event == str(Event.USER_ERASED), audit.c.at >= since, audit.c.user_id.is_not(None)
    )
    return _Before(
        epoch=connection.execute(select(func.max(users.c.epoch))).scalar() or 0,
        generation=int(connection.execute(told).scalar() or 0),
        erased=connection.execute(gone).scalars().all(),
        revoked=directory_restore.revoked(connection),
        phones=phone_restore.heard(connection),
        keys=verification_restore.revoked(connection),
        devices=device_restore.spoke(connection),
        providers=providers.ended(connection),
    )


def _take_indexes(connection: Connection) -> list[str]:
    """Drop the indexes; returns the statements that make them again. Made at once, from all
    rows, they cost a fraction of what they do row by row, and servers wait.
    """
    asked = text(_INDEXES[connection.dialect.name])
    ours = {"ours": list(whole().tables)} if connection.dialect.name == "postgresql" else {}
    found = connection.execute(asked, ours).all()
    for name, _ in found:
        connection.exec_driver_sql(f'DROP INDEX "{name}"')
    return [str(statement) for _, statement in found]


def _load(connection: Connection, part: Part) -> None:
    """One table's rows, as the backup has them."""
    known = whole().tables.get(part.table)
    if known is None or not set(part.columns) <= _columns(connection, known):
        raise BadArchive("altered", part.table)
    if connection.dialect.name == "postgresql":
        _copy(connection, known, part)
    else:
        _insert(connection, known, part)


def _columns(connection: Connection, table: Table) -> set[str]:
    there = inspect(connection)
    if not there.has_table(table.name):
        return set()
    return {column["name"] for column in there.get_columns(table.name)}


def _copy(connection: Connection, table: Table, part: Part) -> None:
    names = ", ".join(f'"{name}"' for name in part.columns)
    driver: Any = connection.connection.driver_connection
    with driver.cursor().copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
        for row in part.rows:
            copy.write_row(row)


def _insert(connection: Connection, table: Table, part: Part) -> None:
    places = ", ".join("?" * len(part.columns))
    names = ", ".join(f'"{name}"' for name in part.columns)
    statement = f'INSERT INTO "{table.name}" ({names}) VALUES ({places})'  # noqa: S608  ours
    driver: Any = connection.connection.driver_connection
    driver.executemany(statement, part.rows)


def _count(connection: Connection, manifest: Manifest) -> None:
    """What was loaded is what the backup holds."""
    for tally in manifest.tables:
        table = whole().tables[tally.table]
        if connection.execute(select(func.count()).select_from(table)).scalar() != tally.rows:
            raise BadArchive("altered", tally.table)


def _void(connection: Connection, manifest: Manifest, moment: Moment, before: _Before) -> Restored:
    now, taken_at = moment.now, manifest.head.taken_at
    connection.execute(delete(sessions))
    connection.execute(update(flows).where(flows.c.closed_at.is_(None)).values(closed_at=now))
    connection.execute(
        update(codes).where(codes.c.expires_at > taken_at).values(expires_at=taken_at)
    )
    connection.execute(update(clients).values(trusted=False))
    _authenticators(connection, now)
    epoch = connection.execute(select(func.max(users.c.epoch))).scalar() or 0
    connection.execute(update(users).values(epoch=max(epoch, before.epoch) + 1))
    unsent = _unsend(connection, now)
    erased = _erase_again(connection, now, before.erased)
    directory_restore.void(connection, taken_at, now, before.revoked)
    phone_restore.void(connection, taken_at, now, before.phones)
    case_restore.void(connection, now)
    countersigns.void(connection, now)
    providers.void(connection, now, before.providers)
    verification_restore.void(connection, now, before.keys)
    device_restore.void(connection, now, before.devices)
    generation = _next_generation(connection, now, before)
    restored = Restored(generation, unsent, erased)
    _write_down(connection, manifest, moment, restored)
    return restored


def _authenticators(connection: Connection, now: int) -> None:
    """What an authenticator, or a phone's own, has shown by now may have been used since."""
    step = now // STEP_MS + 1
    totp = factors.c.kind == str(FactorKind.TOTP)
    older = func.coalesce(factors.c.used, 0) < step
    connection.execute(update(factors).where(totp, older).values(used=step))
    shown = phones.c.offline != "", func.coalesce(phones.c.offline_used, 0) < step
    connection.execute(update(phones).where(*shown).values(offline_used=step))


def _unsend(connection: Connection, now: int) -> int:
    waiting = messages.c.state.in_([str(MessageState.QUEUED), str(MessageState.SENDING)])
    gone = {"state": str(MessageState.EXPIRED), "sealed": "", "detail": REASON, "updated_at": now}
    nobody = {**gone, "state": str(MessageState.DROPPED)}
    absent = messages.c.address.is_(None)
    connection.execute(update(messages).where(waiting, absent).values(nobody))
    return connection.execute(update(messages).where(waiting).values(gone)).rowcount


def _erase_again(connection: Connection, now: int, erased: Sequence[str]) -> int:
    """Who was erased since the backup is erased again; who still waited waits again."""
    soon = users.c.erase_at < now + WAIT_MS
    connection.execute(update(users).where(soon).values(erase_at=now + WAIT_MS))
    count = 0
    for user_id in erased:
        gone = {"erase_at": now, "state": str(UserState.DISABLED)}
        count += connection.execute(
            update(users).where(users.c.id == user_id).values(gone)
        ).rowcount
    return count


def _next_generation(connection: Connection, now: int, before: _Before) -> int:
    """Higher than any before, also where nobody knows any more what there was: the moment
    in seconds, or one more than the highest known.
    """
    told = select(facts.c.value).where(facts.c.name == GENERATION)
    known = int(connection.execute(told).scalar() or 0)
    return max(now // SECOND, known + 1, before.generation + 1)


def _write_down(
    connection: Connection, manifest: Manifest, moment: Moment, restored: Restored
) -> None:
    _fact(connection, GENERATION, str(restored.generation))
    _fact(connection, RESTORED, str(moment.now))
    told = {
        "taken_at": manifest.head.taken_at, "release": manifest.head.release,
        "rows": manifest.rows, "generation": restored.generation, "unsent": restored.unsent,
    }  # fmt: skip
    rows = [
        {
            "id": moment.new_id(), "tenant_id": tenant_id, "at": moment.now,
            "event": str(Event.RESTORED), "user_id": None, "actor_id": None, "ip": "",
            "client": moment.client[:60], "facts": compact(told),
        }
        for tenant_id in connection.execute(select(tenants.c.id)).scalars()
    ]  # fmt: skip
    if rows:
        connection.execute(audit.insert(), rows)


def _fact(connection: Connection, name: str, value: str) -> None:
    fresh = upsert(connection.dialect.name)(facts).values(name=name, value=value)
    connection.execute(
        fresh.on_conflict_do_update(index_elements=[facts.c.name], set_={"value": value})
    )
