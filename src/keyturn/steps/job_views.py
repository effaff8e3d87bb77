"""What a page shows of a job: as it is at this moment, never an envelope, never a guess."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from keyturn.ports.store import Tx
from keyturn.rules.diagnosis import Value
from keyturn.rules.directories import resets, topology
from keyturn.rules.directories.causes import cause_of
from keyturn.rules.directories.entries import DirectoryKind
from keyturn.rules.directories.proofs import ProofState
from keyturn.rules.directories.resets import Job, JobKind, JobState, Proof
from keyturn.rules.lockout import HOUR
from keyturn.steps import charts, colleagues

#: how long a controller may still take the old password over NTLM, and a file server's
#: logon lasts (Windows: OldPasswordAllowedPeriod, 60 minutes by default)
OLD_MS = HOUR


@dataclass(frozen=True, slots=True)
class JobView:
    """One job.

    Attributes:
        state: as it is now, whether or not a sweep has stored it.
        directory, account: for people. directory_kind: what it is.
        started_by, starter: the staff member who began it, and their name; None and "" for the
            person themselves.
        ends_at: when this state ends by itself (until when a password may be chosen, the
            deadline, the permit's end), ms; None where only a report ends it, or at the end.
        reason, data: why not done, or why it is watched no more, with its numbers.
        diagnostic: the directory's own words, for an administrator; "" if it said none.
        cause: the catalogue's cause for this outcome (`diagnosis.BY_ID`), None if it needs none.
        proofs: what is known of each controller, writable ones first; those nobody has seen yet
            are WAITING. Only of a done job.
        settled_on: the controller it was set on, "" before.
        unbound: the directory has taken the password, and said nothing when it was tried.
        already: it was so without us.
        old_until: until when the old password may still open file shares and cached logons;
            None unless a password was set, and in a domain.
        over: nothing more will change: whoever watches may stop.
    """

    id: str
    kind: JobKind
    state: JobState
    directory_id: str
    directory: str
    directory_kind: DirectoryKind
    account: str
    user_id: str
    started_by: str | None
    starter: str
    must_change: bool
    unlock: bool
    created_at: int
    ends_at: int | None
    deadline: int | None
    finished_at: int | None
    everywhere_at: int | None
    reason: str
    data: Mapping[str, Value]
    diagnostic: str
    cause: str | None
    proofs: tuple[Proof, ...]
    settled_on: str
    unbound: bool
    already: bool
    old_until: int | None
    over: bool


def view(tx: Tx, job: Job, now: int) -> JobView:
    """A job as a page shows it at `now`."""
    job = resets.shown(job, now)
    directory = tx.directories.get(job.tenant_id, job.directory_id)
    holder = tx.directories.holder(job.tenant_id, job.directory_id, job.guid)
    staff = colleagues.known(tx, job.tenant_id, job.started_by or "")
    data = json.loads(job.detail) if job.detail else {}
    done = job.state is JobState.DONE
    kind = directory.kind if directory else DirectoryKind.ACTIVE_DIRECTORY
    lingers = (
        done and job.kind is JobKind.RESET and kind is DirectoryKind.ACTIVE_DIRECTORY
    )  # fmt: skip
    return JobView(
        id=job.id, kind=job.kind, state=job.state, directory_id=job.directory_id,
        directory=directory.name if directory else "", directory_kind=kind,
        account=holder.name if holder else "",
        user_id=job.user_id, started_by=job.started_by,
        starter=staff.name if staff else "", must_change=job.must_change,
        unlock=job.unlock, created_at=job.created_at, ends_at=resets.ends_at(job),
        deadline=job.deadline, finished_at=job.finished_at, everywhere_at=job.everywhere_at,
        reason=job.reason, data={k: v for k, v in data.items() if k != "diagnostic"},
        diagnostic=str(data.get("diagnostic", "")), cause=cause_of(job.state, job.reason, data),
        proofs=_proofs(tx, job) if done else (),
        settled_on=job.permit.controller if done and job.permit else "",
        unbound="unbound" in data, already=resets.ALREADY in data,
        old_until=job.finished_at + OLD_MS if lingers and job.finished_at else None,
        over=job.state in resets.FINAL and not resets.watching(job),
    )  # fmt: skip


def _proofs(tx: Tx, job: Job) -> tuple[Proof, ...]:
    """What was seen, and a line for every controller that was not."""
    seen = {proof.controller: proof for proof in tx.jobs.proofs(job.tenant_id, job.id)}
    known = charts.chart(tx, job.tenant_id, job.directory_id)
    if known is None:
        return tuple(seen.values())
    at = job.finished_at or job.created_at
    lines = [
        seen.get(c.host, Proof(c.host, c.site, ProofState.WAITING, at, None))
        for c in topology.writable(known)
    ]
    asking = [
        Proof(c.host, c.site, ProofState.READ_ONLY, at, None) for c in topology.read_only(known)
    ]
    return (*lines, *asking)
