"""Jobs on directory accounts: begun, handed in, permitted, reported, watched, swept.

What may happen is decided by `rules.directories.resets`; here it is stored, with its audit
row, its mail and what follows for other jobs of the account, in one open transaction.
A job is always locked first, which holds the whole account: whatever two agents, two browsers
and a sweep say at one moment is decided one after the other.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules.accounts import Tenant, User
from keyturn.rules.budgets import DIRECTORY_JOBS
from keyturn.rules.callers import Caller
from keyturn.rules.directories import resets
from keyturn.rules.directories.proofs import THERE, ProofState, everywhere
from keyturn.rules.directories.resets import (
    CHOOSE_MS,
    Cancel,
    Decision,
    Envelope,
    Event,
    Job,
    JobKind,
    JobState,
    Outcome,
    Proof,
    Submit,
    Supersede,
    Tick,
)
from keyturn.rules.directories.things import Agent, AgentState, LinkedAccount
from keyturn.rules.events import Event as Audited
from keyturn.steps import charts, job_news, standby
from keyturn.steps.acts import Act, record
from keyturn.steps.notices import tell
from keyturn.wire.messages import AskPermit, Looked, Permitted, Report, Seen

#: how the sweep is called in the audit trail
CLIENT = "time"
#: what is recorded of a job's way, by the state it has come to
_EVENTS: Mapping[JobState, Audited] = {
    JobState.CHOOSING: Audited.RESET_STARTED,
    JobState.QUEUED: Audited.RESET_SUBMITTED,
    JobState.PERMITTED: Audited.RESET_PERMITTED,
    JobState.UNSETTLED: Audited.RESET_UNSETTLED,
    JobState.DONE: Audited.RESET_DONE,
    JobState.NOT_DONE: Audited.RESET_NOT_DONE,
    JobState.CHANGED: Audited.RESET_CHANGED,
}
#: proofs that a later, lesser word does not take back
_KEPT: Mapping[ProofState, frozenset[ProofState]] = {
    ProofState.PROVED: frozenset(ProofState) - {ProofState.CHANGED},
    ProofState.ARRIVED: frozenset(ProofState) - {ProofState.CHANGED, ProofState.PROVED},
    ProofState.CHANGED: frozenset(ProofState),
}


@dataclass(frozen=True, slots=True)
class Hindered:
    """No job was begun, because it would fail or may not be.

    Attributes:
        why: "no_agent" (none was ever approved), "agent_silent" (none is heard at this
            moment), "spent" (too many within the hour).
        until: for "spent", when more can be; for "agent_silent", since when; else None.
    """

    why: str
    until: int | None = None


# -- a person's side


def start(
    tx: Tx, act: Act, user: User, account: LinkedAccount, kind: JobKind, *,
    must_change: bool = False, unlock: bool = True,
) -> Job | Hindered:  # fmt: skip
    """A new job on `account`, or the one that waits already: two open pages, or a page and a
    technician, are one wish.

    A reset waits for its password (CHOOSING) until `resets.ends_at`; an unlock and a required
    change are handed in at once. `act.actor` is the staff member who starts it; a reset that
    they start is told to the user by mail, and to their phone.

    Args:
        user: whose account it is.
    """
    waiting = _waiting(tx, act, account, kind)
    if waiting is not None:
        return waiting
    why = hindrance(tx, act, account)
    if why is not None:
        record(tx, act, Audited.RESET_REFUSED, user, _snapshot(account, kind, why.why))
        return why
    job = _new(act, account, kind, must_change=must_change, unlock=unlock)
    tx.jobs.add(job)
    if kind is JobKind.RESET:
        _record(tx, act, job)
        if act.actor is not None:
            tell(tx, act, "directory_started", user, **_named(tx, job))
            job_news.started(tx, act, job)
        return job
    return submit(tx, act, job, ()).job


def submit(tx: Tx, act: Act, job: Job, envelopes: tuple[Envelope, ...]) -> Decision:
    """Hand a job in; its deadline begins. What it leaves nothing of ends as superseded.

    Args:
        envelopes: one for each agent that `standby.sealed_to` names; () for an unlock and a
            required change. Whether they are of the right size is the caller's to check.

    Returns: `why` is "" when it waits for an agent now (also for the second time), else "late"
    or "settled".
    """
    decision = _apply(tx, act, job, Submit(envelopes))
    if decision.why == "" and decision.job.state is JobState.QUEUED:
        for other in tx.jobs.open_of(job.tenant_id, job.directory_id, job.guid):
            if resets.superseded_by(decision.job, other):
                _apply(tx, act, other, Supersede(by=job.id))
    return decision


def cancel(tx: Tx, act: Act, job: Job) -> Decision:
    """Give a job up that no agent may act on yet. `why` is "" when it is given up."""
    return _apply(tx, act, job, Cancel())


def _waiting(tx: Tx, act: Act, account: LinkedAccount, kind: JobKind) -> Job | None:
    """The job of this kind that has not been acted on and has time left."""
    found = tx.jobs.open_of(account.tenant_id, account.directory_id, account.guid)
    states = {JobState.CHOOSING} if kind is JobKind.RESET else {JobState.QUEUED}
    same = [j for j in found if j.kind is kind and resets.shown(j, act.now).state in states]
    return same[-1] if same else None


def silence(tx: Tx, act: Act, account: LinkedAccount) -> Hindered | None:
    """Why no agent can do anything for this account now; None if one can."""
    candidates = standby.candidates(tx.agents.of(account.tenant_id, account.directory_id))
    if not candidates:
        return Hindered("no_agent")
    if standby.living(candidates, act.now):
        return None
    heard = [a.run.seen_at for a in candidates if a.run is not None]
    return Hindered("agent_silent", max(heard, default=None))


def hindrance(tx: Tx, act: Act, account: LinkedAccount) -> Hindered | None:
    """Why no job can be begun for this account now; None if one can, which is counted."""
    hindered = silence(tx, act, account)
    if hindered is not None:
        return hindered
    key = f"{account.directory_id}|{account.guid}"
    spent = tx.budgets.spend(account.tenant_id, key, act.now, DIRECTORY_JOBS)
    if DIRECTORY_JOBS.allows(spent):
        return None
    return Hindered("spent", spent.start + DIRECTORY_JOBS.window_ms)


def _new(
    act: Act, account: LinkedAccount, kind: JobKind, *, must_change: bool, unlock: bool
) -> Job:
    return Job(
        id=act.id(), tenant_id=account.tenant_id, directory_id=account.directory_id,
        user_id=account.user_id, guid=account.guid, kind=kind, state=JobState.CHOOSING,
        started_by=act.actor.id if act.actor else None, must_change=must_change,
        unlock=unlock and kind is not JobKind.REQUIRE_CHANGE, created_at=act.now,
        expires_at=act.now + CHOOSE_MS, deadline=None, envelopes=(), permit=None, reason="",
        detail="", after=None, finished_at=None, everywhere_at=None,
    )  # fmt: skip


# -- an agent's side


def by_agent(parts: Parts, tenant: Tenant, agent: Agent, ip: str, now: int) -> Act:
    """What an agent does, as the audit trail shows it."""
    caller = Caller(tenant=tenant, browser="", offers=(), ip=ip, client_name=f"agent {agent.name}")
    return Act(parts=parts, caller=caller, now=now)


def permit(tx: Tx, act: Act, agent: Agent, asked: AskPermit) -> Permitted:
    """Leave to act, once. Asking again in the same words gets the same permit, with what is
    left of it; `why` else: see Permitted.

    The caller has made sure that `asked.run_id` is the agent's present run.
    """
    job = _held(tx, agent, asked.job_id)
    if job is None or not _may_ask(agent, job):
        return Permitted(0, "gone")
    others = tx.jobs.open_of(job.tenant_id, job.directory_id, job.guid)
    ask = resets.Ask(
        agent_id=agent.id, run_id=asked.run_id, epoch=asked.epoch, before=asked.before,
        controller=asked.controller, needs_ms=asked.needs_ms,
        lease=tx.directories.lease(job.tenant_id, job.directory_id),
        others=tuple(resets.shown(o, act.now) for o in others if o.id != job.id),
    )  # fmt: skip
    decision = _apply(tx, act, job, ask)
    given = decision.job.permit
    if decision.why or given is None:
        return Permitted(0, decision.why)
    return Permitted(given.until - act.now, "")


def _may_ask(agent: Agent, job: Job) -> bool:
    """A candidate that could do it: without an envelope there is nothing to set. A job that
    is over has none either, and is told to be over.
    """
    able = job.kind is not JobKind.RESET or job.state in resets.FINAL
    sealed = able or any(e.agent_id == agent.id for e in job.envelopes)
    return bool(standby.candidates([agent])) and sealed


def report(tx: Tx, act: Act, agent: Agent, told: Report) -> str:
    """An agent says how a job ended, or what the directory says of it.

    Returns: "" where it counts, also for the second time; else why not (Decision.why). An
    agent need not know: what is still open is offered to it again.
    """
    job = _held(tx, agent, told.job_id)
    if job is None:
        return "gone"
    event = resets.Told(
        agent_id=agent.id, run_id=told.run_id, outcome=Outcome(told.outcome),
        reason=told.reason, data=told.data, diagnostic=told.diagnostic, after=told.after,
        bound=told.bound, lease=tx.directories.lease(job.tenant_id, job.directory_id),
        could_try=_could_try(tx, job),
    )  # fmt: skip
    return _apply(tx, act, job, event).why


def _could_try(tx: Tx, job: Job) -> frozenset[str]:
    """Agents that are listened to and have an envelope, living or not."""
    agents = standby.candidates(tx.agents.of(job.tenant_id, job.directory_id))
    return frozenset(e.agent_id for e in job.envelopes) & {a.id for a in agents}


def seen(tx: Tx, act: Act, agent: Agent, told: Seen) -> None:
    """What a watch saw on one controller. Anything that is not this agent's to say is passed
    over: a listener speaks of its own controller, and only whoever could try says PROVED.
    """
    job = _held(tx, agent, told.job_id)
    if job is None or not resets.watching(job) or not _may_say(tx, agent, job, told):
        return
    known = {p.controller: p for p in tx.jobs.proofs(job.tenant_id, job.id)}
    before = known.get(told.controller)
    if before is not None and told.state in _KEPT.get(before.state, frozenset()):
        return
    delay = told.delay_ms if told.state in THERE else None
    if before is not None and before.delay_ms is not None:
        delay = before.delay_ms  # it arrived when it was first seen there
    proof = Proof(told.controller, told.site, told.state, act.now, delay)
    tx.jobs.put_proof(job.tenant_id, job.id, proof)
    _watch(tx, act, job)


def _may_say(tx: Tx, agent: Agent, job: Job, told: Seen) -> bool:
    if told.controller not in charts.writable(tx, job.tenant_id, job.directory_id):
        return False
    if told.state is ProofState.PROVED and all(e.agent_id != agent.id for e in job.envelopes):
        return False
    return bool(standby.candidates([agent])) or agent.controller == told.controller


def looked(tx: Tx, act: Act, agent: Agent, told: Looked) -> None:
    """The answer to a look; a second one, and one to another directory's, changes nothing."""
    look = tx.jobs.look(agent.tenant_id, told.look_id)
    if look is not None and look.directory_id == agent.directory_id:
        tx.jobs.answer(agent.tenant_id, told.look_id, told.view, told.cause, act.now)


# -- time


def sweep(tx: Tx, parts: Parts, now: int, limit: int) -> int:
    """Store what time has made of at most `limit` jobs of all tenants; returns how many there
    were to look at.
    """
    due = tx.jobs.due(now, limit)
    for found in due:
        tenant = tx.tenants.get(found.tenant_id)
        job = tx.jobs.lock(found.tenant_id, found.id)
        if tenant is not None and job is not None:
            act = Act(parts, Caller(tenant, "", (), "", CLIENT), now)
            if resets.watching(job):
                _watch(tx, act, job)
            else:
                _apply(tx, act, job, Tick())
    return len(due)


# -- storing


def _held(tx: Tx, agent: Agent, job_id: str) -> Job | None:
    """A job of the agent's own directory, held; None for any other, and for an agent that is
    not listened to.
    """
    if agent.state is not AgentState.ACTIVE:
        return None
    job = tx.jobs.lock(agent.tenant_id, job_id)
    return job if job is not None and job.directory_id == agent.directory_id else None


def _apply(tx: Tx, act: Act, job: Job, event: Event) -> Decision:
    """Decide and store, with everything that follows from the new state."""
    decision = resets.decide(job, event, act.now)
    after = decision.job
    if after != job:  # then its state is another one, too
        tx.jobs.update(after, job.state)
        _record(tx, act, after)
        _ended(tx, act, after)
    return decision


def _ended(tx: Tx, act: Act, job: Job) -> None:
    """A job that has just come to its end: the first proof, and the mail to its owner."""
    if job.state is JobState.DONE and job.permit is not None:
        bound = "unbound" not in job.detail and job.kind is JobKind.RESET
        state = ProofState.PROVED if bound else ProofState.ARRIVED
        host = job.permit.controller
        proof = Proof(
            host, charts.site_of(tx, job.tenant_id, job.directory_id, host), state, act.now, 0
        )
        tx.jobs.put_proof(job.tenant_id, job.id, proof)
        _watch(tx, act, job)
    job_news.ended(tx, act, job)
    if job.state in {JobState.DONE, JobState.CHANGED}:
        user = tx.users.get(job.tenant_id, job.user_id)
        if user is not None:
            values = {"what": str(job.kind), "state": str(job.state), **_named(tx, job)}
            values["temporary"] = job.kind is JobKind.RESET and job.must_change
            tell(tx, act, "directory_changed", user, **values)


def _watch(tx: Tx, act: Act, job: Job) -> None:
    """A done job after a new proof, or after some time."""
    proofs = tx.jobs.proofs(job.tenant_id, job.id)
    states = {proof.controller: proof.state for proof in proofs}
    whole = everywhere(states, charts.writable(tx, job.tenant_id, job.directory_id))
    after = resets.watched(job, proofs, everywhere=whole, now=act.now)
    if after != job:
        tx.jobs.update(after, job.state)
        job_news.watched(tx, act, job, after)
    ended = after.everywhere_at is not None or bool(after.reason)
    if ended and job.everywhere_at is None:
        facts = {"job": job.id, "reason": after.reason, "controllers": len(states)}
        record(tx, act, Audited.RESET_EVERYWHERE, tx.users.get(job.tenant_id, job.user_id), facts)


def _record(tx: Tx, act: Act, job: Job) -> None:
    user = tx.users.get(job.tenant_id, job.user_id)
    record(tx, act, _EVENTS[job.state], user, facts(job))


def facts(job: Job) -> dict[str, object]:
    """The small snapshot of a job that its audit rows carry; never a secret."""
    told: dict[str, object] = {"job": job.id, "kind": str(job.kind), "reason": job.reason}
    if job.permit is not None:
        told |= {"agent": job.permit.agent_id, "controller": job.permit.controller}
    if job.detail:
        told |= {"detail": json.loads(job.detail)}
    if job.kind is JobKind.RESET and job.must_change:
        told |= {"temporary": True}
    return told


def _snapshot(account: LinkedAccount, kind: JobKind, why: str) -> dict[str, object]:
    return {"directory": account.directory_id, "kind": str(kind), "reason": why}


def _named(tx: Tx, job: Job) -> dict[str, object]:
    """Which account of which directory, for a mail."""
    directory = tx.directories.get(job.tenant_id, job.directory_id)
    holder = tx.directories.holder(job.tenant_id, job.directory_id, job.guid)
    return {
        "directory": directory.name if directory else "", "account": holder.name if holder else "",
        "directory_kind": str(directory.kind) if directory else "",
    }  # fmt: skip
