"""Who speaks through the signed door: the phone, its user, and whether it is heard.

The door has verified the signature by the key in the phone's row.  Whether the number is new, the
phone still bound and its user's account open is judged here, in the transaction that does what was
asked.  Whoever changes anything holds the user's row first, as all who change what hangs on it
do (rules/binding.py): so of an unlock and Reset User one is second and sees the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from keyturn.ports.store import Tx
from keyturn.rules.accounts import User
from keyturn.rules.phone_app import Phone, PhoneState, may_act
from keyturn.steps.acts import Act

Value = str | int | bool | None


class Why(StrEnum):
    """Why something was refused; part of the door's contract (docs/design/14-signed-door.md)."""

    SIGNATURE = "signature"
    CLOCK = "clock"
    SEQUENCE = "sequence"
    UNBOUND = "unbound"
    ACCOUNT = "account"
    FROZEN = "frozen"
    OPERATION = "operation"
    BODY = "body"
    LOCK = "lock"
    KEY = "key"
    UNKNOWN = "unknown"
    LETTERS = "letters"
    WRONG = "wrong"
    SPENT = "spent"
    TOO_MANY = "too-many"
    TAKEN = "taken"
    NUMBER = "number"
    OVER = "over"
    PUSH = "push"
    FORGED = "forged"
    DIRECTORY = "directory"
    UNSEALED = "unsealed"


@dataclass(frozen=True, slots=True)
class Refused:
    """It was not done. data: see the contract."""

    why: Why
    data: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Said:
    """What a verified signature says of a request."""

    phone_id: str
    sequence: int


@dataclass(frozen=True, slots=True)
class Heard:
    """A phone that may act, and for whom."""

    phone: Phone
    user: User


def heard(tx: Tx, act: Act, said: Said, *, hold: bool = False) -> Heard | Refused:
    """Whose request it is, if it is heard.

    Args:
        hold: the user's row is held, because something of the account is to change.
    """
    tenant_id = act.tenant.id
    before = tx.phones.phone(tenant_id, said.phone_id)
    if before is None:
        return Refused(Why.SIGNATURE)  # erased since the signature was verified
    take = tx.users.lock if hold else tx.users.get
    user = take(tenant_id, before.user_id)
    if not tx.phones.rise(tenant_id, said.phone_id, said.sequence, act.now):
        return Refused(Why.SEQUENCE)
    phone = tx.phones.phone(tenant_id, said.phone_id)  # as it is now that the row is held
    if phone is None or user is None:
        return Refused(Why.SIGNATURE)
    if phone.state is not PhoneState.ACTIVE:
        return unbound(phone)
    if not may_act(phone, tenant_id, user.id, user.state):
        return Refused(Why.ACCOUNT, {"state": str(user.state)})
    return Heard(phone, user)


def changing(tx: Tx, act: Act, said: Said) -> Heard | Refused:
    """As `heard`, held, for what a freeze forbids."""
    found = heard(tx, act, said, hold=True)
    if isinstance(found, Heard) and found.user.frozen_at is not None:
        return frozen(found.user.frozen_at)
    return found


def frozen(since: int) -> Refused:
    """The owner has objected: nothing changes until support has looked."""
    return Refused(Why.FROZEN, {"since": since})


def unbound(phone: Phone) -> Refused:
    """What a phone hears that is bound no more."""
    return Refused(Why.UNBOUND, {"why": str(phone.state), "at": phone.ended_at})
