"""A person's own directory accounts: how they stand, unlocking, a new password, its proof.

That it is the person has been made sure of before: by a session that proved itself just now
(flows/resets), by a phone behind its app lock (flows/phone_resets).  From here on both do the
same, in one open transaction; what is another person's is not found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from keyturn.ports.directories import Look
from keyturn.ports.store import Tx
from keyturn.rules.accounts import User
from keyturn.rules.directories import resets
from keyturn.rules.directories.entries import DirectoryKind
from keyturn.rules.directories.resets import Envelope, Job, JobKind, JobState
from keyturn.rules.directories.things import LinkedAccount
from keyturn.rules.lockout import DAY, HOUR
from keyturn.steps import directory_looks, job_views, jobs, sealing
from keyturn.steps.acts import Act
from keyturn.steps.choosing import Choosing, choosing
from keyturn.steps.job_views import JobView
from keyturn.steps.jobs import Hindered

#: jobs of a person that their page lists
MOST = 10
#: how long an answer of the directory is worth a word, with its age
KNOWN_MS = HOUR


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
class NotSealed:
    """What was handed in is not one envelope of the right size for each agent that can open
    it: the page is old, or an agent went meanwhile. Begin again.
    """


@dataclass(frozen=True, slots=True)
class NotFound:
    """No such account, look or job of this person's."""


# -- looking


def accounts(tx: Tx, act: Act, user: User) -> Accounts:
    """One's directory accounts and last jobs."""
    linked = tx.directories.linked(act.tenant.id, user.id)
    last = tx.jobs.of(act.tenant.id, None, user.id, MOST)
    views = tuple(job_views.view(tx, job, act.now) for job in last)
    return Accounts(tuple(shown(tx, act, one, views) for one in linked), views)


def shown(tx: Tx, act: Act, account: LinkedAccount, views: Sequence[JobView]) -> Account:
    """A linked account. views: the person's last jobs."""
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


def last(tx: Tx, act: Act, account: LinkedAccount, most: int) -> tuple[JobView, ...]:
    """The last jobs on one account, newest first."""
    found = tx.jobs.of(act.tenant.id, account.directory_id, account.user_id, most)
    return tuple(job_views.view(tx, job, act.now) for job in found)


def own(tx: Tx, act: Act, user: User, directory_id: str) -> LinkedAccount | None:
    """The person's account in that directory."""
    linked = tx.directories.linked(act.tenant.id, user.id)
    return next((one for one in linked if one.directory_id == directory_id), None)


def ask(tx: Tx, act: Act, user: User, directory_id: str) -> Look | Hindered | NotFound:
    """Ask the directory how the account stands and what its policy is. A question that is
    open already is not asked twice.
    """
    account = own(tx, act, user, directory_id)
    return NotFound() if account is None else directory_looks.ask(tx, act, account, user.id)


def answer(tx: Tx, act: Act, user: User, look_id: str) -> Look | NotFound:
    """What the directory said; neither view nor cause while it has not. After its time a look
    that nobody answered has the cause "timeout".
    """
    look = tx.jobs.look(act.tenant.id, look_id)
    if look is None or look.user_id != user.id:
        return NotFound()
    return directory_looks.shown(look, act.now)


def known(tx: Tx, act: Act, account: LinkedAccount) -> Look | None:
    """What the directory has told its owner last, without asking it; None for what is older than
    KNOWN_MS, or was told to staff, who are told more.
    """
    look = tx.jobs.last_look(account.tenant_id, account.directory_id, account.guid)
    if look is None or not look.view or look.asked_by != account.user_id:
        return None
    return look if act.now - look.asked_at < KNOWN_MS else None


def today(tx: Tx, act: Act, account: LinkedAccount) -> JobView | None:
    """The newest job on the account, if it is not older than a day."""
    newest = last(tx, act, account, 1)
    return next((job for job in newest if act.now - job.created_at < DAY), None)


def view(tx: Tx, act: Act, user: User, job_id: str) -> JobView | NotFound:
    """A job as it stands now; locks nothing."""
    job = tx.jobs.get(act.tenant.id, job_id)
    if job is None or job.user_id != user.id:
        return NotFound()
    return job_views.view(tx, job, act.now)


# -- changing


def start(tx: Tx, act: Act, user: User, directory_id: str) -> Choosing | Hindered | NotFound:
    """Begin a reset, or go on with the one that waits (also one that a technician has started).
    Tells what to seal to; may be asked again.
    """
    account = own(tx, act, user, directory_id)
    if account is None:
        return NotFound()
    job = jobs.start(tx, act, user, account, JobKind.RESET)
    return job if isinstance(job, Hindered) else choosing(tx, act, job)


def submit(
    tx: Tx, act: Act, user: User, job_id: str, envelopes: Sequence[Envelope]
) -> JobView | NotSealed | NotFound:
    """Hand the sealed password in. The deadline of 60 s begins. Doing so twice with the same
    envelopes is doing it once; a job that is over is shown as it is.
    """
    job = _held(tx, act, user, job_id)
    if job is None or job.kind is not JobKind.RESET:
        return NotFound()
    waits = resets.shown(job, act.now).state is JobState.CHOOSING
    if waits and not sealing.fit(tx, job, envelopes, act.now):
        return NotSealed()
    decision = jobs.submit(tx, act, job, tuple(envelopes))
    return job_views.view(tx, decision.job, act.now)


def unlock(tx: Tx, act: Act, user: User, directory_id: str) -> JobView | Hindered | NotFound:
    """Unlock the account, the password staying what it is."""
    account = own(tx, act, user, directory_id)
    if account is None:
        return NotFound()
    job = jobs.start(tx, act, user, account, JobKind.UNLOCK)
    return job if isinstance(job, Hindered) else job_views.view(tx, job, act.now)


def cancel(tx: Tx, act: Act, user: User, job_id: str) -> JobView | NotFound:
    """Give a job up; the view says whether that was still possible."""
    job = _held(tx, act, user, job_id)
    if job is None:
        return NotFound()
    return job_views.view(tx, jobs.cancel(tx, act, job).job, act.now)


def _held(tx: Tx, act: Act, user: User, job_id: str) -> Job | None:
    """One of this person's jobs, held."""
    found = tx.jobs.lock(act.tenant.id, job_id)
    return found if found is not None and found.user_id == user.id else None
