"""What waits for a second person, stored; and what a restore voids of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, update

from keyturn.adapters.sql.countersign_tables import countersigns as table
from keyturn.adapters.sql.rows import Repository, Shape, enum
from keyturn.rules.access import Action
from keyturn.rules.countersigns import Countersign, State

ROW = Shape(table, Countersign, action=enum(Action), state=enum(State))


class SqlCountersigns(Repository):
    """See ports.countersigns.Countersigns."""

    def add(self, one: Countersign) -> None:
        self._c.execute(ROW.insert, ROW.params(one))

    def save(self, one: Countersign) -> None:
        self._c.execute(ROW.update, ROW.changes(one, id=one.id))

    def get(self, tenant_id: str, countersign_id: str) -> Countersign | None:
        wanted = ROW.select().where(table.c.tenant_id == tenant_id, table.c.id == countersign_id)
        if self._writing:
            wanted = wanted.with_for_update()
        return ROW.maybe(self._c.execute(wanted).first())

    def of_user(self, tenant_id: str, user_id: str) -> Sequence[Countersign]:
        return self._newest(tenant_id, ROW.select().where(table.c.user_id == user_id))

    def recent(self, tenant_id: str, limit: int) -> Sequence[Countersign]:
        return self._newest(tenant_id, ROW.select().limit(limit))

    def _newest(self, tenant_id: str, wanted: Select[Any]) -> Sequence[Countersign]:
        ours = wanted.where(table.c.tenant_id == tenant_id).order_by(table.c.id.desc())
        return [ROW.value(row) for row in self._c.execute(ours)]


def void(connection: Connection, now: int) -> None:
    """A backup does not know what was declined or withdrawn since: whoever wants it asks again."""
    waiting = table.c.state == str(State.OPEN)
    gone = {"state": str(State.VOID), "decided_at": now}
    connection.execute(update(table).where(waiting).values(gone))
