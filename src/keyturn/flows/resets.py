"""A person's own directory accounts: look, unlock, choose a new password, watch it arrive.

    start --> the page seals what is typed --> submit --> watched to the end, and everywhere

Whoever is signed in with a second step may look; whoever proved themselves just now may
change (steps.stepup). The new password never comes here: the page seals it to each agent
that `start` names, for this job alone, and what is handed in nobody here can open.  What is
done is steps.own_accounts', for a phone as well (flows.phone_resets).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from keyturn.ports.directories import Look
from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules.accounts import User
from keyturn.rules.callers import Caller
from keyturn.rules.directories.resets import Envelope
from keyturn.steps import own_accounts, second, stepup
from keyturn.steps.acts import Act, begin
from keyturn.steps.changes import Frozen, SignedOut
from keyturn.steps.choosing import Choosing
from keyturn.steps.job_views import JobView
from keyturn.steps.jobs import Hindered
from keyturn.steps.own_accounts import Account, Accounts, NotFound, NotSealed
from keyturn.steps.sealing import Recipient
from keyturn.steps.stepup import ProofNeeded, Signed

__all__ = [
    "Account", "Accounts", "Asked", "Choosing", "Frozen", "Hindered", "JobView", "Look",
    "NoSecondStep", "NotFound", "NotSealed", "ProofNeeded", "Recipient", "Signed", "SignedOut",
    "accounts", "ask_look", "cancel", "look_answer", "start", "submit", "unlock", "view",
]  # fmt: skip

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Asked:
    """The directory is asked about the account.

    Attributes:
        until: after this moment no answer comes.
    """

    look_id: str
    until: int


@dataclass(frozen=True, slots=True)
class NoSecondStep:
    """The account has no second step, and a password alone is not enough here."""


Not = NoSecondStep | ProofNeeded | Frozen | SignedOut


async def accounts(parts: Parts, caller: Caller, signed: Signed) -> Accounts | Not:
    """One's directory accounts and last jobs. Changes nothing."""
    return await _signed(parts, caller, signed, own_accounts.accounts)


async def ask_look(
    parts: Parts, caller: Caller, signed: Signed, directory_id: str
) -> Asked | Hindered | NotFound | Not:
    """Ask the directory how the account stands; see own_accounts.ask."""

    def do(tx: Tx, act: Act, user: User) -> Asked | Hindered | NotFound:
        look = own_accounts.ask(tx, act, user, directory_id)
        return Asked(look.id, look.expires_at) if isinstance(look, Look) else look

    return await _signed(parts, caller, signed, do)


async def look_answer(
    parts: Parts, caller: Caller, signed: Signed, look_id: str
) -> Look | NotFound | Not:
    """What the directory said; see own_accounts.answer."""

    def do(tx: Tx, act: Act, user: User) -> Look | NotFound:
        return own_accounts.answer(tx, act, user, look_id)

    return await _signed(parts, caller, signed, do)


async def start(
    parts: Parts, caller: Caller, signed: Signed, directory_id: str
) -> Choosing | Hindered | NotFound | Not:
    """Begin a reset of one's own password, or go on with the one that waits."""

    def do(tx: Tx, act: Act, user: User) -> Choosing | Hindered | NotFound:
        return own_accounts.start(tx, act, user, directory_id)

    return await _proved(parts, caller, signed, do)


async def submit(
    parts: Parts, caller: Caller, signed: Signed, job_id: str, envelopes: Sequence[Envelope]
) -> JobView | NotSealed | NotFound | Not:
    """Hand the sealed password in; see own_accounts.submit."""

    def do(tx: Tx, act: Act, user: User) -> JobView | NotSealed | NotFound:
        return own_accounts.submit(tx, act, user, job_id, envelopes)

    return await _proved(parts, caller, signed, do)


async def unlock(
    parts: Parts, caller: Caller, signed: Signed, directory_id: str
) -> JobView | Hindered | NotFound | Not:
    """Unlock one's account, the password staying what it is."""

    def do(tx: Tx, act: Act, user: User) -> JobView | Hindered | NotFound:
        return own_accounts.unlock(tx, act, user, directory_id)

    return await _proved(parts, caller, signed, do)


async def cancel(
    parts: Parts, caller: Caller, signed: Signed, job_id: str
) -> JobView | NotFound | Not:
    """Give a job up; the view says whether that was still possible."""

    def do(tx: Tx, act: Act, user: User) -> JobView | NotFound:
        return own_accounts.cancel(tx, act, user, job_id)

    return await _signed(parts, caller, signed, do)


async def view(
    parts: Parts, caller: Caller, signed: Signed, job_id: str
) -> JobView | NotFound | SignedOut:
    """A job as it stands now, for whoever watches it; locks nothing."""

    def step(tx: Tx) -> JobView | NotFound | SignedOut:
        act = begin(parts, caller)
        if tx.sessions.get(act.tenant.id, signed.session.digest) is None:
            return SignedOut()
        return own_accounts.view(tx, act, signed.user, job_id)

    return await parts.store.read(step)


# -- what all need


async def _signed(
    parts: Parts, caller: Caller, signed: Signed, do: Callable[[Tx, Act, User], T]
) -> T | Not:
    """Do it in one transaction, for a session with a second step."""

    def step(tx: Tx) -> T | Not:
        act = begin(parts, caller)
        return _second(tx, act, signed, stepup.held(tx, act, signed), do)

    return await parts.store.write(step)


async def _proved(
    parts: Parts, caller: Caller, signed: Signed, do: Callable[[Tx, Act, User], T]
) -> T | Not:
    """As `_signed`, if the session proved itself just now."""

    def step(tx: Tx) -> T | Not:
        act = begin(parts, caller)
        return _second(tx, act, signed, stepup.proved(tx, act, signed), do)

    return await parts.store.write(step)


def _second(
    tx: Tx, act: Act, signed: Signed, user: User | ProofNeeded | Frozen | SignedOut,
    do: Callable[[Tx, Act, User], T],
) -> T | Not:  # fmt: skip
    if not isinstance(user, User):
        return user
    if not second.methods(tx, act, user.id):
        return NoSecondStep()
    if signed.session.level < stepup.SECOND_STEP:
        return ProofNeeded(stepup.methods(tx, act, user))
    return do(tx, act, user)
