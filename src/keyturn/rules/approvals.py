"""What a phone answers: a sign-in's second step, a caller, a technician who starts a reset.

    waiting --approve, number right--> approved --taken by what asked--> used
       |-----deny-------------------> denied     |
       +-----60 s, a newer one, three wrong numbers, Reset User, disabled--> over

*What was shown is what was approved.*  The answer is signed over who asks, from where, for what,
which number and what was said, by the phone it was sent to (`statement`).  An answer that comes
twice is the first one; one that says something else comes too late.

*No flooding.*  One waits for a user at a time, and five in fifteen minutes are asked for, counted
apart for what strangers can start (whoever has the password) and what staff start: else a stranger
who tries to sign in over and over would also keep the help desk from proving the caller.  For the
same reason a stranger's never ends one of staff.  Two denials within an hour tell owners and
person, once, and what is asked within the next hour is not pushed: it waits in the app.

Time is in milliseconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from keyturn.rules.lockout import HOUR, MINUTE, SECOND
from keyturn.rules.matching import TRIES, Ended

LIFE_MS: Final = 60 * SECOND
#: for what asked, to take the approval
TAKE_MS: Final = 60 * SECOND
#: how many a side may ask within a window
ASKED: Final = 5
ASKED_MS: Final = 15 * MINUTE
#: denials within a window that stop pushes for as long
DENIALS: Final = 2
QUIET_MS: Final = HOUR
#: how far back `ask` and `alarming` look: what is older than this plays no part
HISTORY_MS: Final = 2 * HOUR


class Kind(StrEnum):
    """What is asked."""

    SECOND = "second"  # is it you who signs in?
    RECOVERY = "recovery"  # is it you who wants a new password?
    PROOF = "proof"  # is it you who is signed in there, and changes something?
    CALLER = "caller"  # is it you who calls the help desk?
    RESET = "reset"  # may this technician start a reset for you?


#: kinds that staff alone can start
BY_STAFF: Final = frozenset({Kind.CALLER, Kind.RESET})


class State(StrEnum):
    """See the picture above."""

    WAITING = "waiting"
    APPROVED = "approved"
    DENIED = "denied"
    USED = "used"
    OVER = "over"


class What(StrEnum):
    """What happens to a question."""

    APPROVED = "approved"
    DENIED = "denied"
    TAKEN = "taken"
    ENDED = "ended"


#: state and what happened to the next state; what is not here does not happen
TABLE: Final[Mapping[tuple[State, What], State]] = MappingProxyType({
    (State.WAITING, What.APPROVED): State.APPROVED,
    (State.WAITING, What.DENIED): State.DENIED,
    (State.WAITING, What.ENDED): State.OVER,
    (State.APPROVED, What.TAKEN): State.USED,
    (State.APPROVED, What.ENDED): State.OVER,
})  # fmt: skip


class Verdict(StrEnum):
    """What the person says."""

    APPROVE = "approve"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class Approval:
    """A question as stored.

    Attributes:
        phone_id: the one phone that may answer.
        subject: id of what asked: it alone takes the approval.
        epoch: the user's when it was asked.
        asker: who asks, as the phone shows it: a browser's name, or a technician's.
        place: from where, as the phone shows it.
        number: the two digits, shown to whoever is to be matched.
        wrong: wrong numbers so far.
    """

    id: str
    tenant_id: str
    user_id: str
    phone_id: str
    kind: Kind
    subject: str
    epoch: int
    asker: str
    place: str
    number: str
    made_at: int
    expires_at: int
    state: State = State.WAITING
    wrong: int = 0
    answered_at: int | None = None
    used_at: int | None = None
    ended: Ended | None = None
    ended_at: int | None = None


def ends_at(one: Approval) -> int | None:
    """When its present state ends by itself; None: never."""
    if one.state is State.WAITING:
        return one.expires_at
    if one.state is State.APPROVED and one.answered_at is not None:
        return one.answered_at + TAKE_MS
    return None


def shown(one: Approval, now: int) -> Approval:
    """The question as it is at `now`, though no sweep may have stored it yet."""
    end = ends_at(one)
    return one if end is None or now < end else ended(one, Ended.EXPIRED, end)


def ended(one: Approval, reason: Ended, now: int) -> Approval:
    """The question, over; one that has its end keeps it."""
    if (one.state, What.ENDED) not in TABLE:
        return one
    return replace(one, state=TABLE[one.state, What.ENDED], ended=reason, ended_at=now)


# -- asking


@dataclass(frozen=True, slots=True)
class Asked:
    """It may be asked.

    Attributes:
        ends: questions that wait, and end by it (Ended.NEWER).
        push: it is pushed; otherwise it waits in the app.
    """

    ends: tuple[Approval, ...]
    push: bool


class Capped(StrEnum):
    """Why nothing is asked."""

    BUSY = "busy"  # one of staff waits
    OFTEN = "often"  # five within the window


@dataclass(frozen=True, slots=True)
class NotAsked:
    """Nothing may be asked before `until`."""

    why: Capped
    until: int


def ask(history: Sequence[Approval], kind: Kind, now: int) -> Asked | NotAsked:
    """Whether a user may be asked.

    Args:
        history: the user's questions of the last HISTORY_MS, in any order, as stored, read while
            the user's row is held: so that of two at a time one is second and sees the other.
    """
    staff = kind in BY_STAFF
    side = [one for one in history if (one.kind in BY_STAFF) is staff]
    starts = sorted(one.made_at for one in side if now < one.made_at + ASKED_MS)
    if len(starts) >= ASKED:
        return NotAsked(Capped.OFTEN, starts[-ASKED] + ASKED_MS)
    waiting = [one for one in history if shown(one, now).state is State.WAITING]
    above = [one.expires_at for one in waiting if one.kind in BY_STAFF and not staff]
    if above:
        return NotAsked(Capped.BUSY, max(above))
    return Asked(tuple(waiting), push=quiet_until(history, now) is None)


def quiet_until(history: Sequence[Approval], now: int) -> int | None:
    """Until when nothing is pushed to the user; None: pushes go out."""
    denied = _denials(history, now)
    pairs = zip(denied, denied[DENIALS - 1 :], strict=False)
    ends = [last + QUIET_MS for first, last in pairs if last - first < QUIET_MS]
    return ends[-1] if ends and now < ends[-1] else None


def alarming(history: Sequence[Approval], denied: Approval, now: int) -> bool:
    """Whether a denial is the one that owners and person are told of: it begins the quiet.

    Args:
        history: as of `ask`; what it says of `denied` itself plays no part.
        denied: as it is now.
    """
    before = [one for one in history if one.id != denied.id]
    return quiet_until(before, now) is None and quiet_until([*before, denied], now) is not None


def _denials(history: Sequence[Approval], now: int) -> list[int]:
    """When the user denied, in order."""
    times = [one.answered_at for one in history if one.state is State.DENIED]
    return sorted(at for at in times if at is not None and now < at + HISTORY_MS)


# -- answering


class Why(StrEnum):
    """Why an answer was not taken, besides what ended the question (Ended)."""

    PHONE = "phone"  # it was asked of another phone
    SETTLED = "settled"  # it was answered otherwise
    WRONG = "wrong"  # the number is wrong; tries are left


Refusal = Why | Ended


def answer(
    one: Approval, phone_id: str, verdict: Verdict, said: str, now: int
) -> tuple[Approval, Refusal | None]:
    """What the phone says; its signature over `statement` was right.

    Args:
        said: the number typed, as matching.said reads it; "" with a denial.

    Returns: the question to store, and why the answer was not taken; None if it was, now or
        when it came for the first time.
    """
    one = shown(one, now)
    if one.phone_id != phone_id:
        return one, Why.PHONE
    if one.ended is not None and one.answered_at is None:
        return one, one.ended
    if one.state is not State.WAITING:
        denied = one.state is State.DENIED
        return one, None if denied is (verdict is Verdict.DENY) else Why.SETTLED
    if verdict is Verdict.DENY:
        return replace(one, state=TABLE[one.state, What.DENIED], answered_at=now), None
    if said == one.number:
        return replace(one, state=TABLE[one.state, What.APPROVED], answered_at=now), None
    wrong = replace(one, wrong=one.wrong + 1)
    if wrong.wrong < TRIES:
        return wrong, Why.WRONG
    return ended(wrong, Ended.NUMBER, now), Ended.NUMBER


def take(one: Approval, subject: str, epoch: int, now: int) -> tuple[Approval, bool]:
    """What asked takes the approval, once.

    Args:
        subject: id of what asked.
        epoch: the user's, as stored.

    Returns: the question to store, and whether it was taken now.
    """
    one = shown(one, now)
    theirs = (one.subject, one.epoch) == (subject, epoch)
    if one.state is not State.APPROVED or not theirs:
        return one, False
    return replace(one, state=TABLE[one.state, What.TAKEN], used_at=now), True


# -- what is signed

_MAGIC = b"keyturn-approval-v1\0"


def statement(one: Approval, verdict: Verdict, said: str) -> bytes:
    """The bytes that the phone signs: what the person saw, and what they said.

    A fixed beginning, then nine texts in UTF-8, each with its length in two bytes, big-endian:
    tenant, user, phone, id, kind, asker, place, verdict, number typed.  The server builds them
    from its own row, so that an app that showed something else has signed something else.

    Raises OverflowError for a text of 64 KiB or more.
    """
    texts = (
        one.tenant_id, one.user_id, one.phone_id, one.id, one.kind, one.asker, one.place, verdict,
        said,
    )  # fmt: skip
    return _MAGIC + b"".join(_counted(text) for text in texts)


def _counted(text: str) -> bytes:
    data = text.encode()
    return len(data).to_bytes(2) + data
