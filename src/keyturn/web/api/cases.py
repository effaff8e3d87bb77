"""Cases, for a help desk's own tool: opened, read, taken, noted, handed over, closed; and for the
person, how their own stands.

The same flows as the console's, with the same limits; see docs/design/17-help-desk.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Depends, Header
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import Field

from keyturn.flows import api_keys, casework, desk_tool, own_case
from keyturn.flows import staff as desk_staff
from keyturn.flows.casework import Desk, HeldBack, NoSuchName, NotYours, Over
from keyturn.flows.own_case import NotFound
from keyturn.rules.access import Staff, Why
from keyturn.rules.api_keys import ApiKey, Scope
from keyturn.web.api import problems
from keyturn.web.api.account import Handle
from keyturn.web.api.call import Anyone, Call, Owner, Reply
from keyturn.web.api.case_shown import (
    CaseItem,
    CaseReply,
    CasesReply,
    ListedCase,
    RecoveryItem,
    item,
    recovery,
)
from keyturn.web.api.fields import Fields, Line, Name, Text
from keyturn.web.api.operations import operation, room
from keyturn.web.api.pending import Ms, Nothing, Out
from keyturn.web.refusals import Refusal
from keyturn.web.strict_json import invalid

ROOM = room("cases")
TECHNICIAN = "Keyturn-Technician"
KEY = HTTPBearer(
    scheme_name="desk",
    description="A key of the tenant that opens cases, from `keyturn tenant key add --cases`.",
    auto_error=False,
)
#: what every operation of a tool may answer
TOOL = (problems.UNKNOWN_KEY, problems.NO_TECHNICIAN)
#: … that is about one case
ONE = (*TOOL, problems.NOT_FOUND, problems.INVALID, problems.NOT_ALLOWED)
#: … and changes it
MINE = (*ONE, problems.NOT_YOURS, problems.CASE_CLOSED)


@dataclass(frozen=True, slots=True)
class Seated:
    """A request of a tool, and who is before it."""

    call: Call
    key: ApiKey
    staff: Staff


async def _seated(
    call: Anyone,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(KEY)],
    technician: Annotated[
        str,
        Header(alias=TECHNICIAN, description="User name of the technician who is "
               "at the tool: staff of the tenant, and answerable for what is done."),
    ] = "",
) -> Seated:  # fmt: skip
    shown = credentials.credentials if credentials else ""
    key = await api_keys.authenticate(call.parts, call.caller, shown, Scope.CASES)
    if key is None:
        raise call.refusal(problems.UNKNOWN_KEY, Nothing())
    staff = await desk_tool.technician(call.parts, call.caller, key, technician)
    match staff:
        case Staff():
            return Seated(call, key, staff)
        case desk_tool.NoTechnician():
            raise call.refusal(problems.NO_TECHNICIAN, Nothing())


async def enter(seat: Seated) -> None:
    """The request can be read, and is one: the key is used. Raises Refusal 401 where it was revoked
    meanwhile.
    """
    if not await desk_tool.enter(seat.call.parts, seat.key):
        raise seat.call.refusal(problems.UNKNOWN_KEY, Nothing())


Technician = Annotated[Seated, Depends(_seated)]


async def shown(seat: Seated, ref: str) -> CaseReply:
    """The case as it stands now. Raises Refusal 404."""
    desk = await casework.look(seat.call.parts, seat.staff, ref)
    if not isinstance(desk, Desk):
        raise seat.call.refusal(problems.NOT_FOUND, Nothing())
    case = CaseItem.model_validate(item(desk))
    return CaseReply(**seat.call.reply(Nothing(), case=case))


def barred(call: Call, answer: object) -> Refusal:
    """The problem that the answer of any flow about a case means."""
    why = getattr(answer, "why", None)
    match answer:
        case NotYours(holder=holder):
            return call.refusal(problems.NOT_YOURS, Nothing(), holder=holder)
        case Over():
            return call.refusal(problems.CASE_CLOSED, Nothing())
        case _ if isinstance(why, Why):
            return call.refusal(problems.NOT_ALLOWED, Nothing(), reason=str(why))
        case _:
            return call.refusal(problems.NOT_FOUND, Nothing())


# -- what a tool does


class Opening(Fields):
    """Somebody calls. A user name is all that they need; it proves nothing."""

    user: Name
    contact: Annotated[Line, Field(max_length=254, description="How to reach the caller.")]
    note: Annotated[Text, Field(max_length=2000, description="What they say; never a secret.")]
    idempotency_key: Annotated[
        Line,
        Field(min_length=1, max_length=64, description="Another one for each case: sent again "
              "while the case is open and the technician's, it is the same case."),
    ]  # fmt: skip


class Note(Fields):
    """Something worth knowing."""

    note: Annotated[Text, Field(min_length=1, max_length=2000)]
    idempotency_key: Annotated[
        Line, Field(min_length=1, max_length=64, description="Sent again, it is noted once.")
    ]


class Handing(Fields):
    """To whom the case goes."""

    colleague: Annotated[Line, Field(min_length=1, max_length=64, description="The id.")]


class Closing(Fields):
    """What it was."""

    cause: Annotated[
        Line, Field(max_length=64, description="Id of a cause of the catalogue; empty for another.")
    ]


@ROOM.get("/cases", **operation(CasesReply, *TOOL))
async def list_cases(seat: Technician) -> CasesReply:
    """List the technician's open cases, and nobody's."""
    await enter(seat)
    call = seat.call
    mine = await casework.index(call.parts, seat.staff, casework.MINE)
    free = await casework.index(call.parts, seat.staff, casework.FREE)
    return CasesReply(**call.reply(Nothing(), mine=_listed(mine), free=_listed(free)))


def _listed(found: casework.Cases) -> list[ListedCase]:
    return [
        ListedCase(ref=c.ref, user=c.user_id, identifier=c.identifier, opened_at=c.created_at)
        for c in found.cases
    ]


@ROOM.post(
    "/cases",
    **operation(
        CaseReply, *TOOL, problems.NOT_FOUND, problems.NOT_ALLOWED, problems.LOOKS_SECRET,
        body=True, about="Opens a case for a caller; it is the technician's. The user hears of it.",
    ),
)  # fmt: skip
async def open_case_for_caller(seat: Technician, given: Opening) -> CaseReply:
    """Open a case for a caller."""
    await enter(seat)
    call = seat.call
    answer = await casework.open_for(
        call.parts, seat.staff, given.user, given.contact, given.note,
        f"{seat.key.id}:{given.idempotency_key}",
    )  # fmt: skip
    match answer:
        case casework.Done(ref=ref):
            return await shown(seat, ref)
        case HeldBack(kind=kind):
            raise _secret(call, str(kind))
        case NoSuchName():
            raise call.refusal(problems.NOT_FOUND, Nothing())
        case _:
            raise barred(call, answer)


def _secret(call: Call, kind: str) -> Refusal:
    return call.refusal(problems.LOOKS_SECRET, Nothing(), field="note", looks_like=kind)


@ROOM.get("/cases/{ref}", **operation(CaseReply, *ONE))
async def show_case(seat: Technician, ref: Handle) -> CaseReply:
    """Say how a case stands."""
    await enter(seat)
    return await shown(seat, ref)


@ROOM.post(
    "/cases/{ref}/take",
    **operation(CaseReply, *ONE, problems.CASE_CLOSED, about="It is the technician's from now on. "
                "What was proved to somebody else is gone."),
)  # fmt: skip
async def take_case(seat: Technician, ref: Handle) -> CaseReply:
    """Take a case."""
    await enter(seat)
    return await _done(seat, ref, await casework.take(seat.call.parts, seat.staff, ref))


@ROOM.post("/cases/{ref}/hand", **operation(CaseReply, *MINE, body=True))
async def hand_case(seat: Technician, ref: Handle, given: Handing) -> CaseReply:
    """Hand a case to a colleague."""
    await enter(seat)
    answer = await casework.hand(seat.call.parts, seat.staff, ref, given.colleague)
    return await _done(seat, ref, answer)


@ROOM.post(
    "/cases/{ref}/notes",
    **operation(CaseReply, *ONE, problems.CASE_CLOSED, problems.LOOKS_SECRET, body=True),
)
async def note_in_case(seat: Technician, ref: Handle, given: Note) -> CaseReply:
    """Note something; what looks like a password or a code is handed back."""
    await enter(seat)
    request = f"{seat.key.id}:{given.idempotency_key}"
    answer = await casework.note(seat.call.parts, seat.staff, ref, given.note, request)
    if isinstance(answer, HeldBack):
        raise _secret(seat.call, str(answer.kind))
    return await _done(seat, ref, answer)


@ROOM.post(
    "/cases/{ref}/close",
    **operation(CaseReply, *ONE, body=True, about="With the cause that it was. A closed case stays "
                "as it is."),
)  # fmt: skip
async def close_case(seat: Technician, ref: Handle, given: Closing) -> CaseReply:
    """Close a case."""
    await enter(seat)
    await shown(seat, ref)
    answer = await desk_staff.close_case(seat.call.parts, seat.staff, ref, given.cause or None)
    if isinstance(answer, desk_staff.NotFound):
        raise invalid("/cause", "unknown-value")
    if isinstance(answer, desk_staff.NotAllowed):
        raise barred(seat.call, answer)
    return await shown(seat, ref)


async def _done(seat: Seated, ref: str, answer: object) -> CaseReply:
    if isinstance(answer, casework.Done):
        return await shown(seat, ref)
    raise barred(seat.call, answer)


# -- the person's own


class OwnCase(Out):
    """A case of one's own. `taken`: somebody works on it. `recovery`: a new phone that was asked
    for in one's name, as long as it can come about; the account's page stops it.
    """

    ref: str
    state: Literal["open", "closed"]
    opened_at: Ms
    closed_at: Ms | None
    taken: bool
    recovery: RecoveryItem | None


class OwnCaseReply(Reply):
    """How it stands."""

    case: OwnCase


@ROOM.get(
    "/account/cases/{ref}",
    **operation(OwnCaseReply, problems.NOT_FOUND, problems.INVALID, signed=True),
)
async def show_own_case(owner: Owner, ref: Handle) -> OwnCaseReply:
    """Say how a case of one's own stands, by the reference that was read out."""
    call = owner.call
    found = await own_case.look(call.parts, call.caller, owner.me, ref)
    if isinstance(found, NotFound):
        raise call.refusal(problems.NOT_FOUND, Nothing())
    case = OwnCase.model_validate({
        "ref": found.case.ref, "state": found.case.state, "opened_at": found.case.created_at,
        "closed_at": found.case.closed_at, "taken": found.taken,
        "recovery": recovery(found.recovery),
    })  # fmt: skip
    return OwnCaseReply(**call.reply(Nothing(), case=case))
