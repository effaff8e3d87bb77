"""A caller is verified: by a technician in the console, or for a ticket system by its key.

Each asks the caller's phone one question (rules/approvals.py) and ends once:

    verified      the phone said yes, with the number that was read out
    denied        the phone said no
    wrong         three wrong numbers
    no_answer     a minute passed
    superseded    another question was asked of the phone, or another phone was bound
    withdrawn     whoever asked took it back
    not_possible  the account was reset or disabled, or changed in another way, meanwhile

Time is in milliseconds since the epoch.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from keyturn.rules.accounts import UserState
from keyturn.rules.approvals import Approval, State
from keyturn.rules.identifiers import NameProblem, display_name
from keyturn.rules.matching import Ended

#: longest reference of a ticket, longest name of who asks: the phone shows both
TICKET_MAX: Final = 40
ASKER_MAX: Final = 60
REQUEST_MAX: Final = 64
#: such as INC-4711, #123, desk/2026.17
_TICKET: Final = re.compile(r"[A-Za-z0-9#][A-Za-z0-9#._/-]*")
_REQUEST: Final = re.compile(r"[!-~]+")


class Outcome(StrEnum):
    """See the module."""

    VERIFIED = "verified"
    DENIED = "denied"
    WRONG = "wrong"
    NO_ANSWER = "no_answer"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"
    NOT_POSSIBLE = "not_possible"


class Reason(StrEnum):
    """Why it is not possible; nothing of it that staff may not see."""

    NO_PHONE = "no_phone"  # none is bound
    NOT_ACTIVE = "not_active"  # the account was never set up to the end
    DISABLED = "disabled"
    RANK = "rank"  # staff of a higher role than a technician's
    RESET = "reset"  # Reset User, while it waited
    CHANGED = "changed"  # the phone said yes, and the account had changed meanwhile


@dataclass(frozen=True, slots=True)
class Verification:
    """A verification as stored.

    Attributes:
        id: that of the question to the phone.
        key_id: whose it is; None: it was started in the console.
        request: what makes a repeated request the same one; None in the console.
        ticket: reference of the ticket, or of the case; "" for none.
        asker: who asks, as the phone shows it.
        outcome: None while it waits; it is stored once.
        reason: with NOT_POSSIBLE.
    """

    id: str
    tenant_id: str
    user_id: str
    key_id: str | None
    request: str | None
    ticket: str
    asker: str
    made_at: int
    outcome: Outcome | None = None
    reason: Reason | None = None
    settled_at: int | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """How a question ended, and when."""

    outcome: Outcome
    reason: Reason | None
    at: int


_ENDS: Final[Mapping[Ended, tuple[Outcome, Reason | None]]] = MappingProxyType({
    Ended.EXPIRED: (Outcome.NO_ANSWER, None),
    Ended.NEWER: (Outcome.SUPERSEDED, None),
    Ended.NUMBER: (Outcome.WRONG, None),
    Ended.RESET: (Outcome.NOT_POSSIBLE, Reason.RESET),
    Ended.DISABLED: (Outcome.NOT_POSSIBLE, Reason.DISABLED),
    Ended.RECALLED: (Outcome.WITHDRAWN, None),
})  # fmt: skip


def ending(one: Approval) -> Ending | None:
    """How a question ended; None: it waits.

    Args:
        one: as approvals.shown has it.
    """
    times = (one.made_at, one.answered_at, one.used_at, one.ended_at)
    at = max(time for time in times if time is not None)
    if one.state is State.USED:
        return Ending(Outcome.VERIFIED, None, at)
    if one.state is State.DENIED:
        return Ending(Outcome.DENIED, None, at)
    if one.ended is None:
        return None
    if one.ended is Ended.EXPIRED and one.answered_at is not None:
        return Ending(Outcome.NOT_POSSIBLE, Reason.CHANGED, at)
    return Ending(*_ENDS[one.ended], at)


def hindered(state: UserState) -> Reason | None:
    """Why nobody can be asked for an account in this state."""
    if state is UserState.ACTIVE:
        return None
    return Reason.DISABLED if state is UserState.DISABLED else Reason.NOT_ACTIVE


# -- what a ticket system sends


@dataclass(frozen=True, slots=True)
class Wish:
    """What a ticket system asks.

    Attributes:
        user: any name of the account, or its id, as sent.
        request: the same for a repeated request (idempotency key).
    """

    user: str
    ticket: str
    asker: str
    request: str


def unfit(wish: Wish) -> str | None:
    """The first field that is not as it must be; None: all are. What the phone shows is short, of
    one line, and a ticket's reference is no sentence.
    """
    asker = display_name(wish.asker)
    fits = {
        "ticket": len(wish.ticket) <= TICKET_MAX and _TICKET.fullmatch(wish.ticket),
        "asker": not isinstance(asker, NameProblem) and len(asker) <= ASKER_MAX,
        "idempotency_key": len(wish.request) <= REQUEST_MAX and _REQUEST.fullmatch(wish.request),
    }
    return next((name for name, good in fits.items() if not good), None)


def is_same(wish: Wish, user_id: str, before: Verification) -> bool:
    """Whether a request is the one of before, sent again.

    Args:
        user_id: whom `wish.user` names.
    """
    asked = (before.user_id, before.ticket, before.asker)
    return asked == (user_id, wish.ticket, asker_of(wish))


def asker_of(wish: Wish) -> str:
    """Who asks, as it is stored."""
    found = display_name(wish.asker)
    return "" if isinstance(found, NameProblem) else found


def place(key_name: str, ticket: str) -> str:
    """From where it is asked, as the phone shows it: which system, and which ticket."""
    return f"{key_name}, {ticket}"
