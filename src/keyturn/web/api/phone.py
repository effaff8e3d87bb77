"""One's own phone number, proved by a code in a text."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from keyturn.flows import phone
from keyturn.flows.phone import (
    Ask,
    Capped,
    Frozen,
    InUse,
    NotANumber,
    NothingOpen,
    Open,
    PhonesOff,
    ProofNeeded,
    Proved,
    SignedOut,
    TooSoon,
)
from keyturn.rules.accounts import User
from keyturn.web.api import problems
from keyturn.web.api.account import owed
from keyturn.web.api.call import Owner, Reply, Signed
from keyturn.web.api.factors import refused
from keyturn.web.api.fields import Fields, Number, OneCode
from keyturn.web.api.operations import operation, room
from keyturn.web.api.pending import Nothing, Pending, PhoneCode
from keyturn.web.api.persons import Me, me
from keyturn.web.api.verdicts import code_refused
from keyturn.web.refusals import Refusal
from keyturn.web.strict_json import invalid

ROOM = room("phone")


class PhoneOffer(Fields):
    """A number."""

    number: Number
    insisted: Annotated[
        bool, Field(description="The person was told `no-texts` and says that it takes texts.")
    ] = False


class PhoneReply(Reply):
    """The account as it is now."""

    user: Me


def _step(owner: Signed, opened: Open | NothingOpen) -> Pending:
    if isinstance(opened, NothingOpen):
        return owed(owner.call, owner.me.user)
    sent = opened.sent
    return PhoneCode(
        number=opened.number,
        sent_at=sent.sent_at if sent else None,
        expires_at=sent.expires_at if sent else None,
        resend_at=sent.resend_at if sent else None,
        text=opened.text.state if opened.text else None,
    )


async def _now(owner: Signed) -> Pending:
    call = owner.call
    return _step(owner, await phone.current(call.parts, call.caller, owner.me.user))


_CODE_STEP = {
    "step": "phone_code", "number": "+447700900123", "sent_at": 1795334400000,
    "expires_at": 1795335000000, "resend_at": 1795334460000, "text": "sent",
}  # fmt: skip


@ROOM.post(
    "/account/phone",
    **operation(
        Reply, problems.NO_TEXTS, problems.NUMBER_IN_USE, problems.BUDGET, problems.PHONES_OFF,
        problems.PROOF_NEEDED, problems.FROZEN, body=True, signed=True,
        about="Texts a code to the number, unless something speaks against it.",
        example={"pending": _CODE_STEP},
    ),
)  # fmt: skip
async def offer_phone(owner: Owner, given: PhoneOffer) -> Reply:
    """Give a phone number."""
    call = owner.call
    answer = await phone.offer(
        call.parts, call.caller, owner.me, given.number, insisted=given.insisted
    )
    if isinstance(answer, Open):
        return Reply(**call.reply(_step(owner, answer)))
    if isinstance(answer, Ask):
        raise _no_texts(owner, answer)
    if isinstance(answer, NotANumber):
        raise invalid("/number", "not-a-number")
    if isinstance(answer, PhonesOff):
        raise call.refusal(problems.PHONES_OFF, Nothing())
    raise await _refused(owner, answer)


def _no_texts(owner: Signed, ask: Ask) -> Refusal:
    return owner.call.refusal(
        problems.NO_TEXTS,
        owed(owner.call, owner.me.user),
        line=ask.line,
        may_insist=ask.may_insist,
        alternatives=[str(way) for way in ask.alternatives],
    )


async def _refused(
    owner: Signed,
    answer: InUse | Capped | TooSoon | NothingOpen | ProofNeeded | Frozen | SignedOut,
) -> Refusal:
    call, pending = owner.call, await _now(owner)
    match answer:
        case InUse():
            return call.refusal(problems.NUMBER_IN_USE, pending)
        case Capped(until=until):
            return call.later(problems.BUDGET, pending, until)
        case TooSoon(at=at):
            return call.later(problems.TOO_SOON, pending, at)
        case NothingOpen():
            return call.refusal(problems.NOTHING_PENDING, pending)
        case ProofNeeded() | Frozen() | SignedOut():
            return refused(call, answer, pending)


@ROOM.get(
    "/account/phone",
    **operation(
        PhoneReply, signed=True,
        about="What the number given in this browser waits for, and what became of the text.",
    ),
)  # fmt: skip
async def show_phone(owner: Owner) -> PhoneReply:
    """Say what the phone number waits for."""
    return PhoneReply(**owner.call.reply(await _now(owner), user=me(owner.me.user)))


@ROOM.post(
    "/account/phone/code",
    **operation(
        PhoneReply, *problems.CODE_PROBLEMS, problems.NUMBER_IN_USE, problems.NOTHING_PENDING,
        problems.FROZEN, body=True, signed=True,
        about="One try at the code in the text; the number is saved if it was right.",
    ),
)  # fmt: skip
async def try_phone_code(owner: Owner, given: OneCode) -> PhoneReply:
    """Enter the code in the text."""
    call = owner.call
    answer = await phone.enter_code(call.parts, call.caller, owner.me.user, given.code)
    if isinstance(answer, Proved):
        return PhoneReply(**call.reply(Nothing(), user=me(answer.user)))
    if isinstance(answer, InUse | NothingOpen | Frozen | SignedOut):
        raise await _refused(owner, answer)
    raise code_refused(call, answer, await _now(owner))


@ROOM.post(
    "/account/phone/resend",
    **operation(
        Reply, problems.TOO_SOON, problems.BUDGET, problems.NOTHING_PENDING, problems.FROZEN,
        signed=True, about="Sends another text; the earlier code is replaced.",
        example={"pending": _CODE_STEP},
    ),
)  # fmt: skip
async def resend_phone_code(owner: Owner) -> Reply:
    """Ask for another text."""
    call = owner.call
    answer = await phone.resend(call.parts, call.caller, owner.me.user)
    if isinstance(answer, TooSoon | Capped | NothingOpen | Frozen | SignedOut):
        raise await _refused(owner, answer)
    return Reply(**call.reply(await _now(owner)))


@ROOM.delete(
    "/account/phone",
    **operation(
        PhoneReply, problems.PROOF_NEEDED, problems.FROZEN, signed=True,
        about="Takes the number away, and gives one up that waits for its code.",
    ),
)  # fmt: skip
async def remove_phone(owner: Owner) -> PhoneReply:
    """Remove the phone number."""
    call = owner.call
    answer = await phone.remove(call.parts, call.caller, owner.me)
    if not isinstance(answer, User):
        raise await _refused(owner, answer)
    await phone.give_up(call.parts, call.caller, answer)
    return PhoneReply(**call.reply(owed(call, answer), user=me(answer)))
