"""People who are invited together."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select

from keyturn.adapters.sql.batch_tables import SENDING, WAITING, batches, rows
from keyturn.adapters.sql.quick import Quick
from keyturn.adapters.sql.rows import Repository, Shape, enum, param
from keyturn.rules.batches import Act, Batch, BatchState, Row, RowState, Source, Stop

BATCH = Shape(
    batches, Batch, source=enum(Source), state=enum(BatchState), stop=enum(Stop), act=enum(Act)
)
ROW = Shape(rows, Row, key=("batch_id", "number"), state=enum(RowState))
_SENDING = Quick(
    select(batches.c.tenant_id, batches.c.id)
    .where(SENDING)
    .order_by(batches.c.id)
    .limit(param("most"))
)
#: of a row, what becomes of it
_FATE = ("user_id", "means", "about", "state", "done_at")


class SqlBatches(Repository):
    """See ports.batches.Batches."""

    def add(self, batch: Batch, rows: Sequence[Row]) -> None:
        self._c.execute(BATCH.insert, BATCH.params(batch))
        if rows:
            self._c.execute(ROW.insert, [ROW.params(row) for row in rows])

    def get(self, tenant_id: str, batch_id: str) -> Batch | None:
        wanted = BATCH.select().where(*_batch(tenant_id, batch_id))
        if self._writing:
            wanted = wanted.with_for_update()
        return BATCH.maybe(self._c.execute(wanted).first())

    def save(self, batch: Batch) -> None:
        cells = BATCH.params(batch)
        this = _batch(batch.tenant_id, batch.id)
        self._c.execute(batches.update().where(*this).values(cells))

    def drop(self, tenant_id: str, batch_id: str) -> None:
        self._c.execute(delete(rows).where(*_in(tenant_id, batch_id)))
        self._c.execute(delete(batches).where(*_batch(tenant_id, batch_id)))

    def recent(self, tenant_id: str, limit: int) -> Sequence[Batch]:
        wanted = BATCH.select().where(batches.c.tenant_id == tenant_id)
        found = self._c.execute(wanted.order_by(batches.c.id.desc()).limit(limit))
        return [BATCH.value(row) for row in found]

    def sending(self, limit: int) -> Sequence[tuple[str, str]]:
        return [(row[0], row[1]) for row in _SENDING.rows(self._c, {"most": limit})]

    def rows(
        self, tenant_id: str, batch_id: str, after: int, limit: int,
        states: Collection[RowState] = (),
    ) -> Sequence[Row]:  # fmt: skip
        wanted = ROW.select().where(*_in(tenant_id, batch_id), rows.c.number > after)
        if set(states) == {RowState.WAITING}:
            wanted = wanted.where(WAITING)
        elif states:
            wanted = wanted.where(rows.c.state.in_(sorted(map(str, states))))
        found = self._c.execute(wanted.order_by(rows.c.number).limit(limit))
        return [ROW.value(row) for row in found]

    def put(self, row: Row) -> None:
        cells = ROW.params(row)
        this = (*_in(row.tenant_id, row.batch_id), rows.c.number == row.number)
        fate = {name: cells[name] for name in _FATE}
        self._c.execute(rows.update().where(*this).values(fate))

    def tally(self, tenant_id: str, batch_id: str) -> Mapping[tuple[RowState, str], int]:
        each = rows.c.state, rows.c.means
        counted = select(*each, func.count()).where(*_in(tenant_id, batch_id)).group_by(*each)
        return {(RowState(row[0]), row[1]): row[2] for row in self._c.execute(counted)}

    def of_user(self, tenant_id: str, user_id: str, limit: int) -> Sequence[Row]:
        wanted = ROW.select().where(rows.c.tenant_id == tenant_id, rows.c.user_id == user_id)
        found = self._c.execute(wanted.order_by(rows.c.batch_id.desc()).limit(limit))
        return [ROW.value(row) for row in found]


def _batch(tenant_id: str, batch_id: str) -> tuple[ColumnElement[Any], ...]:
    return batches.c.tenant_id == tenant_id, batches.c.id == batch_id


def _in(tenant_id: str, batch_id: str) -> tuple[ColumnElement[Any], ...]:
    return rows.c.tenant_id == tenant_id, rows.c.batch_id == batch_id
