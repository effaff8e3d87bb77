"""One job on one directory account: a reset, an unlock, a required change.

A job is a row that several parties move: a browser, agents that come and go, the clock.
None of them may be believed to be there in the next moment, so each move is one entry of
`TABLE` (state, what happened, next state) and `decide` says whether it may happen now.

    choosing   nothing has been promised: whoever gives up here has changed nothing.
    queued     there is an envelope and a deadline. Nobody has acted, which is certain,
               because to act takes a permit. So a newer wish may still replace this one,
               and at the deadline the answer is "not done".
    permitted  ONE run of one agent may act, once, until the permit ends. From here on
               nobody but that run knows whether it has acted.
    unsettled  the permit ended without an answer. The directory knows: it is read there.
    done, not_done, changed
               the three answers. They are never taken back.

Four things keep the answers true, whatever crashes and whatever is said twice:

    *Applied at most once.* queued becomes permitted once and never comes back. The permit's
    own run may ask for it again (its answer was lost) in the same words, and gets the same
    permit with what is left of it.
    *Never late.* A permit ends before the deadline, and is refused if `needs_ms` does not
    fit into what is left, of it and of the lease.
    *Never an older one over a newer one.* A job that is handed in replaces those of the
    same account that wait for a permit, and itself waits until those that have one are
    settled. So at most one job of an account can be changing anything, and it is the newest.
    *Nothing is read too early.* "Not done" from anybody but the run that has the permit
    counts only `HOLD_MS` after the permit: what was sent in time has arrived by then.

An epoch is no condition for a report. Whoever lost its lease after it acted knows what it
did, and what it did is so: its report is the truth, and the newer holder would have to
guess. What an epoch decides is who may *begin* to act.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from keyturn.rules.directories.proofs import ProofState, Stamp
from keyturn.rules.directories.things import Epoch, Lease

#: from the moment the sealed password is handed in to "set and proved on one controller" (SPEC §9)
DEADLINE_MS = 60_000
#: how long the page may stand open before a password is chosen
CHOOSE_MS = 15 * 60_000
#: what a permit lasts beyond what the agent needs: the answer's way, its journal
SLACK_MS = 5_000
#: from the end of a permit until what was sent under it has certainly arrived or failed
HOLD_MS = 5_000
#: how long agents that could try the password come first; then the stamp alone decides
UNTRIED_AFTER_MS = 60_000
#: how long a done job's other controllers are watched
WATCH_MS = 7 * 24 * 60 * 60_000
#: how long the password may be tried there; after that their metadata is all
TRY_MS = 60 * 60_000
#: once it is everywhere: how long it is still tried where a listener alone has seen it
LAST_TRIES_MS = 60_000


class JobKind(StrEnum):
    """What is asked of the directory."""

    RESET = "reset"  # a new password; clears the lockout too, unless the policy says no
    UNLOCK = "unlock"
    REQUIRE_CHANGE = "require_change"  # at next logon


class JobState(StrEnum):
    """Where a job stands; the last three are final and never change again."""

    CHOOSING = "choosing"  # a page is open, or a technician has started it: no password yet
    QUEUED = "queued"
    PERMITTED = "permitted"  # one agent may act, until the permit ends
    UNSETTLED = "unsettled"  # the permit ended without an answer: the directory is read
    DONE = "done"
    NOT_DONE = "not_done"
    CHANGED = "changed"  # changed since by someone else


@dataclass(frozen=True, slots=True)
class Permit:
    """One agent's leave to act once.

    Attributes:
        before: the account's stamp that the agent saw and reported, before it acted.
        controller: DNS name of the controller it acts on.
        until: the last moment for the directory's answer.
    """

    agent_id: str
    run_id: str
    epoch: Epoch
    before: Stamp
    controller: str
    given_at: int
    until: int


@dataclass(frozen=True, slots=True)
class Envelope:
    """A new password sealed to one agent (HPKE, RFC 9180); opaque here."""

    agent_id: str
    enc: bytes
    ciphertext: bytes


@dataclass(frozen=True, slots=True)
class Proof:
    """What is known of one controller.

    Attributes:
        controller: DNS name.
        at: when that was seen.
        delay_ms: from the set to its arrival there, by the watcher's clock; None before.
    """

    controller: str
    site: str
    state: ProofState
    at: int
    delay_ms: int | None


@dataclass(frozen=True, slots=True)
class Job:
    """One job, with its final answer when it has one.

    Attributes:
        guid: of the account, hex.
        started_by: the staff member who started it; None for the person themselves.
        must_change: the password must be changed at next logon.
        unlock: a reset clears the directory's lockout too.
        expires_at: until when a password may be chosen (CHOOSING) and the sealing is good.
        deadline: last moment for "done"; None while CHOOSING.
        envelopes: gone once no agent can need them; a done job that has some is still tried.
        reason, detail: why not done: a Reason (answers.py) or a cause of ours, and its data as
            JSON; "" if there is none. Of a done job: why its other controllers are watched no
            more before they all have it ("overtaken", "given_up"); "" while they are.
        after: the stamp of our own write, once known.
        everywhere_at: since when every writable controller has it; None before.
    """

    id: str
    tenant_id: str
    directory_id: str
    user_id: str
    guid: str
    kind: JobKind
    state: JobState
    started_by: str | None
    must_change: bool
    unlock: bool
    created_at: int
    expires_at: int
    deadline: int | None
    envelopes: tuple[Envelope, ...]
    permit: Permit | None
    reason: str
    detail: str
    after: Stamp | None
    finished_at: int | None
    everywhere_at: int | None


# -- what happens to a job


@dataclass(frozen=True, slots=True)
class Submit:
    """It is handed in: from now on agents may ask for it."""

    envelopes: tuple[Envelope, ...]


@dataclass(frozen=True, slots=True)
class Cancel:
    """Whoever started it wants it no more."""


@dataclass(frozen=True, slots=True)
class Supersede:
    """A newer job of the same account, of a kind that leaves nothing of this one (SUPERSEDES),
    was handed in.
    """

    by: str


@dataclass(frozen=True, slots=True)
class Ask:
    """An agent asks for the permit.

    Attributes:
        needs_ms: the longest the change can take.
        lease: the directory's, as stored.
        others: the account's other open jobs.
    """

    agent_id: str
    run_id: str
    epoch: Epoch
    before: Stamp
    controller: str
    needs_ms: int
    lease: Lease | None
    others: tuple[Job, ...]


class Outcome(StrEnum):
    """What an agent says of a job."""

    DONE = "done"
    NOT_DONE = "not_done"
    CHANGED = "changed"
    UNTRIED = "untried"  # changed, perhaps by us; this agent cannot try the password


@dataclass(frozen=True, slots=True)
class Told:
    """An agent reports what it did, or what it read in the directory.

    Attributes:
        reason: why not; for DONE "" or ALREADY.
        after: the stamp of our own write, for DONE.
        bound: the new password was tried and is right, for DONE.
        lease: the directory's, as stored.
        could_try: agents that are listened to and have an envelope.
    """

    agent_id: str
    run_id: str
    outcome: Outcome
    reason: str
    data: Mapping[str, int | str]
    diagnostic: str
    after: Stamp | None
    bound: bool
    lease: Lease | None
    could_try: frozenset[str]


@dataclass(frozen=True, slots=True)
class Tick:
    """Time passes."""


Event = Submit | Cancel | Supersede | Ask | Told | Tick


class What(StrEnum):
    """An event as the table knows it."""

    SUBMITTED = "submitted"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"
    PERMITTED = "permitted"
    EXPIRED = "expired"
    DONE = "done"
    NOT_DONE = "not_done"
    CHANGED = "changed"


#: state and what happened to the next state; what is not here does not happen
TABLE: Final[Mapping[tuple[JobState, What], JobState]] = {
    (JobState.CHOOSING, What.SUBMITTED): JobState.QUEUED,
    (JobState.CHOOSING, What.CANCELLED): JobState.NOT_DONE,
    (JobState.CHOOSING, What.SUPERSEDED): JobState.NOT_DONE,
    (JobState.CHOOSING, What.EXPIRED): JobState.NOT_DONE,
    (JobState.QUEUED, What.CANCELLED): JobState.NOT_DONE,
    (JobState.QUEUED, What.SUPERSEDED): JobState.NOT_DONE,
    (JobState.QUEUED, What.EXPIRED): JobState.NOT_DONE,
    (JobState.QUEUED, What.PERMITTED): JobState.PERMITTED,
    (JobState.QUEUED, What.NOT_DONE): JobState.NOT_DONE,
    (JobState.PERMITTED, What.EXPIRED): JobState.UNSETTLED,
    (JobState.PERMITTED, What.DONE): JobState.DONE,
    (JobState.PERMITTED, What.NOT_DONE): JobState.NOT_DONE,
    (JobState.PERMITTED, What.CHANGED): JobState.CHANGED,
    (JobState.UNSETTLED, What.DONE): JobState.DONE,
    (JobState.UNSETTLED, What.NOT_DONE): JobState.NOT_DONE,
    (JobState.UNSETTLED, What.CHANGED): JobState.CHANGED,
}

#: an agent's reason for "done" where it was so without us (proofs.settle_flag)
ALREADY: Final = "already"
FINAL: Final = frozenset({JobState.DONE, JobState.NOT_DONE, JobState.CHANGED})
#: one agent may be acting, or may have acted
ACTING: Final = frozenset({JobState.PERMITTED, JobState.UNSETTLED})
#: what a job of this kind leaves nothing of
SUPERSEDES: Final[Mapping[JobKind, frozenset[JobKind]]] = {
    JobKind.RESET: frozenset({JobKind.RESET, JobKind.REQUIRE_CHANGE}),
    JobKind.UNLOCK: frozenset({JobKind.UNLOCK}),
    JobKind.REQUIRE_CHANGE: frozenset({JobKind.REQUIRE_CHANGE}),
}


@dataclass(frozen=True, slots=True)
class Decision:
    """What comes of an event.

    Attributes:
        job: as it is afterwards; the very job that was given if nothing changed.
        why: "" where the event was accepted (also for the second time); else why not:
            "late", "lease", "busy", "superseded", "settled", "gone", "early", "expired".
    """

    job: Job
    why: str = ""


def decide(job: Job, event: Event, now: int) -> Decision:
    """What an event does to a job at `now`, ms.

    Deadlines are looked at first: whoever is late finds what time has made of the job,
    whether or not a sweep has been by.
    """
    job = shown(job, now)
    match event:
        case Submit():
            return _submit(job, event, now)
        case Cancel():
            return _give_up(job, What.CANCELLED, "cancelled", {}, now)
        case Supersede():
            return _give_up(job, What.SUPERSEDED, "superseded", {"by": event.by}, now)
        case Ask():
            return _ask(job, event, now)
        case Told():
            return _told(job, event, now)
        case _:
            return Decision(job)


def shown(job: Job, now: int) -> Job:
    """The job as it is at `now`, though no sweep may have stored it yet; what a page shows."""
    end = ends_at(job)
    if end is None or now < end:
        return job
    if job.state is JobState.CHOOSING:
        return _finished(job, What.EXPIRED, end, "not_chosen")
    if job.state is JobState.QUEUED:
        return _finished(job, What.EXPIRED, end, "deadline")
    return replace(job, state=TABLE[job.state, What.EXPIRED])


def ends_at(job: Job) -> int | None:
    """When its present state ends by itself, ms; None: only somebody's word ends it."""
    match job.state:
        case JobState.CHOOSING:
            return job.expires_at - DEADLINE_MS  # what is sealed must outlast the deadline
        case JobState.QUEUED:
            return job.deadline
        case JobState.PERMITTED if job.permit is not None:
            return job.permit.until
        case _:
            return None


def settles_at(job: Job) -> int | None:
    """From when on the directory can be read for the answer; None without a permit."""
    return None if job.permit is None else job.permit.until + HOLD_MS


def _submit(job: Job, event: Submit, now: int) -> Decision:
    if job.state is not JobState.CHOOSING:
        again = job.state in {JobState.QUEUED, *ACTING} and job.envelopes == event.envelopes
        return Decision(job, "" if again else _why_not(job))
    queued = replace(
        job, state=TABLE[job.state, What.SUBMITTED], envelopes=event.envelopes,
        deadline=now + DEADLINE_MS,
    )  # fmt: skip
    return Decision(queued)


def _give_up(
    job: Job, what: What, reason: str, data: Mapping[str, int | str], now: int
) -> Decision:
    if (job.state, what) in TABLE:
        return Decision(_finished(job, what, now, reason, data))
    return Decision(job, "" if job.reason == reason else _why_not(job))


def _ask(job: Job, event: Ask, now: int) -> Decision:
    if job.state is JobState.PERMITTED:
        return Decision(job, "" if _same(job.permit, event) else "busy")
    if job.state is not JobState.QUEUED or job.deadline is None:
        return Decision(job, _why_not(job))
    if not _leads(event, now):
        return Decision(job, "lease")
    if any(other.state in ACTING or _before(other, job) for other in event.others):
        return Decision(job, "busy")
    if now + event.needs_ms > job.deadline:
        return Decision(job, "late")
    permit = Permit(
        agent_id=event.agent_id, run_id=event.run_id, epoch=event.epoch, before=event.before,
        controller=event.controller, given_at=now,
        until=min(now + event.needs_ms + SLACK_MS, job.deadline),
    )  # fmt: skip
    return Decision(replace(job, state=TABLE[job.state, What.PERMITTED], permit=permit))


def _same(permit: Permit | None, event: Ask) -> bool:
    """The permit's own run asks once more, in the same words: the answer was lost. Other words
    would change what the directory is compared with, if it has acted after all.
    """
    return permit is not None and (
        (permit.agent_id, permit.run_id, permit.epoch, permit.before, permit.controller)
        == (event.agent_id, event.run_id, event.epoch, event.before, event.controller)
    )


def _leads(event: Ask, now: int) -> bool:
    """The lease is this run's, in this epoch, and outlasts the change."""
    lease = event.lease
    return lease is not None and (
        (lease.agent_id, lease.run_id, lease.epoch) == (event.agent_id, event.run_id, event.epoch)
        and now + event.needs_ms <= lease.until
    )


def _before(other: Job, job: Job) -> bool:
    """Whether `other` waits for a permit and was handed in first: each has its turn."""
    if other.state is not JobState.QUEUED or other.deadline is None or job.deadline is None:
        return False
    return (other.deadline, other.id) < (job.deadline, job.id)


def _told(job: Job, event: Told, now: int) -> Decision:
    what = What.CHANGED if event.outcome is Outcome.UNTRIED else What(event.outcome)
    if (job.state, what) not in TABLE:
        again = job.state in FINAL and str(job.state) == str(what)
        return Decision(job, "" if again else _why_not(job))
    refused = _unheard(job, event, now)
    if refused:
        return Decision(job, refused)
    if what is What.DONE:
        return Decision(_done(job, event, now))
    reason = "untried" if event.outcome is Outcome.UNTRIED else event.reason
    data = dict(event.data) | ({"diagnostic": event.diagnostic} if event.diagnostic else {})
    return Decision(_finished(job, what, now, reason, data))


def _unheard(job: Job, event: Told, now: int) -> str:
    """Why this agent's word does not count now, or "" if it does."""
    permit, lease = job.permit, event.lease
    leads = lease is not None and (
        (lease.agent_id, lease.run_id) == (event.agent_id, event.run_id) and now < lease.until
    )
    if permit is None:  # queued: only whoever could ask for it may say that it cannot be done
        return "" if leads else "lease"
    if event.outcome is Outcome.DONE and event.after is None:
        return "gone"
    if event.agent_id == permit.agent_id and (
        event.run_id == permit.run_id or event.outcome is Outcome.DONE
    ):
        return ""
    if now < permit.until + HOLD_MS:
        return "early"
    patient = now < permit.until + HOLD_MS + UNTRIED_AFTER_MS
    if event.outcome is Outcome.UNTRIED and event.could_try and patient:
        return "busy"
    may = leads or event.agent_id == permit.agent_id or event.agent_id in event.could_try
    return "" if may else "lease"


def _done(job: Job, event: Told, now: int) -> Job:
    detail: dict[str, int | str] = {}
    if job.kind is JobKind.RESET and not event.bound:
        detail["unbound"] = 1
    if event.reason == ALREADY:
        detail[ALREADY] = 1
    done = _finished(job, What.DONE, now, "", detail)
    return replace(done, after=event.after, envelopes=job.envelopes)


def _finished(
    job: Job, what: What, at: int, reason: str, data: Mapping[str, int | str] | None = None
) -> Job:
    """A final state; nobody needs an envelope any more."""
    return replace(
        job, state=TABLE[job.state, what], envelopes=(), reason=reason, finished_at=at,
        detail=json.dumps(dict(data), sort_keys=True) if data else "",
    )  # fmt: skip


def _why_not(job: Job) -> str:
    """What somebody is told who comes too late."""
    if job.reason == "superseded":
        return "superseded"
    if job.reason in {"deadline", "not_chosen"}:
        return "late"
    return "settled" if job.state in FINAL else "busy"


# -- a done job


def superseded_by(new: Job, other: Job) -> bool:
    """Whether `other`, of the same account, is replaced when `new` is handed in."""
    waits = other.state in {JobState.CHOOSING, JobState.QUEUED}
    return waits and other.id != new.id and other.kind in SUPERSEDES[new.kind]


def watching(job: Job) -> bool:
    """Whether a job's other controllers are still looked at: until it is everywhere, and then
    for a moment where it has not been tried.
    """
    if job.state is not JobState.DONE or job.reason:
        return False
    return job.everywhere_at is None or bool(job.envelopes)


def watched(job: Job, proofs: Sequence[Proof], *, everywhere: bool, now: int) -> Job:
    """A done job after its proofs have changed, or time has passed.

    Args:
        everywhere: every writable controller has it (proofs.everywhere).

    Watching ends when it is everywhere, when a later change has been seen (which will
    arrive everywhere in its place), and after WATCH_MS. The envelopes go then, and after
    TRY_MS at the latest. A listener sees a change arrive before the primary has tried the
    password there: it may then still do so for LAST_TRIES_MS.
    """
    if not watching(job) or job.finished_at is None:
        return job
    overtaken = any(proof.state is ProofState.CHANGED for proof in proofs)
    since = now if everywhere and job.everywhere_at is None else job.everywhere_at
    if since is not None:
        untried = any(proof.state is ProofState.ARRIVED for proof in proofs)
        more = untried and not overtaken and now < _tried_until(job.finished_at, since)
        return replace(job, everywhere_at=since, envelopes=job.envelopes if more else ())
    if overtaken:
        return replace(job, reason="overtaken", envelopes=())
    if now >= job.finished_at + WATCH_MS:
        return replace(job, reason="given_up", envelopes=())
    if job.envelopes and now >= job.finished_at + TRY_MS:
        return replace(job, envelopes=())
    return job


def _tried_until(finished_at: int, everywhere_at: int) -> int:
    """The last tries are no reason to keep a sealed password beyond TRY_MS."""
    return min(everywhere_at + LAST_TRIES_MS, finished_at + TRY_MS)


def due_at(job: Job) -> int | None:
    """When a sweep has something to do with it, ms; None: never, or not before somebody
    reports.
    """
    if not watching(job) or job.finished_at is None:
        return ends_at(job)
    if job.everywhere_at is not None:
        return _tried_until(job.finished_at, job.everywhere_at)
    return job.finished_at + (TRY_MS if job.envelopes else WATCH_MS)
