"""One task: look, ask, write down, send once, prove, report.

    look     the account on a controller that answers; refuse what must never be set
    ask      the permit, with the stamp that was seen
    intend   on the disk, before anything can be on the wire
    send     one modify, if lease, permit and deadline all outlast its time-out
    prove    our own stamp is there, and the password is right, tried once
    report   until the server has heard it

Where the answer to the modify is lost, only a proof counts; without one nothing is said, and
the job is settled later (settling.py).  Reasons of our own for "not done": "seal" (it does not
open here), "unreachable" (data: controller, cause), "gone" (no such account), "late" (not
sent, because what was granted would not outlast it), the words of protected.py and of
AccountView.must_change_binds.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from keyturn.agent.journal import Ending, Intent
from keyturn.agent.ports import (
    AccountView,
    Change,
    LinkDenied,
    LinkDown,
    NotFound,
    Refused,
    Uncertain,
    Unreachable,
)
from keyturn.agent.settling import Question, ending, read
from keyturn.agent.standing import AGAIN_MS, Standing
from keyturn.rules.directories.policies import Policy
from keyturn.rules.directories.proofs import ATTRIBUTE, Bind, Stamp, Verdict, follows
from keyturn.rules.directories.resets import JobKind, Outcome
from keyturn.rules.directories.things import Epoch
from keyturn.wire.messages import AskPermit, Permitted, Task
from keyturn.wire.seals import Unsealable


class _Not(Exception):
    """It is not done, and nothing was sent."""

    def __init__(self, reason: str, **data: int | str) -> None:
        super().__init__(reason)
        self.ending = Ending(Outcome.NOT_DONE, reason, data)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is going to be sent, and where."""

    task: Task
    view: AccountView
    controller: str
    before: Stamp
    origin: str
    password: str | None = field(repr=False)
    deadline: int
    epoch: Epoch

    def change(self) -> Change:
        kind = self.task.kind
        return Change(
            password=self.password,
            unlock=kind is JobKind.UNLOCK or (kind is JobKind.RESET and self.task.unlock),
            must_change=kind is JobKind.REQUIRE_CHANGE
            or (kind is JobKind.RESET and self.task.must_change),
        )

    def question(self) -> Question:
        return Question(
            self.task.job_id, self.task.kind, self.task.guid, self.before, self.origin,
            self.password,
        )  # fmt: skip


async def perform(at: Standing, task: Task, asked_at: int) -> None:
    """Do a task, once.

    Args:
        asked_at: when the work was asked for, CLOCK_BOOTTIME; `left_ms` counts from there.
    """
    async with at.acting:
        held = at.held()
        entry = await at.journal.entry(task.job_id)
        if held is None:
            return
        if entry is not None and (entry.intent or entry.ending):
            # a server put back to yesterday offers it again: what may have been sent once is
            # never sent again, and what is known of it is said
            if entry.ending is not None:
                await at.tell(task.job_id, entry.ending, held.epoch)
            return
        try:
            plan = await _plan(at, task, asked_at + task.left_ms, held.epoch)
            until = await _permit(at, plan)
            end = await _act(at, plan, until) if until is not None else None
        except _Not as refused:
            end = refused.ending
        if end is not None:
            await at.tell(task.job_id, end, held.epoch)


# --- before anything is sent


async def _plan(at: Standing, task: Task, deadline: int, epoch: Epoch) -> _Plan:
    """Look at the account on the first controller that answers. Raises _Not."""
    password = _password(at, task)
    silent: Unreachable | None = None
    for host in at.chart.order():
        if silent is not None and at.ticks.now() + at.needs_ms > deadline:
            break
        try:
            view, before = await _look(at, host, task)
        except Unreachable as cause:
            at.chart.causes[host] = cause.cause
            silent = silent or cause
            continue
        except NotFound:
            raise _Not("gone") from None
        _refuse(task, view)
        origin = await at.chart.origin(host)
        if origin or not at.driver.counts_writes:
            return _Plan(task, view, host, before, origin, password, deadline, epoch)
        silent = silent or Unreachable(host, "unlisted")
    if silent is None:
        raise _Not("unreachable")
    raise _Not("unreachable", controller=silent.controller, cause=silent.cause)


def _password(at: Standing, task: Task) -> str | None:
    if task.kind is not JobKind.RESET:
        return None
    if task.sealed is None:
        raise _Not("seal")
    try:
        return at.open(task.job_id, task.user_id, task.expires_at, task.sealed)
    except Unsealable:
        raise _Not("seal") from None


async def _look(at: Standing, host: str, task: Task) -> tuple[AccountView, Stamp]:
    view = await at.driver.look(host, task.guid)
    match task.kind:
        case JobKind.RESET:
            return view, view.password_stamp
        case JobKind.UNLOCK:
            return view, view.lockout_stamp
        case JobKind.REQUIRE_CHANGE:
            return view, await at.driver.stamp(host, task.guid, ATTRIBUTE[task.kind])


def _refuse(task: Task, view: AccountView) -> None:
    if view.protected:
        raise _Not("protected", why=view.protected)
    if (task.must_change or task.kind is JobKind.REQUIRE_CHANGE) and view.must_change_binds:
        raise _Not(view.must_change_binds)


async def _permit(at: Standing, plan: _Plan) -> int | None:
    """Until when we may act, CLOCK_BOOTTIME; None: we may not, and the server knows why."""
    task = plan.task
    await at.journal.asked(task.job_id, task.guid, task.kind, at.place.run_id)
    ask = AskPermit(
        task.job_id, at.place.run_id, plan.epoch, plan.before, plan.controller, at.needs_ms
    )
    while True:
        sent_at = at.ticks.now()
        if not _fits(at, plan, plan.deadline):
            return None
        try:
            permitted = await at.link.call(ask, Permitted)
        except LinkDown:  # the same words again get the same permit
            await at.pause(AGAIN_MS)
        except LinkDenied:
            return None
        else:
            return sent_at + permitted.left_ms if permitted.left_ms > 0 else None


def _fits(at: Standing, plan: _Plan, until: int) -> bool:
    """Whether a change sent now is answered before all that was granted ends."""
    held = at.held()
    return (
        held is not None
        and held.epoch == plan.epoch
        and at.ticks.now() + at.needs_ms <= min(until, held.until, plan.deadline)
    )


# --- from the intent on


async def _act(at: Standing, plan: _Plan, until: int) -> Ending | None:
    """Send it once, and prove it; None: how it went is not known."""
    intent = Intent(plan.before, plan.controller, plan.origin, plan.epoch, until)
    if not await at.journal.intended(plan.task.job_id, intent):
        return None
    if not _fits(at, plan, until):
        raise _Not("late")
    try:
        await at.driver.apply(plan.controller, plan.task.guid, plan.change())
    except Refused as no:
        refusal = no.refusal
        data = _numbers(plan.view.policy, refusal.reason) | refusal.data
        return Ending(Outcome.NOT_DONE, refusal.reason, data, refusal.diagnostic)
    except NotFound:
        raise _Not("gone") from None
    except Unreachable as silent:
        raise _Not("unreachable", controller=silent.controller, cause=silent.cause) from None
    except Uncertain:
        return await _prove(at, plan, min(until, plan.deadline), answered=False)
    return await _prove(at, plan, min(until, plan.deadline), answered=True)


def _numbers(policy: Policy | None, reason: str) -> dict[str, int | str]:
    """What belongs to a refusal by policy, as far as it was read beforehand."""
    if policy is None:
        return {}
    numbers: dict[str, dict[str, int | str]] = {
        "too_short": {"minimum": policy.min_length, "policy": policy.source},
        "too_simple": {"policy": policy.source},
        "used_before": {"history": policy.history, "policy": policy.source},
        "too_young": {"min_age_ms": policy.min_age_ms, "policy": policy.source},
    }
    return numbers.get(reason, {})


async def _prove(at: Standing, plan: _Plan, until: int, *, answered: bool) -> Ending | None:
    """Read what became of it, as long as the deadline lets us.

    Args:
        answered: the directory said that it was made. If it said nothing, what was sent may
            still arrive, and only "done" can be told from what is there.
    """
    while True:
        try:
            end = await _proof(at, plan, answered=answered)
        except (Unreachable, NotFound):
            end = None
        if end is not None:
            return end
        if at.ticks.now() + AGAIN_MS >= until:
            return None
        await at.pause(AGAIN_MS)


async def _proof(at: Standing, plan: _Plan, *, answered: bool) -> Ending | None:
    found = await read(at, plan.question(), plan.controller)
    if found.verdict is Verdict.CHANGED and found.now.version == plan.before.version + 1:
        # a controller that was put back has a new invocationId: is it that one's?
        await at.chart.draw()
        plan = replace(plan, origin=await at.chart.origin(plan.controller))
        found = await read(at, plan.question(), plan.controller)
    ours = follows(plan.before, found.now, plan.origin)
    if answered and ours and found.bind is Bind.SILENT:  # locked meanwhile: ours, but untried
        return Ending(Outcome.DONE, after=found.now, bound=False)
    if found.verdict is Verdict.DONE:
        return ending(found)
    told = answered and found.verdict in {Verdict.ALREADY, Verdict.CHANGED}
    return ending(found) if told else None
