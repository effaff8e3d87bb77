"""Showing once more whose session this is, and a new password for who knows the old one.

    a dangerous change --> ProofNeeded --> proof (second step, else password) --> new token

The old password is guessed at here as well as at sign-in, so a try here runs in the very
lane that a sign-in from this browser would: five wrong ones lock it for ten minutes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from keyturn.ports.parts import Parts
from keyturn.ports.secrets import Busy
from keyturn.ports.store import Tx
from keyturn.rules.accounts import FactorKind, User
from keyturn.rules.callers import Caller
from keyturn.rules.events import Event
from keyturn.rules.lockout import SECOND, Locked, Passed, Wait
from keyturn.rules.passwords import PasswordProblem, SpaceWarning, normalised
from keyturn.steps import lanes, passwords, second, sessions, stepup, texted
from keyturn.steps.acts import Act, begin, record
from keyturn.steps.changes import Frozen, SignedOut, hold
from keyturn.steps.notices import tell
from keyturn.steps.questions import Answered
from keyturn.steps.stepup import PASSWORD, ProofNeeded, Signed

__all__ = [
    "PASSWORD", "Changed", "Frozen", "Locked", "NotThisWay", "Overloaded", "ProofNeeded",
    "Proved", "Refused", "Signed", "SignedOut", "Wrong", "by_code", "by_password", "by_phone",
    "change_password", "check", "methods",
]  # fmt: skip

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Proved:
    """It is them. `session`: token of the session that takes the place of this one."""

    session: str


@dataclass(frozen=True, slots=True)
class Changed:
    """The new password holds. Every other session ended; `session` takes this one's place."""

    session: str


@dataclass(frozen=True, slots=True)
class Wrong:
    """It was not the password, or not the code."""


@dataclass(frozen=True, slots=True)
class NotThisWay:
    """The password proves nothing here: there is a second step, which does, or no password."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The new password was not taken: what is wrong with it, or what to confirm.

    Attributes:
        same: it is the old one.
    """

    problems: tuple[PasswordProblem, ...]
    warnings: tuple[SpaceWarning, ...]
    same: bool = False


@dataclass(frozen=True, slots=True)
class Overloaded:
    """Too much to compare right now; nothing was compared, nothing counts."""

    retry_after: int


@dataclass(frozen=True, slots=True)
class _Try:
    """A slot of the lane, and what to compare with."""

    key: str
    held: str
    stored: str


async def methods(parts: Parts, caller: Caller, signed: Signed) -> ProofNeeded:
    """What this person can prove themselves by."""
    act = begin(parts, caller)

    def step(tx: Tx) -> ProofNeeded:
        ways = stepup.methods(tx, act, signed.user)
        kinds = [FactorKind(way) for way in ways if way != PASSWORD]
        return ProofNeeded(ways, texted.standing(tx, act, signed.user.id, kinds))

    return await parts.store.read(step)


async def check(
    parts: Parts, caller: Caller, signed: Signed
) -> User | ProofNeeded | Frozen | SignedOut:
    """Whether a dangerous change could be made now: asked before its form is shown, so that
    nobody fills one in and has to prove themselves afterwards.
    """
    return await parts.store.write(lambda tx: stepup.proved(tx, begin(parts, caller), signed))


async def by_code(
    parts: Parts, caller: Caller, signed: Signed, code: str
) -> Proved | Wrong | Locked | SignedOut:
    """Prove oneself by the second step: an authenticator's or a saved recovery code."""

    def step(tx: Tx) -> Proved | Wrong | Locked | SignedOut:
        act = begin(parts, caller)
        user = _alive(tx, act, signed)
        if not isinstance(user, User):
            return user
        verdict = second.attempt(tx, act, user, code)
        if isinstance(verdict, Locked):
            return verdict
        return Proved(stepup.renew(tx, act, signed, user, "code")) if verdict else Wrong()

    return await parts.store.write(step)


async def by_phone(
    parts: Parts, caller: Caller, signed: Signed
) -> Proved | Wrong | SignedOut:  # fmt: skip
    """Prove oneself by what the phone said to the question that this session asked."""

    def step(tx: Tx) -> Proved | Wrong | SignedOut:
        act = begin(parts, caller)
        user = _alive(tx, act, signed)
        if not isinstance(user, User):
            return user
        right = second.attempt(tx, act, user, Answered(signed.session.digest))
        if right is not True:
            return Wrong()
        return Proved(stepup.renew(tx, act, signed, user, FactorKind.PUSH))

    return await parts.store.write(step)


async def by_password(
    parts: Parts, caller: Caller, signed: Signed, password: str
) -> Proved | Wrong | NotThisWay | Locked | Overloaded | SignedOut:
    """Prove oneself by the password, where there is no second step."""
    act = begin(parts, caller)
    ways = await parts.store.read(lambda tx: stepup.methods(tx, act, signed.user))
    if ways != (PASSWORD,):
        return NotThisWay()

    def step(tx: Tx, act: Act, user: User) -> Proved:
        return Proved(stepup.renew(tx, act, signed, user, PASSWORD))

    return await _with_password(parts, caller, signed, password, step)


async def change_password(
    parts: Parts, caller: Caller, signed: Signed, current: str, wanted: str, *, spaces_meant: bool
) -> (
    Changed | Refused | Wrong | NotThisWay | ProofNeeded | Locked | Overloaded | Frozen | SignedOut
):
    """A new password for who knows the current one, and has shown the second step if any.

    Args:
        spaces_meant: the person was asked about a space at its start or end and meant it.
    """
    ready = await parts.store.write(lambda tx: _ready(tx, begin(parts, caller), signed))
    if not isinstance(ready, User):
        return ready
    refused = _judged(parts, caller, ready, current, wanted, spaces_meant=spaces_meant)
    if refused is not None:
        return refused
    try:
        encoded = await parts.hasher.hash(normalised(wanted))
    except Busy as busy:
        return Overloaded(busy.retry_after)

    def step(tx: Tx, act: Act, user: User) -> Changed:
        return _changed(tx, act, signed, user, encoded)

    return await _with_password(parts, caller, signed, current, step)


def _ready(tx: Tx, act: Act, signed: Signed) -> User | ProofNeeded | Frozen | SignedOut:
    """The user, if nothing but the current password is still needed."""
    user = stepup.held(tx, act, signed)
    if not isinstance(user, User) or stepup.methods(tx, act, user) == (PASSWORD,):
        return user
    return stepup.proved(tx, act, signed)


def _judged(
    parts: Parts, caller: Caller, user: User, current: str, wanted: str, *, spaces_meant: bool
) -> Refused | None:
    """What is wrong with the new password, if anything is."""
    about = (user.name, user.email, user.username)
    problems, warnings = passwords.judge(
        parts, caller.tenant, about, wanted, spaces_meant=spaces_meant
    )
    same = normalised(wanted) == normalised(current)
    if not problems and not warnings and not same:
        return None
    return Refused(problems=problems, warnings=warnings, same=same)


def _changed(tx: Tx, act: Act, signed: Signed, user: User, encoded: str) -> Changed:
    """Every session ends, and this browser's goes on under a new token."""
    after = replace(user, password_hash=encoded, password_set_at=act.now)
    after = sessions.end_all(tx, act, after, "password")
    lanes.interrupt(tx, act, after)  # tries under way are compared with the old password
    record(tx, act, Event.PASSWORD_CHANGED, after)
    tell(tx, act, "password_changed", after, works_from=None)
    level = signed.session.level
    return Changed(sessions.start(tx, act, after, signed.session.client_id, level))


def _alive(tx: Tx, act: Act, signed: Signed) -> User | SignedOut:
    """The user, held, if this very session still lives."""
    if tx.sessions.get(act.tenant.id, signed.session.digest) is None:
        return SignedOut()
    return hold(tx, act, signed.user)


async def _with_password(
    parts: Parts,
    caller: Caller,
    signed: Signed,
    password: str,
    step: Callable[[Tx, Act, User], R],
) -> R | Wrong | NotThisWay | Locked | Overloaded | SignedOut:
    """Do `step` in the transaction that finds the password right."""
    taken = await parts.store.write(lambda tx: _take(tx, begin(parts, caller), signed))
    if not isinstance(taken, _Try):
        return taken
    try:
        right = await parts.hasher.verify(taken.stored, normalised(password))
    except Busy as busy:
        await parts.store.write(lambda tx: _give_back(tx, begin(parts, caller), signed, taken))
        return Overloaded(busy.retry_after)

    def settle(tx: Tx) -> R | Wrong | Locked | SignedOut:
        act = begin(parts, caller)
        verdict = _verdict(tx, act, signed, taken, right=right)
        return verdict if not isinstance(verdict, User) else step(tx, act, verdict)

    answer = await parts.store.write(settle)
    parts.turns.settled(taken.key)
    return answer


def _take(tx: Tx, act: Act, signed: Signed) -> _Try | Locked | Overloaded | NotThisWay | SignedOut:
    """Take a slot of the lane in which this browser would sign in."""
    user = _alive(tx, act, signed)
    if not isinstance(user, User):
        return user
    if user.password_hash is None:
        return NotThisWay()
    key = lanes.lane_of(tx, act, user)
    slot = lanes.reserve(tx, act, key, user)
    if isinstance(slot, Locked):
        return slot
    if isinstance(slot, Wait):
        return Overloaded(retry_after=SECOND)  # five tries are under way in this lane
    return _Try(key=key, held=slot.id, stored=user.password_hash)


def _give_back(tx: Tx, act: Act, signed: Signed, taken: _Try) -> None:
    lanes.release(tx, act, taken.key, signed.user, taken.held)


def _verdict(
    tx: Tx, act: Act, signed: Signed, taken: _Try, *, right: bool
) -> User | Wrong | Locked | SignedOut:
    """Settle the slot; the user, held, if the password was and still is right."""
    user = _alive(tx, act, signed)
    owner = user if isinstance(user, User) else signed.user
    still = isinstance(user, User) and user.password_hash == taken.stored
    verdict = lanes.settle(tx, act, taken.key, owner, taken.held, right=right and still)
    if isinstance(verdict, Passed):
        return user
    if not isinstance(user, User):
        return user
    record(tx, act, Event.PROOF_FAILED, user, {"by": PASSWORD, "lane": taken.key[0]})
    locked = verdict.locked_until > act.now
    return Locked(until=verdict.locked_until) if locked else Wrong()
