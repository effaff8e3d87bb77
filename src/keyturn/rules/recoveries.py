"""A lost or changed phone: when the caller gets a new activation, and what stops it.

    waiting --due--> sent --a phone is bound by its link--> done
       |               +---the link dies, a newer one-----> over
       +---objection, the person, staff, disabled, frozen, anything that ends sessions--> stopped
                       (sent, too, as long as it is not done)

It is due at once where a bound factor took part in the proofs; else after 24 hours, in which every
address and number of the user has heard of it.  While one waits, no other begins: so a newer one
does not shorten an older one's wait.  It is carried out only if the user's epoch is the one that
it began with, the account is active or invited, and not frozen.

"done" and "over" are never stored: they are read from the link.

Time is in milliseconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from keyturn.rules.accounts import User, UserState
from keyturn.rules.activation import Link, LinkState, judge
from keyturn.rules.lockout import HOUR

WAIT_MS: Final = 24 * HOUR


class State(StrEnum):
    """See the picture above."""

    WAITING = "waiting"
    SENT = "sent"
    DONE = "done"
    OVER = "over"
    STOPPED = "stopped"


class What(StrEnum):
    """What happens to it."""

    DUE = "due"
    BOUND = "bound"
    DEAD = "dead"
    STOPPED = "stopped"


#: state and what happened to the next state; what is not here does not happen
TABLE: Final[Mapping[tuple[State, What], State]] = MappingProxyType({
    (State.WAITING, What.DUE): State.SENT,
    (State.WAITING, What.STOPPED): State.STOPPED,
    (State.SENT, What.BOUND): State.DONE,
    (State.SENT, What.DEAD): State.OVER,
    (State.SENT, What.STOPPED): State.STOPPED,
})  # fmt: skip


class Stop(StrEnum):
    """What stopped it."""

    OBJECTION = "objection"  # "this wasn't me"
    PERSON = "person"  # in their own account: the phone is there again
    STAFF = "staff"
    DISABLED = "disabled"
    FROZEN = "frozen"
    CHANGED = "changed"  # the account was reset, or its sessions ended, since it began
    UNREACHABLE = "unreachable"  # there is no address to mail a link to


@dataclass(frozen=True, slots=True)
class Recovery:
    """One of a user's.

    Attributes:
        case_id, ref: in which it was granted.
        epoch: the user's when it began, or when the link was sent.
        by: the technician.
        due_at: when it is carried out.
        link_number: of the activation link that was sent; 0 before.
    """

    id: str
    tenant_id: str
    user_id: str
    case_id: str
    ref: str
    epoch: int
    by: str
    made_at: int
    due_at: int
    state: State = State.WAITING
    sent_at: int | None = None
    link_number: int = 0
    ended_at: int | None = None
    why: Stop | None = None


def begun(
    recovery_id: str, user: User, case: tuple[str, str], by: str, now: int, *, bound: bool
) -> Recovery:
    """A new one.

    Args:
        case: id and reference.
        bound: a bound factor took part in the proofs.
    """
    return Recovery(
        id=recovery_id, tenant_id=user.tenant_id, user_id=user.id, case_id=case[0], ref=case[1],
        epoch=user.epoch, by=by, made_at=now, due_at=now if bound else now + WAIT_MS,
    )  # fmt: skip


def bar(one: Recovery, user: User) -> Stop | None:
    """Why one that waits, or whose link is on its way, may not go on; None: it may."""
    if user.state is UserState.DISABLED:
        return Stop.DISABLED
    if user.frozen_at is not None:
        return Stop.FROZEN
    if user.state is UserState.UNVERIFIED or user.epoch != one.epoch:
        return Stop.CHANGED
    return None if user.email else Stop.UNREACHABLE


def is_due(one: Recovery, now: int) -> bool:
    """Whether its wait is over."""
    return one.state is State.WAITING and now >= one.due_at


def sent(one: Recovery, link: int, epoch: int, now: int) -> Recovery:
    """Carried out: the link of this number was mailed.

    Args:
        epoch: the user's after it.
    """
    return replace(
        one, state=TABLE[one.state, What.DUE], link_number=link, epoch=epoch, sent_at=now
    )


def stopped(one: Recovery, why: Stop, now: int) -> Recovery:
    """Stopped; one that has its end keeps it."""
    if (one.state, What.STOPPED) not in TABLE:
        return one
    return replace(one, state=TABLE[one.state, What.STOPPED], why=why, ended_at=now)


def shown(one: Recovery, user: User, link: Link | None, newest: int, now: int) -> Recovery:
    """As it is at `now`, though nobody may have stored it yet.

    Args:
        link: the one that it has sent; None: it is not kept any more, or none was.
        newest: number of the user's newest link, 0 if there is none.
    """
    barred = bar(one, user) if one.state is State.WAITING else None
    if barred is not None:
        return stopped(one, barred, now)
    if one.state is not State.SENT:
        return one
    found = judge(link, newest, now).state if link is not None else LinkState.EXPIRED
    if found is LinkState.OPEN:
        return one
    what = What.BOUND if found is LinkState.USED else What.DEAD
    return replace(one, state=TABLE[one.state, what])


def is_open(one: Recovery) -> bool:
    """Whether it can still come about, or be stopped; `one` as `shown`."""
    return one.state in {State.WAITING, State.SENT}
