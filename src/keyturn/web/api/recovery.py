"""Forgotten password."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from keyturn.flows import recovery
from keyturn.flows.recovery import (
    NotAName,
    NothingOpen,
    Open,
    Overloaded,
    Refused,
    TooMany,
    TooSoon,
)
from keyturn.rules.lockout import Locked
from keyturn.web.api import problems
from keyturn.web.api.call import Anyone, Call, Reply
from keyturn.web.api.fields import Fields, Name, OneCode, Password, SpacesMeant
from keyturn.web.api.operations import operation, room
from keyturn.web.api.pending import (
    FirstDay,
    GivePassword,
    NewPassword,
    Nothing,
    Pending,
    RecoveryCode,
    RecoverySecond,
    mailed,
)
from keyturn.web.api.verdicts import code_refused, password_faults
from keyturn.web.strict_json import invalid

ROOM = room("recovery")


class Start(Fields):
    """Whose password was forgotten."""

    identifier: Name


class SetPassword(Fields):
    """A new password."""

    password: Password
    spaces_meant: SpacesMeant = False


class StartReply(Reply):
    """The recovery."""

    again: Annotated[bool, Field(description="It was open in this browser already.")]


def recovery_step(call: Call, opened: Open | NothingOpen) -> Pending:
    """What an open recovery waits for."""
    match opened:
        case Open(step="code"):
            mail, sender = opened.mail.state if opened.mail else None, call.tenant.sender
            return RecoveryCode(typed=opened.typed, mail=mail, **mailed(opened.sent, sender))
        case Open(step="second"):
            return RecoverySecond(methods=[m.value for m in opened.methods])
        case Open(step="first"):
            return FirstDay()
        case Open(step="password"):
            return NewPassword(minimum=call.tenant.policy.password_min)
        case Open():
            running = opened.works_from is not None and opened.works_from > call.now
            return GivePassword(works_from=opened.works_from if running else None)
        case _:
            return Nothing()


async def _now(call: Call) -> Pending:
    return recovery_step(call, await recovery.current(call.parts, call.caller))


_CODE_STEP = {
    "step": "recovery_code", "typed": "ada@northwind.test", "sender": "account@northwind.test",
    "sent_at": 1795334400000, "expires_at": 1795335000000, "resend_at": 1795334460000,
    "link_only": False, "withheld_until": None, "mail": None,
}  # fmt: skip


@ROOM.post(
    "/recovery",
    **operation(
        StartReply, problems.TOO_MANY, body=True,
        about="Begins a recovery, or goes back to the one open in this browser. A code goes to "
        "the stored address; the reply is the same for names that nobody has. Allowed during "
        "a lock.",
        example={"pending": _CODE_STEP, "again": False},
    ),
)  # fmt: skip
async def start_recovery(call: Anyone, given: Start) -> StartReply:
    """Ask for a code."""
    answer = await recovery.start(call.parts, call.caller, given.identifier)
    if isinstance(answer, NotAName):
        raise invalid("/identifier", "not-a-name")
    if isinstance(answer, TooMany):
        raise call.later(problems.TOO_MANY, Nothing(), answer.until)
    return StartReply(**call.reply(await _now(call), again=answer.again))


@ROOM.get(
    "/recovery",
    **operation(
        Reply, about="What the recovery open in this browser waits for; `none` if none is.",
        example={"pending": _CODE_STEP},
    ),
)  # fmt: skip
async def show_recovery(call: Anyone) -> Reply:
    """Say what recovery waits for."""
    return Reply(**call.reply(await _now(call)))


@ROOM.delete("/recovery", **operation(Reply, about="Gives the open recovery up, if one is."))
async def give_up_recovery(call: Anyone) -> Reply:
    """Give up, to begin with another name."""
    await recovery.give_up(call.parts, call.caller)
    return Reply(**call.reply(Nothing()))


@ROOM.post(
    "/recovery/code",
    **operation(
        Reply, *problems.CODE_PROBLEMS, problems.NOTHING_PENDING, body=True,
        about="One try at the mailed code.",
        example={"pending": {"step": "new_password", "minimum": 8}},
    ),
)  # fmt: skip
async def try_recovery_code(call: Anyone, given: OneCode) -> Reply:
    """Enter the mailed code."""
    answer = await recovery.enter_code(call.parts, call.caller, given.code)
    if isinstance(answer, Open):
        return Reply(**call.reply(recovery_step(call, answer)))
    pending = await _now(call)
    if isinstance(answer, NothingOpen):
        raise call.refusal(problems.NOTHING_PENDING, pending)
    raise code_refused(call, answer, pending)


@ROOM.post(
    "/recovery/resend",
    **operation(
        Reply, problems.TOO_SOON, problems.BUDGET, problems.NOTHING_PENDING,
        about="Sends another code, which replaces the earlier one.",
        example={"pending": _CODE_STEP},
    ),
)  # fmt: skip
async def resend_recovery_code(call: Anyone) -> Reply:
    """Ask for another code."""
    answer = await recovery.resend(call.parts, call.caller)
    pending = await _now(call)
    if isinstance(answer, NothingOpen):
        raise call.refusal(problems.NOTHING_PENDING, pending)
    if isinstance(answer, TooSoon):
        raise call.later(problems.TOO_SOON, pending, answer.at)
    if answer.withheld_until is not None:
        raise call.later(problems.BUDGET, pending, answer.withheld_until)
    return Reply(**call.reply(pending))


@ROOM.post(
    "/recovery/second",
    **operation(
        Reply, problems.WRONG, problems.LOCKED, problems.NOTHING_PENDING, body=True,
        about="One try at the second proof, for accounts that have a second step.",
        example={"pending": {"step": "new_password", "minimum": 8}},
    ),
)  # fmt: skip
async def try_recovery_second(call: Anyone, given: OneCode) -> Reply:
    """Give the second proof."""
    answer = await recovery.second_proof(call.parts, call.caller, given.code)
    if isinstance(answer, Open):
        return Reply(**call.reply(recovery_step(call, answer)))
    pending = await _now(call)
    if isinstance(answer, NothingOpen):
        raise call.refusal(problems.NOTHING_PENDING, pending)
    if isinstance(answer, Locked):
        raise call.later(problems.LOCKED, pending, answer.until)
    raise call.refusal(problems.WRONG, pending)


@ROOM.post(
    "/recovery/password",
    **operation(
        Reply, problems.PASSWORD_REFUSED, problems.NOTHING_PENDING, problems.BUSY, body=True,
        about="Sets the new password. The old one dies, all sessions end, nobody is signed in "
        "by it. While a lock runs it works from `pending.works_from` on.",
        example={"pending": {"step": "password", "works_from": 1795335000000}},
    ),
)  # fmt: skip
async def set_new_password(call: Anyone, given: SetPassword) -> Reply:
    """Set the new password."""
    answer = await recovery.set_password(
        call.parts, call.caller, given.password, spaces_meant=given.spaces_meant
    )
    match answer:
        case Open():
            return Reply(**call.reply(recovery_step(call, answer)))
        case Overloaded(retry_after=wait):
            raise call.delayed(problems.BUSY, await _now(call), wait)
        case Refused():
            raise call.refusal(
                problems.PASSWORD_REFUSED,
                await _now(call),
                problems=password_faults(answer.problems),
                warnings=[str(w) for w in answer.warnings],
            )
        case _:
            raise call.refusal(problems.NOTHING_PENDING, await _now(call))
