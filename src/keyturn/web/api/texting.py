"""A code by text as the second step: at sign-in, in recovery, before a dangerous change."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from keyturn.flows import recovery, texting
from keyturn.flows.texting import Answer, Capped, Texted, TooSoon
from keyturn.web.api import problems
from keyturn.web.api.call import Anyone, Call, Owner, Reply
from keyturn.web.api.operations import operation, room
from keyturn.web.api.pending import Ms, Out
from keyturn.web.api.proof import ways
from keyturn.web.api.recovery import recovery_step
from keyturn.web.api.signin import second_waiting

ROOM = room("texts")
ABOUT = (
    "Texts a code to the proved number, where the tenant takes texts as a second step. It is "
    "given where any code of the second step is. `nothing-pending`: nobody here waits for one."
)
PROBLEMS = (problems.TOO_SOON, problems.BUDGET, problems.NOTHING_PENDING)


class TextedReply(Reply):
    """A text is on its way. `pending` is what it was before."""

    ending: Annotated[str, Field(description="The last digits of the number.")]
    sent_at: Ms
    expires_at: Ms
    resend_at: Ms


def _reply(call: Call, answer: Answer, pending: Out) -> TextedReply:
    match answer:
        case Texted():
            fields = call.reply(
                pending, ending=answer.ending, sent_at=answer.sent_at,
                expires_at=answer.expires_at, resend_at=answer.resend_at,
            )  # fmt: skip
            return TextedReply(**fields)
        case TooSoon(at=at):
            raise call.later(problems.TOO_SOON, pending, at)
        case Capped(until=until):
            raise call.later(problems.BUDGET, pending, until)
        case _:
            raise call.refusal(problems.NOTHING_PENDING, pending)


@ROOM.post("/signin/second/text", **operation(TextedReply, *PROBLEMS, about=ABOUT))
async def text_at_signin(call: Anyone) -> TextedReply:
    """Ask for a text at sign-in."""
    answer = await texting.for_flow(call.parts, call.caller, "signin")
    return _reply(call, answer, await second_waiting(call))


@ROOM.post("/recovery/second/text", **operation(TextedReply, *PROBLEMS, about=ABOUT))
async def text_in_recovery(call: Anyone) -> TextedReply:
    """Ask for a text in a recovery."""
    answer = await texting.for_flow(call.parts, call.caller, "recovery")
    return _reply(
        call, answer, recovery_step(call, await recovery.current(call.parts, call.caller))
    )


@ROOM.post("/account/proof/text", **operation(TextedReply, *PROBLEMS, signed=True, about=ABOUT))
async def text_before_a_change(owner: Owner) -> TextedReply:
    """Ask for a text before a change."""
    call = owner.call
    answer = await texting.for_proof(call.parts, call.caller, owner.me)
    return _reply(call, answer, await ways(owner))
