"""One's own passkeys: listed, added, renamed, removed."""

from __future__ import annotations

import json
from typing import Annotated

from pydantic import Field

from keyturn.flows import account, passkeys
from keyturn.flows.passkeys import (
    Added,
    Frozen,
    Full,
    Known,
    NotAName,
    NotFound,
    ProofNeeded,
    Refused,
    Removed,
    Renamed,
    SignedOut,
)
from keyturn.rules.accounts import Passkey
from keyturn.rules.passkeys import NAME_MAX
from keyturn.web.api import problems
from keyturn.web.api.account import Handle
from keyturn.web.api.call import Call, Owner, Reply
from keyturn.web.api.credentials import (
    ANSWERS,
    CreationReply,
    Made,
    made,
)
from keyturn.web.api.factors import RecoveryCodes, refused
from keyturn.web.api.fields import Fields, Line
from keyturn.web.api.operations import operation, room
from keyturn.web.api.pending import Ms, Nothing, Out
from keyturn.web.api.persons import Session
from keyturn.web.refusals import Refusal
from keyturn.web.strict_json import invalid

ROOM = room("passkeys")


class Name(Fields):
    """A name."""

    name: Annotated[Line, Field(min_length=1, max_length=NAME_MAX)]


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
        signed=True, about=f"Asks for a new passkey. {ANSWERS}",
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
    answer = await passkeys.add(call.parts, call.caller, owner.me, made(given))
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
