"""Which agents a directory has, which of them live, and what there is for each to do."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from keyturn.ports.directories import Look as Asked
from keyturn.ports.store import Tx
from keyturn.rules.directories import leases, resets
from keyturn.rules.directories.proofs import ATTRIBUTE, ProofState
from keyturn.rules.directories.resets import ACTING, Envelope, Job, JobKind, JobState
from keyturn.rules.directories.signins.tries import WAITING
from keyturn.rules.directories.things import Agent, AgentRole, AgentState, Lease
from keyturn.steps import charts, syncing
from keyturn.wire.messages import Applicant, Guess, Look, Sealed, Task, Unsettled, Watch, Work

#: a listener is asked to watch a controller after this time, or when the primary cannot reach it
LISTENER_AFTER_MS = 15_000
#: tries that an agent is told of at once; it has room for a few at a time
GUESSES = 64
NOTHING = Work(tasks=(), unsettled=(), watches=(), looks=(), applicants=())


def candidates(agents: Sequence[Agent]) -> list[Agent]:
    """Those that may act: approved, not revoked, not stopped as a copied key."""
    return [
        a for a in agents
        if a.state is AgentState.ACTIVE and a.role is AgentRole.CANDIDATE
        and a.certificate is not None and a.clone_at is None
    ]  # fmt: skip


def living(agents: Sequence[Agent], now: int) -> list[Agent]:
    """Those that were heard a moment ago."""
    return [a for a in agents if leases.alive(a.run, now)]


def sealed_to(agents: Sequence[Agent], now: int) -> list[Agent]:
    """Those a new password is sealed to: every living candidate, not the primary alone, so
    that whoever takes over can finish or settle the job.
    """
    return living(candidates(agents), now)


def work(tx: Tx, agent: Agent, lease: Lease | None, now: int) -> Work:
    """What there is to do for this agent, now; nothing of another's, and no envelope but its
    own.

    Args:
        lease: the directory's, as stored.

    The primary gets what waits for a permit, what is watched and what is asked; one agent at
    a time gets what is unsettled, because whoever tries a wrong password costs the user a
    try; a listener gets its own controller to watch, without an envelope.
    """
    if agent.state is not AgentState.ACTIVE or agent.run is None or agent.clone_at is not None:
        return NOTHING
    every = tx.agents.of(agent.tenant_id, agent.directory_id)
    leads = leases.leads(lease, agent.id, agent.run.id, now)
    candidate = bool(candidates([agent]))  # by itself: what was read twice may differ
    jobs = [resets.shown(j, now) for j in tx.jobs.open(agent.tenant_id, agent.directory_id)]
    return Work(
        tasks=tuple(_tasks(agent, jobs, now)) if leads and candidate else (),
        unsettled=tuple(_unsettled(agent, jobs, every, lease, now)),
        watches=tuple(_watches(tx, agent, now, leads=leads and candidate)),
        looks=tuple(_looks(tx, agent, now)) if leads and candidate else (),
        applicants=tuple(_applicants(every)) if candidate else (),
        sync=syncing.standing(tx, agent) if leads and candidate else None,
        guesses=tuple(_guesses(tx, agent, now)) if leads and candidate else (),
    )


def _tasks(agent: Agent, jobs: Sequence[Job], now: int) -> list[Task]:
    """Jobs whose turn it is: not while an earlier one of the account is open."""
    busy = {j.guid for j in jobs if j.state in ACTING}
    tasks = []
    for job in sorted(jobs, key=lambda j: (j.deadline or 0, j.id)):
        sealed = _sealed(agent, job)
        ready = job.kind is not JobKind.RESET or sealed is not None
        if job.state is JobState.QUEUED and job.guid not in busy and job.deadline and ready:
            tasks.append(Task(
                job_id=job.id, kind=job.kind, user_id=job.user_id, guid=job.guid,
                must_change=job.must_change, unlock=job.unlock, sealed=sealed,
                expires_at=job.expires_at, left_ms=job.deadline - now,
            ))  # fmt: skip
            busy.add(job.guid)
    return tasks


def _unsettled(
    agent: Agent, jobs: Sequence[Job], every: Sequence[Agent], lease: Lease | None, now: int
) -> list[Unsettled]:
    return [
        Unsettled(
            job_id=job.id, kind=job.kind, user_id=job.user_id, guid=job.guid,
            run_id=job.permit.run_id, before=job.permit.before,
            controller=job.permit.controller, sealed=_sealed(agent, job),
            expires_at=job.expires_at, held_ms=now - job.permit.until,
        )
        for job in jobs
        if job.permit is not None and job.state is JobState.UNSETTLED
        and now >= job.permit.until + resets.HOLD_MS
        and settler(job, every, lease, now) == agent.id
    ]  # fmt: skip


def settler(job: Job, every: Sequence[Agent], lease: Lease | None, now: int) -> str | None:
    """Who is to settle a job: of the living candidates that can try the password the primary,
    else the one that had the permit, else the first; after a while, or if none can, the
    primary as it is.
    """
    primary = lease.agent_id if lease is not None and now < lease.until else None
    permitted = job.permit.agent_id if job.permit is not None else None
    here = living(candidates(every), now)
    able = [a for a in here if job.kind is not JobKind.RESET or _sealed(a, job) is not None]
    settles = resets.settles_at(job)
    late = settles is not None and now >= settles + resets.UNTRIED_AFTER_MS
    choice = here if late or not able else able
    ranked = sorted(choice, key=lambda a: (a.id != primary, a.id != permitted, a.id))
    return ranked[0].id if ranked else None


def _watches(tx: Tx, agent: Agent, now: int, *, leads: bool) -> list[Watch]:
    found = []
    for job in tx.jobs.watched(agent.tenant_id, agent.directory_id):
        waiting = _awaited(tx, agent, job, now, leads=leads)
        if waiting and job.after is not None and job.finished_at is not None:
            found.append(Watch(
                job_id=job.id, user_id=job.user_id, guid=job.guid,
                attribute=ATTRIBUTE[job.kind], after=job.after, since_ms=now - job.finished_at,
                waiting=tuple(waiting), sealed=_sealed(agent, job) if leads else None,
                expires_at=job.expires_at,
            ))  # fmt: skip
    return found


def _awaited(tx: Tx, agent: Agent, job: Job, now: int, *, leads: bool) -> list[str]:
    """The controllers this agent is to look at: for the primary all that are open, and those
    where it can still try the password that a listener has seen arrive; for any other its own,
    when the primary has had its time or cannot reach it.
    """
    states = {p.controller: p.state for p in tx.jobs.proofs(job.tenant_id, job.id)}
    open_now = {ProofState.WAITING, ProofState.UNREACHABLE}
    if leads and _sealed(agent, job) is not None:
        open_now.add(ProofState.ARRIVED)
    hosts = [
        h
        for h in sorted(charts.writable(tx, job.tenant_id, job.directory_id))
        if states.get(h, ProofState.WAITING) in open_now
    ]
    if leads:
        return hosts
    late = job.finished_at is not None and now >= job.finished_at + LISTENER_AFTER_MS
    own = agent.controller
    return [own] if own in hosts and (late or states.get(own) is ProofState.UNREACHABLE) else []


def _looks(tx: Tx, agent: Agent, now: int) -> list[Look]:
    return [
        _look(asked, now) for asked in tx.jobs.unanswered(agent.tenant_id, agent.directory_id, now)
    ]


def _look(asked: Asked, now: int) -> Look:
    """For staff also where bad logons come from: other people's addresses are not the person's."""
    return Look(
        look_id=asked.id, guid=asked.guid, name=asked.name, left_ms=asked.expires_at - now,
        sources=bool(asked.guid) and asked.asked_by != asked.user_id,
    )  # fmt: skip


def _guesses(tx: Tx, agent: Agent, now: int) -> list[Guess]:
    """The oldest tries that this agent can open. All are looked at: a stranger may seal to
    others alone, and those are in nobody's way.
    """
    waiting = tx.signins.queued(agent.tenant_id, agent.directory_id, now, WAITING)
    mine = ((one, sealed_for(agent, one.envelopes)) for one in waiting)
    found = (
        Guess(one.id, one.guid, one.lane, sealed, one.expires_at, one.deadline - now)
        for one, sealed in mine
        if sealed is not None and one.deadline is not None
    )
    return list(islice(found, GUESSES))


def applicants(tx: Tx, agent: Agent) -> tuple[Applicant, ...]:
    """Who waits for an approval that this agent can give, whether it runs or not."""
    every = tx.agents.of(agent.tenant_id, agent.directory_id)
    return tuple(_applicants(every)) if candidates([agent]) else ()


def _applicants(every: Sequence[Agent]) -> list[Applicant]:
    return [
        Applicant(
            agent_id=a.id, name=a.name, controller=a.controller, role=a.role,
            signing_key=a.signing_key, sealing_key=a.sealing_key,
            place=a.run.place if a.run else "",
        )
        for a in every if a.state is AgentState.WAITING
    ]  # fmt: skip


def _sealed(agent: Agent, job: Job) -> Sealed | None:
    return sealed_for(agent, job.envelopes)


def sealed_for(agent: Agent, envelopes: Sequence[Envelope]) -> Sealed | None:
    """An agent's own envelope, None without one."""
    mine = (e for e in envelopes if e.agent_id == agent.id)
    return next((Sealed(enc=e.enc, ciphertext=e.ciphertext) for e in mine), None)
