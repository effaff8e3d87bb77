"""What the help desk stores of its work: cases' logs, recoveries of lost phones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, select

from keyturn.adapters.sql.case_tables import WAITING, log, recoveries
from keyturn.adapters.sql.flows import CASE
from keyturn.adapters.sql.rows import JSON, Codec, Repository, Shape, compact, enum, taken
from keyturn.adapters.sql.schema import cases
from keyturn.rules.accounts import Case
from keyturn.rules.caselog import TURNS, Kind, Row
from keyturn.rules.recoveries import Recovery, State, Stop

_DICT = Codec(write=lambda facts: compact(dict(facts)), read=JSON.read)
ROW = Shape(log, Row, kind=enum(Kind), facts=_DICT)
RECOVERY = Shape(recoveries, Recovery, state=enum(State), why=enum(Stop))

_TURNS = tuple(sorted(map(str, TURNS)))
_LATER = log.alias("later")


class SqlCaseLog(Repository):
    """See ports.cases.CaseLog."""

    def hold(self, tenant_id: str, ref: str) -> Case | None:
        wanted = CASE.select().where(cases.c.tenant_id == tenant_id, cases.c.ref == ref)
        if self._writing:
            wanted = wanted.with_for_update()
        return CASE.maybe(self._c.execute(wanted).first())

    def rows(self, tenant_id: str, case_id: str) -> Sequence[Row]:
        wanted = ROW.select().where(log.c.tenant_id == tenant_id, log.c.case_id == case_id)
        return [ROW.value(row) for row in self._c.execute(wanted.order_by(log.c.number))]

    def add(self, row: Row) -> None:
        self._c.execute(ROW.insert, ROW.params(row))

    def asked(self, tenant_id: str, about: str) -> tuple[Case, Row] | None:
        this = log.c.tenant_id == tenant_id, log.c.about == about, log.c.kind == str(Kind.ASKED)
        row = ROW.maybe(self._c.execute(ROW.select().where(*this)).first())
        if row is None:
            return None
        wanted = CASE.select().where(cases.c.tenant_id == tenant_id, cases.c.id == row.case_id)
        case = CASE.maybe(self._c.execute(wanted).first())
        return None if case is None else (case, row)

    def holders(self, tenant_id: str, case_ids: Sequence[str]) -> Mapping[str, str]:
        theirs = log.c.tenant_id == tenant_id, log.c.case_id.in_(case_ids), log.c.kind.in_(_TURNS)
        wanted = select(log.c.case_id, log.c.about).where(*theirs).order_by(log.c.number)
        return {row[0]: row[1] for row in self._c.execute(wanted)}

    def open_of(self, tenant_id: str, holder: str, limit: int) -> Sequence[Case]:
        ours = cases.c.tenant_id == tenant_id, cases.c.state == "open"
        wanted = CASE.select().where(*ours, _held_by(tenant_id, holder))
        rows = self._c.execute(wanted.order_by(cases.c.id.desc()).limit(limit))
        return [CASE.value(row) for row in rows]


def _held_by(tenant_id: str, holder: str) -> ColumnElement[bool]:
    """Whether a case is somebody's now; nobody's for ""."""
    if not holder:
        turns = log.c.case_id == cases.c.id, log.c.kind.in_(_TURNS)
        return ~exists(select(log.c.id).where(*turns))
    newer = _LATER.c.case_id == log.c.case_id, _LATER.c.number > log.c.number
    passed_on = exists(select(_LATER.c.id).where(*newer, _LATER.c.kind.in_(_TURNS)))
    theirs = log.c.tenant_id == tenant_id, log.c.about == holder, log.c.kind.in_(_TURNS)
    return cases.c.id.in_(select(log.c.case_id).where(*theirs, ~passed_on))


class SqlRecoveries(Repository):
    """See ports.cases.Recoveries."""

    def add(self, one: Recovery) -> None:
        with taken(self._c, "recovery"):
            self._c.execute(RECOVERY.insert, RECOVERY.params(one))

    def save(self, one: Recovery) -> None:
        self._c.execute(RECOVERY.update, RECOVERY.changes(one, id=one.id))

    def get(self, tenant_id: str, recovery_id: str) -> Recovery | None:
        return self._first(_of(tenant_id).where(recoveries.c.id == recovery_id))

    def newest(self, tenant_id: str, user_id: str) -> Recovery | None:
        wanted = _of(tenant_id).where(recoveries.c.user_id == user_id)
        if self._writing:
            wanted = wanted.with_for_update()
        return self._first(wanted)

    def of_case(self, tenant_id: str, case_id: str) -> Recovery | None:
        return self._first(_of(tenant_id).where(recoveries.c.case_id == case_id))

    def of_user(self, tenant_id: str, user_id: str) -> Sequence[Recovery]:
        wanted = _of(tenant_id).where(recoveries.c.user_id == user_id)
        return [RECOVERY.value(row) for row in self._c.execute(wanted)]

    def due(self, now: int, limit: int) -> Sequence[tuple[str, str, str]]:
        columns = recoveries.c.tenant_id, recoveries.c.user_id, recoveries.c.id
        wanted = select(*columns).where(WAITING, recoveries.c.due_at <= now)
        rows = self._c.execute(wanted.order_by(recoveries.c.due_at).limit(limit))
        return [(row[0], row[1], row[2]) for row in rows]

    def _first(self, wanted: Select[Any]) -> Recovery | None:
        return RECOVERY.maybe(self._c.execute(wanted.limit(1)).first())


def _of(tenant_id: str) -> Select[Any]:
    """A tenant's, the newest first."""
    ours = RECOVERY.select().where(recoveries.c.tenant_id == tenant_id)
    return ours.order_by(recoveries.c.id.desc())
