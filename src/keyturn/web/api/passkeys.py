"""Passkeys: questions (`…/options`) and answers, in the JSON forms of WebAuthn Level 3.

Both travel as text: that is how platforms take and give them, and nothing between a program
and its authenticator has to understand them.
"""

from __future__ import annotations

import json
from typing import Annotated

from pydantic import Field

from keyturn.flows import account, passkeys, recovery, signin
from keyturn.flows.passkeys import (
    Added,
    Frozen,
    Full,
    Known,
    NotAName,
    NotFound,
    ProofNeeded,
    Proved,
    Refused,
    Removed,
    Renamed,
    SignedIn,
    SignedOut,
    TooMany,
)
from keyturn.flows.recovery import NothingOpen, Open
from keyturn.flows.signin import NothingPending
from keyturn.rules.accounts import Passkey
from keyturn.rules.lockout import Locked
from keyturn.rules.passkeys import NAME_MAX, Assertion, Attestation, assertion, attestation
from keyturn.web.api import problems
from keyturn.web.api.account import Handle
from keyturn.web.api.call import Anyone, Call, Owner, Reply
from keyturn.web.api.factors import RecoveryCodes, refused
from keyturn.web.api.fields import Fields, Line, Text
from keyturn.web.api.operations import operation, room
from keyturn.web.api.pending import GivePassword, Ms, Nothing, Out, Pending
from keyturn.web.api.persons import Session, SigninReply, entered
from keyturn.web.api.proof import RenewedReply
from keyturn.web.api.recovery import recovery_step
from keyturn.web.api.signin import second_waiting
from keyturn.web.api.strict import invalid
from keyturn.web.refusals import Refusal

ROOM = room("passkeys")

CREDENTIAL_MAX = 32_768
_ANSWERS = "Stands five minutes and takes one answer."


class Answer(Fields):
    """What a passkey answered."""

    credential: Annotated[
        Text,
        Field(
            min_length=1, max_length=CREDENTIAL_MAX,
            description="AuthenticationResponseJSON as text: the credential's toJSON().",
        ),
    ]  # fmt: skip


class SecondAnswer(Answer):
    """What a passkey answered as the second step."""

    trust: Annotated[bool, Field(description="This client need not do it again.")] = False


class Made(Fields):
    """A passkey that was made."""

    credential: Annotated[
        Text,
        Field(
            min_length=1, max_length=CREDENTIAL_MAX,
            description="RegistrationResponseJSON as text: the credential's toJSON().",
        ),
    ]  # fmt: skip


class Name(Fields):
    """A name."""

    name: Annotated[Line, Field(min_length=1, max_length=NAME_MAX)]


class RequestReply(Reply):
    """A question."""

    options: Annotated[
        str,
        Field(
            description="PublicKeyCredentialRequestOptionsJSON as text, for "
            "navigator.credentials.get() (parseRequestOptionsFromJSON)."
        ),
    ]


class CreationReply(Reply):
    """A question for a new passkey."""

    options: Annotated[
        str,
        Field(
            description="PublicKeyCredentialCreationOptionsJSON as text, for "
            "navigator.credentials.create() (parseCreationOptionsFromJSON)."
        ),
    ]


class PasskeyItem(Out):
    """A passkey. `synced`: it may be on several devices. `cloned_at`: since then it is
    refused, because its counter showed that there are two of it.
    """

    id: str
    name: str
    synced: bool
    created_at: Ms
    used_at: Ms | None
    cloned_at: Ms | None


class PasskeysReply(Reply):
    """One's own passkeys, oldest first."""

    passkeys: list[PasskeyItem]


class AddedReply(Reply):
    """It opens the account from now on."""

    passkey: PasskeyItem
    session: Session
    recovery_codes: RecoveryCodes


def _item(passkey: Passkey) -> PasskeyItem:
    return PasskeyItem(
        id=passkey.id, name=passkey.name, synced=passkey.synced, created_at=passkey.created_at,
        used_at=passkey.used_at, cloned_at=passkey.cloned_at,
    )  # fmt: skip


def _read(text: str) -> object:
    """What the text says; None if it is no JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _used(given: Answer) -> Assertion:
    """Raises Refusal 422."""
    found = assertion(_read(given.credential))
    if found is None:
        raise invalid("/credential", "unfit")
    return found


def _made(given: Made) -> Attestation:
    """Raises Refusal 422."""
    found = attestation(_read(given.credential))
    if found is None:
        raise invalid("/credential", "unfit")
    return found


# -- signing in


@ROOM.post(
    "/signin/passkey/options",
    **operation(
        RequestReply, problems.TOO_MANY,
        about=f"Asks for a passkey of anybody's, the same to everybody. {_ANSWERS}",
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
    answer = await passkeys.sign_in(call.parts, call.caller, _used(given))
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
        about=f"Asks for a passkey of whoever gave the right password here. {_ANSWERS}",
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
    shown = _used(given)
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
        about=f"Asks for a passkey as the second proof of the open recovery. {_ANSWERS}",
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
    answer = await recovery.second_proof(call.parts, call.caller, _used(given))
    if isinstance(answer, Open):
        return Reply(**call.reply(recovery_step(call, answer)))
    raise _not_proved(call, answer, await _recovery(call))


# -- proof


@ROOM.post(
    "/account/proof/passkey/options",
    **operation(
        RequestReply, problems.NO_PASSKEY, problems.FROZEN, signed=True,
        about=f"Asks for one of one's own passkeys, to prove oneself. {_ANSWERS}",
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
    answer = await passkeys.prove(call.parts, call.caller, owner.me, _used(given))
    match answer:
        case Proved(session=session):
            return RenewedReply(**call.reply(Nothing(), session=session))
        case Frozen() | SignedOut():
            raise refused(call, answer, Nothing())
        case _:
            raise _not_proved(call, answer, Nothing())


# -- one's own


@ROOM.get("/account/passkeys", **operation(PasskeysReply, signed=True))
async def list_passkeys(owner: Owner) -> PasskeysReply:
    """List one's own passkeys."""
    call = owner.call
    seen = await account.overview(call.parts, call.caller, owner.me)
    return PasskeysReply(**call.reply(Nothing(), passkeys=[_item(p) for p in seen.passkeys]))


def _unchanged(call: Call, answer: Full | Known | Refused) -> Refusal:
    match answer:
        case Full(most=most):
            return call.refusal(problems.PASSKEYS_FULL, Nothing(), most=most)
        case Known():
            return call.refusal(problems.PASSKEY_KNOWN, Nothing())
        case Refused():
            return call.refusal(problems.PASSKEY_REFUSED, Nothing())


@ROOM.post(
    "/account/passkeys/new/options",
    **operation(
        CreationReply, problems.PASSKEYS_FULL, problems.PROOF_NEEDED, problems.FROZEN,
        signed=True, about=f"Asks for a new passkey. {_ANSWERS}",
    ),
)  # fmt: skip
async def ask_new_passkey(owner: Owner) -> CreationReply:
    """Ask for a new passkey."""
    call = owner.call
    answer = await passkeys.ask_new(call.parts, call.caller, owner.me)
    match answer:
        case Full():
            raise _unchanged(call, answer)
        case ProofNeeded() | Frozen() | SignedOut():
            raise refused(call, answer, Nothing())
        case _:
            return CreationReply(**call.reply(Nothing(), options=json.dumps(answer)))


@ROOM.post(
    "/account/passkeys",
    **operation(
        AddedReply, problems.PASSKEY_REFUSED, problems.PASSKEY_KNOWN, problems.PASSKEYS_FULL,
        problems.PROOF_NEEDED, problems.FROZEN, body=True, signed=True,
        about="The passkey opens the account from now on, and is a second step after the "
        "password. This session ends; a new one, of level 2, takes its place.",
    ),
)  # fmt: skip
async def add_passkey(owner: Owner, given: Made) -> AddedReply:
    """Add a passkey."""
    call = owner.call
    answer = await passkeys.add(call.parts, call.caller, owner.me, _made(given))
    match answer:
        case Added(passkey=passkey, session=session, codes=codes):
            fields = call.reply(
                Nothing(), passkey=_item(passkey), session=session, recovery_codes=list(codes)
            )
            return AddedReply(**fields)
        case Refused() | Known() | Full():
            raise _unchanged(call, answer)
        case _:
            raise refused(call, answer, Nothing())


@ROOM.patch(
    "/account/passkeys/{passkey_id}",
    **operation(
        Reply, problems.NOT_FOUND, problems.FROZEN, body=True, signed=True,
        about="Gives one of one's own passkeys another name.",
    ),
)  # fmt: skip
async def rename_passkey(owner: Owner, passkey_id: Handle, given: Name) -> Reply:
    """Rename a passkey."""
    call = owner.call
    answer = await passkeys.rename(call.parts, call.caller, owner.me, passkey_id, given.name)
    match answer:
        case Renamed():
            return Reply(**call.reply(Nothing()))
        case NotAName():
            raise invalid("/name", "unfit")
        case NotFound():
            raise call.refusal(problems.NOT_FOUND, Nothing())
        case _:
            raise refused(call, answer, Nothing())


@ROOM.delete(
    "/account/passkeys/{passkey_id}",
    **operation(
        Reply, problems.NOT_FOUND, problems.INVALID, problems.PROOF_NEEDED, problems.FROZEN,
        signed=True,
        about="Takes one of one's own passkeys away; with the last second step the recovery "
        "codes end too.",
    ),
)  # fmt: skip
async def remove_passkey(owner: Owner, passkey_id: Handle) -> Reply:
    """Remove a passkey."""
    call = owner.call
    answer = await passkeys.remove(call.parts, call.caller, owner.me, passkey_id)
    match answer:
        case Removed():
            return Reply(**call.reply(Nothing()))
        case NotFound():
            raise call.refusal(problems.NOT_FOUND, Nothing())
        case _:
            raise refused(call, answer, Nothing())
