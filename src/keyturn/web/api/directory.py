"""One's own directory accounts: how they stand, unlocking, a new password, the proof of it.

A new password is sealed by the program that it was typed into (docs/design/08-directories.md):
`recipients` says whom to seal to, and nothing here takes a password.
"""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import Field

from keyturn.flows import resets
from keyturn.flows.resets import (
    Account,
    Accounts,
    Asked,
    Choosing,
    Frozen,
    Hindered,
    JobView,
    Look,
    NoSecondStep,
    NotFound,
    NotSealed,
    ProofNeeded,
    SignedOut,
)
from keyturn.rules.directories.proofs import ProofState
from keyturn.rules.directories.resets import Envelope, JobKind, JobState
from keyturn.web.api import problems
from keyturn.web.api.account import Handle
from keyturn.web.api.call import Call, Owner, Reply
from keyturn.web.api.factors import refused
from keyturn.web.api.fields import Fields, Line
from keyturn.web.api.operations import operation, room
from keyturn.web.api.pending import (
    DirectoryAnswer,
    DirectoryJob,
    DirectoryPassword,
    Ms,
    Nothing,
    Out,
    Pending,
)
from keyturn.web.encoding import decoded, encoded
from keyturn.web.refusals import Refusal

ROOM = room("directory")
#: what nearly every operation here may answer
_MAY = (problems.SECOND_STEP_MISSING, problems.PROOF_NEEDED, problems.FROZEN)
_BEGUN = (*_MAY, problems.NOT_FOUND, problems.NO_AGENT, problems.AGENT_SILENT, problems.BUDGET,
          problems.INVALID)  # fmt: skip
_PENDING_LOOK = {"step": "directory_answer", "look": "01k…", "until": 1767965480000}

Bytes = Annotated[str, Field(description="base64url (RFC 4648 §5), unpadded.")]
Given = Annotated[Line, Field(min_length=1, max_length=400, description="base64url, unpadded.")]


class DirectoryAccount(Out):
    """A linked account. `waiting`: the job of a reset that waits for its password."""

    directory: str
    domain: str
    name: str
    upn: str
    waiting: str | None


class ControllerProof(Out):
    """What is known of one controller. `delay_ms`: from the set to its arrival there."""

    controller: str
    site: str
    state: ProofState
    at: Ms
    delay_ms: int | None


class Job(Out):
    """A job. `starter`: the staff member who began it, "" for the person. `ends_at`: when this
    state ends by itself. `reason`, `data`: why not done, or why it is watched no more.
    `old_until`: until then the old password may still open some things. `over`: nothing more
    will change.
    """

    id: str
    kind: JobKind
    state: JobState
    directory: str
    domain: str
    account: str
    starter: str
    must_change: bool
    unlock: bool
    created_at: Ms
    ends_at: Ms | None
    finished_at: Ms | None
    everywhere_at: Ms | None
    reason: str
    data: dict[str, int | str]
    proofs: list[ControllerProof]
    unbound: bool
    already: bool
    old_until: Ms | None
    over: bool


class Policy(Out):
    """What binds the account's password; lengths in UTF-16 code units. `history_on_reset`:
    whether a new password chosen here is held to it.
    """

    source: str
    min_length: int
    complexity: bool
    history: int
    history_on_reset: bool
    max_age_ms: int


class Standing(Out):
    """How an account stands, as `controller` says. `locked_until`: 0 until somebody unlocks it.
    `display`, `name`: no password may hold them where the policy asks for complexity.
    `protected`: why it is never changed from here, or "".
    """

    controller: str
    name: str
    display: str
    locked_until: Ms | None
    disabled: bool
    expired_account: bool
    must_change: bool
    password_expires_at: Ms | None
    bad_count: int
    policy: Policy | None
    protected: str


class Recipient(Out):
    """An agent to seal to, by the directory's certificate over its key."""

    agent: str
    key: Bytes
    certificate: Bytes


class Sealing(Out):
    """Seal to each recipient whose certificate the pinned `identity` bears out, binding job,
    user, directory, agent and `expires_at`.
    """

    tenant: str
    domain: str
    job: str
    user: str
    directory: str
    expires_at: Ms
    identity: Bytes
    recipients: list[Recipient]


class AccountsReply(Reply):
    """The accounts, and the last jobs, newest first."""

    accounts: list[DirectoryAccount]
    jobs: list[Job]


class LookReply(Reply):
    """How the account stands; None while nobody has answered, and where nobody can: `cause`."""

    standing: Standing | None
    cause: str


class JobReply(Reply):
    """A job."""

    job: Job


class SealingReply(JobReply):
    """A job that waits for its password, and whom to seal it to."""

    sealing: Sealing


class SealedTo(Fields):
    """The password sealed to one agent (HPKE)."""

    agent: Annotated[Line, Field(min_length=1, max_length=40)]
    enc: Given
    ciphertext: Given


class Envelopes(Fields):
    """The sealed password."""

    envelopes: Annotated[list[SealedTo], Field(min_length=1, max_length=16)]


def _job(view: JobView) -> Job:
    return Job(
        id=view.id, kind=view.kind, state=view.state, directory=view.directory_id,
        domain=view.directory, account=view.account, starter=view.starter,
        must_change=view.must_change, unlock=view.unlock, created_at=view.created_at,
        ends_at=view.ends_at, finished_at=view.finished_at, everywhere_at=view.everywhere_at,
        reason=view.reason, data={k: v for k, v in view.data.items() if isinstance(v, int | str)},
        proofs=[
            ControllerProof(controller=p.controller, site=p.site, state=p.state, at=p.at,
                   delay_ms=p.delay_ms)
            for p in view.proofs
        ],
        unbound=view.unbound, already=view.already, old_until=view.old_until, over=view.over,
    )  # fmt: skip


def _next(view: JobView) -> Pending:
    """What a job waits for."""
    if view.state is JobState.CHOOSING and view.ends_at is not None:
        return DirectoryPassword(job=view.id, until=view.ends_at)
    return Nothing() if view.over else DirectoryJob(job=view.id)


def _replied(call: Call, view: JobView) -> JobReply:
    return JobReply(**call.reply(_next(view), job=_job(view)))


def _account(account: Account) -> DirectoryAccount:
    return DirectoryAccount(
        directory=account.directory_id, domain=account.directory, name=account.name,
        upn=account.upn, waiting=account.waiting.id if account.waiting else None,
    )  # fmt: skip


def _standing(view: dict[str, Any]) -> Standing:
    known = {name: view[name] for name in Standing.model_fields if name != "policy"}
    policy = view["policy"]
    bound = {name: policy[name] for name in Policy.model_fields} if policy else None
    return Standing(policy=Policy(**bound) if bound else None, **known)


def _not(
    call: Call,
    answer: Hindered | NotFound | NoSecondStep | ProofNeeded | Frozen | SignedOut,
) -> Refusal:
    """Why none of it can be done, as a problem."""
    match answer:
        case NotFound():
            return call.refusal(problems.NOT_FOUND, Nothing())
        case NoSecondStep():
            return call.refusal(problems.SECOND_STEP_MISSING, Nothing())
        case Hindered(why="spent", until=int(until)):
            return call.later(problems.BUDGET, Nothing(), until)
        case Hindered(why="agent_silent", until=since):
            return call.refusal(problems.AGENT_SILENT, Nothing(), since=since)
        case Hindered():
            return call.refusal(problems.NO_AGENT, Nothing())
        case _:
            return refused(call, answer, Nothing())


@ROOM.get("/directory/accounts", **operation(AccountsReply, *_MAY, signed=True))
async def directory_accounts(owner: Owner) -> AccountsReply:
    """List one's directory accounts."""
    call = owner.call
    found = await resets.accounts(call.parts, call.caller, owner.me)
    if not isinstance(found, Accounts):
        raise _not(call, found)
    fields = call.reply(
        Nothing(), accounts=[_account(a) for a in found.accounts],
        jobs=[_job(view) for view in found.jobs],
    )  # fmt: skip
    return AccountsReply(**fields)


@ROOM.post(
    "/directory/accounts/{directory_id}/look",
    **operation(
        Reply, *_BEGUN, signed=True,
        about="Asks the directory how the account stands and what its policy is.",
        example={"pending": _PENDING_LOOK},
    ),
)  # fmt: skip
async def look_at_account(owner: Owner, directory_id: Handle) -> Reply:
    """Ask how the account stands."""
    call = owner.call
    answer = await resets.ask_look(call.parts, call.caller, owner.me, directory_id)
    if not isinstance(answer, Asked):
        raise _not(call, answer)
    return Reply(**call.reply(DirectoryAnswer(look=answer.look_id, until=answer.until)))


@ROOM.get(
    "/directory/looks/{look_id}",
    **operation(LookReply, *_MAY, problems.NOT_FOUND, problems.INVALID, signed=True),
)
async def directory_answer(owner: Owner, look_id: Handle) -> LookReply:
    """Say what the directory answered."""
    call = owner.call
    look = await resets.look_answer(call.parts, call.caller, owner.me, look_id)
    if not isinstance(look, Look):
        raise _not(call, look)
    over = bool(look.view or look.cause)
    pending = Nothing() if over else DirectoryAnswer(look=look.id, until=look.expires_at)
    standing = _standing(json.loads(look.view)) if look.view else None
    return LookReply(**call.reply(pending, standing=standing, cause=look.cause))


@ROOM.post(
    "/directory/accounts/{directory_id}/reset",
    **operation(
        SealingReply, *_BEGUN, signed=True,
        about="Begins a new password, or goes on with the one that waits; says whom to seal to. "
        "May be asked again just before sealing: agents come and go.",
    ),
)  # fmt: skip
async def begin_directory_reset(owner: Owner, directory_id: Handle) -> SealingReply:
    """Begin a new password."""
    call = owner.call
    answer = await resets.start(call.parts, call.caller, owner.me, directory_id)
    if not isinstance(answer, Choosing):
        raise _not(call, answer)
    fields = call.reply(_next(answer.job), job=_job(answer.job), sealing=_sealing(call, answer))
    return SealingReply(**fields)


def _sealing(call: Call, answer: Choosing) -> Sealing:
    return Sealing(
        tenant=call.tenant.slug, domain=answer.job.directory, job=answer.job.id,
        user=answer.user_id, directory=answer.job.directory_id, expires_at=answer.expires_at,
        identity=encoded(answer.identity),
        recipients=[
            Recipient(agent=r.agent_id, key=encoded(r.sealing_key),
                      certificate=encoded(r.certificate))
            for r in answer.recipients
        ],
    )  # fmt: skip


@ROOM.post(
    "/directory/jobs/{job_id}/submit",
    **operation(
        JobReply, *_MAY, problems.NOT_FOUND, problems.NOT_SEALED, body=True, signed=True,
        about="Hands the sealed password in; the answer comes within a minute. Doing so twice "
        "is doing it once.",
    ),
)  # fmt: skip
async def submit_directory_password(owner: Owner, job_id: Handle, given: Envelopes) -> JobReply:
    """Hand the sealed password in."""
    call = owner.call
    envelopes = [Envelope(e.agent, decoded(e.enc), decoded(e.ciphertext)) for e in given.envelopes]
    answer = await resets.submit(call.parts, call.caller, owner.me, job_id, envelopes)
    if isinstance(answer, NotSealed):
        raise call.refusal(problems.NOT_SEALED, Nothing())
    if not isinstance(answer, JobView):
        raise _not(call, answer)
    return _replied(call, answer)


@ROOM.post(
    "/directory/accounts/{directory_id}/unlock",
    **operation(JobReply, *_BEGUN, signed=True, about="The password stays what it is."),
)
async def unlock_directory_account(owner: Owner, directory_id: Handle) -> JobReply:
    """Unlock the account."""
    call = owner.call
    answer = await resets.unlock(call.parts, call.caller, owner.me, directory_id)
    if not isinstance(answer, JobView):
        raise _not(call, answer)
    return _replied(call, answer)


@ROOM.get(
    "/directory/jobs/{job_id}",
    **operation(JobReply, problems.NOT_FOUND, problems.INVALID, signed=True),
)
async def directory_job(owner: Owner, job_id: Handle) -> JobReply:
    """Say how a job stands."""
    call = owner.call
    answer = await resets.view(call.parts, call.caller, owner.me, job_id)
    if not isinstance(answer, JobView):
        raise _not(call, answer)
    return _replied(call, answer)


@ROOM.delete(
    "/directory/jobs/{job_id}",
    **operation(
        JobReply, *_MAY, problems.NOT_FOUND, problems.INVALID, signed=True,
        about="Takes a job back that no agent may act on yet; its state says whether that was "
        "in time.",
    ),
)  # fmt: skip
async def cancel_directory_job(owner: Owner, job_id: Handle) -> JobReply:
    """Take a job back."""
    call = owner.call
    answer = await resets.cancel(call.parts, call.caller, owner.me, job_id)
    if not isinstance(answer, JobView):
        raise _not(call, answer)
    return _replied(call, answer)
