"""A phone number of somebody who is signed in, proved by a code in a text (steps.phone_proof)."""

from __future__ import annotations

from dataclasses import dataclass

from keyturn.ports.delivery import PhoneNumber
from keyturn.ports.parts import Parts
from keyturn.ports.store import Taken, Tx
from keyturn.rules.accounts import User
from keyturn.rules.callers import Caller
from keyturn.rules.codes import Verdict
from keyturn.rules.events import Event
from keyturn.rules.phones import Ask
from keyturn.steps import openings, phone_proof, stepup
from keyturn.steps.acts import Act, begin
from keyturn.steps.changes import Frozen, SignedOut, may_change
from keyturn.steps.codes import Sent, TooSoon
from keyturn.steps.phone_proof import InUse, NotANumber, NothingOpen, Open, PhonesOff, TextState
from keyturn.steps.stepup import ProofNeeded, Signed
from keyturn.steps.texts import Capped

__all__ = [
    "Ask", "Capped", "Frozen", "InUse", "NotANumber", "NothingOpen", "Open", "PhonesOff",
    "ProofNeeded", "Proved", "SignedOut", "TextState", "TooSoon", "current", "enter_code",
    "give_up", "offer", "remove", "resend",
]  # fmt: skip

KIND = "phone"


@dataclass(frozen=True, slots=True)
class Proved:
    """The number is saved. `user` is the account as stored now."""

    user: User


async def offer(
    parts: Parts, caller: Caller, signed: Signed, number: str, *, insisted: bool
) -> Open | PhonesOff | NotANumber | Ask | InUse | Capped | ProofNeeded | Frozen | SignedOut:
    """Take a number and text it a code, unless something speaks against it.

    Args:
        number: as typed.
        insisted: the person was told that it is a landline, and says that it takes texts.
    """
    found = phone_proof.judge(parts, caller.tenant, number, insisted=insisted)
    if not isinstance(found, PhoneNumber):
        return found
    return await parts.store.write(lambda tx: _offer(tx, begin(parts, caller), signed, found))


def _offer(
    tx: Tx, act: Act, signed: Signed, found: PhoneNumber
) -> Open | InUse | Capped | ProofNeeded | Frozen | SignedOut:
    fresh = stepup.proved(tx, act, signed)
    if not isinstance(fresh, User):
        return fresh
    return phone_proof.offer(tx, act, fresh, found, KIND)


async def current(parts: Parts, caller: Caller, user: User) -> Open | NothingOpen:
    """The number that waits for its code, and what became of the text."""
    act = begin(parts, caller)

    def step(tx: Tx) -> Open | NothingOpen:
        flow = openings.of(tx, act, KIND, user.id)
        return NothingOpen() if flow is None else phone_proof.standing(tx, act, flow)

    return await parts.store.read(step)


async def give_up(parts: Parts, caller: Caller, user: User) -> None:
    """Close the open flow, to begin with another number or none."""
    act = begin(parts, caller)
    await parts.store.write(lambda tx: openings.give_up(tx, act, KIND, user.id))


async def resend(
    parts: Parts, caller: Caller, user: User
) -> Sent | TooSoon | Capped | NothingOpen | Frozen | SignedOut:
    """Send another text; the earlier code is replaced."""

    def step(tx: Tx) -> Sent | TooSoon | Capped | NothingOpen | Frozen | SignedOut:
        act = begin(parts, caller)
        fresh = may_change(tx, act, user)
        if not isinstance(fresh, User):
            return fresh
        flow = openings.of(tx, act, KIND, fresh.id)
        return NothingOpen() if flow is None else phone_proof.resend(tx, act, flow, fresh)

    return await parts.store.write(step)


async def enter_code(
    parts: Parts, caller: Caller, user: User, typed: str
) -> Proved | Verdict | InUse | NothingOpen | Frozen | SignedOut:
    """Judge what was typed as the code in the text; the number is saved if it was right."""

    def step(tx: Tx) -> Proved | Verdict | NothingOpen | Frozen | SignedOut:
        act = begin(parts, caller)
        fresh = may_change(tx, act, user)
        if not isinstance(fresh, User):
            return fresh
        flow = openings.of(tx, act, KIND, fresh.id)
        if flow is None:
            return NothingOpen()
        answer = phone_proof.enter(tx, act, flow, fresh, typed)
        return Proved(user=answer) if isinstance(answer, User) else answer

    try:
        return await parts.store.write(step)
    except Taken:
        act = begin(parts, caller)
        await parts.store.write(lambda tx: phone_proof.note_clash(tx, act, user, KIND))
        return InUse()


async def remove(
    parts: Parts, caller: Caller, signed: Signed
) -> User | ProofNeeded | Frozen | SignedOut:
    """Take the number away; the account as stored now. Nothing happens if there is none."""

    def step(tx: Tx) -> User | ProofNeeded | Frozen | SignedOut:
        act = begin(parts, caller)
        fresh = stepup.proved(tx, act, signed)
        if not isinstance(fresh, User):
            return fresh
        return phone_proof.drop(tx, act, fresh, Event.PHONE_REMOVED, {})

    return await parts.store.write(step)
