"""A user's phone: whether it may act for them, and whether a push reaches it.

    active --the same person binds another, or the same one anew (Reinstall)--> stale
       |------Reset User, or taken away by its owner-------------------------> revoked

One phone of a user is active.  A disabled user's phone stays bound and is refused while they are
disabled: enabling gives it back.

    push       means
    --------   ----------------------------------------------------------------------
    none       never allowed so far, or the question was waved away
    works      a subscription is there, and its push service takes messages for it
    denied     notifications are off for the app
    dead       the push service knows the subscription no more (404, 410; RFC 8030 §7.3)

Time is in milliseconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from keyturn.rules.accounts import UserState


class PhoneState(StrEnum):
    """See the picture above."""

    ACTIVE = "active"
    STALE = "stale"
    REVOKED = "revoked"


class PushState(StrEnum):
    """See the table above."""

    NONE = "none"
    WORKS = "works"
    DENIED = "denied"
    DEAD = "dead"


class What(StrEnum):
    """What is learned of a phone's push."""

    SUBSCRIBED = "subscribed"  # the app handed in a subscription, new or renewed
    ALLOWED = "allowed"  # the app says that notifications are allowed, and has no subscription
    UNASKED = "unasked"  # the app says that they were never asked for, or waved away
    DENIED = "denied"  # the app says that they are off
    GONE = "gone"  # the push service answered 404 or 410


#: state and what was learned to the next state; what is not here changes nothing
TABLE: Final[Mapping[tuple[PushState, What], PushState]] = MappingProxyType({
    **{(state, What.SUBSCRIBED): PushState.WORKS for state in PushState},
    **{(state, What.UNASKED): PushState.NONE for state in PushState},
    **{(state, What.DENIED): PushState.DENIED for state in PushState},
    # allowed again, with no subscription: the old one is not known to live
    (PushState.DENIED, What.ALLOWED): PushState.NONE,
    (PushState.WORKS, What.ALLOWED): PushState.DEAD,
    # a subscription dies of what is off, too: what is off is what is to be mended
    (PushState.WORKS, What.GONE): PushState.DEAD,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Push:
    """How push stands, and since when."""

    state: PushState
    since: int


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone as stored.

    Attributes:
        key: its public key (ECDSA P-256), as the app sent it.
        name: as people read it, made from its browser: "Chrome on Android".
        ended_at: since when it is stale or revoked.
    """

    id: str
    tenant_id: str
    user_id: str
    key: str
    name: str
    bound_at: int
    push: Push
    state: PhoneState = PhoneState.ACTIVE
    ended_at: int | None = None


def bound(
    phone_id: str, tenant_id: str, user_id: str, key: str, name: str, now: int
) -> Phone:  # fmt: skip
    """A phone whose number was right."""
    push = Push(PushState.NONE, now)
    return Phone(phone_id, tenant_id, user_id, key, name, bound_at=now, push=push)


def over(phone: Phone, state: PhoneState, now: int) -> Phone:
    """The phone, stale or revoked; one that is so already stays what it is."""
    if phone.state is not PhoneState.ACTIVE:
        return phone
    return replace(phone, state=state, ended_at=now)


def may_act(phone: Phone, tenant_id: str, user_id: str, state: UserState) -> bool:
    """Whether what the phone signs is heard.

    Args:
        tenant_id, user_id, state: of the user it claims to act for, as stored.
    """
    theirs = (phone.tenant_id, phone.user_id) == (tenant_id, user_id)
    return theirs and phone.state is PhoneState.ACTIVE and state is UserState.ACTIVE


def learned(push: Push, what: What, now: int) -> Push:
    """How push stands after something was learned of it; `since` stays while the state does."""
    state = TABLE.get((push.state, what), push.state)
    return push if state is push.state else Push(state, now)
