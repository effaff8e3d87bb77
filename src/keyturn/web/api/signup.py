"""Making an account, and confirming its address."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from keyturn.flows import signup
from keyturn.flows.signup import (
    Confirmed,
    NothingOpen,
    Open,
    Overloaded,
    SignedIn,
    SignupClosed,
    TooMany,
    TooSoon,
    Unfit,
)
from keyturn.web.api import problems
from keyturn.web.api.call import Anyone, Call, Reply
from keyturn.web.api.fields import Email, Fields, Line, OneCode, Password, SpacesMeant
from keyturn.web.api.operations import operation, room
from keyturn.web.api.pending import GivePassword, Nothing, Pending, PhoneNumber, VerifyEmail, mailed
from keyturn.web.api.persons import SigninReply, entered
from keyturn.web.api.verdicts import code_refused, password_faults
from keyturn.web.refusals import Refusal

ROOM = room("sign-up")


class Signup(Fields):
    """A new account."""

    name: Annotated[Line, Field(min_length=1, max_length=100, description="What people read.")]
    email: Email
    password: Password
    spaces_meant: SpacesMeant = False
    timezone: Annotated[Line, Field(max_length=64, description="IANA zone, or empty.")] = ""


def _step(call: Call, opened: Open | NothingOpen) -> Pending:
    if isinstance(opened, NothingOpen):
        return Nothing()
    mail = opened.mail.state if opened.mail else None
    return VerifyEmail(email=opened.email, mail=mail, **mailed(opened.sent, call.tenant.sender))


async def verify_email(call: Call) -> Pending:
    """What the sign-up open in this browser waits for; nothing if none is open."""
    return _step(call, await signup.current(call.parts, call.caller))


_CODE_STEP = {
    "step": "verify_email", "email": "ada@northwind.test", "sender": "account@northwind.test",
    "sent_at": 1795334400000, "expires_at": 1795335000000, "resend_at": 1795334460000,
    "link_only": False, "withheld_until": None, "mail": "sent",
}  # fmt: skip


@ROOM.post(
    "/signup",
    **operation(
        Reply, problems.UNFIT, problems.SIGNUP_CLOSED, problems.TOO_MANY, problems.BUSY,
        body=True,
        about="Makes an account that waits for the code mailed to its address. The reply is the "
        "same if the address has an account already: its owner gets a mail that says so.",
        example={"pending": _CODE_STEP},
    ),
)  # fmt: skip
async def sign_up(call: Anyone, given: Signup) -> Reply:
    """Make an account."""
    answer = await signup.start(
        call.parts, call.caller, given.name, given.email, given.password,
        spaces_meant=given.spaces_meant, timezone=given.timezone or None,
    )  # fmt: skip
    match answer:
        case Open():
            return Reply(**call.reply(await verify_email(call)))
        case Unfit():
            raise _unfit(call, answer)
        case TooMany(until=until):
            raise call.later(problems.TOO_MANY, Nothing(), until)
        case Overloaded(retry_after=wait):
            raise call.delayed(problems.BUSY, Nothing(), wait)
        case SignupClosed():
            raise call.refusal(problems.SIGNUP_CLOSED, GivePassword())


def _unfit(call: Call, unfit: Unfit) -> Refusal:
    fields = {"/email": unfit.email, "/name": unfit.name}
    return call.refusal(
        problems.UNFIT,
        Nothing(),
        errors=[{"pointer": at, "code": str(p.fault)} for at, p in fields.items() if p],
        problems=password_faults(unfit.password),
        warnings=[str(w) for w in unfit.warnings],
    )


@ROOM.get(
    "/signup",
    **operation(
        Reply, about="What the sign-up open in this browser waits for; `none` if none is.",
        example={"pending": _CODE_STEP},
    ),
)  # fmt: skip
async def show_signup(call: Anyone) -> Reply:
    """Say what sign-up waits for."""
    return Reply(**call.reply(await verify_email(call)))


@ROOM.post(
    "/signup/code",
    **operation(
        SigninReply, *problems.CODE_PROBLEMS, problems.NOTHING_PENDING, body=True,
        about="One try at the mailed code. If it is right the account is active and signed in.",
        example={"pending": {"step": "none"},
                 "signed_in": {"session": "…", "client": "…", "level": 1}},
    ),
)  # fmt: skip
async def try_signup_code(call: Anyone, given: OneCode) -> SigninReply:
    """Enter the mailed code."""
    answer = await signup.enter_code(call.parts, call.caller, given.code)
    if isinstance(answer, SignedIn):
        asked = call.tenant.policy.phone == "required" and answer.user.phone is None
        after = PhoneNumber() if asked else Nothing()
        return SigninReply(**call.reply(after, signed_in=entered(call, answer)))
    if isinstance(answer, Confirmed):
        return SigninReply(**call.reply(GivePassword(), signed_in=None))
    pending = await verify_email(call)
    if isinstance(answer, NothingOpen):
        raise call.refusal(problems.NOTHING_PENDING, pending)
    raise code_refused(call, answer, pending)


@ROOM.post(
    "/signup/resend",
    **operation(
        Reply, problems.TOO_SOON, problems.BUDGET, problems.NOTHING_PENDING,
        about="Sends another code, which replaces the earlier one.",
        example={"pending": _CODE_STEP},
    ),
)  # fmt: skip
async def resend_signup_code(call: Anyone) -> Reply:
    """Ask for another code."""
    answer = await signup.resend(call.parts, call.caller)
    pending = await verify_email(call)
    if isinstance(answer, NothingOpen):
        raise call.refusal(problems.NOTHING_PENDING, pending)
    if isinstance(answer, TooSoon):
        raise call.later(problems.TOO_SOON, pending, answer.at)
    if answer.withheld_until is not None:
        raise call.later(problems.BUDGET, pending, answer.withheld_until)
    return Reply(**call.reply(pending))
