"""Jobs, the proofs of each, and looks."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Select, or_, select, union_all, update

from keyturn.adapters.sql.directories import to_text
from keyturn.adapters.sql.directory_tables import (
    OPEN,
    UNANSWERED,
    WAITING,
    WATCHED,
    agents,
    jobs,
    looks,
    proofs,
)
from keyturn.adapters.sql.quick import Quick
from keyturn.adapters.sql.rows import (
    Codec,
    Repository,
    Shape,
    compact,
    enum,
    param,
    taken,
    upsert,
)
from keyturn.adapters.sql.signin_tables import QUEUED, tries
from keyturn.adapters.sql.sync_tables import DUE, syncs
from keyturn.ports.directories import Look
from keyturn.rules.directories.proofs import ProofState, Stamp
from keyturn.rules.directories.resets import Envelope, Job, JobKind, JobState, Permit, Proof, due_at
from keyturn.rules.directories.things import Epoch

#: only one job of an account may stand there
_ALONE = (JobState.PERMITTED, JobState.UNSETTLED)


def write_envelopes(envelopes: Sequence[Envelope]) -> str:
    """As stored: JSON."""
    return compact([[e.agent_id, to_text(e.enc), to_text(e.ciphertext)] for e in envelopes])


def read_envelopes(text: str) -> tuple[Envelope, ...]:
    """The reverse of `write_envelopes`."""
    return tuple(Envelope(a, b64decode(e), b64decode(c)) for a, e, c in json.loads(text))


def _read_permit(text: str) -> Permit:
    told = json.loads(text)
    nested = {"epoch": Epoch(**told["epoch"]), "before": Stamp(**told["before"])}
    return Permit(**{**told, **nested})


def _as_json(value: Any) -> str:
    return compact(asdict(value))


_FLAG = Codec(write=bool, read=bool)
JOB = Shape(
    jobs,
    Job,
    kind=enum(JobKind),
    state=enum(JobState),
    must_change=_FLAG,
    unlock=_FLAG,
    envelopes=Codec(write=write_envelopes, read=read_envelopes),
    permit=Codec(write=_as_json, read=_read_permit),
    after=Codec(write=_as_json, read=lambda text: Stamp(**json.loads(text))),
)
_DUE = Quick(
    JOB.select()
    .where(jobs.c.due_at.is_not(None), jobs.c.due_at <= param("now"))
    .order_by(jobs.c.due_at)
    .limit(param("most"))
)
PROOF = Shape(proofs, Proof, key=("job_id", "controller"), state=enum(ProofState))
LOOK = Shape(looks, Look)

_UPDATE = (
    JOB.update.values(due_at=param("v_due_at"))
    .where(jobs.c.tenant_id == param("k_tenant_id"), jobs.c.state == param("k_state"))
)  # fmt: skip
_BEGUN = or_(*(jobs.c.state == str(each) for each in (JobState.QUEUED, JobState.UNSETTLED)))
_MARK = select(jobs.c.directory_id, jobs.c.id, jobs.c.state)
_MOVING = Quick(union_all(_MARK.where(OPEN, _BEGUN), _MARK.where(WATCHED)))
_ASKED = Quick(
    select(looks.c.directory_id, looks.c.id).where(UNANSWERED, looks.c.expires_at > param("now"))
)
_TRIES = Quick(
    select(tries.c.directory_id, tries.c.id).where(QUEUED, tries.c.deadline > param("now"))
)
_APPLICANTS = Quick(select(agents.c.directory_id, agents.c.id).where(WAITING))
_SYNCS = Quick(select(syncs.c.directory_id, syncs.c.number).where(DUE))
#: what every agent that fetches work is answered with
_HERE = (jobs.c.tenant_id == param("tid"), jobs.c.directory_id == param("did"))
_IN = JOB.select().where(*_HERE).order_by(jobs.c.id)
_OPEN = Quick(_IN.where(OPEN, jobs.c.state != str(JobState.CHOOSING)))
_WATCHED = Quick(_IN.where(WATCHED))
_UNANSWERED = Quick(
    LOOK.select()
    .where(
        looks.c.tenant_id == param("tid"), looks.c.directory_id == param("did"),
        UNANSWERED, looks.c.expires_at > param("now"),
    )
    .order_by(looks.c.id)
)  # fmt: skip


class SqlJobs(Repository):
    """See ports.directories.Jobs."""

    def add(self, job: Job) -> None:
        self.stirred = True
        with taken(self._c, "permit"):
            self._c.execute(jobs.insert(), {**JOB.params(job), "due_at": due_at(job)})

    def get(self, tenant_id: str, job_id: str) -> Job | None:
        wanted = JOB.select().where(jobs.c.tenant_id == tenant_id, jobs.c.id == job_id)
        return JOB.maybe(self._c.execute(wanted).first())

    def lock(self, tenant_id: str, job_id: str) -> Job | None:
        found = self.get(tenant_id, job_id)
        if found is None:
            return None
        self.open_of(tenant_id, found.directory_id, found.guid)
        wanted = JOB.select().where(jobs.c.tenant_id == tenant_id, jobs.c.id == job_id)
        return JOB.maybe(self._c.execute(self._held(wanted)).first())

    def update(self, job: Job, was: JobState) -> bool:
        self.stirred = True
        change = {**JOB.changes(job, id=job.id), "v_due_at": due_at(job)}
        change.update(k_tenant_id=job.tenant_id, k_state=str(was))
        if job.state not in _ALONE or was in _ALONE:
            return self._c.execute(_UPDATE, change).rowcount == 1
        with taken(self._c, "permit"):
            return self._c.execute(_UPDATE, change).rowcount == 1

    def open(self, tenant_id: str, directory_id: str) -> Sequence[Job]:
        rows = _OPEN.rows(self._c, {"tid": tenant_id, "did": directory_id})
        return [JOB.value(r) for r in rows]

    def open_of(self, tenant_id: str, directory_id: str, guid: str) -> Sequence[Job]:
        wanted = JOB.select().where(
            jobs.c.tenant_id == tenant_id, jobs.c.directory_id == directory_id, OPEN,
            jobs.c.guid == guid,
        )  # fmt: skip
        rows = self._c.execute(self._held(wanted.order_by(jobs.c.id)))
        return [JOB.value(r) for r in rows]

    def watched(self, tenant_id: str, directory_id: str) -> Sequence[Job]:
        rows = _WATCHED.rows(self._c, {"tid": tenant_id, "did": directory_id})
        return [JOB.value(r) for r in rows]

    def of(
        self, tenant_id: str, directory_id: str | None, user_id: str | None, limit: int
    ) -> Sequence[Job]:
        wanted = JOB.select().where(jobs.c.tenant_id == tenant_id)
        if directory_id is not None:
            wanted = wanted.where(jobs.c.directory_id == directory_id)
        if user_id is not None:
            wanted = wanted.where(jobs.c.user_id == user_id)
        rows = self._c.execute(wanted.order_by(jobs.c.id.desc()).limit(limit))
        return [JOB.value(r) for r in rows]

    def due(self, now: int, limit: int) -> Sequence[Job]:
        return [JOB.value(row) for row in _DUE.rows(self._c, {"now": now, "most": limit})]

    def put_proof(self, tenant_id: str, job_id: str, proof: Proof) -> None:
        cells = {"tenant_id": tenant_id, "job_id": job_id, **PROOF.params(proof)}
        told = {n: cells[n] for n in ("site", "state", "at", "delay_ms")}
        fresh = upsert(self._dialect)(proofs).values(cells)
        self._c.execute(
            fresh.on_conflict_do_update(
                index_elements=[proofs.c.job_id, proofs.c.controller], set_=told,
                where=proofs.c.tenant_id == tenant_id,
            )
        )  # fmt: skip

    def proofs(self, tenant_id: str, job_id: str) -> Sequence[Proof]:
        wanted = PROOF.select().where(proofs.c.tenant_id == tenant_id, proofs.c.job_id == job_id)
        rows = self._c.execute(wanted.order_by(proofs.c.site, proofs.c.controller))
        return [PROOF.value(r) for r in rows]

    def ask(self, look: Look) -> None:
        self.stirred = True
        self._c.execute(LOOK.insert, LOOK.params(look))

    def look(self, tenant_id: str, look_id: str) -> Look | None:
        wanted = LOOK.select().where(looks.c.tenant_id == tenant_id, looks.c.id == look_id)
        return LOOK.maybe(self._c.execute(wanted).first())

    def last_look(self, tenant_id: str, directory_id: str, guid: str) -> Look | None:
        wanted = LOOK.select().where(
            looks.c.tenant_id == tenant_id, looks.c.directory_id == directory_id,
            looks.c.guid == guid,
        )  # fmt: skip
        return LOOK.maybe(self._c.execute(wanted.order_by(looks.c.id.desc()).limit(1)).first())

    def unanswered(self, tenant_id: str, directory_id: str, now: int) -> Sequence[Look]:
        told = {"tid": tenant_id, "did": directory_id, "now": now}
        return [LOOK.value(r) for r in _UNANSWERED.rows(self._c, told)]

    def stirring(self, now: int) -> Sequence[tuple[str, str]]:
        marks = [(row[0], f"j|{row[1]}|{row[2]}") for row in _MOVING.rows(self._c, {})]
        marks += [(row[0], f"l|{row[1]}") for row in _ASKED.rows(self._c, {"now": now})]
        marks += [(row[0], f"s|{row[1]}") for row in _SYNCS.rows(self._c, {})]
        marks += [(row[0], f"t|{row[1]}") for row in _TRIES.rows(self._c, {"now": now})]
        return marks + [(row[0], f"a|{row[1]}") for row in _APPLICANTS.rows(self._c, {})]

    def answer(self, tenant_id: str, look_id: str, view: str, cause: str, now: int) -> bool:
        told = update(looks).where(
            looks.c.tenant_id == tenant_id, looks.c.id == look_id, UNANSWERED
        )
        change = {"view": view, "cause": cause, "answered_at": now}
        return self._c.execute(told.values(change)).rowcount == 1

    def _held(self, wanted: Select[Any]) -> Select[Any]:
        return wanted.with_for_update() if self._writing else wanted
