"""Is the person beside a device of theirs?  Its button is pressed, or its code read out (SPEC A2).

    waiting --the device signs, or its code is right--> given
       +----60 s, a newer one, the pairing has ended--> over

A challenge belongs to one user, one pairing of theirs, whoever asks, and one case.  What it proves
is that a hand is at the device, or that somebody sees it: *one proof, never the only one*.  It
proves nothing for anybody else: a neighbour's device has no pairing with this user, so it can be
asked for nothing; a press names the challenge it was shown, so an old one opens nothing; a code's
time step is used once (RFC 6238 §5.2).  A pairing that is a day old or less proves nothing yet, so
that whoever carries a device away, or pairs it anew, has to wait while its owner is told.

Time is in milliseconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from keyturn.rules.accounts import User, UserState
from keyturn.rules.devices import Held, Pairing, proves_from
from keyturn.rules.lockout import MINUTE, SECOND
from keyturn.rules.verified import PROOF_MS

LIFE_MS: Final = 60 * SECOND
#: how many of a user are begun within a window
ASKED: Final = 5
ASKED_MS: Final = 15 * MINUTE


class Method(StrEnum):
    """What the person does."""

    BUTTON = "button"  # presses it
    CODE = "code"  # reads out what the device shows


class State(StrEnum):
    """See the picture above."""

    WAITING = "waiting"
    GIVEN = "given"
    OVER = "over"


class Ended(StrEnum):
    """Why nothing was given."""

    EXPIRED = "expired"
    NEWER = "newer"
    PAIRING = "pairing"  # released, passed on, stopped meanwhile
    USER = "user"  # the account has changed since: a reset, a disabling, an objection
    WRONG = "wrong"  # five wrong codes in a row: the method is locked


class No(StrEnum):
    """Why a pairing proves nothing now."""

    PAIRING = "pairing"  # it is over
    USER = "user"  # it is not this user's, or they may not act
    FRESH = "fresh"  # it is too young
    SPENT = "spent"  # five wrong codes were typed in the case that it is for


@dataclass(frozen=True, slots=True)
class Challenge:
    """A question to whoever stands at a device, as stored.

    Attributes:
        subject: who asks: it alone has the proof.
        case: reference of the case that it is asked in; "" for none.
        epoch: the user's when it was asked.
    """

    id: str
    tenant_id: str
    user_id: str
    pairing_id: str
    method: Method
    subject: str
    case: str
    epoch: int
    made_at: int
    expires_at: int
    state: State = State.WAITING
    answered_at: int | None = None
    ended: Ended | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """What a challenge has shown: a plain outcome, for whoever records proofs.

    Attributes:
        subject: to whom. until: when it ends.
        relayed: it was read aloud, and so may have been read out by somebody to somebody.
    """

    challenge_id: str
    tenant_id: str
    user_id: str
    epoch: int
    pairing_id: str
    method: Method
    subject: str
    case: str
    at: int
    until: int
    relayed: bool


def hindrance(pairing: Pairing, user: User, now: int) -> No | None:
    """Why this pairing proves nothing for this user at `now`; None: it does."""
    if pairing.state is not Held.ACTIVE:
        return No.PAIRING
    theirs = (pairing.tenant_id, pairing.user_id) == (user.tenant_id, user.id)
    if not theirs or user.state is not UserState.ACTIVE:
        return No.USER
    return No.FRESH if now < proves_from(pairing) else None


def shown(one: Challenge, now: int) -> Challenge:
    """The challenge as it is at `now`, though nothing may have stored it yet."""
    late = one.state is State.WAITING and now >= one.expires_at
    return over(one, Ended.EXPIRED) if late else one


def over(one: Challenge, why: Ended) -> Challenge:
    """The challenge, over; one that has its end keeps it."""
    if one.state is not State.WAITING:
        return one
    return replace(one, state=State.OVER, ended=why)


def often_until(history: Iterable[Challenge], now: int) -> int | None:
    """Until when a user is asked no more; None: they may be asked."""
    starts = sorted(one.made_at for one in history if now < one.made_at + ASKED_MS)
    return starts[-ASKED] + ASKED_MS if len(starts) >= ASKED else None


def answer(
    one: Challenge, pairing: Pairing, user: User, method: Method, now: int
) -> tuple[Challenge, bool]:
    """The device was pressed, or its code was right.

    Args:
        pairing: of the device that has done it.
        user: as stored.

    Returns: the challenge to store, and whether it was given now.
    """
    one = shown(one, now)
    if one.state is not State.WAITING or (one.pairing_id, one.method) != (pairing.id, method):
        return one, False
    no = hindrance(pairing, user, now)
    if no is No.USER or user.epoch != one.epoch or user.id != one.user_id:
        return over(one, Ended.USER), False
    if no is not None:
        return over(one, Ended.PAIRING), False
    return replace(one, state=State.GIVEN, answered_at=now), True


def proof(one: Challenge, user: User, now: int) -> Proof | None:
    """What a challenge proves of this user at `now`; None: nothing (any more)."""
    if one.state is not State.GIVEN or one.answered_at is None:
        return None
    until = one.answered_at + PROOF_MS
    same = (one.tenant_id, one.user_id, one.epoch) == (user.tenant_id, user.id, user.epoch)
    if not same or now >= until:
        return None
    return Proof(
        challenge_id=one.id, tenant_id=one.tenant_id, user_id=one.user_id, epoch=one.epoch,
        pairing_id=one.pairing_id, method=one.method, subject=one.subject, case=one.case,
        at=one.answered_at, until=until, relayed=one.method is Method.CODE,
    )  # fmt: skip
