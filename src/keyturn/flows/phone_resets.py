"""Directory passwords on the phone: look, unlock, choose a new one, watch it arrive.

    look --> choose --> the app seals what is typed --> submit --> watched to the end

What is done is what a desk page does (steps.own_accounts).  In place of a session that proved
itself stand the phone's signature and the app lock; reading asks for no lock.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from keyturn.ports.directories import Look
from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules.accounts import User
from keyturn.rules.app_lock import Does, Doing, Proof
from keyturn.rules.callers import Caller
from keyturn.rules.directories.resets import Envelope
from keyturn.rules.directories.things import LinkedAccount
from keyturn.steps import app_keys, own_accounts, phone_lock
from keyturn.steps.acts import Act, begin
from keyturn.steps.choosing import Choosing
from keyturn.steps.job_views import JobView
from keyturn.steps.jobs import Hindered
from keyturn.steps.own_accounts import MOST, Account, NotFound, NotSealed
from keyturn.steps.phone_door import Heard, Refused, Said, Why, heard

__all__ = [
    "Account", "Choosing", "JobView", "Look", "Refused", "Seen", "cancel", "choose", "look",
    "looked", "submit", "unlock", "view",
]  # fmt: skip

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Seen:
    """How an account stands. look: what the directory was asked, or why it could not be."""

    account: Account
    look: Look | Hindered


# -- how things stand


async def look(parts: Parts, caller: Caller, said: Said, directory_id: str) -> Seen | Refused:
    """Ask the directory how the account stands and what its policy is."""

    def do(tx: Tx, act: Act, user: User) -> Seen | NotFound:
        asked = own_accounts.ask(tx, act, user, directory_id)
        return asked if isinstance(asked, NotFound) else _seen(tx, act, user, directory_id, asked)

    return await _heard(parts, caller, said, do)


async def looked(parts: Parts, caller: Caller, said: Said, look_id: str) -> Seen | Refused:
    """What the directory has said so far."""

    def do(tx: Tx, act: Act, user: User) -> Seen | NotFound:
        found = own_accounts.answer(tx, act, user, look_id)
        if isinstance(found, NotFound):
            return found
        return _seen(tx, act, user, found.directory_id, found)

    return await _seeing(parts, caller, said, do)


def _seen(
    tx: Tx, act: Act, user: User, directory_id: str, told: Look | Hindered
) -> Seen | NotFound:
    account = own_accounts.own(tx, act, user, directory_id)
    return NotFound() if account is None else Seen(_shown(tx, act, account), told)


def _shown(tx: Tx, act: Act, account: LinkedAccount) -> Account:
    return own_accounts.shown(tx, act, account, own_accounts.last(tx, act, account, MOST))


async def view(parts: Parts, caller: Caller, said: Said, job_id: str) -> JobView | Refused:
    """A job as it stands now."""

    def do(tx: Tx, act: Act, user: User) -> JobView | NotFound:
        return own_accounts.view(tx, act, user, job_id)

    return await _seeing(parts, caller, said, do)


async def cancel(parts: Parts, caller: Caller, said: Said, job_id: str) -> JobView | Refused:
    """Give a job up; the view says whether that was still possible."""

    def do(tx: Tx, act: Act, user: User) -> JobView | NotFound:
        return own_accounts.cancel(tx, act, user, job_id)

    return await _heard(parts, caller, said, do)


# -- what the app lock stands before


async def unlock(
    parts: Parts, caller: Caller, said: Said, directory_id: str, proof: Proof | None
) -> JobView | Refused:
    """Unlock the account, the password staying what it is."""

    def do(tx: Tx, act: Act, found: Heard) -> JobView | Hindered | NotFound:
        return own_accounts.unlock(tx, act, found.user, directory_id)

    doing = Doing(Does.UNLOCK_ACCOUNT, directory_id)
    return await _proved(parts, caller, said, doing, proof, do)


async def choose(
    parts: Parts, caller: Caller, said: Said, directory_id: str, proof: Proof | None
) -> Choosing | Refused:
    """Begin a new password, or go on with the one that waits; whom to seal to. What opened the app
    lock is good for handing it in, too: the person is asked once.
    """

    def do(tx: Tx, act: Act, found: Heard) -> Choosing | Hindered | NotFound:
        begun = own_accounts.start(tx, act, found.user, directory_id)
        if isinstance(begun, Choosing):
            app_keys.goes_on(tx, act, found, Doing(Does.SUBMIT, begun.job.id), proof)
        return begun

    doing = Doing(Does.CHOOSE, directory_id)
    return await _proved(parts, caller, said, doing, proof, do)


async def submit(
    parts: Parts, caller: Caller, said: Said, job_id: str, envelopes: Sequence[Envelope],
    proof: Proof | None,
) -> JobView | Refused:  # fmt: skip
    """Hand the sealed password in; its deadline begins."""

    def do(tx: Tx, act: Act, found: Heard) -> JobView | NotSealed | NotFound:
        return own_accounts.submit(tx, act, found.user, job_id, envelopes)

    doing = Doing(Does.SUBMIT, job_id)
    return await _proved(parts, caller, said, doing, proof, do)


# -- what all need


async def _seeing(
    parts: Parts, caller: Caller, said: Said, do: Callable[[Tx, Act, User], T | NotFound]
) -> T | Refused:
    """Take the number, then look at a snapshot: a phone asks each second while it watches, and
    holds nothing that a sign-in needs.
    """
    found = await parts.store.write(lambda tx: heard(tx, begin(parts, caller), said))
    if isinstance(found, Refused):
        return found
    return _told(await parts.store.read(lambda tx: do(tx, begin(parts, caller), found.user)))


async def _heard(
    parts: Parts, caller: Caller, said: Said, do: Callable[[Tx, Act, User], T | NotFound]
) -> T | Refused:
    def step(tx: Tx) -> T | Refused:
        act = begin(parts, caller)
        found = heard(tx, act, said, hold=True)
        return found if isinstance(found, Refused) else _told(do(tx, act, found.user))

    return await parts.store.write(step)


async def _proved(
    parts: Parts, caller: Caller, said: Said, doing: Doing, proof: Proof | None,
    do: Callable[[Tx, Act, Heard], T | Hindered | NotSealed | NotFound],
) -> T | Refused:  # fmt: skip
    def told(tx: Tx, act: Act, found: Heard) -> T | Refused:
        return _told(do(tx, act, found))

    return await phone_lock.opened(parts, caller, said, doing, proof, told)


def _told(found: T | Hindered | NotSealed | NotFound) -> T | Refused:
    """Why nothing was done, in the door's words."""
    match found:
        case NotFound():
            return Refused(Why.UNKNOWN)
        case NotSealed():
            return Refused(Why.UNSEALED)
        case Hindered(why=why, until=until):
            return Refused(Why.DIRECTORY, {"why": why, "until": until})
        case _:
            return found
