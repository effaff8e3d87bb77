"""A temporary directory password: within a case whose proofs permit it, for a caller without a
phone.

    begin --> the technician's page makes one and seals it --> submit --> watched; then read out

`begin` grants the deed and says what to seal to; `submit` uses the grant and hands the job in, in
one transaction.  The job is named after its grant and comes to be in that moment: it waits nowhere
for a password, so that nobody else's page can go on with it, nor this one with anybody else's.
What is set must be changed at the next logon; where that does not bind, the agent refuses.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from keyturn.ports.directories import Look
from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules import grants
from keyturn.rules.access import Action, Staff
from keyturn.rules.accounts import User, UserState
from keyturn.rules.directories.resets import DEADLINE_MS, Envelope, Job, JobKind, JobState
from keyturn.rules.directories.things import LinkedAccount
from keyturn.rules.grants import Deed, Grant, Permit, Short
from keyturn.rules.lockout import HOUR
from keyturn.steps import casework, job_views, jobs, own_accounts, sealing
from keyturn.steps.acts import Act, begin
from keyturn.steps.casework import Doing, Held, NotAllowed, NotFound, NotYours, Over, Refused
from keyturn.steps.choosing import Choosing, choosing
from keyturn.steps.job_views import JobView
from keyturn.steps.jobs import Hindered

__all__ = [
    "Choosing", "Hindered", "Inactive", "JobView", "NotAllowed", "NotFound", "NotPermitted",
    "NotSealed", "NotYours", "Over", "Place", "place", "start", "submit",
]  # fmt: skip

T = TypeVar("T")
#: how old what a directory has said of its policy may be, to make a password by
KNOWN_MS = HOUR


@dataclass(frozen=True, slots=True)
class Place:
    """Where one could be set.

    Attributes:
        found: whether the proofs permit it.
        look: what the directory last said of the account; None for what is old.
    """

    user: User
    account: LinkedAccount
    directory: str
    found: Permit | Short
    look: Look | None


@dataclass(frozen=True, slots=True)
class NotPermitted:
    """The proofs do not permit it (any more)."""

    short: Short


@dataclass(frozen=True, slots=True)
class Inactive:
    """The user could not go on with it.

    Attributes:
        why: "disabled", "unverified", "invited" or "frozen".
    """

    why: str


@dataclass(frozen=True, slots=True)
class NotSealed:
    """What was handed in is not one envelope of the right size for each agent that can open it."""


async def place(parts: Parts, staff: Staff, ref: str, directory_id: str) -> Place | Refused:
    """What the page shows before anything is done. Changes nothing."""

    def do(tx: Tx, act: Act, held: Held, user: User, account: LinkedAccount) -> Place:
        directory = tx.directories.get(act.tenant.id, account.directory_id)
        found = casework.permitted(tx, act, held, Deed.TEMPORARY_PASSWORD)
        look = tx.jobs.last_look(act.tenant.id, account.directory_id, account.guid)
        fresh = look if look and look.view and act.now - look.asked_at < KNOWN_MS else None
        return Place(user, account, directory.name if directory else "", found, fresh)

    inner = _of_account(directory_id, do)
    return await parts.store.read(lambda tx: _held(tx, parts, staff, ref, inner))


async def start(
    parts: Parts, staff: Staff, ref: str, directory_id: str
) -> Choosing | Hindered | Inactive | NotPermitted | Refused:
    """Grant it, if the proofs permit it, or go on with the grant of a moment ago; and say what the
    password is to be sealed to.
    """

    def do(
        tx: Tx, act: Act, held: Held, user: User, account: LinkedAccount
    ) -> Choosing | Hindered | Inactive | NotPermitted:
        bar = _bar(user) or jobs.silence(tx, act, account)
        if bar is not None:
            return bar
        grant = _granted(tx, act, held)
        if isinstance(grant, Short):
            return NotPermitted(grant)
        return choosing(tx, act, _job(act, account, grant))

    return await _within(parts, staff, ref, directory_id, do)


async def submit(
    parts: Parts, staff: Staff, ref: str, directory_id: str, grant_id: str,
    envelopes: Sequence[Envelope],
) -> JobView | Hindered | Inactive | NotPermitted | NotSealed | Refused:  # fmt: skip
    """Hand the sealed password in, as the grant permits, once; the deadline of 60 s begins. Doing
    so twice is doing it once.
    """

    def do(
        tx: Tx, act: Act, held: Held, user: User, account: LinkedAccount
    ) -> JobView | Hindered | Inactive | NotPermitted | NotSealed | NotFound:
        known = tx.jobs.get(act.tenant.id, grant_id)
        if known is not None:
            mine = known.user_id == user.id and grant_id in held.standing.grants
            return job_views.view(tx, known, act.now) if mine else NotFound()
        grant = _living(act, held, grant_id)
        short = _short(tx, act, held)
        if grant is None or short is not None:
            return NotPermitted(short or Short(Deed.TEMPORARY_PASSWORD, (grants.Missing.PROOF,)))
        job = _job(act, account, grant)
        if not sealing.fit(tx, job, envelopes, act.now):
            return NotSealed()
        bar = _bar(user) or jobs.hindrance(tx, act, account)
        if bar is not None:
            return bar
        casework.spend(tx, act, held, grant.id, Deed.TEMPORARY_PASSWORD)
        tx.jobs.add(job)
        return job_views.view(tx, jobs.submit(tx, act, job, tuple(envelopes)).job, act.now)

    return await _within(parts, staff, ref, directory_id, do)


# -- what all need

_Do = Callable[[Tx, Act, Held, User, LinkedAccount], T]


async def _within(
    parts: Parts, staff: Staff, ref: str, directory_id: str, do: _Do[T]
) -> T | Refused:  # fmt: skip
    """In a case of one's own, for its user's account in this directory."""
    inner = _of_account(directory_id, do)
    return await parts.store.write(lambda tx: _held(tx, parts, staff, ref, inner))


def _held(tx: Tx, parts: Parts, staff: Staff, ref: str, do: Doing[T]) -> T | Refused:
    act = begin(parts, staff.caller, staff.user)
    return casework.within(tx, act, staff, ref, Action.RESET_USER, do)


def _of_account(directory_id: str, do: _Do[T]) -> Doing[T | NotFound]:
    def inner(tx: Tx, act: Act, held: Held) -> T | NotFound:
        user = held.user
        account = own_accounts.own(tx, act, user, directory_id) if user else None
        return do(tx, act, held, user, account) if user and account else NotFound()

    return inner


def _bar(user: User) -> Inactive | None:
    if user.frozen_at is not None:
        return Inactive("frozen")
    return None if user.state is UserState.ACTIVE else Inactive(str(user.state))


def _short(tx: Tx, act: Act, held: Held) -> Short | None:
    """What is missing now, though it was granted: a colleague whose word it is may have lost the
    right to give it, a proof has ended.
    """
    found = casework.permitted(tx, act, held, Deed.TEMPORARY_PASSWORD)
    return found if isinstance(found, Short) else None


def _granted(tx: Tx, act: Act, held: Held) -> Grant | Short:
    """The grant that waits to be used, or a new one."""
    found, wanted = casework.permitted(tx, act, held, Deed.TEMPORARY_PASSWORD), casework.about(held)
    if isinstance(found, Short) or wanted is None:
        return found if isinstance(found, Short) else Short(found.deed, (grants.Missing.PROOF,))
    waiting = (_living(act, held, one) for one in held.standing.grants)
    known = next((one for one in waiting if one is not None), None)
    return known or casework.grant(tx, act, held, found, wanted)[1]


def _living(act: Act, held: Held, grant_id: str) -> Grant | None:
    """The grant, if it may still be used for this."""
    grant, wanted = held.standing.grants.get(grant_id), casework.about(held)
    if grant is None or wanted is None:
        return None
    return grant if grants.use(grant, Deed.TEMPORARY_PASSWORD, wanted, act.now) else None


def _job(act: Act, account: LinkedAccount, grant: Grant) -> Job:
    """The job that the grant is for. What is sealed is good as long as the grant, and then for the
    time that the directory has.
    """
    return Job(
        id=grant.id, tenant_id=account.tenant_id, directory_id=account.directory_id,
        user_id=account.user_id, guid=account.guid, kind=JobKind.RESET, state=JobState.CHOOSING,
        started_by=act.actor.id if act.actor else None, must_change=True, unlock=True,
        created_at=grant.at, expires_at=grant.at + grants.LIFE_MS + DEADLINE_MS, deadline=None,
        envelopes=(), permit=None, reason="", detail="", after=None, finished_at=None,
        everywhere_at=None,
    )  # fmt: skip
