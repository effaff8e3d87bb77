"""Another e-mail address for somebody who is signed in, proved by a code mailed to it.

    offer --> code to the new address --> right --> the address changes, both are told

Which addresses have accounts stays unknown to whoever tries them: one that is taken gets a
mail that says so to its owner, and a code that is never right.  The mail to the old address
carries "this wasn't me", which gives the account its old address back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from keyturn.ports.parts import Parts
from keyturn.ports.store import Taken, Tx
from keyturn.rules.accounts import Flow, User
from keyturn.rules.budgets import ADDRESS_MAILS
from keyturn.rules.callers import Caller
from keyturn.rules.codes import Right, Verdict
from keyturn.rules.events import Event
from keyturn.rules.identifiers import Email, EmailProblem, masked_email, parse_email
from keyturn.rules.lockout import HOUR
from keyturn.steps import codes, fates, openings, stepup
from keyturn.steps.acts import Act, begin, record
from keyturn.steps.addresses import holder, rename
from keyturn.steps.changes import Frozen, SignedOut, may_change
from keyturn.steps.codes import Sent, TooSoon
from keyturn.steps.fates import Fate
from keyturn.steps.notices import tell, tell_old_address
from keyturn.steps.stepup import ProofNeeded, Signed

__all__ = [
    "Capped", "Changed", "EmailProblem", "Frozen", "NothingOpen", "Open", "ProofNeeded", "Same",
    "SignedOut", "TakenSince", "TooSoon", "current", "enter_code", "give_up", "offer", "resend",
]  # fmt: skip

KIND = "email"
LIFE_MS = HOUR


@dataclass(frozen=True, slots=True)
class Open:
    """An address that waits for its code, as typed in this browser.

    Attributes:
        mail: what became of the mail. It depends on the mailbox alone: one that has an
            account gets a mail as well.
    """

    email: str
    sent: Sent | None
    started_at: int
    mail: Fate | None = None


@dataclass(frozen=True, slots=True)
class Same:
    """It is the address the account has."""


@dataclass(frozen=True, slots=True)
class Capped:
    """No more codes are mailed for now; from `until` on they are."""

    until: int


@dataclass(frozen=True, slots=True)
class NothingOpen:
    """No address waits for its code in this browser (any more)."""


@dataclass(frozen=True, slots=True)
class TakenSince:
    """Somebody else has proved the address since it was offered."""


@dataclass(frozen=True, slots=True)
class Changed:
    """The address is the account's. `user`: as stored now."""

    user: User


async def offer(
    parts: Parts, caller: Caller, signed: Signed, typed: str
) -> Open | EmailProblem | Same | Capped | ProofNeeded | Frozen | SignedOut:
    """Take an address and mail it a code."""
    email = parse_email(typed)
    if not isinstance(email, Email):
        return email
    return await parts.store.write(lambda tx: _offer(tx, begin(parts, caller), signed, email))


def _offer(
    tx: Tx, act: Act, signed: Signed, email: Email
) -> Open | Same | Capped | ProofNeeded | Frozen | SignedOut:
    user = stepup.proved(tx, act, signed)
    if not isinstance(user, User):
        return user
    if email.address == user.email:
        return Same()
    capped = _spend(tx, act, user)
    if capped is not None:
        return capped
    flow = openings.start(tx, act, KIND, "code", user.id, {"email": email.address}, LIFE_MS)
    return Open(email=email.address, sent=_send(tx, act, flow, user), started_at=act.now)


def _spend(tx: Tx, act: Act, user: User) -> Capped | None:
    spent = tx.budgets.spend(act.tenant.id, user.id, act.now, ADDRESS_MAILS)
    if ADDRESS_MAILS.allows(spent):
        return None
    return Capped(until=spent.start + ADDRESS_MAILS.window_ms)


def _send(tx: Tx, act: Act, flow: Flow, user: User) -> Sent:
    """A code to the new address; to one that is taken, word to its owner instead."""
    address = str(flow.data["email"])
    owner = holder(tx, act, user, address)
    kind = "verify_address" if owner is None else "address_taken"
    return codes.letter(
        tx, act, flow, kind, user=owner or user, address=address, answers=owner is None
    )


async def current(parts: Parts, caller: Caller, user: User) -> Open | NothingOpen:
    """The address that waits for its code."""
    act = begin(parts, caller)

    def step(tx: Tx) -> Open | NothingOpen:
        flow = openings.of(tx, act, KIND, user.id)
        if flow is None:
            return NothingOpen()
        sent, fate = codes.standing(tx, flow), fates.of_flow(tx, act, flow)
        return Open(str(flow.data["email"]), sent, flow.created_at, fate)

    return await parts.store.read(step)


async def give_up(parts: Parts, caller: Caller, user: User) -> None:
    """Close the open flow; the address stays as it is."""
    act = begin(parts, caller)
    await parts.store.write(lambda tx: openings.give_up(tx, act, KIND, user.id))


async def resend(
    parts: Parts, caller: Caller, user: User
) -> Sent | TooSoon | Capped | NothingOpen | Frozen | SignedOut:
    """Mail another code; the earlier one is replaced."""

    def step(tx: Tx) -> Sent | TooSoon | Capped | NothingOpen | Frozen | SignedOut:
        act = begin(parts, caller)
        fresh = may_change(tx, act, user)
        if not isinstance(fresh, User):
            return fresh
        flow = openings.of(tx, act, KIND, fresh.id)
        return NothingOpen() if flow is None else _resend(tx, act, flow, fresh)

    return await parts.store.write(step)


def _resend(tx: Tx, act: Act, flow: Flow, user: User) -> Sent | TooSoon | Capped:
    early = codes.too_soon(tx, act, flow)
    if early is not None:
        return early
    return _spend(tx, act, user) or _send(tx, act, flow, user)


async def enter_code(
    parts: Parts, caller: Caller, user: User, typed: str
) -> Changed | Verdict | TakenSince | NothingOpen | Frozen | SignedOut:
    """Judge what was typed as the code mailed to the new address."""

    def step(tx: Tx) -> Changed | Verdict | TakenSince | NothingOpen | Frozen | SignedOut:
        act = begin(parts, caller)
        fresh = may_change(tx, act, user)
        if not isinstance(fresh, User):
            return fresh
        flow = openings.of(tx, act, KIND, fresh.id)
        if flow is None:
            return NothingOpen()
        verdict = codes.check(tx, act, flow, fresh, typed, f"e:{fresh.id}")
        return _change(tx, act, flow, fresh) if isinstance(verdict, Right) else verdict

    try:
        return await parts.store.write(step)
    except Taken:
        return TakenSince()


def _change(tx: Tx, act: Act, flow: Flow, user: User) -> Changed | TakenSince:
    """The new address is proved. Raises Taken if somebody else proves it at this moment."""
    address = str(flow.data["email"])
    tx.flows.save(replace(flow, step="done", closed_at=act.now))
    if holder(tx, act, user, address) is not None:
        return TakenSince()
    after = rename(tx, act, user, address)
    facts = {"from": masked_email(user.email), "to": masked_email(address)}
    record(tx, act, Event.EMAIL_CHANGED, after, facts)
    tell_old_address(tx, act, user, after)
    tell(tx, act, "email_changed", after, address=masked_email(address), old=False)
    return Changed(user=after)
