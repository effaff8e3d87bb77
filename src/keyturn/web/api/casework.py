"""Proofs in a case, and what they permit, for a help desk's own tool: as the console has them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from keyturn.flows import casework as flow
from keyturn.flows import desk_tool, lost_phone, presence, proving, releasing, verifying
from keyturn.flows import staff as desk_staff
from keyturn.flows.casework import Desk
from keyturn.flows.lost_phone import Stopped
from keyturn.flows.proving import Asked, Capped, CodeSent, NoCode, NotProved, NoWay, Proved, TooSoon
from keyturn.rules.access import Staff
from keyturn.rules.accounts import User
from keyturn.rules.grants import Deed
from keyturn.rules.presence import Method as How
from keyturn.rules.proofs import Method
from keyturn.web.api import problems
from keyturn.web.api.account import Handle
from keyturn.web.api.case_shown import CaseReply
from keyturn.web.api.case_shown import Method as Named
from keyturn.web.api.cases import (
    MINE,
    ONE,
    Seated,
    Technician,
    barred,
    enter,
    shown,
)
from keyturn.web.api.fields import Fields, Line, OneTimeCode
from keyturn.web.api.operations import operation, room
from keyturn.web.api.pending import Ms, Nothing, Out
from keyturn.web.refusals import Refusal

ROOM = room("cases")
_DEVICES = {Method.PRESENCE: How.BUTTON, Method.DEVICE: How.CODE}
#: what needs the technician's own second step, besides the proofs
_DANGEROUS = {
    Deed.LOST_PHONE: lost_phone.start,
    Deed.RELEASE_NUMBER: releasing.release_in_case,
}
_LATER = (problems.NO_WAY, problems.BUDGET, problems.TOO_SOON)


class Wanted(Fields):
    """What the caller is to show."""

    method: Named
    about: Annotated[
        Line, Field(max_length=64, description="Of `presence` and `device` the device's id, of "
                    "`approval` the colleague's; else empty."),
    ] = ""  # fmt: skip


class ReadOut(Fields):
    """What the caller reads out."""

    method: Annotated[Named, Field(description="`offline`, `text`, `mail` or `device`.")]
    code: OneTimeCode


class Granting(Fields):
    """What is to be done."""

    deed: Literal["unlock", "end-sessions", "resend-link", "lost-phone", "release-number"]
    proof: Annotated[
        Line,
        Field(max_length=64, description="Of `lost-phone` and `release-number`: the technician's "
              "own second step, a code of their authenticator, of their phone app, or a saved one. "
              "It is used up by that; else empty."),
    ] = ""  # fmt: skip


class Question(Out):
    """Of `push`: what the technician reads out. The caller types the number; the words, which
    their phone shows, too, prove the technician.
    """

    number: str
    words: str
    until: Ms


class CaseAskedReply(CaseReply):
    """The case, with what is asked in it."""

    question: Question | None


async def _whom(seat: Seated, ref: str) -> User:
    """Whom the case concerns. Raises Refusal 404."""
    desk = await flow.look(seat.call.parts, seat.staff, ref)
    if not isinstance(desk, Desk) or desk.page.user is None:
        raise seat.call.refusal(problems.NOT_FOUND, Nothing())
    return desk.page.user


@ROOM.post(
    "/cases/{ref}/proofs",
    **operation(
        CaseAskedReply, *MINE, *_LATER, body=True,
        about="Asks for a proof. `push`: their phone app. `text`, `mail`: a code is sent to what "
        "was proved before the case; send it again for another one. `presence`: they press the "
        "button of a device of theirs; `device`: they read what it shows. `approval`: a colleague "
        "is asked, and answers on a page of their own. How it goes stands in the case.",
    ),
)  # fmt: skip
async def ask_for_proof(seat: Technician, ref: Handle, given: Wanted) -> CaseAskedReply:
    """Ask for a proof."""
    await enter(seat)
    method = Method(given.method)
    if method is Method.PUSH:
        return await _push(seat, ref)
    if method in _DEVICES:
        await _device(seat, ref, _DEVICES[method], given.about)
    elif method is Method.APPROVAL:
        await _colleague(seat, ref, given.about)
    elif method in proving.SENT:
        await _send(seat, ref, method)
    else:  # the app shows its code without being asked
        await _whom(seat, ref)
    return await _asked(seat, ref)


async def _asked(seat: Seated, ref: str, question: Question | None = None) -> CaseAskedReply:
    case = (await shown(seat, ref)).case
    return CaseAskedReply(**seat.call.reply(Nothing(), case=case, question=question))


async def _push(seat: Seated, ref: str) -> CaseAskedReply:
    call, user = seat.call, await _whom(seat, ref)
    answer = await verifying.start(call.parts, seat.staff, user.id, ref)
    match answer:
        case verifying.Started(id=asked):
            seen = await verifying.look(call.parts, seat.staff, asked)
            one = seen.standing.one if isinstance(seen, verifying.Verification) else None
            words = seen.words if isinstance(seen, verifying.Verification) else ""
            told = Question(number=one.number, words=words, until=one.expires_at) if one else None
            return await _asked(seat, ref, told)
        case verifying.NotAsked(until=until):
            raise call.later(problems.BUDGET, Nothing(), until)
        case verifying.NoPhone():
            raise _no_way(seat, "none")
        case _:
            raise barred(call, answer)


async def _device(seat: Seated, ref: str, how: How, device: str) -> None:
    user = await _whom(seat, ref)
    answer = await presence.start(seat.call.parts, seat.staff, user.id, device, how, ref)
    match answer:
        case presence.Asked():
            return
        case presence.Often(until=until):
            raise seat.call.later(problems.BUDGET, Nothing(), until)
        case presence.Locked(until=until):
            raise _no_way(seat, "spent", until)
        case presence.NotNow(why=why, until=until):
            raise _no_way(seat, str(why), until)
        case _:
            raise barred(seat.call, answer)


async def _colleague(seat: Seated, ref: str, colleague: str) -> None:
    answer = await proving.ask(seat.call.parts, seat.staff, ref, colleague)
    match answer:
        case Asked():
            return
        case Capped(until=until):
            raise seat.call.later(problems.BUDGET, Nothing(), until)
        case _:
            raise barred(seat.call, answer)


async def _send(seat: Seated, ref: str, method: Method) -> None:
    answer = await proving.send(seat.call.parts, seat.staff, ref, method)
    match answer:
        case CodeSent():
            return
        case Capped(until=until):
            raise seat.call.later(problems.BUDGET, Nothing(), until)
        case TooSoon(at=at):
            raise seat.call.later(problems.TOO_SOON, Nothing(), at)
        case NoWay(why=why):
            raise _no_way(seat, str(why))
        case _:
            raise barred(seat.call, answer)


def _no_way(seat: Seated, reason: str, until: int | None = None) -> Refusal:
    return seat.call.refusal(problems.NO_WAY, Nothing(), reason=reason, until=until)


@ROOM.post(
    "/cases/{ref}/proofs/code",
    **operation(
        CaseReply, *MINE, problems.NO_WAY, problems.NOT_PROVED, problems.NOTHING_PENDING,
        body=True, about="What the caller reads out. Five wrong ones in a case, and reading aloud "
        "is over in it. Two codes that are read aloud are one voice, and change no factor.",
    ),
)  # fmt: skip
async def enter_code(seat: Technician, ref: Handle, given: ReadOut) -> CaseReply:
    """Enter what the caller reads out."""
    await enter(seat)
    method = Method(given.method)
    if method is Method.DEVICE:
        return await _read_out(seat, ref, given.code)
    if method not in proving.TYPED:
        raise _no_way(seat, "none")
    answer = await proving.enter(seat.call.parts, seat.staff, ref, method, given.code)
    match answer:
        case Proved():
            return await shown(seat, ref)
        case NotProved(outcome=outcome, left=left):
            raise _not_proved(seat, str(outcome), left)
        case NoCode():
            raise seat.call.refusal(problems.NOTHING_PENDING, Nothing())
        case NoWay(why=why):
            raise _no_way(seat, str(why))
        case _:
            raise barred(seat.call, answer)


async def _read_out(seat: Seated, ref: str, code: str) -> CaseReply:
    """Of the device that is asked in this case."""
    case = (await shown(seat, ref)).case
    asked = next((one.question for one in case.running if one.method == "device"), None)
    if asked is None or not case.mine:
        raise seat.call.refusal(problems.NOTHING_PENDING, Nothing())
    answer = await presence.read_out(seat.call.parts, seat.staff, asked, code)
    match answer:
        case presence.Given():
            return await shown(seat, ref)
        case presence.Wrong(left=left):
            raise _not_proved(seat, "wrong", left)
        case presence.Locked(until=until):
            raise _no_way(seat, "spent", until)
        case _:
            raise seat.call.refusal(problems.NOTHING_PENDING, Nothing())


def _not_proved(seat: Seated, outcome: str, left: int) -> Refusal:
    return seat.call.refusal(problems.NOT_PROVED, Nothing(), outcome=outcome, left=left)


# -- what they permit


@ROOM.post(
    "/cases/{ref}/grants",
    **operation(
        CaseReply, *MINE, problems.NOT_PERMITTED, problems.NOT_DONE, problems.UNPROVED, body=True,
        about="Does what the proofs permit at this moment, once. `unlock` and `end-sessions` ask "
        "for nothing; `resend-link` for one proof; `lost-phone` (a new phone, with a new number) "
        "and `release-number` for two by different means, and for the technician's own second step "
        "in `proof`: a program's key shows none. A temporary password is made in the console "
        "alone: it is sealed in the technician's browser.",
    ),
)  # fmt: skip
async def use_grant(seat: Technician, ref: Handle, given: Granting) -> CaseReply:
    """Do what the proofs permit."""
    await enter(seat)
    parts, deed = seat.call.parts, Deed(given.deed)
    staff = await _proved(seat, ref, given.proof) if given.proof else seat.staff
    if deed in _DANGEROUS:
        return await _told(seat, ref, await _DANGEROUS[deed](parts, staff, ref))
    if deed is Deed.RESEND_LINK:
        return await _told(seat, ref, await flow.resend_link(parts, staff, ref))
    user = await _whom(seat, ref)
    do = desk_staff.unlock if deed is Deed.UNLOCK else desk_staff.end_sessions
    return await _told(seat, ref, await do(parts, staff, user.id))


async def _proved(seat: Seated, ref: str, code: str) -> Staff:
    """The technician, whose second step this is. Raises Refusal."""
    await _whom(seat, ref)  # what is not there is not there, whatever the code
    found = await desk_tool.prove(seat.call.parts, seat.staff, code)
    match found:
        case Staff():
            return found
        case desk_tool.Unproved(until=until):
            raise seat.call.refusal(problems.UNPROVED, Nothing(), until=until)
        case desk_tool.NoTechnician():
            raise seat.call.refusal(problems.NO_TECHNICIAN, Nothing())


async def _told(seat: Seated, ref: str, answer: object) -> CaseReply:
    call = seat.call
    match answer:
        case flow.Sent() | desk_staff.Done() | lost_phone.Begun() | releasing.Released():
            return await shown(seat, ref)
        case (
            flow.NotPermitted(short=short)
            | lost_phone.NotPermitted(short=short)
            | releasing.NotPermitted(short=short)
        ):
            missing = [*map(str, short.missing)]
            raise call.refusal(problems.NOT_PERMITTED, Nothing(), missing=missing)
        case flow.NotSent(why=why) | lost_phone.Barred(why=why):
            raise call.refusal(problems.NOT_DONE, Nothing(), reason=str(why))
        case lost_phone.Waits():
            raise call.refusal(problems.NOT_DONE, Nothing(), reason="waits")
        case releasing.Barred():
            raise call.refusal(problems.NOT_DONE, Nothing(), reason="frozen")
        case _:
            raise barred(call, answer)


@ROOM.delete(
    "/cases/{ref}/recovery",
    **operation(CaseReply, *ONE, about="Stops a new phone that was asked for in this case."),
)
async def stop_recovery(seat: Technician, ref: Handle) -> CaseReply:
    """Stop a new phone."""
    await enter(seat)
    answer = await lost_phone.stop(seat.call.parts, seat.staff, ref)
    if isinstance(answer, Stopped):
        return await shown(seat, ref)
    raise barred(seat.call, answer)
