"""Showing once more whose session this is; a new password; trust in this client."""

from __future__ import annotations

from typing import Any

from keyturn.flows import account, proof
from keyturn.flows.account import NoSecondStep, NothingOpen, Trusted
from keyturn.flows.proof import (
    Changed,
    Frozen,
    Locked,
    NotThisWay,
    Overloaded,
    ProofNeeded,
    Proved,
    Refused,
    SignedOut,
    Wrong,
)
from keyturn.web.api import problems
from keyturn.web.api.account import Handle
from keyturn.web.api.call import Call, Owner, Reply
from keyturn.web.api.factors import refused
from keyturn.web.api.fields import Fields, OneCode, Password, SpacesMeant
from keyturn.web.api.operations import operation, room
from keyturn.web.api.pending import Nothing, Out, Proof
from keyturn.web.api.persons import Session
from keyturn.web.api.verdicts import password_faults
from keyturn.web.refusals import Refusal

ROOM = room("proof")


class ByPassword(Fields):
    """The password."""

    password: Password


class ChangePassword(Fields):
    """The password as it is now, and a new one."""

    current: Password
    password: Password
    spaces_meant: SpacesMeant = False


class RenewedReply(Reply):
    """The session that takes the place of the one that asked."""

    session: Session


async def ways(owner: Owner) -> Proof:
    """What this person can prove themselves by, as a pending step."""
    call = owner.call
    needed = await proof.methods(call.parts, call.caller, owner.me)
    return Proof.model_validate({"methods": list(needed.methods)})


def _refused(call: Call, answer: Wrong | NotThisWay | Locked | Overloaded, pending: Out) -> Refusal:
    match answer:
        case Wrong():
            return call.refusal(problems.WRONG, pending)
        case NotThisWay():
            return call.refusal(problems.NOT_THIS_WAY, pending)
        case Locked(until=until):
            return call.later(problems.LOCKED, pending, until)
        case Overloaded(retry_after=wait):
            return call.delayed(problems.BUSY, pending, wait)


async def _proved(
    owner: Owner, answer: Proved | Wrong | NotThisWay | Locked | Overloaded | SignedOut
) -> RenewedReply:
    call = owner.call
    if isinstance(answer, Proved):
        return RenewedReply(**call.reply(Nothing(), session=answer.session))
    if isinstance(answer, SignedOut):
        raise refused(call, answer, Nothing())
    raise _refused(call, answer, await ways(owner))


@ROOM.post(
    "/account/proof/code",
    **operation(
        RenewedReply, problems.WRONG, problems.LOCKED, body=True, signed=True,
        about="Shows once more whose session this is, by an authenticator's code or a saved "
        "recovery code; it is good for ten minutes. This session ends; a new one takes its place.",
    ),
)  # fmt: skip
async def prove_by_code(owner: Owner, given: OneCode) -> RenewedReply:
    """Prove oneself by the second step."""
    call = owner.call
    return await _proved(owner, await proof.by_code(call.parts, call.caller, owner.me, given.code))


@ROOM.post(
    "/account/proof/password",
    **operation(
        RenewedReply, problems.WRONG, problems.LOCKED, problems.NOT_THIS_WAY, problems.BUSY,
        body=True, signed=True,
        about="As /account/proof/code, by the password, where there is no second step.",
    ),
)  # fmt: skip
async def prove_by_password(owner: Owner, given: ByPassword) -> RenewedReply:
    """Prove oneself by the password."""
    call = owner.call
    return await _proved(
        owner, await proof.by_password(call.parts, call.caller, owner.me, given.password)
    )


@ROOM.post(
    "/account/password",
    **operation(
        RenewedReply, problems.WRONG, problems.LOCKED, problems.NOT_THIS_WAY, problems.BUSY,
        problems.PASSWORD_REFUSED, problems.PROOF_NEEDED, problems.FROZEN, body=True, signed=True,
        about="A new password. Every other session ends; a new one takes this one's place.",
    ),
)  # fmt: skip
async def change_password(owner: Owner, given: ChangePassword) -> RenewedReply:
    """Change the password."""
    call = owner.call
    answer = await proof.change_password(
        call.parts, call.caller, owner.me, given.current, given.password,
        spaces_meant=given.spaces_meant,
    )  # fmt: skip
    match answer:
        case Changed(session=session):
            return RenewedReply(**call.reply(Nothing(), session=session))
        case Refused():
            raise call.refusal(problems.PASSWORD_REFUSED, Nothing(), **_faults(answer))
        case ProofNeeded() | Frozen() | SignedOut():
            raise refused(call, answer, Nothing())
        case _:
            raise _refused(call, answer, Nothing())


def _faults(answer: Refused) -> dict[str, Any]:
    same = [{"fault": "same", "limit": None, "word": None}] if answer.same else []
    return {
        "problems": [*password_faults(answer.problems), *same],
        "warnings": [str(warning) for warning in answer.warnings],
    }


@ROOM.put(
    "/account/trust",
    **operation(
        Reply, problems.NO_SECOND_STEP, problems.NOTHING_PENDING, problems.PROOF_NEEDED,
        problems.FROZEN, signed=True,
        about="Asks this known client for no second step any more. `nothing-pending`: this "
        "session belongs to no known client.",
    ),
)  # fmt: skip
async def trust_client(owner: Owner) -> Reply:
    """Trust this client."""
    call = owner.call
    answer = await account.trust_client(call.parts, call.caller, owner.me)
    match answer:
        case Trusted():
            return Reply(**call.reply(Nothing()))
        case NoSecondStep() | NothingOpen() | ProofNeeded() | Frozen() | SignedOut():
            raise refused(call, answer, Nothing())


@ROOM.delete(
    "/account/clients/{client_id}/trust",
    **operation(
        Reply, problems.NOT_FOUND, problems.INVALID, signed=True,
        about="Asks a known client for the second step again.",
    ),
)  # fmt: skip
async def distrust_client(owner: Owner, client_id: Handle) -> Reply:
    """Trust a client no more."""
    call = owner.call
    if not await account.distrust_client(call.parts, call.caller, owner.me, client_id):
        raise call.refusal(problems.NOT_FOUND, Nothing())
    return Reply(**call.reply(Nothing()))
