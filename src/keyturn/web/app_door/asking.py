"""Questions that a phone answers, through the signed door (docs/design/14-signed-door.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from keyturn.flows import answering
from keyturn.flows.answering import (
    Forged,
    NoNumber,
    NotTaken,
    Question,
    Reply,
    Taken,
    Unknown,
)
from keyturn.rules import approvals
from keyturn.rules.approvals import Refusal, Verdict
from keyturn.steps.phone_door import Refused, Why
from keyturn.web.app_door import fields
from keyturn.web.app_door.fields import Field
from keyturn.wire import phone_answers

if TYPE_CHECKING:  # its table names what stands here
    from keyturn.web.app_door.operations import Answer, Call

#: longest number that is worth reading; what is typed is folded by the rules
TYPED_MAX: Final = 20
#: the signature is over rules.approvals.statement: 64 bytes
ANSWER: Final[Mapping[str, Field]] = {
    "id": fields.ID, "verdict": fields.shaped("approve|deny"), "said": fields.text(TYPED_MAX),
    "signature": fields.shaped(r"[A-Za-z0-9_-]{86}"), "proof": fields.PROOF,
}  # fmt: skip


async def questions(call: Call) -> Answer:
    """What the phone is to answer now, the newest first."""
    found = await answering.waiting(call.parts, call.caller, call.said)
    return found if isinstance(found, Refused) else {"questions": [*map(_shown, found)]}


def _shown(question: Question) -> Mapping[str, Any]:
    """What the person is to see; the number is nowhere in it: they read it elsewhere."""
    one = question.one
    return {
        "id": one.id, "tenant": one.tenant_id, "user": one.user_id, "phone": one.phone_id,
        "kind": str(one.kind), "asker": one.asker, "place": one.place, "words": question.words,
        "left": question.left, "asked_at": one.made_at,
        "ends_at": one.expires_at,
    }  # fmt: skip


async def answer(call: Call) -> Answer:
    """Yes, with the number that was read elsewhere, or no, which needs no app lock."""
    body = call.body
    verdict = Verdict(body["verdict"])
    typed = body["said"] if verdict is Verdict.APPROVE else ""
    reply = Reply(body["id"], verdict, typed, body["signature"], body["proof"])
    found = await answering.answer(
        call.parts, call.caller, call.said, reply, phone_answers.signed
    )  # fmt: skip
    match found:
        case Taken():
            return {}
        case NotTaken(why=why, left=left):
            return _not_taken(why, left)
        case NoNumber():
            return Refused(Why.NUMBER)
        case Unknown():
            return Refused(Why.UNKNOWN)
        case Forged():
            return Refused(Why.FORGED)
        case _:
            return found


def _not_taken(why: Refusal, left: int) -> Refused:
    if why is approvals.Why.WRONG:
        return Refused(Why.WRONG, {"left": left})
    return Refused(Why.OVER, {"why": str(why)})
