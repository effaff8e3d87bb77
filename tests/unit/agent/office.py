"""The server's side for tests of agents: jobs in a dict, decided by the real rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from keyturn.rules.directories import resets
from keyturn.rules.directories.proofs import ATTRIBUTE, ProofState
from keyturn.rules.directories.resets import (
    ACTING,
    Ask,
    Envelope,
    Job,
    JobKind,
    JobState,
    Outcome,
    Told,
    decide,
    shown,
)
from keyturn.rules.directories.things import Epoch, Lease
from keyturn.rules.directories.topology import Topology, decode, writable
from keyturn.wire.messages import (
    Answer,
    AskPermit,
    Charted,
    Look,
    Looked,
    Permitted,
    Report,
    Request,
    Sealed,
    Seen,
    Taken,
    Task,
    Unsettled,
    Watch,
    Work,
)
from keyturn.wire.seals import Purpose, seal

LEASE_MS = 45_000


@dataclass
class Office:
    """One directory's jobs. `keys`: the candidates' sealing keys, by agent."""

    now: Callable[[], int]
    keys: dict[str, X25519PrivateKey]
    jobs: dict[str, Job] = field(default_factory=dict)
    looks: dict[str, Look] = field(default_factory=dict)
    answers: dict[str, Looked] = field(default_factory=dict)
    seen: dict[tuple[str, str], Seen] = field(default_factory=dict)
    story: list[tuple[int, Request]] = field(default_factory=list)
    lease: Lease | None = None
    topology: Topology | None = None

    # --- a person's side

    def submit(
        self, guid: str, password: str | None, kind: JobKind = JobKind.RESET, *,
        must_change: bool = False, unlock: bool = True,
    ) -> str:  # fmt: skip
        """Hand a job in; its id."""
        job_id, now = f"job-{len(self.jobs)}", self.now()
        job = Job(
            job_id, "t", "d", "u", guid, kind, JobState.CHOOSING, None, must_change, unlock, now,
            now + resets.CHOOSE_MS, None, (), None, "", "", None, None, None,
        )  # fmt: skip
        envelopes = self._envelopes(job, password) if password is not None else ()
        self.jobs[job_id] = decide(job, resets.Submit(envelopes), now).job
        for other in self.jobs.values():
            if other.guid == guid and resets.superseded_by(job, other):
                newer = resets.Supersede(job_id)
                self.jobs[other.id] = decide(other, newer, now).job
        return job_id

    def _envelopes(self, job: Job, password: str) -> tuple[Envelope, ...]:
        made = []
        for agent_id, key in self.keys.items():
            purpose = Purpose(job.id, job.user_id, "d", agent_id, job.expires_at)
            box = seal(key.public_key().public_bytes_raw(), purpose, password)
            made.append(Envelope(agent_id, box.enc, box.ciphertext))
        return tuple(made)

    def state(self, job_id: str) -> JobState:
        return shown(self.jobs[job_id], self.now()).state

    # --- an agent's side

    def beat(self, agent_id: str, run_id: str, replaces: str = "") -> tuple[Epoch, int] | None:
        """The lease, if it is free, this run's, or that of a run that is known to be dead."""
        now, held = self.now(), self.lease
        if held is not None and now < held.until and held.run_id not in {run_id, replaces}:
            return None
        number = held.epoch.number if held else 0
        epoch = Epoch(0, number if held and held.run_id == run_id else number + 1)
        self.lease = Lease("d", agent_id, run_id, epoch, now + LEASE_MS)
        return epoch, LEASE_MS

    def work(self, agent_id: str, run_id: str) -> Work:
        now = self.now()
        leads = self.lease is not None and self.lease.run_id == run_id and now < self.lease.until
        jobs = [shown(job, now) for job in self.jobs.values()]
        busy = {job.guid for job in jobs if job.state in ACTING}
        return Work(
            tuple(self._task(agent_id, j) for j in jobs
                  if leads and j.state is JobState.QUEUED and j.guid not in busy),
            tuple(self._unsettled(agent_id, j) for j in jobs
                  if leads and j.state is JobState.UNSETTLED),
            tuple(self._watch(agent_id, j) for j in jobs if leads and self._waiting(j)),
            tuple(self.looks.values()) if leads else (),
            (),
        )  # fmt: skip

    def _task(self, agent_id: str, job: Job) -> Task:
        return Task(
            job.id, job.kind, job.user_id, job.guid, job.must_change, job.unlock,
            self._sealed(agent_id, job), job.expires_at, (job.deadline or 0) - self.now(),
        )  # fmt: skip

    def _unsettled(self, agent_id: str, job: Job) -> Unsettled:
        assert job.permit
        return Unsettled(
            job.id, job.kind, job.user_id, job.guid, job.permit.run_id, job.permit.before,
            job.permit.controller, self._sealed(agent_id, job), job.expires_at,
            self.now() - job.permit.until,
        )  # fmt: skip

    def _watch(self, agent_id: str, job: Job) -> Watch:
        assert job.after
        assert job.finished_at is not None
        return Watch(
            job.id, job.user_id, job.guid, ATTRIBUTE[job.kind], job.after,
            self.now() - job.finished_at, self._waiting(job), self._sealed(agent_id, job),
            job.expires_at,
        )  # fmt: skip

    def _waiting(self, job: Job) -> tuple[str, ...]:
        if not resets.watching(job) or self.topology is None:
            return ()
        open_now = {ProofState.WAITING, ProofState.UNREACHABLE, None}
        states = {host: s.state for (job_id, host), s in self.seen.items() if job_id == job.id}
        if ProofState.CHANGED in states.values():
            return ()
        return tuple(c.host for c in writable(self.topology) if states.get(c.host) in open_now)

    def _sealed(self, agent_id: str, job: Job) -> Sealed | None:
        mine = [e for e in job.envelopes if e.agent_id == agent_id]
        return Sealed(mine[0].enc, mine[0].ciphertext) if mine else None

    def answer(self, agent_id: str, message: Request) -> Answer:
        """What the server says to an agent."""
        self.story.append((self.now(), message))
        match message:
            case AskPermit():
                return self._permit(agent_id, message)
            case Report():
                self._told(agent_id, message)
            case Seen():
                self.seen[message.job_id, message.controller] = message
            case Looked():
                self.answers[message.look_id] = message
                self.looks.pop(message.look_id, None)
            case Charted():
                self.topology = decode(message.topology)
        return Taken()

    def _permit(self, agent_id: str, asked: AskPermit) -> Permitted:
        now, job = self.now(), self.jobs[asked.job_id]
        others = tuple(
            shown(o, now) for o in self.jobs.values() if o.guid == job.guid and o.id != job.id
        )
        decision = decide(job, Ask(
            agent_id, asked.run_id, asked.epoch, asked.before, asked.controller, asked.needs_ms,
            self.lease, others,
        ), now)  # fmt: skip
        self.jobs[job.id] = decision.job
        permit = decision.job.permit
        if decision.why or permit is None:
            return Permitted(0, decision.why)
        return Permitted(permit.until - now, "")

    def _told(self, agent_id: str, told: Report) -> None:
        job = self.jobs[told.job_id]
        event = Told(
            agent_id, told.run_id, Outcome(told.outcome), told.reason, told.data,
            told.diagnostic, told.after, told.bound, self.lease,
            frozenset(e.agent_id for e in job.envelopes),
        )  # fmt: skip
        self.jobs[job.id] = decide(job, event, self.now()).job
        if self.jobs[job.id].state is JobState.DONE and job.permit and self.topology:
            state = ProofState.PROVED if told.bound else ProofState.ARRIVED
            key = (job.id, job.permit.controller)
            self.seen.setdefault(key, Seen(*key, "", state, 0))

    def with_envelopes_lost(self, agent_id: str) -> None:
        """An agent's envelopes are gone (its key is another now)."""
        for job in self.jobs.values():
            kept = tuple(e for e in job.envelopes if e.agent_id != agent_id)
            self.jobs[job.id] = replace(job, envelopes=kept)
