"""Tries of directory passwords, and their streaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from functools import cache
from typing import Any

from sqlalchemy import func, or_, select, update

from keyturn.adapters.sql.directories import ACCOUNT
from keyturn.adapters.sql.directory_tables import linked_accounts
from keyturn.adapters.sql.jobs import read_envelopes, write_envelopes
from keyturn.adapters.sql.quick import Quick
from keyturn.adapters.sql.rows import Codec, Repository, Shape, enum, param, upsert
from keyturn.adapters.sql.signin_tables import QUEUED, streaks, tries
from keyturn.rules.directories.proofs import Bind
from keyturn.rules.directories.signins.budget import Streak
from keyturn.rules.directories.signins.tries import Try, TryState
from keyturn.rules.directories.things import LinkedAccount

TRY = Shape(
    tries,
    Try,
    state=enum(TryState),
    envelopes=Codec(write=write_envelopes, read=read_envelopes),
    bind=enum(Bind),
)
_PARTS = tuple(field.name for field in fields(Streak))
_UPDATE = TRY.update.where(
    tries.c.tenant_id == param("k_tenant_id"), tries.c.state == param("k_state")
)
_WAITS = (
    tries.c.tenant_id == param("tid"), tries.c.directory_id == param("did"), QUEUED,
    tries.c.deadline > param("now"),
)  # fmt: skip
_QUEUED = Quick(TRY.select().where(*_WAITS).order_by(tries.c.id).limit(param("most")))
_WAITING = Quick(select(func.count()).select_from(tries).where(*_WAITS))


#: goes through a directory's links, a few milliseconds for ten thousand, all of them whether or
#: not there is one: a name that nobody has is not told by the time
_CALLED = (
    ACCOUNT.select()
    .where(
        linked_accounts.c.tenant_id == param("tid"), linked_accounts.c.directory_id == param("did"),
        or_(
            func.lower(linked_accounts.c.name) == param("b_name"),
            func.lower(linked_accounts.c.upn) == param("b_upn"),
        ),
    )
    .order_by(linked_accounts.c.guid)
)  # fmt: skip


@cache
def _hold(dialect: str) -> Quick:
    """Make the row if there is none, and hold it: one upsert."""
    fresh = upsert(dialect)(streaks).values(
        directory_id=param("did"), lane=param("b_lane"), tenant_id=param("tid"), count=0,
        last_at=0, holder="", run_id="", until=0,
    )  # fmt: skip
    held = fresh.on_conflict_do_update(
        index_elements=[streaks.c.directory_id, streaks.c.lane],
        set_={"tenant_id": streaks.c.tenant_id},
        where=streaks.c.tenant_id == param("tid"),
    )
    return Quick(held.returning(*(streaks.c[name] for name in _PARTS)))


_KEEP = (
    update(streaks)
    .where(
        streaks.c.directory_id == param("did"), streaks.c.lane == param("b_lane"),
        streaks.c.tenant_id == param("tid"),
    )
    .values({name: param("v_" + name) for name in _PARTS})
)  # fmt: skip


class SqlSignins(Repository):
    """See ports.signins.Signins."""

    def called(
        self, tenant_id: str, directory_id: str, name: str, upn: str
    ) -> Sequence[LinkedAccount]:
        spelt = {"b_name": name or None, "b_upn": upn or None}  # nothing equals None in SQL
        told = {"tid": tenant_id, "did": directory_id, **spelt}
        return [ACCOUNT.value(row) for row in self._c.execute(_CALLED, told).all()[:2]]

    def add(self, one: Try) -> None:
        self._c.execute(TRY.insert, TRY.params(one))

    def get(self, tenant_id: str, try_id: str) -> Try | None:
        wanted = TRY.select().where(tries.c.tenant_id == tenant_id, tries.c.id == try_id)
        return TRY.maybe(self._c.execute(wanted).first())

    def lock(self, tenant_id: str, try_id: str) -> Try | None:
        wanted = TRY.select().where(tries.c.tenant_id == tenant_id, tries.c.id == try_id)
        return TRY.maybe(self._c.execute(wanted.with_for_update()).first())

    def save(self, one: Try, was: TryState) -> bool:
        self.stirred |= one.state is TryState.QUEUED
        state = {"k_tenant_id": one.tenant_id, "k_state": str(was)}
        change = {**TRY.changes(one, id=one.id), **state}
        return self._c.execute(_UPDATE, change).rowcount == 1

    def queued(self, tenant_id: str, directory_id: str, now: int, limit: int) -> Sequence[Try]:
        told = {"tid": tenant_id, "did": directory_id, "now": now, "most": limit}
        return [TRY.value(row) for row in _QUEUED.rows(self._c, told)]

    def waiting(self, tenant_id: str, directory_id: str, now: int) -> int:
        told = {"tid": tenant_id, "did": directory_id, "now": now}
        return int(_WAITING.rows(self._c, told)[0][0])

    def streak(self, tenant_id: str, directory_id: str, lane: str) -> Streak:
        told = {"tid": tenant_id, "did": directory_id, "b_lane": lane}
        return Streak(*_hold(self._dialect).rows(self._c, told)[0])

    def keep(self, tenant_id: str, directory_id: str, lane: str, streak: Streak) -> None:
        told: dict[str, Any] = {f"v_{name}": getattr(streak, name) for name in _PARTS}
        told |= {"tid": tenant_id, "did": directory_id, "b_lane": lane}
        self._c.execute(_KEEP, told)
