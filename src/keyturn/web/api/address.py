"""Another e-mail address for one's own account, proved by a code mailed to it."""

from __future__ import annotations

from keyturn.flows import address
from keyturn.flows.address import (
    Capped,
    Changed,
    EmailProblem,
    Frozen,
    NothingOpen,
    Open,
    ProofNeeded,
    Same,
    SignedOut,
    TakenSince,
    TooSoon,
)
from keyturn.web.api import problems
from keyturn.web.api.call import Owner, Reply, Signed
from keyturn.web.api.factors import refused
from keyturn.web.api.fields import Email, Fields, OneCode
from keyturn.web.api.operations import operation, room
from keyturn.web.api.pending import AddressCode, Nothing, Pending
from keyturn.web.api.persons import Me, me
from keyturn.web.api.verdicts import code_refused
from keyturn.web.refusals import Refusal
from keyturn.web.strict_json import invalid

ROOM = room("address")


class AddressOffer(Fields):
    """An address."""

    email: Email


class AddressReply(Reply):
    """The account as it is now."""

    user: Me


def _step(owner: Signed, opened: Open | NothingOpen) -> Pending:
    if isinstance(opened, NothingOpen):
        return Nothing()
    sent = opened.sent
    return AddressCode(
        email=opened.email, mail=opened.mail.state if opened.mail else None,
        sender=owner.call.tenant.sender,
        sent_at=sent.sent_at if sent else None, expires_at=sent.expires_at if sent else None,
        resend_at=sent.resend_at if sent else None,
    )  # fmt: skip


async def _now(owner: Signed) -> Pending:
    call = owner.call
    return _step(owner, await address.current(call.parts, call.caller, owner.me.user))


async def _refused(
    owner: Signed,
    answer: Same | Capped | TooSoon | TakenSince | NothingOpen | ProofNeeded | Frozen | SignedOut,
) -> Refusal:
    call, pending = owner.call, await _now(owner)
    match answer:
        case Same():
            return call.refusal(problems.SAME_ADDRESS, pending)
        case Capped(until=until):
            return call.later(problems.BUDGET, pending, until)
        case TooSoon(at=at):
            return call.later(problems.TOO_SOON, pending, at)
        case TakenSince():
            return call.refusal(problems.ADDRESS_IN_USE, pending)
        case NothingOpen():
            return call.refusal(problems.NOTHING_PENDING, pending)
        case ProofNeeded() | Frozen() | SignedOut():
            return refused(call, answer, pending)


_CODE_STEP = {
    "step": "address_code", "email": "ada@new.example", "sender": "account@northwind.example",
    "sent_at": 1795334400000, "expires_at": 1795335000000, "resend_at": 1795334460000,
}  # fmt: skip


@ROOM.get(
    "/account/email",
    **operation(
        AddressReply, signed=True,
        about="The address there is, and what one given in this browser waits for.",
    ),
)  # fmt: skip
async def show_address(owner: Owner) -> AddressReply:
    """Say what the address waits for."""
    return AddressReply(**owner.call.reply(await _now(owner), user=me(owner.me.user)))


@ROOM.post(
    "/account/email",
    **operation(
        Reply, problems.SAME_ADDRESS, problems.BUDGET, problems.PROOF_NEEDED, problems.FROZEN,
        body=True, signed=True,
        about="Mails a code to the address, whoever has it: an address that is taken gets a "
        "mail that says so to its owner, and the reply is the same.",
        example={"pending": _CODE_STEP},
    ),
)  # fmt: skip
async def offer_address(owner: Owner, given: AddressOffer) -> Reply:
    """Give another address."""
    call = owner.call
    answer = await address.offer(call.parts, call.caller, owner.me, given.email)
    if isinstance(answer, Open):
        return Reply(**call.reply(_step(owner, answer)))
    if isinstance(answer, EmailProblem):
        raise invalid("/email", str(answer.fault))
    raise await _refused(owner, answer)


@ROOM.post(
    "/account/email/code",
    **operation(
        AddressReply, *problems.CODE_PROBLEMS, problems.ADDRESS_IN_USE, problems.NOTHING_PENDING,
        problems.FROZEN, body=True, signed=True,
        about="One try at the code in the mail; the address changes if it was right, and both "
        "addresses are told.",
    ),
)  # fmt: skip
async def try_address_code(owner: Owner, given: OneCode) -> AddressReply:
    """Enter the code from the mail."""
    call = owner.call
    answer = await address.enter_code(call.parts, call.caller, owner.me.user, given.code)
    if isinstance(answer, Changed):
        return AddressReply(**call.reply(Nothing(), user=me(answer.user)))
    if isinstance(answer, TakenSince | NothingOpen | Frozen | SignedOut):
        raise await _refused(owner, answer)
    raise code_refused(call, answer, await _now(owner))


@ROOM.post(
    "/account/email/resend",
    **operation(
        Reply, problems.TOO_SOON, problems.BUDGET, problems.NOTHING_PENDING, problems.FROZEN,
        signed=True, about="Mails another code; the earlier one is replaced.",
        example={"pending": _CODE_STEP},
    ),
)  # fmt: skip
async def resend_address_code(owner: Owner) -> Reply:
    """Ask for another code."""
    call = owner.call
    answer = await address.resend(call.parts, call.caller, owner.me.user)
    if isinstance(answer, TooSoon | Capped | NothingOpen | Frozen | SignedOut):
        raise await _refused(owner, answer)
    return Reply(**call.reply(await _now(owner)))


@ROOM.delete(
    "/account/email",
    **operation(
        AddressReply, signed=True,
        about="Gives an address up that waits for its code; the account keeps the one it has.",
    ),
)  # fmt: skip
async def give_up_address(owner: Owner) -> AddressReply:
    """Give the new address up."""
    call = owner.call
    await address.give_up(call.parts, call.caller, owner.me.user)
    return AddressReply(**call.reply(Nothing(), user=me(owner.me.user)))
