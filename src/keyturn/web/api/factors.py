"""One's own second step: an authenticator and saved recovery codes."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from keyturn.flows import account
from keyturn.flows.account import (
    Codes,
    Enrolled,
    Enrolment,
    Frozen,
    NoSecondStep,
    NothingOpen,
    ProofNeeded,
    Removed,
    SignedOut,
    WrongCode,
)
from keyturn.web.api import problems
from keyturn.web.api.call import Call, Owner, Reply
from keyturn.web.api.fields import OneCode
from keyturn.web.api.operations import operation, room
from keyturn.web.api.pending import GivePassword, Nothing, Out, Proof, TotpCode
from keyturn.web.api.persons import Session
from keyturn.web.refusals import Refusal

ROOM = room("second step")

RecoveryCodes = Annotated[
    list[str], Field(description="Shown this once; empty if there are earlier ones that stay.")
]


class EnrolmentReply(Reply):
    """What the authenticator is to be set up with. `replaces`: there is one already, which
    works until this one is confirmed.
    """

    secret: Annotated[str, Field(description="Base32, to be typed.")]
    uri: Annotated[str, Field(description="The same to be shown as a QR code.")]
    replaces: bool


class EnrolledReply(Reply):
    """The authenticator is the second step now."""

    session: Session
    recovery_codes: RecoveryCodes


class CodesReply(Reply):
    """New recovery codes."""

    recovery_codes: RecoveryCodes


def refused(
    call: Call,
    answer: WrongCode | NoSecondStep | NothingOpen | ProofNeeded | Frozen | SignedOut,
    pending: Out,
) -> Refusal:
    """Why a change was not made, as a problem."""
    match answer:
        case ProofNeeded(methods=methods):
            ways = Proof.model_validate({"methods": list(methods)})
            return call.refusal(problems.PROOF_NEEDED, ways)
        case Frozen(since=since):
            return call.refusal(problems.FROZEN, Nothing(), since=since)
        case SignedOut():
            return call.refusal(problems.SIGN_IN, GivePassword())
        case WrongCode():
            return call.refusal(problems.WRONG_NEW_CODE, pending)
        case NoSecondStep():
            return call.refusal(problems.NO_SECOND_STEP, Nothing())
        case NothingOpen():
            return call.refusal(problems.NOTHING_PENDING, Nothing())


@ROOM.post(
    "/account/totp",
    **operation(
        EnrolmentReply, problems.PROOF_NEEDED, problems.FROZEN, signed=True,
        about="A secret for an authenticator; asking again in the same browser shows the same.",
        example={"pending": {"step": "totp_code"}, "secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
                 "uri": "otpauth://totp/…", "replaces": False},
    ),
)  # fmt: skip
async def begin_totp(owner: Owner) -> EnrolmentReply:
    """Set an authenticator up."""
    call = owner.call
    answer = await account.begin_totp(call.parts, call.caller, owner.me)
    if not isinstance(answer, Enrolment):
        raise refused(call, answer, Nothing())
    fields = call.reply(TotpCode(), secret=answer.secret, uri=answer.uri, replaces=answer.replaces)
    return EnrolmentReply(**fields)


@ROOM.post(
    "/account/totp/confirm",
    **operation(
        EnrolledReply, problems.WRONG_NEW_CODE, problems.NOTHING_PENDING, problems.PROOF_NEEDED,
        problems.FROZEN, body=True, signed=True,
        about="The authenticator is the second step from now on. This session ends; a new one, "
        "of level 2, takes its place.",
    ),
)  # fmt: skip
async def confirm_totp(owner: Owner, given: OneCode) -> EnrolledReply:
    """Confirm the authenticator."""
    call = owner.call
    answer = await account.confirm_totp(call.parts, call.caller, owner.me, given.code)
    if not isinstance(answer, Enrolled):
        raise refused(call, answer, TotpCode())
    fields = call.reply(Nothing(), session=answer.session, recovery_codes=list(answer.codes))
    return EnrolledReply(**fields)


@ROOM.post(
    "/account/totp/remove",
    **operation(
        Reply, problems.NO_SECOND_STEP, problems.PROOF_NEEDED, problems.FROZEN, signed=True,
        about="Takes the authenticator away, and the recovery codes if they stand in for "
        "nothing else.",
    ),
)  # fmt: skip
async def remove_totp(owner: Owner) -> Reply:
    """Remove the authenticator."""
    call = owner.call
    answer = await account.remove_totp(call.parts, call.caller, owner.me)
    if not isinstance(answer, Removed):
        raise refused(call, answer, Nothing())
    return Reply(**call.reply(Nothing()))


@ROOM.post(
    "/account/recovery-codes",
    **operation(
        CodesReply, problems.NO_SECOND_STEP, problems.PROOF_NEEDED, problems.FROZEN,
        signed=True, about="Ten new recovery codes; the earlier ones are dead.",
    ),
)  # fmt: skip
async def new_recovery_codes(owner: Owner) -> CodesReply:
    """Make new recovery codes."""
    call = owner.call
    answer = await account.new_recovery_codes(call.parts, call.caller, owner.me)
    if not isinstance(answer, Codes):
        raise refused(call, answer, Nothing())
    return CodesReply(**call.reply(Nothing(), recovery_codes=list(answer.codes)))
