"""Passkeys that prove who somebody is: questions (`…/options`) and answers (credentials.py)."""

from __future__ import annotations

import json

from keyturn.flows import passkeys, recovery, signin
from keyturn.flows.passkeys import (
    Frozen,
    NotFound,
    Proved,
    Refused,
    SignedIn,
    SignedOut,
    TooMany,
)
from keyturn.flows.recovery import NothingOpen, Open
from keyturn.flows.signin import NothingPending
from keyturn.rules.lockout import Locked
from keyturn.web.api import problems
from keyturn.web.api.call import Anyone, Call, Owner, Reply
from keyturn.web.api.credentials import (
    ANSWERS,
    Answer,
    RequestReply,
    SecondAnswer,
    used,
)
from keyturn.web.api.factors import refused
from keyturn.web.api.operations import operation, room
from keyturn.web.api.pending import GivePassword, Nothing, Out, Pending
from keyturn.web.api.persons import SigninReply, entered
from keyturn.web.api.proof import RenewedReply
from keyturn.web.api.recovery import recovery_step
from keyturn.web.api.signin import second_waiting
from keyturn.web.refusals import Refusal

ROOM = room("passkeys")


# -- signing in


@ROOM.post(
    "/signin/passkey/options",
    **operation(
        RequestReply, problems.TOO_MANY,
        about=f"Asks for a passkey of anybody's, the same to everybody. {ANSWERS}",
    ),
)  # fmt: skip
async def ask_signin_passkey(call: Anyone) -> RequestReply:
    """Ask for a passkey without a name."""
    answer = await passkeys.ask_signin(call.parts, call.caller)
    if isinstance(answer, TooMany):
        raise call.later(problems.TOO_MANY, GivePassword(), answer.until)
    return RequestReply(**call.reply(GivePassword(), options=json.dumps(answer)))


@ROOM.post(
    "/signin/passkey",
    **operation(
        SigninReply, problems.WRONG, problems.TOO_MANY, body=True,
        about="Signs in by a passkey alone, at level 2. While a lock keeps passwords out, a "
        "passkey still opens the account.",
    ),
)  # fmt: skip
async def sign_in_by_passkey(call: Anyone, given: Answer) -> SigninReply:
    """Sign in by a passkey."""
    answer = await passkeys.sign_in(call.parts, call.caller, used(given))
    match answer:
        case SignedIn():
            return SigninReply(**call.reply(Nothing(), signed_in=entered(call, answer)))
        case TooMany(until=until):
            raise call.later(problems.TOO_MANY, GivePassword(), until)
        case Refused():
            raise call.refusal(problems.WRONG, GivePassword())


@ROOM.post(
    "/signin/second/passkey/options",
    **operation(
        RequestReply, problems.NOTHING_PENDING,
        about=f"Asks for a passkey of whoever gave the right password here. {ANSWERS}",
    ),
)  # fmt: skip
async def ask_second_passkey(call: Anyone) -> RequestReply:
    """Ask for a passkey as the second step."""
    answer = await signin.ask_passkey(call.parts, call.caller)
    waiting = await second_waiting(call)
    if isinstance(answer, NothingPending):
        raise call.refusal(problems.NOTHING_PENDING, waiting)
    return RequestReply(**call.reply(waiting, options=json.dumps(answer)))


@ROOM.post(
    "/signin/second/passkey",
    **operation(
        SigninReply, problems.WRONG, problems.LOCKED, problems.NOTHING_PENDING, body=True,
        about="The second step by a passkey.",
    ),
)  # fmt: skip
async def second_step_by_passkey(call: Anyone, given: SecondAnswer) -> SigninReply:
    """Do the second step by a passkey."""
    shown = used(given)
    answer = await signin.second_step(call.parts, call.caller, shown, trust=given.trust)
    if isinstance(answer, SignedIn):
        return SigninReply(**call.reply(Nothing(), signed_in=entered(call, answer)))
    raise _not_proved(call, answer, await second_waiting(call))


def _not_proved(call: Call, answer: object, pending: Out) -> Refusal:
    """Why a passkey did not do as the second step or proof."""
    if isinstance(answer, NothingPending | NothingOpen):
        return call.refusal(problems.NOTHING_PENDING, pending)
    if isinstance(answer, Locked):
        return call.later(problems.LOCKED, pending, answer.until)
    return call.refusal(problems.WRONG, pending)


# -- recovery


@ROOM.post(
    "/recovery/second/passkey/options",
    **operation(
        RequestReply, problems.NOTHING_PENDING,
        about=f"Asks for a passkey as the second proof of the open recovery. {ANSWERS}",
    ),
)  # fmt: skip
async def ask_recovery_passkey(call: Anyone) -> RequestReply:
    """Ask for a passkey as the second proof."""
    answer = await recovery.ask_passkey(call.parts, call.caller)
    pending = await _recovery(call)
    if isinstance(answer, NothingOpen):
        raise call.refusal(problems.NOTHING_PENDING, pending)
    return RequestReply(**call.reply(pending, options=json.dumps(answer)))


async def _recovery(call: Call) -> Pending:
    return recovery_step(call, await recovery.current(call.parts, call.caller))


@ROOM.post(
    "/recovery/second/passkey",
    **operation(
        Reply, problems.WRONG, problems.LOCKED, problems.NOTHING_PENDING, body=True,
        about="The second proof by a passkey, for accounts that have one.",
    ),
)  # fmt: skip
async def prove_recovery_by_passkey(call: Anyone, given: Answer) -> Reply:
    """Give the second proof by a passkey."""
    answer = await recovery.second_proof(call.parts, call.caller, used(given))
    if isinstance(answer, Open):
        return Reply(**call.reply(recovery_step(call, answer)))
    raise _not_proved(call, answer, await _recovery(call))


# -- proof


@ROOM.post(
    "/account/proof/passkey/options",
    **operation(
        RequestReply, problems.NO_PASSKEY, problems.FROZEN, signed=True,
        about=f"Asks for one of one's own passkeys, to prove oneself. {ANSWERS}",
    ),
)  # fmt: skip
async def ask_proof_passkey(owner: Owner) -> RequestReply:
    """Ask for a passkey as proof."""
    call = owner.call
    answer = await passkeys.ask_proof(call.parts, call.caller, owner.me)
    match answer:
        case NotFound():
            raise call.refusal(problems.NO_PASSKEY, Nothing())
        case Frozen() | SignedOut():
            raise refused(call, answer, Nothing())
        case _:
            return RequestReply(**call.reply(Nothing(), options=json.dumps(answer)))


@ROOM.post(
    "/account/proof/passkey",
    **operation(
        RenewedReply, problems.WRONG, problems.LOCKED, problems.FROZEN, body=True, signed=True,
        about="Shows once more whose session this is; it is good for ten minutes. This session "
        "ends; a new one takes its place.",
    ),
)  # fmt: skip
async def prove_by_passkey(owner: Owner, given: Answer) -> RenewedReply:
    """Prove oneself by a passkey."""
    call = owner.call
    answer = await passkeys.prove(call.parts, call.caller, owner.me, used(given))
    match answer:
        case Proved(session=session):
            return RenewedReply(**call.reply(Nothing(), session=session))
        case Frozen() | SignedOut():
            raise refused(call, answer, Nothing())
        case _:
            raise _not_proved(call, answer, Nothing())
