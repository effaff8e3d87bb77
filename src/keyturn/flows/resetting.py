"""What staff do about a user's directory account: start a reset, unlock, require a change.

Nobody here chooses or sees a password: a reset that staff start waits for the user, who is
told by mail, signs in, proves themselves and chooses.  Rights as in `rules.access`: a
technician may, on nobody of a higher role.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from keyturn.ports.directories import Look
from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules.access import Action, Staff, Why, hindrance
from keyturn.rules.accounts import User, UserState
from keyturn.rules.directories.resets import Job, JobKind
from keyturn.rules.directories.things import LinkedAccount
from keyturn.steps import directory_looks, job_views, jobs, views
from keyturn.steps.acts import Act, begin
from keyturn.steps.job_views import JobView
from keyturn.steps.jobs import Hindered
from keyturn.steps.naming import is_id

__all__ = [
    "Asked", "Hindered", "Inactive", "JobView", "Look", "NotAllowed", "NotFound", "ask_look_for",
    "cancel", "job", "jobs_of", "look_answer", "require_change_for", "start_for", "unlock_for",
]  # fmt: skip

T = TypeVar("T")
#: jobs that a page lists
MOST = 100


@dataclass(frozen=True, slots=True)
class NotAllowed:
    """Staff may not do that; nothing was done."""

    why: Why


@dataclass(frozen=True, slots=True)
class NotFound:
    """No such user, account, look or job in this tenant."""


@dataclass(frozen=True, slots=True)
class Inactive:
    """The user cannot sign in to choose a password: not active, or changes are frozen.

    Attributes:
        why: "disabled", "unverified", "invited" or "frozen".
    """

    why: str


@dataclass(frozen=True, slots=True)
class Asked:
    """The directory is asked about the account; after `until` no answer comes."""

    look_id: str
    until: int


async def start_for(
    parts: Parts, staff: Staff, user_id: str, directory_id: str
) -> JobView | Hindered | Inactive | NotAllowed | NotFound:
    """Start a reset for a user: it waits until they choose a password, and they are told.

    Args:
        staff: as authorised at this request.
    """

    def do(tx: Tx, act: Act, user: User, account: LinkedAccount) -> JobView | Hindered | Inactive:
        if user.state is not UserState.ACTIVE:
            return Inactive(str(user.state))
        if user.frozen_at is not None:
            return Inactive("frozen")
        return _begun(tx, act, user, account, JobKind.RESET)

    return await _do(parts, staff, user_id, directory_id, do)


async def unlock_for(
    parts: Parts, staff: Staff, user_id: str, directory_id: str
) -> JobView | Hindered | NotAllowed | NotFound:
    """Unlock a user's directory account; they are told when it is done."""

    def do(tx: Tx, act: Act, user: User, account: LinkedAccount) -> JobView | Hindered:
        return _begun(tx, act, user, account, JobKind.UNLOCK)

    return await _do(parts, staff, user_id, directory_id, do)


async def require_change_for(
    parts: Parts, staff: Staff, user_id: str, directory_id: str
) -> JobView | Hindered | NotAllowed | NotFound:
    """Have a user's directory password changed at the next logon. Where that does not bind
    (password never expires, smart card required, cannot change), the agent refuses.
    """

    def do(tx: Tx, act: Act, user: User, account: LinkedAccount) -> JobView | Hindered:
        return _begun(tx, act, user, account, JobKind.REQUIRE_CHANGE)

    return await _do(parts, staff, user_id, directory_id, do)


def _begun(
    tx: Tx, act: Act, user: User, account: LinkedAccount, kind: JobKind
) -> JobView | Hindered:
    must_change = kind is JobKind.REQUIRE_CHANGE
    begun = jobs.start(tx, act, user, account, kind, must_change=must_change)
    return begun if isinstance(begun, Hindered) else job_views.view(tx, begun, act.now)


async def ask_look_for(
    parts: Parts, staff: Staff, user_id: str, directory_id: str
) -> Asked | Hindered | NotAllowed | NotFound:
    """Ask the directory how a user's account stands."""

    def do(tx: Tx, act: Act, _user: User, account: LinkedAccount) -> Asked | Hindered:
        by = staff.user.id if staff.user else act.tenant.id
        look = directory_looks.ask(tx, act, account, by)
        return look if isinstance(look, Hindered) else Asked(look.id, look.expires_at)

    return await _do(parts, staff, user_id, directory_id, do)


async def look_answer(parts: Parts, staff: Staff, look_id: str) -> Look | NotFound:
    """What the directory said; see flows.resets.look_answer."""

    def step(tx: Tx) -> Look | NotFound:
        act = begin(parts, staff.caller, staff.user)
        look = tx.jobs.look(act.tenant.id, look_id)
        return directory_looks.shown(look, act.now) if look else NotFound()

    return await parts.store.read(step)


async def cancel(
    parts: Parts, staff: Staff, job_id: str
) -> JobView | NotAllowed | NotFound:  # fmt: skip
    """Give a job up; the view says whether that was still possible."""

    def step(tx: Tx) -> JobView | NotAllowed | NotFound:
        act = begin(parts, staff.caller, staff.user)
        found = tx.jobs.lock(act.tenant.id, job_id)
        user = tx.users.get(act.tenant.id, found.user_id) if found else None
        if found is None or user is None:
            return NotFound()
        why = hindrance(staff, Action.START_RESET, user, views.highest_rank(tx, user))
        if why is not None:
            return NotAllowed(why)
        return job_views.view(tx, jobs.cancel(tx, act, found).job, act.now)

    return await parts.store.write(step)


async def job(parts: Parts, staff: Staff, job_id: str) -> JobView | NotFound:
    """A job, step by step; whoever has a role here may read it."""

    def step(tx: Tx) -> JobView | NotFound:
        act = begin(parts, staff.caller, staff.user)
        found = tx.jobs.get(act.tenant.id, job_id)
        return job_views.view(tx, found, act.now) if found else NotFound()

    return await parts.store.read(step)


async def jobs_of(
    parts: Parts, staff: Staff, directory_id: str | None, user_id: str | None
) -> tuple[JobView, ...]:
    """The newest jobs of a directory or a user, or of the tenant with None for both."""

    def step(tx: Tx) -> tuple[JobView, ...]:
        act = begin(parts, staff.caller, staff.user)
        found: list[Job] = list(tx.jobs.of(act.tenant.id, directory_id, user_id, MOST))
        return tuple(job_views.view(tx, each, act.now) for each in found)

    return await parts.store.read(step)


async def _do(
    parts: Parts, staff: Staff, user_id: str, directory_id: str,
    do: Callable[[Tx, Act, User, LinkedAccount], T],
) -> T | NotAllowed | NotFound:  # fmt: skip
    """Find, judge and act, in one transaction."""

    def step(tx: Tx) -> T | NotAllowed | NotFound:
        act = begin(parts, staff.caller, staff.user)
        real = is_id(user_id) and user_id != act.tenant.id
        user = tx.users.lock(act.tenant.id, user_id) if real else None
        if user is None:
            return NotFound()
        linked = tx.directories.linked(act.tenant.id, user.id)
        account = next((one for one in linked if one.directory_id == directory_id), None)
        if account is None:
            return NotFound()
        why = hindrance(staff, Action.START_RESET, user, views.highest_rank(tx, user))
        return do(tx, act, user, account) if why is None else NotAllowed(why)

    return await parts.store.write(step)
