"""The phone's answer as the second step: at sign-in, in recovery, before a dangerous change."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from keyturn.flows import asking, proof, recovery, signin
from keyturn.flows.asking import NoPhone, NotAsked, Standing
from keyturn.flows.proof import Proved
from keyturn.flows.recovery import Open
from keyturn.flows.signin import ByPhone, SignedIn
from keyturn.web.api import problems
from keyturn.web.api.call import Anyone, Call, Owner, Reply
from keyturn.web.api.fields import Fields
from keyturn.web.api.operations import operation, room
from keyturn.web.api.pending import Ms, Nothing, Out
from keyturn.web.api.persons import SigninReply, entered
from keyturn.web.api.proof import RenewedReply, ways
from keyturn.web.api.recovery import recovery_step
from keyturn.web.api.signin import second_waiting

ROOM = room("phone-app")
ASKING = (
    "Asks the phone app. The person types `number` there; until `expires_at`. `budget`: it was "
    "asked too often, or support asks it now. `nothing-pending`: nobody here waits for it."
)
LOOKING = "How the question stands. Ask once a second; go on when it is `approved`."
GOING_ON = "Goes on by the phone's approval, which is used up. `wrong`: it has not approved."
ASKED = (problems.BUDGET, problems.NOTHING_PENDING)
State = Literal[
    "waiting", "approved", "denied", "used", "expired", "newer", "number", "reset", "disabled"
]


class AskedReply(Reply):
    """A question to the phone app. `pending` is what it was before."""

    state: Annotated[State, Field(description="`number`: three wrong numbers ended it.")]
    number: Annotated[str, Field(description="Two digits, to be typed on the phone.")]
    left: Annotated[int, Field(description="Wrong numbers that may still be typed.")]
    expires_at: Ms
    phone: Annotated[str, Field(description="The phone's name.")]


class GoOn(Fields):
    """Going on by the phone's approval."""

    trust: Annotated[bool, Field(description="This client need not do it again.")]


def _reply(call: Call, answer: asking.Answer, pending: Out) -> AskedReply:
    match answer:
        case Standing(one=one):
            fields = call.reply(
                pending, state=str(one.ended or one.state), number=one.number, left=answer.left,
                expires_at=one.expires_at, phone=answer.phone,
            )  # fmt: skip
            return AskedReply(**fields)
        case NotAsked(until=until):
            raise call.later(problems.BUDGET, pending, until)
        case NoPhone() | asking.Nobody():
            raise call.refusal(problems.NOTHING_PENDING, pending)


@ROOM.post("/signin/second/phone", **operation(AskedReply, *ASKED, about=ASKING))
async def ask_phone_at_signin(call: Anyone) -> AskedReply:
    """Ask the phone at sign-in."""
    answer = await asking.for_flow(call.parts, call.caller, "signin")
    return _reply(call, answer, await second_waiting(call))


@ROOM.get("/signin/second/phone", **operation(AskedReply, problems.NOTHING_PENDING, about=LOOKING))
async def phone_at_signin(call: Anyone) -> AskedReply:
    """Say how the question stands at sign-in."""
    answer = await asking.of_flow(call.parts, call.caller, "signin")
    return _reply(call, answer, await second_waiting(call))


@ROOM.post(
    "/signin/second/phone/done",
    **operation(
        SigninReply, problems.WRONG, problems.NOTHING_PENDING, body=True, about=GOING_ON
    ),
)  # fmt: skip
async def sign_in_by_phone(call: Anyone, given: GoOn) -> SigninReply:
    """Sign in by the phone's approval."""
    answer = await signin.second_step(call.parts, call.caller, ByPhone(), trust=given.trust)
    if isinstance(answer, SignedIn):
        return SigninReply(**call.reply(Nothing(), signed_in=entered(call, answer)))
    waiting, wrong = await second_waiting(call), isinstance(answer, signin.Wrong)
    raise call.refusal(problems.WRONG if wrong else problems.NOTHING_PENDING, waiting)


@ROOM.post("/recovery/second/phone", **operation(AskedReply, *ASKED, about=ASKING))
async def ask_phone_in_recovery(call: Anyone) -> AskedReply:
    """Ask the phone in a recovery."""
    answer = await asking.for_flow(call.parts, call.caller, "recovery")
    return _reply(call, answer, await _recovering(call))


@ROOM.get(
    "/recovery/second/phone", **operation(AskedReply, problems.NOTHING_PENDING, about=LOOKING)
)
async def phone_in_recovery(call: Anyone) -> AskedReply:
    """Say how the question stands in a recovery."""
    answer = await asking.of_flow(call.parts, call.caller, "recovery")
    return _reply(call, answer, await _recovering(call))


async def _recovering(call: Call) -> Out:
    return recovery_step(call, await recovery.current(call.parts, call.caller))


@ROOM.post(
    "/recovery/second/phone/done",
    **operation(Reply, problems.WRONG, problems.NOTHING_PENDING, about=GOING_ON),
)
async def recover_by_phone(call: Anyone) -> Reply:
    """Go on with a recovery by the phone's approval."""
    answer = await recovery.second_proof(call.parts, call.caller, ByPhone())
    if isinstance(answer, Open):
        return Reply(**call.reply(recovery_step(call, answer)))
    kind = problems.WRONG if answer is None else problems.NOTHING_PENDING
    raise call.refusal(kind, await _recovering(call))


@ROOM.post("/account/proof/phone", **operation(AskedReply, *ASKED, signed=True, about=ASKING))
async def ask_phone_before_a_change(owner: Owner) -> AskedReply:
    """Ask the phone before a change."""
    call = owner.call
    answer = await asking.for_proof(call.parts, call.caller, owner.me)
    return _reply(call, answer, await ways(owner))


@ROOM.get(
    "/account/proof/phone",
    **operation(AskedReply, problems.NOTHING_PENDING, signed=True, about=LOOKING),
)
async def phone_before_a_change(owner: Owner) -> AskedReply:
    """Say how the question stands before a change."""
    call = owner.call
    return _reply(call, await asking.of_proof(call.parts, call.caller, owner.me), await ways(owner))


@ROOM.post(
    "/account/proof/phone/done",
    **operation(RenewedReply, problems.WRONG, signed=True, about=GOING_ON),
)
async def prove_by_phone(owner: Owner) -> RenewedReply:
    """Prove oneself by the phone's approval."""
    call = owner.call
    answer = await proof.by_phone(call.parts, call.caller, owner.me)
    if isinstance(answer, Proved):
        return RenewedReply(**call.reply(Nothing(), session=answer.session))
    raise call.refusal(problems.WRONG, await ways(owner))
