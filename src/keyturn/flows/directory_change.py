"""A new directory password for whoever gave the right one that has run out.

    right, but it must be changed --> the second step --> the ordinary reset --> watched
    (flows/directory_signin)          (steps/second)      (steps/jobs)

The old password alone is not enough, and none of it is a session: what was proved stands in a flow
of this browser, is good for this one account, and for no longer than a proof is elsewhere.  Whoever
has no second step to type signs in another way first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules.accounts import FactorKind, Flow, User, UserState
from keyturn.rules.callers import Caller
from keyturn.rules.directories import resets
from keyturn.rules.directories.resets import Envelope, Job, JobKind, JobState
from keyturn.rules.directories.things import LinkedAccount
from keyturn.rules.events import Event
from keyturn.rules.lockout import Locked
from keyturn.steps import guess_changes, job_views, jobs, sealing, second
from keyturn.steps.acts import Act, begin, record
from keyturn.steps.choosing import Choosing, choosing
from keyturn.steps.guess_changes import KIND, TYPED
from keyturn.steps.job_views import JobView
from keyturn.steps.jobs import Hindered

__all__ = [
    "Choosing", "Gone", "Hindered", "JobView", "Locked", "NotSealed", "Proving",
    "Wrong", "again", "prove", "recipients", "standing", "submit",
]  # fmt: skip

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Proving:
    """The second step is asked for; methods: those that can be typed."""

    methods: tuple[FactorKind, ...]


@dataclass(frozen=True, slots=True)
class Gone:
    """Nothing of this kind waits in this browser (any more)."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """It was not the code."""


@dataclass(frozen=True, slots=True)
class NotSealed:
    """Not one envelope of the right size for each agent that can open it. Ask anew."""


@dataclass(frozen=True, slots=True)
class _At:
    """Who may go on, and where they stand."""

    flow: Flow
    user: User
    account: LinkedAccount


async def standing(parts: Parts, caller: Caller) -> Proving | JobView | Gone:
    """What this browser waits for."""

    def do(tx: Tx, act: Act, at: _At) -> Proving | JobView | Gone:
        if at.flow.step == guess_changes.PROVING:
            return Proving(_typed(tx, act, at.user))
        job = tx.jobs.get(act.tenant.id, str(at.flow.data.get("job", "")))
        return job_views.view(tx, job, act.now) if job else Gone()

    def step(tx: Tx) -> Proving | JobView | Gone:
        return _with(tx, begin(parts, caller), do, tx.users.get)

    return await parts.store.read(step)


def _typed(tx: Tx, act: Act, user: User) -> tuple[FactorKind, ...]:
    return tuple(kind for kind in second.methods(tx, act, user.id) if kind in TYPED)


async def prove(
    parts: Parts, caller: Caller, code: str
) -> JobView | Wrong | Locked | Hindered | Gone:
    """The second step; then a reset waits for its password."""

    def do(tx: Tx, act: Act, at: _At) -> JobView | Wrong | Locked | Hindered | Gone:
        if at.flow.step != guess_changes.PROVING:
            return Gone()
        verdict = second.attempt(tx, act, at.user, code)
        if isinstance(verdict, Locked):
            return verdict
        if not verdict:
            return Wrong()
        record(tx, act, Event.SECOND_PASSED, at.user, {"trusted": False})
        proved = replace(at.flow, step=guess_changes.PROVED)
        tx.flows.save(proved)
        return _started(tx, act, replace(at, flow=proved))

    return await parts.store.write(lambda tx: _with(tx, begin(parts, caller), do, tx.users.lock))


async def again(parts: Parts, caller: Caller) -> JobView | Hindered | Gone:
    """A new password once more, after one that the directory did not take."""
    return await _proved(parts, caller, _started)


def _started(tx: Tx, act: Act, at: _At) -> JobView | Hindered:
    job = jobs.start(tx, act, at.user, at.account, JobKind.RESET)
    if isinstance(job, Hindered):
        return job
    tx.flows.save(replace(at.flow, data={**at.flow.data, "job": job.id}))
    return job_views.view(tx, job, act.now)


async def recipients(parts: Parts, caller: Caller) -> Choosing | Hindered | Gone:
    """Whom to seal to, at this moment."""

    def do(tx: Tx, act: Act, at: _At) -> Choosing | Hindered | Gone:
        job = _job(tx, act, at)
        if job is None or resets.shown(job, act.now).state is not JobState.CHOOSING:
            return Gone()
        return choosing(tx, act, job)

    return await _proved(parts, caller, do)


async def submit(
    parts: Parts, caller: Caller, envelopes: Sequence[Envelope]
) -> JobView | NotSealed | Gone:
    """Hand the sealed new password in, see flows.resets.submit."""

    def do(tx: Tx, act: Act, at: _At) -> JobView | NotSealed | Gone:
        job = _job(tx, act, at)
        if job is None:
            return Gone()
        waits = resets.shown(job, act.now).state is JobState.CHOOSING
        if waits and not sealing.fit(tx, job, envelopes, act.now):
            return NotSealed()
        decision = jobs.submit(tx, act, job, tuple(envelopes))
        return job_views.view(tx, decision.job, act.now)

    return await _proved(parts, caller, do)


# -- what all need


def _job(tx: Tx, act: Act, at: _At) -> Job | None:
    """This flow's own job, held."""
    found = tx.jobs.lock(act.tenant.id, str(at.flow.data.get("job", "")))
    return found if found is not None and found.user_id == at.user.id else None


async def _proved(parts: Parts, caller: Caller, do: Callable[[Tx, Act, _At], T]) -> T | Gone:
    """Do it, if the second step was shown."""

    def proved(tx: Tx, act: Act, at: _At) -> T | Gone:
        return do(tx, act, at) if at.flow.step == guess_changes.PROVED else Gone()

    def step(tx: Tx) -> T | Gone:
        return _with(tx, begin(parts, caller), proved, tx.users.lock)

    return await parts.store.write(step)


def _with(
    tx: Tx, act: Act, do: Callable[[Tx, Act, _At], T], user_of: Callable[[str, str], User | None]
) -> T | Gone:
    """Do it for who gave the right password in this browser, if they are still who they were.

    Args:
        user_of: how their row is read: `tx.users.lock` for changes.
    """
    flow = tx.flows.open(act.tenant.id, act.caller.browser, KIND, act.now)
    user = user_of(act.tenant.id, flow.user_id or "") if flow else None
    if flow is None or user is None or not _still(user, flow):
        return Gone()
    linked = tx.directories.linked(act.tenant.id, user.id)
    guid = flow.data["guid"]
    account = next((one for one in linked if one.guid == guid), None)
    return do(tx, act, _At(flow, user, account)) if account else Gone()


def _still(user: User, flow: Flow) -> bool:
    """No disabling, no "this wasn't me", no reset of theirs came between."""
    same = user.epoch == flow.data["epoch"]
    return same and user.state is UserState.ACTIVE and user.frozen_at is None
