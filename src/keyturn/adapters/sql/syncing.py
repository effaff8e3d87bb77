"""How far directories were read, and their accounts."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Select, and_, case, delete, func, select, tuple_

from keyturn.adapters.sql.directories import to_text
from keyturn.adapters.sql.rows import Codec, Repository, Shape, compact, enum, upsert
from keyturn.adapters.sql.sync_tables import WORD, entries, syncs
from keyturn.ports.syncing import Tally
from keyturn.rules.directories.entries import Entry, Scope
from keyturn.rules.directories.known import Known
from keyturn.rules.directories.syncs import Phase, Sync

#: ids in one statement
_AT_ONCE = 500
#: after every text that begins with what stands before it
_LAST = "\U0010ffff"


def _write_scope(scope: Scope) -> str:
    return compact([list(scope.units), list(scope.groups)])


def _read_scope(text: str) -> Scope:
    units, groups = json.loads(text)
    return Scope(tuple(units), tuple(groups))


def _read_entry(text: str) -> Entry:
    told = json.loads(text)
    return Entry(**{**told, "groups": tuple(told["groups"])})


SYNC = Shape(
    syncs, Sync, key=("directory_id",), scope=Codec(write=_write_scope, read=_read_scope),
    phase=enum(Phase), cursor=Codec(write=to_text, read=b64decode),
)  # fmt: skip
KNOWN = Shape(
    entries, Known,
    entry=Codec(write=lambda entry: compact(asdict(entry)), read=_read_entry),
    told=Codec(write=lambda told: compact(list(told)), read=lambda text: tuple(json.loads(text))),
)  # fmt: skip


class SqlSyncs(Repository):
    """See ports.syncing.Syncs."""

    def get(self, tenant_id: str, directory_id: str) -> Sync | None:
        return SYNC.maybe(self._c.execute(_of(tenant_id, directory_id)).first())

    def lock(self, tenant_id: str, directory_id: str) -> Sync | None:
        wanted = _of(tenant_id, directory_id)
        held = wanted.with_for_update() if self._writing else wanted
        return SYNC.maybe(self._c.execute(held).first())

    def put(self, tenant_id: str, sync: Sync) -> None:
        self.stirred |= sync.phase is Phase.DUE
        cells = {"tenant_id": tenant_id, **SYNC.params(sync)}
        told = {n: v for n, v in cells.items() if n not in ("directory_id", "tenant_id")}
        fresh = upsert(self._dialect)(syncs).values(cells)
        self._c.execute(
            fresh.on_conflict_do_update(
                index_elements=[syncs.c.directory_id], set_=told,
                where=syncs.c.tenant_id == tenant_id,
            )
        )  # fmt: skip

    def known(self, tenant_id: str, directory_id: str, ids: Sequence[str]) -> Sequence[Known]:
        found: list[Known] = []
        for first in range(0, len(ids), _AT_ONCE):
            some = sorted(ids)[first : first + _AT_ONCE]
            wanted = KNOWN.select().where(_in(tenant_id, directory_id), entries.c.id.in_(some))
            found += [KNOWN.value(r) for r in self._c.execute(wanted.order_by(entries.c.id))]
        return found

    def between(
        self, tenant_id: str, directory_id: str, after: str, upto: str | None
    ) -> Sequence[str]:
        wanted = select(entries.c.id).where(
            _there(tenant_id, directory_id), entries.c.id > after,
        )  # fmt: skip
        if upto is not None:
            wanted = wanted.where(entries.c.id <= upto)
        return self._c.execute(wanted.order_by(entries.c.id)).scalars().all()

    def keep(self, tenant_id: str, directory_id: str, every: Sequence[Known]) -> None:
        if not every:
            return
        fresh = upsert(self._dialect)(entries)
        changing = ("word", "entry", "seen_at", "gone_at", "told", "remind_at")
        told = {n: fresh.excluded[n] for n in changing}
        kept = fresh.on_conflict_do_update(
            index_elements=[entries.c.directory_id, entries.c.id], set_=told,
            where=entries.c.tenant_id == tenant_id,
        )  # fmt: skip
        whose = {"tenant_id": tenant_id, "directory_id": directory_id}
        self._c.execute(kept, [{**whose, **_cells(one)} for one in every])

    def listed(
        self, tenant_id: str, directory_id: str, begins: str, after: Known | None, limit: int
    ) -> Sequence[Known]:
        first = _word(begins)
        wanted = KNOWN.select().where(
            _there(tenant_id, directory_id), entries.c.word >= first,
            entries.c.word < first + _LAST,
        )  # fmt: skip
        place = (entries.c.word, entries.c.id)
        if after is not None:
            wanted = wanted.where(tuple_(*place) > (_word(after.entry.name), after.entry.id))
        return [KNOWN.value(r) for r in self._c.execute(wanted.order_by(*place).limit(limit))]

    def tally(self, tenant_id: str, directory_id: str, since: int) -> Tally:
        gone = entries.c.gone_at
        row = self._c.execute(
            select(
                func.coalesce(func.sum(case((gone.is_(None), 1), else_=0)), 0),
                func.coalesce(func.sum(case((gone >= since, 1), else_=0)), 0),
            ).where(_in(tenant_id, directory_id))
        ).one()
        return Tally(int(row[0]), int(row[1]))

    def to_remind(self, now: int, limit: int) -> Sequence[tuple[str, str, Known]]:
        wanted = select(entries.c.tenant_id, entries.c.directory_id, *KNOWN.columns).where(
            entries.c.remind_at.is_not(None), entries.c.remind_at <= now
        )
        rows = self._c.execute(wanted.order_by(entries.c.remind_at).limit(limit))
        return [(row[0], row[1], KNOWN.value(row[2:])) for row in rows]

    def forget(self, tenant_id: str, directory_id: str) -> None:
        self._c.execute(delete(entries).where(_in(tenant_id, directory_id)))
        here = and_(syncs.c.tenant_id == tenant_id, syncs.c.directory_id == directory_id)
        self._c.execute(delete(syncs).where(here))


def _of(tenant_id: str, directory_id: str) -> Select[Any]:
    here = (syncs.c.tenant_id == tenant_id, syncs.c.directory_id == directory_id)
    return SYNC.select().where(*here)


def _in(tenant_id: str, directory_id: str) -> Any:
    return and_(entries.c.tenant_id == tenant_id, entries.c.directory_id == directory_id)


def _there(tenant_id: str, directory_id: str) -> Any:
    return and_(_in(tenant_id, directory_id), entries.c.gone_at.is_(None))


def _word(name: str) -> str:
    return name.casefold()[:WORD]


def _cells(known: Known) -> dict[str, Any]:
    entry = known.entry
    due = known.remind_at
    return {"id": entry.id, "word": _word(entry.name), "remind_at": due, **KNOWN.params(known)}
