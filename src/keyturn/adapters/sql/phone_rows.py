"""Rows of links, codes to scan, phones and questions, as the rules have them, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Row, Table, update

from keyturn.adapters.sql.phone_tables import approvals, codes, links, phones
from keyturn.adapters.sql.rows import Shape, enum
from keyturn.rules.accounts import User
from keyturn.rules.activation import Link
from keyturn.rules.approvals import Approval, Kind, State
from keyturn.rules.enrolment import CodeState, ScanCode
from keyturn.rules.matching import Ended
from keyturn.rules.phone_app import Phone, PhoneState, Push, PushState

LINK = Shape(links, Link)
CODE = Shape(codes, ScanCode, state=enum(CodeState), ended=enum(Ended))
APPROVAL = Shape(approvals, Approval, kind=enum(Kind), state=enum(State), ended=enum(Ended))

_PLAIN = ("id", "tenant_id", "user_id", "key", "name", "bound_at", "ended_at")
#: in the order that `phone_of` reads
PHONE = tuple(phones.c[name] for name in (*_PLAIN, "state", "push_state", "push_since"))


class Named(Protocol):
    """What has an id in a tenant."""

    @property
    def id(self) -> str: ...
    @property
    def tenant_id(self) -> str: ...


N = TypeVar("N", bound=Named)
Cells = Mapping[str, Any]
#: what a new phone begins with in the columns of what is heard of it later
_FRESH: Cells = {"sequence": 0, "pin": "", "offline": ""}


def phone_of(row: Row[Any]) -> Phone:
    """The phone of a row of PHONE."""
    cells = dict(zip(_PLAIN, row, strict=False))
    state, push_state, push_since = row[len(_PLAIN) :]
    push = Push(PushState(push_state), push_since)
    return Phone(**cells, push=push, state=PhoneState(state))


def phone_cells(phone: Phone) -> Cells:
    """What a phone is stored as."""
    plain = {name: getattr(phone, name) for name in _PLAIN}
    return {**plain, "state": str(phone.state), **_FRESH, **push_cells(phone.push)}


def push_cells(push: Push) -> Cells:
    """How push stands, in the phone's row."""
    return {"push_state": str(push.state), "push_since": push.since}


def user_cells(user: User) -> Cells:
    """What the rules change of a user: the rest is saved with what finds people by it."""
    return {"state": str(user.state), "epoch": user.epoch}


def keep_rows(
    connection: Connection, table: Table, cells: Callable[[N], Cells], before: Sequence[N],
    after: Sequence[N],
) -> None:  # fmt: skip
    """Store the columns that differ, so that what others change meanwhile stays; then what is
    new: a user's old phone makes room first.
    """
    stored = {one.id: cells(one) for one in before}
    for one in after:
        told = cells(one)
        old = stored.get(one.id, told)
        changed = {name: told[name] for name in told if told[name] != old[name]}
        if changed:
            this = table.c.tenant_id == one.tenant_id, table.c.id == one.id
            connection.execute(update(table).where(*this).values(changed))
    fresh = [cells(one) for one in after if one.id not in stored]
    if fresh:
        connection.execute(table.insert(), fresh)
