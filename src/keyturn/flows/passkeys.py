"""Passkeys: signing in without a name, one's own list, proving oneself once more.

As the second step they are a proof like a code: see flows.signin and flows.recovery.

    sign in     ask (for nobody in particular) --> the answer tells whose it is --> level 2
    add         proved just now --> ask --> answer --> stored, told by mail
    prove       ask (for this person's passkeys) --> answer --> the session gets a new token

A passkey cannot be guessed: while a lock keeps passwords out, it still opens the account.
What a stranger sends fails in one neutral way, and is paid for by the stranger's network.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from keyturn.ports.parts import Parts
from keyturn.ports.store import Taken, Tx
from keyturn.rules.accounts import Client, FactorKind, Passkey, User, UserState
from keyturn.rules.budgets import exhausted
from keyturn.rules.callers import Caller, network_of
from keyturn.rules.events import Event
from keyturn.rules.lockout import HOUR, Locked
from keyturn.rules.passkeys import ASKED, MOST, Assertion, Attestation, Purpose, as_name
from keyturn.steps import clients, lanes, passkey_changes, passkeys, second, sessions, stepup
from keyturn.steps.acts import Act, begin, record
from keyturn.steps.changes import Frozen, SignedOut
from keyturn.steps.passkeys import Options, Shown
from keyturn.steps.sessions import SignedIn
from keyturn.steps.stepup import ProofNeeded, Signed

__all__ = [
    "Added", "Frozen", "Full", "Known", "Locked", "NotAName", "NotFound", "Options", "ProofNeeded",
    "Proved", "Refused", "Removed", "Renamed", "Signed", "SignedIn", "SignedOut", "TooMany", "add",
    "ask_new", "ask_proof", "ask_signin", "prove", "remove", "rename", "sign_in",
]  # fmt: skip

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Refused:
    """It proves nothing; or there was no question, or the account cannot be signed in to."""


@dataclass(frozen=True, slots=True)
class TooMany:
    """The network has used up its failures, or its questions; more can be from `until` on."""

    until: int


@dataclass(frozen=True, slots=True)
class Full:
    """The account has as many passkeys as one may have."""

    most: int


@dataclass(frozen=True, slots=True)
class Known:
    """This passkey is stored already, with this account or another one."""


@dataclass(frozen=True, slots=True)
class Added:
    """It opens the account from now on.

    Attributes:
        session: token of the session that takes the place of this one.
        codes: recovery codes, shown this once; () if there were some already.
    """

    passkey: Passkey
    session: str
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Renamed:
    """It has this name now."""

    name: str


@dataclass(frozen=True, slots=True)
class NotAName:
    """A passkey cannot be called that."""


@dataclass(frozen=True, slots=True)
class NotFound:
    """It is none of theirs."""


@dataclass(frozen=True, slots=True)
class Removed:
    """It opens nothing any more."""

    name: str


@dataclass(frozen=True, slots=True)
class Proved:
    """It is them. `session`: token of the session that takes the place of this one."""

    session: str


# -- signing in without a name


async def ask_signin(parts: Parts, caller: Caller) -> Options | TooMany:
    """Ask for a passkey of anybody's; the same to everybody."""

    def step(tx: Tx) -> Options | TooMany:
        act = begin(parts, caller)
        if not passkeys.stands(tx, act, Purpose.SIGNIN):
            spent = tx.budgets.spend(act.tenant.id, network_of(caller.ip), act.now, ASKED)
            if not ASKED.allows(spent):
                return TooMany(until=spent.start + ASKED.window_ms)
        return passkeys.request(tx, act, Purpose.SIGNIN, None)

    return await parts.store.write(step)


async def sign_in(parts: Parts, caller: Caller, given: Assertion) -> SignedIn | Refused | TooMany:
    """Sign in by a passkey alone, with PIN, finger or face: possession and person at once."""
    await parts.passkeys.ready()

    def step(tx: Tx) -> SignedIn | Refused | TooMany:
        act = begin(parts, caller)
        user = passkeys.owner_of(tx, act, given)
        client = _recognised(tx, act, user)
        until = _spent_until(tx, act) if client is None else None
        if until is not None:
            return TooMany(until)
        right = passkeys.accept(tx, act, user, Shown(Purpose.SIGNIN, given))
        if user is None or not right or _kept_out(user) is not None:
            return _refused(tx, act, user, client, given)
        return sessions.enter(tx, act, user, client, level=2, trusted=False, by="passkey")

    return await parts.store.write(step)


def _kept_out(user: User) -> str | None:
    """Why a passkey alone does not sign this user in, however right it is; None if it does.

    While changes are frozen it does not: somebody who got in may have added it, and "this
    wasn't me" is to put them out. It stays a second step, after a password that recovery
    has set anew.
    """
    if user.state is not UserState.ACTIVE:
        return str(user.state)
    return "frozen" if user.frozen_at is not None else None


def _recognised(tx: Tx, act: Act, user: User | None) -> Client | None:
    """The known client of the passkey's owner that this browser is."""
    known = tx.clients.of_user(act.tenant.id, user.id) if user else ()
    found = (clients.recognised(act.caller, client) for client in known)
    return next((client for client in found if client is not None), None)


def _spent_until(tx: Tx, act: Act) -> int | None:
    """Until when this network may not try, if it has used up its failures."""
    budget = lanes.network_budget(act)
    spent = tx.budgets.look(act.tenant.id, network_of(act.caller.ip), budget)
    return spent.start + HOUR if spent and exhausted(spent, act.now, budget) else None


def _refused(
    tx: Tx, act: Act, user: User | None, client: Client | None, given: Assertion
) -> Refused:
    """One answer for all; why, the audit trail alone hears."""
    kept_out = _kept_out(user) if user else None
    why = kept_out or passkeys.why(tx, act, user, given)
    record(tx, act, Event.PASSKEY_REFUSED, user, {"why": why})
    if client is None:
        lanes.spend_network(tx, act)
    return Refused()


# -- one's own


async def ask_new(
    parts: Parts, caller: Caller, signed: Signed
) -> Options | Full | ProofNeeded | Frozen | SignedOut:
    """Ask the browser to make a passkey."""

    def do(tx: Tx, act: Act, user: User) -> Options | Full:
        if len(passkeys.of_user(tx, act, user.id)) >= MOST:
            return Full(most=MOST)
        return passkeys.creation(tx, act, user)

    return await _proved(parts, caller, signed, do)


async def add(
    parts: Parts, caller: Caller, signed: Signed, given: Attestation
) -> Added | Refused | Known | Full | ProofNeeded | Frozen | SignedOut:
    """The browser made a passkey: from now on it opens the account."""
    await parts.passkeys.ready()

    def do(tx: Tx, act: Act, user: User) -> Added | Refused | Full:
        made = passkeys.attested(tx, act, user, given)
        if made is None:
            return Refused()
        if len(passkeys.of_user(tx, act, user.id)) >= MOST:
            return Full(most=MOST)
        passkey, codes = passkey_changes.add(tx, act, user, made, given.transports)
        session = stepup.renew(tx, act, signed, user, FactorKind.PASSKEY)
        return Added(passkey=passkey, session=session, codes=codes)

    try:
        return await _proved(parts, caller, signed, do)
    except Taken:
        return Known()


async def rename(
    parts: Parts, caller: Caller, signed: Signed, passkey_id: str, typed: str
) -> Renamed | NotAName | NotFound | Frozen | SignedOut:
    """Give one of one's own passkeys another name."""
    name = as_name(typed)
    if name is None:
        return NotAName()

    def step(tx: Tx) -> Renamed | NotFound | Frozen | SignedOut:
        act = begin(parts, caller)
        user = stepup.held(tx, act, signed)
        if not isinstance(user, User):
            return user
        found = _own(tx, act, user, passkey_id)
        if found is None:
            return NotFound()
        tx.passkeys.save(replace(found, name=name))
        record(tx, act, Event.PASSKEY_RENAMED, user, {"before": found.name, "name": name})
        return Renamed(name)

    return await parts.store.write(step)


async def remove(
    parts: Parts, caller: Caller, signed: Signed, passkey_id: str
) -> Removed | NotFound | ProofNeeded | Frozen | SignedOut:
    """Take one of one's own passkeys away."""

    def do(tx: Tx, act: Act, user: User) -> Removed | NotFound:
        found = _own(tx, act, user, passkey_id)
        if found is None:
            return NotFound()
        passkey_changes.remove(tx, act, user, found)
        return Removed(found.name)

    return await _proved(parts, caller, signed, do)


def _own(tx: Tx, act: Act, user: User, passkey_id: str) -> Passkey | None:
    every = passkeys.of_user(tx, act, user.id)
    return next((passkey for passkey in every if passkey.id == passkey_id), None)


async def _proved(
    parts: Parts, caller: Caller, signed: Signed, do: Callable[[Tx, Act, User], R]
) -> R | ProofNeeded | Frozen | SignedOut:
    """Do it in one transaction, if the session proved itself just now."""

    def step(tx: Tx) -> R | ProofNeeded | Frozen | SignedOut:
        act = begin(parts, caller)
        user = stepup.proved(tx, act, signed)
        return do(tx, act, user) if isinstance(user, User) else user

    return await parts.store.write(step)


# -- proving oneself once more


async def ask_proof(
    parts: Parts, caller: Caller, signed: Signed
) -> Options | NotFound | Frozen | SignedOut:
    """Ask for one of this person's passkeys; NotFound: there is none that would do."""

    def step(tx: Tx) -> Options | NotFound | Frozen | SignedOut:
        act = begin(parts, caller)
        user = stepup.held(tx, act, signed)
        if not isinstance(user, User):
            return user
        if not passkeys.usable(tx, act, user.id):
            return NotFound()
        return passkeys.request(tx, act, Purpose.PROOF, user.id)

    return await parts.store.write(step)


async def prove(
    parts: Parts, caller: Caller, signed: Signed, given: Assertion
) -> Proved | Refused | Locked | Frozen | SignedOut:
    """Prove oneself by a passkey."""
    await parts.passkeys.ready()

    def step(tx: Tx) -> Proved | Refused | Locked | Frozen | SignedOut:
        act = begin(parts, caller)
        user = stepup.held(tx, act, signed)
        if not isinstance(user, User):
            return user
        verdict = second.attempt(tx, act, user, Shown(Purpose.PROOF, given))
        if isinstance(verdict, Locked):
            return verdict
        if not verdict:
            return Refused()
        return Proved(stepup.renew(tx, act, signed, user, FactorKind.PASSKEY))

    return await parts.store.write(step)
