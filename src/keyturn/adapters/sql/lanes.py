"""Lanes and budgets: the counters that hold under any concurrency.

`lock` is one upsert that creates the row if need be, holds it until the transaction
ends and returns it; the rule then decides in Python and `save` stores the result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import case, func, select, text, update

from keyturn.adapters.sql.quick import Quick
from keyturn.adapters.sql.rows import Repository, param, upsert
from keyturn.adapters.sql.schema import budgets, lanes
from keyturn.ports.store import SeenLane
from keyturn.rules.budgets import Budget, Spending, row_key
from keyturn.rules.lockout import Lane, Reservation

TID, KEY = param("tid"), param("b_key")
COLUMNS = (
    lanes.c.failed,
    lanes.c.total,
    lanes.c.locked_until,
    lanes.c.last_failed,
    lanes.c.closed,
    lanes.c.reservations,
)


def _packed(held: tuple[Reservation, ...]) -> str:
    return " ".join(f"{r.until}:{r.id}" for r in held)


def lane_of(row: Sequence[Any]) -> Lane:
    """The lane of a row that begins with COLUMNS."""
    pairs = (item.split(":") for item in row[5].split())
    held = tuple(Reservation(until=int(until), id=name) for until, name in pairs)
    return Lane(row[0], row[1], row[2], row[3], bool(row[4]), held)


@cache
def _lock(dialect: str) -> Quick:
    fresh = upsert(dialect)(lanes).values(
        tenant_id=TID, key=KEY, user_id=None, failed=0, total=0, locked_until=0, last_failed=0,
        closed=False, reservations="", lease_until=None, refused=0, version=0,
        touched_at=param("now"),
    )  # fmt: skip
    held = fresh.on_conflict_do_update(
        index_elements=[lanes.c.tenant_id, lanes.c.key],
        set_={"touched_at": fresh.excluded.touched_at},
    )
    return Quick(held.returning(*COLUMNS))


_CHANGE = (
    update(lanes)
    .where(lanes.c.tenant_id == TID, lanes.c.key == KEY)
    .values(
        user_id=param("uid"),
        failed=param("v_failed"),
        total=param("v_total"),
        locked_until=param("v_locked"),
        last_failed=param("v_last"),
        closed=param("v_closed"),
        reservations=param("v_held"),
        lease_until=param("v_lease"),
        refused=0,
        version=lanes.c.version + 1,
    )
)
_CHANGE_SEEN = _CHANGE.where(lanes.c.version == param("seen"))
_SAVE, _SWAP = Quick(_CHANGE), Quick(_CHANGE_SEEN)
#: for its own transaction alone; the next one's COMMIT brings both to the disk
_SWAP_UNFLUSHED = Quick(
    _CHANGE_SEEN.where(text("set_config('synchronous_commit', 'off', true) = 'off'"))
)
_REFUSED = Quick(
    update(lanes)
    .where(lanes.c.tenant_id == TID, lanes.c.key == KEY)
    .values(refused=lanes.c.refused + 1)
    .returning(lanes.c.refused)
)
_GET = select(*COLUMNS).where(lanes.c.tenant_id == TID, lanes.c.key == KEY)
_OF_USER = (
    select(lanes.c.key, *COLUMNS)
    .where(lanes.c.tenant_id == TID, lanes.c.user_id == param("uid"))
    .order_by(lanes.c.key)
)
_LAPSED = Quick(
    select(lanes.c.tenant_id, lanes.c.key, lanes.c.user_id)
    .where(lanes.c.lease_until <= param("now"))
    .order_by(lanes.c.lease_until)
    .limit(param("most"))
)


def _changes(tenant_id: str, key: str, lane: Lane, user_id: str | None) -> dict[str, Any]:
    held = lane.reservations
    return {
        "tid": tenant_id, "b_key": key, "uid": user_id, "v_failed": lane.failed,
        "v_total": lane.total, "v_locked": lane.locked_until, "v_last": lane.last_failed,
        "v_closed": lane.closed, "v_held": _packed(held),
        "v_lease": held[0].until if held else None,
    }  # fmt: skip


class SqlLanes(Repository):
    """See ports.store.Lanes."""

    def lock(self, tenant_id: str, key: str, now: int) -> Lane:
        params = {"tid": tenant_id, "b_key": key, "now": now}
        return lane_of(_lock(self._dialect).rows(self._c, params)[0])

    def save(self, tenant_id: str, key: str, lane: Lane, user_id: str | None) -> None:
        _SAVE.tell(self._c, _changes(tenant_id, key, lane, user_id))

    def swap(
        self,
        tenant_id: str,
        seen: SeenLane,
        lane: Lane,
        user_id: str | None,
        *,
        durable: bool = True,
    ) -> SeenLane | None:
        params = {**_changes(tenant_id, seen.key, lane, user_id), "seen": seen.version}
        # what belongs to a transaction lasts as long as the rest of it; SQLite flushes for all
        alone = self._dialect == "postgresql" and not self._writing
        swap = _SWAP_UNFLUSHED if alone and not durable else _SWAP
        if not swap.count(self._c, params):
            return None
        return SeenLane(key=seen.key, lane=lane, version=seen.version + 1)

    def get(self, tenant_id: str, key: str) -> Lane | None:
        row = self._c.execute(_GET, {"tid": tenant_id, "b_key": key}).first()
        return None if row is None else lane_of(row)

    def of_user(self, tenant_id: str, user_id: str) -> Mapping[str, Lane]:
        wanted = _OF_USER.with_for_update() if self._writing else _OF_USER
        rows = self._c.execute(wanted, {"tid": tenant_id, "uid": user_id})
        return {row[0]: lane_of(row[1:]) for row in rows}

    def locked(self, tenant_id: str, user_ids: Sequence[str], now: int) -> Mapping[str, int]:
        wanted = (
            select(lanes.c.user_id, func.max(lanes.c.locked_until))
            .where(
                lanes.c.tenant_id == tenant_id,
                lanes.c.user_id.in_(user_ids),
                lanes.c.locked_until > now,
            )
            .group_by(lanes.c.user_id)
        )
        return {row[0]: row[1] for row in self._c.execute(wanted)}

    def lapsed(self, now: int, limit: int) -> Sequence[tuple[str, str, str | None]]:
        rows = _LAPSED.rows(self._c, {"now": now, "most": limit})
        return [(r[0], r[1], r[2]) for r in rows]

    def refused(self, tenant_id: str, key: str) -> int:
        return int(_REFUSED.rows(self._c, {"tid": tenant_id, "b_key": key})[0][0])


@cache
def _spend(dialect: str) -> Quick:
    now, window = param("now"), param("window")
    fresh = upsert(dialect)(budgets).values(
        tenant_id=TID, key=KEY, start=now, count=1, until=now + window
    )
    over = budgets.c.until <= fresh.excluded.start
    spent = fresh.on_conflict_do_update(
        index_elements=[budgets.c.tenant_id, budgets.c.key],
        set_={
            "start": case((over, fresh.excluded.start), else_=budgets.c.start),
            "count": case((over, 1), else_=budgets.c.count + 1),
            "until": case((over, fresh.excluded.until), else_=budgets.c.until),
        },
    )
    return Quick(spent.returning(budgets.c.start, budgets.c.count))


_LOOK = select(budgets.c.start, budgets.c.count).where(
    budgets.c.tenant_id == TID, budgets.c.key == KEY
)


class SqlBudgets(Repository):
    """See ports.store.Budgets."""

    def spend(self, tenant_id: str, key: str, now: int, budget: Budget) -> Spending:
        params = {
            "tid": tenant_id, "b_key": row_key(budget.name, key), "now": now,
            "window": budget.window_ms,
        }  # fmt: skip
        row = _spend(self._dialect).rows(self._c, params)[0]
        return Spending(start=row[0], count=row[1])

    def look(
        self, tenant_id: str, key: str, budget: Budget, *, hold: bool = False
    ) -> Spending | None:
        wanted = _LOOK.with_for_update() if hold else _LOOK
        row = self._c.execute(
            wanted, {"tid": tenant_id, "b_key": row_key(budget.name, key)}
        ).first()
        return None if row is None else Spending(start=row[0], count=row[1])
