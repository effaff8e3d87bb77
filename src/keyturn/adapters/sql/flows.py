"""What browsers have begun, their codes, and cases."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import update

from keyturn.adapters.sql.newest import Clauses, newest
from keyturn.adapters.sql.rows import JSON, Codec, Repository, Shape, compact, param
from keyturn.adapters.sql.schema import cases, codes, flows
from keyturn.rules.accounts import Case, Flow
from keyturn.rules.codes import Code

_DICT = Codec(write=lambda v: compact(dict(v)), read=JSON.read)
FLOW = Shape(flows, Flow, data=_DICT)
CODE = Shape(codes, Code)
CASE = Shape(cases, Case, facts=_DICT)

TID, BROWSER, KIND = param("tid"), param("b_browser"), param("b_kind")
_OPEN = FLOW.select().where(
    flows.c.tenant_id == TID,
    flows.c.browser == BROWSER,
    flows.c.kind == KIND,
    flows.c.closed_at.is_(None),
    flows.c.expires_at > param("now"),
)
_CLOSE = (
    update(flows)
    .where(
        flows.c.tenant_id == TID,
        flows.c.browser == BROWSER,
        flows.c.kind == KIND,
        flows.c.closed_at.is_(None),
    )
    .values(closed_at=param("at"))
)
_REPLACE = (
    update(codes)
    .where(
        codes.c.flow_id == param("flow"),
        codes.c.used_at.is_(None),
        codes.c.replaced_at.is_(None),
    )
    .values(replaced_at=param("at"))
)
_LATEST = CODE.select().where(codes.c.flow_id == param("flow")).order_by(codes.c.id.desc()).limit(1)
_OLDER = (
    CODE.select()
    .where(codes.c.flow_id == param("flow"), codes.c.replaced_at.is_not(None))
    .order_by(codes.c.id.desc())
    .limit(10)
)
_LINK = CODE.select().where(codes.c.tenant_id == TID, codes.c.link == param("b_link"))


class SqlFlows(Repository):
    """See ports.store.Flows."""

    def open(self, tenant_id: str, browser: str, kind: str, now: int) -> Flow | None:
        wanted = _OPEN.with_for_update() if self._writing else _OPEN
        params = {"tid": tenant_id, "b_browser": browser, "b_kind": kind, "now": now}
        return FLOW.maybe(self._c.execute(wanted, params).first())

    def get(self, tenant_id: str, flow_id: str) -> Flow | None:
        wanted = FLOW.select().where(flows.c.tenant_id == TID, flows.c.id == param("flow"))
        if self._writing:
            wanted = wanted.with_for_update()
        return FLOW.maybe(self._c.execute(wanted, {"tid": tenant_id, "flow": flow_id}).first())

    def add(self, flow: Flow) -> None:
        older = {"tid": flow.tenant_id, "b_browser": flow.browser, "b_kind": flow.kind}
        self._c.execute(_CLOSE, {**older, "at": flow.created_at})
        self._c.execute(FLOW.insert, FLOW.params(flow))

    def save(self, flow: Flow) -> None:
        self._c.execute(FLOW.update, FLOW.changes(flow, id=flow.id))

    def of_user(self, tenant_id: str, user_id: str, limit: int) -> Sequence[Flow]:
        wanted = FLOW.select().where(flows.c.tenant_id == tenant_id, flows.c.user_id == user_id)
        rows = self._c.execute(wanted.order_by(flows.c.id.desc()).limit(limit))
        return [FLOW.value(r) for r in rows]


class SqlCodes(Repository):
    """See ports.store.Codes."""

    def add(self, code: Code) -> None:
        self._c.execute(_REPLACE, {"flow": code.flow_id, "at": code.sent_at})
        self._c.execute(CODE.insert, CODE.params(code))

    def latest(self, flow_id: str) -> Code | None:
        wanted = _LATEST.with_for_update() if self._writing else _LATEST
        return CODE.maybe(self._c.execute(wanted, {"flow": flow_id}).first())

    def replaced(self, flow_id: str) -> Sequence[Code]:
        return [CODE.value(row) for row in self._c.execute(_OLDER, {"flow": flow_id})]

    def by_link(self, tenant_id: str, link: str) -> Code | None:
        wanted = _LINK.with_for_update() if self._writing else _LINK
        return CODE.maybe(self._c.execute(wanted, {"tid": tenant_id, "b_link": link}).first())

    def save(self, code: Code) -> None:
        self._c.execute(CODE.update, CODE.changes(code, id=code.id))


class SqlCases(Repository):
    """See ports.store.Cases."""

    def add(self, case: Case) -> None:
        self._c.execute(CASE.insert, CASE.params(case))

    def get(self, tenant_id: str, ref: str) -> Case | None:
        wanted = CASE.select().where(cases.c.tenant_id == tenant_id, cases.c.ref == ref)
        return CASE.maybe(self._c.execute(wanted).first())

    def save(self, case: Case) -> None:
        self._c.execute(CASE.update, CASE.changes(case, id=case.id))

    def recent(self, tenant_id: str, state: str | None, limit: int) -> Sequence[Case]:
        each: list[Clauses] = [
            (cases.c.tenant_id == tenant_id, cases.c.state == one)
            for one in ((state,) if state else ("open", "closed"))
        ]
        wanted = CASE.select().where(cases.c.id.in_(newest(cases.c.id, each, limit)))
        return [CASE.value(r) for r in self._c.execute(wanted.order_by(cases.c.id.desc()))]

    def of_user(self, tenant_id: str, user_id: str) -> Sequence[Case]:
        wanted = CASE.select().where(cases.c.tenant_id == tenant_id, cases.c.user_id == user_id)
        return [CASE.value(r) for r in self._c.execute(wanted.order_by(cases.c.id.desc()))]
