"""A person's own directory accounts: look, unlock, choose a new password, watch it arrive.

    start --> the page seals what is typed --> submit --> watched to the end, and everywhere

Whoever is signed in with a second step may look; whoever proved themselves just now may
change (steps.stepup). The new password never comes here: the page seals it to each agent
that `start` names, for this job alone, and what is handed in nobody here can open.
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
from keyturn.rules.directories import resets
from keyturn.rules.directories.entries import DirectoryKind
from keyturn.rules.directories.resets import Envelope, Job, JobKind, JobState
from keyturn.rules.directories.things import LinkedAccount
from keyturn.steps import directory_looks, job_views, jobs, sealing, second, stepup
from keyturn.steps.acts import Act, begin
from keyturn.steps.changes import Frozen, SignedOut
from keyturn.steps.choosing import Choosing, choosing
from keyturn.steps.job_views import JobView
from keyturn.steps.jobs import Hindered
from keyturn.steps.sealing import Recipient
from keyturn.steps.stepup import ProofNeeded, Signed

__all__ = [
    "Account", "Accounts", "Asked", "Choosing", "Frozen", "Hindered", "JobView", "Look",
    "NoSecondStep", "NotFound", "NotSealed", "ProofNeeded", "Recipient", "Signed", "SignedOut",
    "accounts", "ask_look", "cancel", "look_answer", "start", "submit", "unlock", "view",
]  # fmt: skip

T = TypeVar("T")
#: jobs of a person that their page lists
MOST = 10


@dataclass(frozen=True, slots=True)
class Account:
    """A linked directory account.

    Attributes:
        kind: of the directory.
        hindered: why nothing can be changed there at this moment; None if it can.
        waiting: a reset that waits for its password, perhaps started by a technician.
    """

    directory_id: str
    directory: str
    kind: DirectoryKind
    name: str
    upn: str
    hindered: Hindered | None
    waiting: JobView | None


@dataclass(frozen=True, slots=True)
class Accounts:
    """All of a person's directory accounts, and their last jobs, newest first."""

    accounts: tuple[Account, ...]
    jobs: tuple[JobView, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """The directory is asked about the account.

    Attributes:
        until: after this moment no answer comes.
    """

    look_id: str
    until: int


@dataclass(frozen=True, slots=True)
class NotSealed:
    """What was handed in is not one envelope of the right size for each agent that can open
    it: the page is old, or an agent went meanwhile. Begin again.
    """


@dataclass(frozen=True, slots=True)
class NoSecondStep:
    """The account has no second step, and a password alone is not enough here."""


@dataclass(frozen=True, slots=True)
class NotFound:
    """No such account, look or job of this person's."""


Not = NoSecondStep | ProofNeeded | Frozen | SignedOut


async def accounts(parts: Parts, caller: Caller, signed: Signed) -> Accounts | Not:
    """One's directory accounts and last jobs. Changes nothing."""

    def do(tx: Tx, act: Act, user: User) -> Accounts:
        linked = tx.directories.linked(act.tenant.id, user.id)
        last = tx.jobs.of(act.tenant.id, None, user.id, MOST)
        views = tuple(job_views.view(tx, job, act.now) for job in last)
        return Accounts(tuple(_account(tx, act, one, views) for one in linked), views)

    return await _signed(parts, caller, signed, do)


def _account(tx: Tx, act: Act, account: LinkedAccount, views: Sequence[JobView]) -> Account:
    directory = tx.directories.get(act.tenant.id, account.directory_id)
    waiting = (
        v for v in views
        if v.directory_id == account.directory_id and v.state is JobState.CHOOSING
    )  # fmt: skip
    return Account(
        directory_id=account.directory_id, directory=directory.name if directory else "",
        kind=directory.kind if directory else DirectoryKind.ACTIVE_DIRECTORY,
        name=account.name, upn=account.upn, hindered=jobs.silence(tx, act, account),
        waiting=next(waiting, None),
    )  # fmt: skip


async def ask_look(
    parts: Parts, caller: Caller, signed: Signed, directory_id: str
) -> Asked | Hindered | NotFound | Not:
    """Ask the directory how the account stands and what its policy is. A question that is
    open already is not asked twice.
    """

    def do(tx: Tx, act: Act, user: User) -> Asked | Hindered | NotFound:
        account = _own(tx, act, user, directory_id)
        if account is None:
            return NotFound()
        look = directory_looks.ask(tx, act, account, user.id)
        return look if isinstance(look, Hindered) else Asked(look.id, look.expires_at)

    return await _signed(parts, caller, signed, do)


async def look_answer(
    parts: Parts, caller: Caller, signed: Signed, look_id: str
) -> Look | NotFound | Not:
    """What the directory said; neither view nor cause while it has not. After its time a look
    that nobody answered has the cause "timeout".
    """

    def do(tx: Tx, act: Act, user: User) -> Look | NotFound:
        look = tx.jobs.look(act.tenant.id, look_id)
        if look is None or look.user_id != user.id:
            return NotFound()
        return directory_looks.shown(look, act.now)

    return await _signed(parts, caller, signed, do)


async def start(
    parts: Parts, caller: Caller, signed: Signed, directory_id: str
) -> Choosing | Hindered | NotFound | Not:
    """Begin a reset of one's own password, or go on with the one that waits (also one that a
    technician has started). Tells what to seal to; the page may ask again.
    """

    def do(tx: Tx, act: Act, user: User) -> Choosing | Hindered | NotFound:
        account = _own(tx, act, user, directory_id)
        if account is None:
            return NotFound()
        job = jobs.start(tx, act, user, account, JobKind.RESET)
        return job if isinstance(job, Hindered) else choosing(tx, act, job)

    return await _proved(parts, caller, signed, do)


async def submit(
    parts: Parts, caller: Caller, signed: Signed, job_id: str, envelopes: Sequence[Envelope]
) -> JobView | NotSealed | NotFound | Not:
    """Hand the sealed password in. The deadline of 60 s begins. Doing so twice with the same
    envelopes is doing it once; a job that is over is shown as it is.
    """

    def do(tx: Tx, act: Act, user: User) -> JobView | NotSealed | NotFound:
        job = _job(tx, act, user, job_id)
        if job is None or job.kind is not JobKind.RESET:
            return NotFound()
        waits = resets.shown(job, act.now).state is JobState.CHOOSING
        if waits and not sealing.fit(tx, job, envelopes, act.now):
            return NotSealed()
        decision = jobs.submit(tx, act, job, tuple(envelopes))
        return job_views.view(tx, decision.job, act.now)

    return await _proved(parts, caller, signed, do)


async def unlock(
    parts: Parts, caller: Caller, signed: Signed, directory_id: str
) -> JobView | Hindered | NotFound | Not:
    """Unlock one's account, the password staying what it is."""

    def do(tx: Tx, act: Act, user: User) -> JobView | Hindered | NotFound:
        account = _own(tx, act, user, directory_id)
        if account is None:
            return NotFound()
        job = jobs.start(tx, act, user, account, JobKind.UNLOCK)
        return job if isinstance(job, Hindered) else job_views.view(tx, job, act.now)

    return await _proved(parts, caller, signed, do)


async def cancel(
    parts: Parts, caller: Caller, signed: Signed, job_id: str
) -> JobView | NotFound | Not:
    """Give a job up; the view says whether that was still possible."""

    def do(tx: Tx, act: Act, user: User) -> JobView | NotFound:
        job = _job(tx, act, user, job_id)
        if job is None:
            return NotFound()
        return job_views.view(tx, jobs.cancel(tx, act, job).job, act.now)

    return await _signed(parts, caller, signed, do)


async def view(
    parts: Parts, caller: Caller, signed: Signed, job_id: str
) -> JobView | NotFound | SignedOut:
    """A job as it stands now, for whoever watches it; locks nothing."""

    def step(tx: Tx) -> JobView | NotFound | SignedOut:
        act = begin(parts, caller)
        if tx.sessions.get(act.tenant.id, signed.session.digest) is None:
            return SignedOut()
        job = tx.jobs.get(act.tenant.id, job_id)
        if job is None or job.user_id != signed.user.id:
            return NotFound()
        return job_views.view(tx, job, act.now)

    return await parts.store.read(step)


# -- what all need


def _own(tx: Tx, act: Act, user: User, directory_id: str) -> LinkedAccount | None:
    linked = tx.directories.linked(act.tenant.id, user.id)
    return next((one for one in linked if one.directory_id == directory_id), None)


def _job(tx: Tx, act: Act, user: User, job_id: str) -> Job | None:
    """One of this person's jobs, held."""
    found = tx.jobs.lock(act.tenant.id, job_id)
    return found if found is not None and found.user_id == user.id else None


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
