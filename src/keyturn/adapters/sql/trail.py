"""The outbox and the audit trail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select, update

from keyturn.adapters.sql.newest import Clause, Clauses, newest
from keyturn.adapters.sql.quick import Quick
from keyturn.adapters.sql.rows import JSON, Codec, Repository, Shape, compact, enum, param
from keyturn.adapters.sql.schema import COMMON, PENDING, RARE, audit, messages
from keyturn.adapters.system import ulid
from keyturn.rules.events import Entry, Event
from keyturn.rules.messages import LEASE_MS, Message, MessageState, may_become

MESSAGE = Shape(messages, Message, state=enum(MessageState))
ENTRY = Shape(
    audit,
    Entry,
    event=enum(Event),
    facts=Codec(write=lambda v: compact(dict(v)), read=JSON.read),
)

CHANNELS = ("mail", "sms", "hook", "push")
_PUSH = messages.c.channel == "push"
#: FOR UPDATE SKIP LOCKED is dropped on SQLite, where BEGIN IMMEDIATE makes it superfluous
_DUE = (
    select(messages.c.id)
    .where(PENDING, messages.c.run_at <= param("now"), param("pushes") == _PUSH)
    .order_by(messages.c.run_at)
    .limit(param("most"))
    .with_for_update(skip_locked=True)
)
_CLAIM = (
    update(messages)
    .where(messages.c.id.in_(_DUE))
    .values(
        state=str(MessageState.SENDING),
        attempt=messages.c.attempt + 1,
        run_at=param("now") + LEASE_MS,
    )
    .returning(*MESSAGE.columns)
)
_SETTLE = MESSAGE.update.where(
    messages.c.attempt == param("fence"), messages.c.state == str(MessageState.SENDING)
)
_NEXT_DUE = Quick(select(func.min(messages.c.run_at)).where(PENDING, param("pushes") == _PUSH))


class SqlMessages(Repository):
    """See ports.store.Messages."""

    def add(self, message: Message) -> None:
        self.enqueued = True
        MESSAGE.quick_insert.tell(self._c, MESSAGE.params(message))

    def claim(self, now: int, limit: int, *, pushes: bool = False) -> Sequence[Message]:
        rows = self._c.execute(_CLAIM, {"now": now, "most": limit, "pushes": pushes})
        return sorted((MESSAGE.value(r) for r in rows), key=lambda m: m.id)

    def get(self, tenant_id: str, message_id: str) -> Message | None:
        wanted = MESSAGE.select().where(
            messages.c.tenant_id == tenant_id, messages.c.id == message_id
        )
        return MESSAGE.maybe(self._c.execute(wanted).first())

    def settle(self, message: Message, attempt: int) -> bool:
        changes: dict[str, Any] = dict(MESSAGE.changes(message, id=message.id))
        return bool(self._c.execute(_SETTLE, {**changes, "fence": attempt}).rowcount)

    def report(self, message_id: str, state: MessageState, detail: str, now: int) -> Message | None:
        wanted = MESSAGE.select().where(messages.c.id == message_id).with_for_update()
        message = MESSAGE.maybe(self._c.execute(wanted).first())
        if message is None or not may_become(message.state, state):
            return None
        self._c.execute(
            update(messages)
            .where(messages.c.id == message_id)
            .values(state=str(state), detail=detail, updated_at=now, sealed="")
        )
        return message

    def by_reference(self, channel: str, references: Sequence[str]) -> Sequence[Message]:
        wanted = MESSAGE.select().where(
            messages.c.reference.in_(references), messages.c.channel == channel
        )
        rows = self._c.execute(wanted.order_by(messages.c.id.desc()).limit(10))
        return [MESSAGE.value(r) for r in rows]

    def of_user(self, tenant_id: str, user_id: str, limit: int) -> Sequence[Message]:
        wanted = MESSAGE.select().where(
            messages.c.tenant_id == tenant_id, messages.c.user_id == user_id
        )
        rows = self._c.execute(wanted.order_by(messages.c.id.desc()).limit(limit))
        return [MESSAGE.value(r) for r in rows]

    def recent(
        self,
        tenant_id: str,
        channel: str | None,
        state: MessageState | None,
        limit: int,
        before: str | None = None,
    ) -> Sequence[Message]:
        shown: list[Clause] = [messages.c.tenant_id == tenant_id, messages.c.address.is_not(None)]
        if before:
            shown.append(messages.c.id < before)
        each: list[Clauses] = [
            (*shown, messages.c.channel == one, messages.c.state == str(other))
            for one in ((channel,) if channel else CHANNELS)
            for other in ((state,) if state else MessageState)
        ]
        wanted = MESSAGE.select().where(messages.c.id.in_(newest(messages.c.id, each, limit)))
        rows = self._c.execute(wanted.order_by(messages.c.id.desc()))
        return [MESSAGE.value(r) for r in rows]

    def crowd(self, until: int, most: int) -> int:
        waiting = select(messages.c.id).where(PENDING, messages.c.run_at <= until, ~_PUSH)
        counted = select(func.count()).select_from(waiting.limit(most).subquery())
        return int(self._c.execute(counted).scalar_one())

    def next_due(self, now: int, *, pushes: bool = False) -> int | None:
        del now  # the earliest is the earliest, past or future
        due: int | None = _NEXT_DUE.rows(self._c, {"pushes": pushes})[0][0]
        return due


class SqlAudit(Repository):
    """See ports.store.Audit."""

    def add(self, entry: Entry) -> None:
        ENTRY.quick_insert.tell(self._c, ENTRY.params(entry))

    def add_all(self, entries: Sequence[Entry]) -> None:
        if entries:
            self._c.execute(ENTRY.insert, [ENTRY.params(entry) for entry in entries])

    def of_user(self, tenant_id: str, user_id: str, limit: int) -> Sequence[Entry]:
        wanted = ENTRY.select().where(audit.c.user_id == user_id, audit.c.tenant_id == tenant_id)
        rows = self._c.execute(wanted.order_by(audit.c.id.desc()).limit(limit))
        return [ENTRY.value(r) for r in rows]

    def search(
        self, tenant_id: str, events: Sequence[str], query: str, before: str | None, limit: int,
        *, since: int | None = None, until: int | None = None,
    ) -> Sequence[Entry]:  # fmt: skip
        span = _span(before, since, until)
        wanted = ENTRY.select().where(audit.c.tenant_id == tenant_id, *span)
        named = _named(events)
        if events and not query and not named & {*COMMON}:
            return self._rare(tenant_id, named, span, limit)
        if events:
            wanted = wanted.where(audit.c.event.in_(sorted(named)))
        if query:
            # one or the other: with an OR of both neither's index would be used
            where = audit.c.ip if {".", ":"} & set(query) else audit.c.user_id
            wanted = wanted.where(where == query)
        rows = self._c.execute(wanted.order_by(audit.c.id.desc()).limit(limit))
        return [ENTRY.value(r) for r in rows]

    def _rare(
        self, tenant_id: str, named: frozenset[str], span: Sequence[Clause], limit: int
    ) -> Sequence[Entry]:
        """Entries of events that are few among the many."""
        shown: list[Clause] = [audit.c.tenant_id == tenant_id, RARE, *span]
        each: list[Clauses] = [(*shown, audit.c.event == event) for event in sorted(named)]
        if not each:
            return []
        wanted = ENTRY.select().where(audit.c.id.in_(newest(audit.c.id, each, limit)))
        return [ENTRY.value(r) for r in self._c.execute(wanted.order_by(audit.c.id.desc()))]


def _span(before: str | None, since: int | None, until: int | None) -> list[Clause]:
    """Ids are of the moment at which something happened, and in the order of moments."""
    ends = min((end for end in (before, None if until is None else ulid(until, 0)) if end),
               default=None)  # fmt: skip
    span: list[Clause] = [] if since is None else [audit.c.id >= ulid(since, 0)]
    return span if ends is None else [*span, audit.c.id < ends]


def _named(events: Sequence[str]) -> frozenset[str]:
    """The events that these names and beginnings ("signin.") mean."""
    return frozenset(
        str(event)
        for event in Event
        if any(event.startswith(e) if e.endswith(".") else event == e for e in events)
    )
