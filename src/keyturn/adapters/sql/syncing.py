"""How far directories were read, and their accounts."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Select, and_, case, delete, exists, func, select, tuple_, update

from keyturn.adapters.sql.directories import AT_ONCE, to_text
from keyturn.adapters.sql.rows import Codec, Repository, Shape, compact, enum, upsert
from keyturn.adapters.sql.sync_tables import HELD, OWED, UNCLEAR, WORD, entries, syncs
from keyturn.ports.syncing import Held, Tally
from keyturn.rules.directories.entries import Entry, Scope
from keyturn.rules.directories.known import LEFT, Known, Owing
from keyturn.rules.directories.syncs import Phase, Sync

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
    owing=enum(Owing),
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
        for first in range(0, len(ids), AT_ONCE):
            some = sorted(ids)[first : first + AT_ONCE]
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
        changing = (
            "word", "entry", "seen_at", "gone_at", "told", "remind_at", "owing", "unclear", "mail",
        )  # fmt: skip
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
        gone, spoken_of = entries.c.gone_at, (str(Owing.SURE), str(Owing.DECIDED))
        lately = and_(gone >= since, entries.c.owing.not_in(spoken_of))
        row = self._c.execute(
            select(
                func.coalesce(func.sum(case((gone.is_(None), 1), else_=0)), 0),
                func.coalesce(func.sum(case((lately, 1), else_=0)), 0),
            ).where(_in(tenant_id, directory_id))
        ).one()
        return Tally(int(row[0]), int(row[1]))

    def owing(self, limit: int) -> Sequence[tuple[str, str]]:
        owed = exists().where(entries.c.directory_id == syncs.c.directory_id, OWED)
        wanted = select(syncs.c.tenant_id, syncs.c.directory_id).where(
            syncs.c.phase == str(Phase.FOLLOWING), owed
        )
        rows = self._c.execute(wanted.order_by(syncs.c.directory_id).limit(limit))
        return [(row[0], row[1]) for row in rows]

    def to_settle(self, tenant_id: str, directory_id: str, limit: int) -> Sequence[Known]:
        wanted = KNOWN.select().where(_in(tenant_id, directory_id), OWED)
        return self._known(wanted.order_by(entries.c.id).limit(limit))

    def mails(self, tenant_id: str, directory_id: str, mails: Sequence[str]) -> Mapping[str, int]:
        those = _there(tenant_id, directory_id), entries.c.mail.in_(mails)
        counted = select(entries.c.mail, func.count()).where(*those).group_by(entries.c.mail)
        return {row[0]: row[1] for row in self._c.execute(counted)}

    def with_mail(
        self, tenant_id: str, directory_id: str, mail: str, limit: int
    ) -> Sequence[Known]:
        wanted = KNOWN.select().where(_there(tenant_id, directory_id), entries.c.mail == mail)
        return self._known(wanted.order_by(entries.c.id).limit(limit))

    def among(
        self, tenant_id: str, directory_id: str, *, names: Sequence[str] = (),
        mails: Sequence[str] = (),
    ) -> Sequence[Known]:  # fmt: skip
        found: dict[str, Known] = {}
        words = {_word(name) for name in names}
        for column, every in ((entries.c.word, words), (entries.c.mail, set(mails))):
            wanted = sorted(every)
            for first in range(0, len(wanted), AT_ONCE):
                some = column.in_(wanted[first : first + AT_ONCE])
                rows = self._known(KNOWN.select().where(_there(tenant_id, directory_id), some))
                found.update((one.entry.id, one) for one in rows)
        whole = {name.casefold() for name in names}
        meant = (one for one in found.values()
                 if one.entry.name.casefold() in whole or one.mail in mails)  # fmt: skip
        return sorted(meant, key=lambda one: one.entry.id)

    def unclear(self, tenant_id: str, directory_id: str, after: str, limit: int) -> Sequence[Known]:
        wanted = KNOWN.select().where(
            _there(tenant_id, directory_id), UNCLEAR, entries.c.id > after
        )
        return self._known(wanted.order_by(entries.c.id).limit(limit))

    def count_unclear(self, tenant_id: str, directory_id: str) -> int:
        those = _there(tenant_id, directory_id), UNCLEAR, entries.c.unclear != LEFT
        return int(self._c.execute(select(func.count()).where(*those)).scalar_one())

    def hold(self, tenant_id: str, directory_id: str, since: int) -> Sequence[str]:
        waiting = (str(Owing.NOTHING), str(Owing.DUE), str(Owing.HELD))
        those = (
            _in(tenant_id, directory_id), entries.c.gone_at >= since, entries.c.owing.in_(waiting),
        )  # fmt: skip
        held = update(entries).where(*those).values(owing=str(Owing.HELD))
        return sorted(self._c.execute(held.returning(entries.c.id)).scalars())

    def held(self, tenant_id: str, directory_id: str) -> Held:
        those = _in(tenant_id, directory_id), HELD
        wanted = select(func.count(), func.min(entries.c.gone_at)).where(*those)
        return Held(*self._c.execute(wanted).one())

    def held_of(self, tenant_id: str, directory_id: str, limit: int) -> Sequence[Known]:
        wanted = KNOWN.select().where(_in(tenant_id, directory_id), HELD)
        return self._known(wanted.order_by(entries.c.gone_at, entries.c.id).limit(limit))

    def release(self, tenant_id: str, directory_id: str, to: Owing) -> int:
        those = _in(tenant_id, directory_id), HELD
        return self._c.execute(update(entries).where(*those).values(owing=str(to))).rowcount

    def _known(self, wanted: Select[Any]) -> list[Known]:
        return [KNOWN.value(row) for row in self._c.execute(wanted)]

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
    searched = {"id": entry.id, "word": _word(entry.name), "remind_at": due, "mail": known.mail}
    return {**searched, **KNOWN.params(known)}
