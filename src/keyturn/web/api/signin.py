"""Signing in and out."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from keyturn.flows import account, signin
from keyturn.flows.signin import (
    AddressPending,
    NotAName,
    NothingPending,
    Overloaded,
    SecondPending,
    SignedIn,
    TooMany,
)
from keyturn.rules.lockout import Locked
from keyturn.web.api import problems
from keyturn.web.api.call import Anyone, Call, Owner, Reply
from keyturn.web.api.fields import Fields, Name, OneTimeCode, Password
from keyturn.web.api.operations import operation, room
from keyturn.web.api.pending import GivePassword, Ms, Nothing, SecondFactor
from keyturn.web.api.persons import Level, Me, SigninReply, entered, me
from keyturn.web.api.signup import verify_email
from keyturn.web.refusals import Refusal
from keyturn.web.strict_json import invalid

ROOM = room("sign-in")


class Signin(Fields):
    """A name and a password."""

    identifier: Name
    password: Password


class Second(Fields):
    """The second step."""

    code: OneTimeCode
    trust: Annotated[bool, Field(description="This client need not do it again.")] = False


class SessionReply(Reply):
    """The session."""

    user: Me
    level: Level
    expires_at: Ms


@ROOM.post(
    "/signin",
    **operation(
        SigninReply, problems.WRONG, problems.LOCKED, problems.TOO_MANY, problems.BUSY,
        body=True,
        about="One try. `wrong` is the same whatever was wrong; `locked` is the same whether "
        "the password was right, wrong or the account absent.",
        example={"pending": {"step": "none"},
                 "signed_in": {"session": "…", "client": "…", "level": 1}},
    ),
)  # fmt: skip
async def sign_in(call: Anyone, given: Signin) -> SigninReply:
    """Try a name and a password."""
    answer = await signin.sign_in(call.parts, call.caller, given.identifier, given.password)
    match answer:
        case SignedIn():
            return SigninReply(**call.reply(Nothing(), signed_in=entered(call, answer)))
        case SecondPending():
            return SigninReply(**call.reply(_second(answer), signed_in=None))
        case AddressPending():
            return SigninReply(**call.reply(await verify_email(call), signed_in=None))
        case _:
            raise _refused(call, answer)


def _refused(
    call: Call, answer: signin.Wrong | Locked | TooMany | NotAName | Overloaded
) -> Refusal:
    again = GivePassword()
    match answer:
        case Locked(until=until):
            return call.later(problems.LOCKED, again, until)
        case TooMany(until=until):
            return call.later(problems.TOO_MANY, again, until)
        case Overloaded(retry_after=wait):
            return call.delayed(problems.BUSY, again, wait)
        case NotAName():
            return invalid("/identifier", "not-a-name")
        case _:
            return call.refusal(problems.WRONG, again)


def _second(waiting: SecondPending) -> SecondFactor:
    return SecondFactor(methods=[m.value for m in waiting.methods], expires_at=waiting.expires_at)


async def second_waiting(call: Call) -> SecondFactor | GivePassword:
    """What this browser's sign-in waits for."""
    waiting = await signin.pending(call.parts, call.caller)
    return GivePassword() if isinstance(waiting, NothingPending) else _second(waiting)


@ROOM.get(
    "/signin",
    **operation(
        Reply, about="What this browser's sign-in waits for: a password or a second step.",
        example={"pending": {"step": "second_factor", "methods": ["recovery", "totp"],
                             "expires_at": 1795334400000}},
    ),
)  # fmt: skip
async def show_signin(call: Anyone) -> Reply:
    """Say what sign-in waits for."""
    return Reply(**call.reply(await second_waiting(call)))


@ROOM.post(
    "/signin/second",
    **operation(
        SigninReply, problems.WRONG, problems.LOCKED, problems.NOTHING_PENDING, body=True,
        about="One try at the second step: an authenticator's six digits or a saved recovery "
        "code.",
        example={"pending": {"step": "none"},
                 "signed_in": {"session": "…", "client": "…", "level": 2}},
    ),
)  # fmt: skip
async def second_step(call: Anyone, given: Second) -> SigninReply:
    """Try the second step."""
    answer = await signin.second_step(call.parts, call.caller, given.code, trust=given.trust)
    if isinstance(answer, SignedIn):
        return SigninReply(**call.reply(Nothing(), signed_in=entered(call, answer)))
    waiting = await second_waiting(call)
    if isinstance(answer, NothingPending):
        raise call.refusal(problems.NOTHING_PENDING, waiting)
    if isinstance(answer, Locked):
        raise call.later(problems.LOCKED, waiting, answer.until)
    raise call.refusal(problems.WRONG, waiting)


@ROOM.get("/session", **operation(SessionReply, signed=True))
async def show_session(owner: Owner) -> SessionReply:
    """Say whose session this is."""
    session, user = owner.me.session, owner.me.user
    fields = owner.call.reply(
        Nothing(), user=me(user), level=session.level, expires_at=session.expires_at
    )
    return SessionReply(**fields)


@ROOM.delete("/session", **operation(Reply, signed=True))
async def sign_out(owner: Owner) -> Reply:
    """Sign out."""
    await account.sign_out(owner.call.parts, owner.call.caller, owner.token)
    return Reply(**owner.call.reply(GivePassword()))
