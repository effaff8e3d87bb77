"""Verifying callers, for ticket systems: by a key of the tenant that does nothing else.

See docs/design/16-verification-api.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Depends, Header, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import Field

from keyturn.flows import api_keys, ticketing
from keyturn.flows.ticketing import (
    ApiKey,
    NotAsked,
    NotFound,
    NotPossible,
    Reused,
    Revoked,
    Seen,
    Unfit,
    Wish,
)
from keyturn.rules.phone_app import PushState
from keyturn.rules.verifications import (
    ASKER_MAX,
    REQUEST_MAX,
    TICKET_MAX,
    Outcome,
    Reason,
    ending,
)
from keyturn.web.api import problems, waiting
from keyturn.web.api.account import Handle
from keyturn.web.api.call import Anyone, Call, Reply
from keyturn.web.api.fields import Fields, Line, Name
from keyturn.web.api.operations import operation, room
from keyturn.web.api.pending import Ms, Nothing, Out, PhoneAnswer
from keyturn.web.refusals import Refusal
from keyturn.web.strict_json import invalid

ROOM = room("verifications")
KEY = HTTPBearer(
    scheme_name="key",
    description="A key of the tenant, from `keyturn tenant key add` or an owner's page.",
    auto_error=False,
)


@dataclass(frozen=True, slots=True)
class Keyed:
    """A request with a key that opens this tenant's verifications."""

    call: Call
    key: ApiKey


async def _keyed(
    call: Anyone, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(KEY)]
) -> Keyed:
    shown = credentials.credentials if credentials else ""
    key = await api_keys.authenticate(call.parts, call.caller, shown)
    if key is None:
        raise _unknown(call)
    return Keyed(call, key)


def _unknown(call: Call) -> Refusal:
    return call.refusal(problems.UNKNOWN_KEY, Nothing())


Program = Annotated[Keyed, Depends(_keyed)]


class Asked(Fields):
    """Whom to ask, and what for. The phone shows the key's name, the ticket and the asker."""

    user: Name
    ticket: Annotated[
        Line,
        Field(min_length=1, max_length=TICKET_MAX,
              description="Its reference: letters, digits and # . _ - /, such as INC-4711."),
    ]  # fmt: skip
    asker: Annotated[
        Line,
        Field(min_length=1, max_length=ASKER_MAX, description="The technician who is called."),
    ]
    idempotency_key: Annotated[
        Line,
        Field(min_length=1, max_length=REQUEST_MAX,
              description="Printable ASCII without spaces, another for each verification: a "
              "request that is sent again with it is the same verification."),
    ]  # fmt: skip


class Whose(Out):
    """The account whose phone is asked."""

    id: str
    name: str


class Verification(Out):
    """A verification. `outcome` is told once by the tenant's webhook, too.

    `state`: `waiting` until `ends_at` at the latest; then for ever what it is. `reason`: with
    `not_possible`. `number`, `words`: while it waits. `left`: wrong numbers that may still be
    typed. `push`: whether notifications reach the phone; where none do, the open app asks.
    """

    id: str
    state: Literal["waiting"] | Outcome
    reason: Reason | None
    user: Whose
    ticket: str
    asker: str
    number: Annotated[
        str | None, Field(description="Two digits. The technician reads them out, the caller types "
                          "them on the phone.")
    ]  # fmt: skip
    words: Annotated[
        str | None, Field(description="Two words. The phone shows the same: read out, they prove "
                          "the technician.")
    ]  # fmt: skip
    left: int
    push: PushState
    asked_at: Ms
    ends_at: Ms
    settled_at: Ms | None


class VerificationReply(Reply):
    """The verification."""

    verification: Verification


def _reply(call: Call, seen: Seen) -> VerificationReply:
    shown = _shown(seen)
    waits = PhoneAnswer(verification=shown.id, until=shown.ends_at)
    pending = waits if shown.state == "waiting" else Nothing()
    return VerificationReply(**call.reply(pending, verification=shown))


def _shown(seen: Seen) -> Verification:
    one, asked = seen.one, seen.standing.one
    end = ending(asked)
    return Verification(
        id=one.id, state=end.outcome if end else "waiting", reason=end.reason if end else None,
        user=Whose(id=seen.user.id, name=seen.user.name), ticket=one.ticket, asker=one.asker,
        number=None if end else asked.number, words=None if end else seen.words,
        left=seen.standing.left, push=seen.push, asked_at=asked.made_at, ends_at=asked.expires_at,
        settled_at=end.at if end else None,
    )  # fmt: skip


_EXAMPLE: dict[str, object] = {
    "pending": {"step": "phone_answer", "verification": "01kdvdna00000000000000000v",
                "until": 1767965520000},
    "verification": {
        "id": "01kdvdna00000000000000000v", "state": "waiting", "reason": None,
        "user": {"id": "01kdvdna00000000000000000a", "name": "Ada Byron"},
        "ticket": "INC-4711", "asker": "Tom", "number": "42", "words": "falcon teapot", "left": 3,
        "push": "works", "asked_at": 1767965460000, "ends_at": 1767965520000, "settled_at": None,
    },
}  # fmt: skip


@ROOM.post(
    "/verifications",
    **operation(
        VerificationReply, problems.UNKNOWN_KEY, problems.NOT_FOUND, problems.NOT_POSSIBLE,
        problems.KEY_REUSED, problems.BUDGET, body=True,
        about="Asks the phone of `user` whether it is them who calls. A newer question to the same "
        "phone ends it; five in fifteen minutes are asked, those of technicians among them.",
        example=_EXAMPLE,
    ),
)  # fmt: skip
async def start_verification(program: Program, given: Asked) -> VerificationReply:
    """Ask a caller's phone."""
    call = program.call
    wish = Wish(given.user, given.ticket, given.asker, given.idempotency_key)
    answer = await ticketing.start(call.parts, call.caller, program.key, wish)
    match answer:
        case Seen():
            return _reply(call, answer)
        case Unfit(field=field):
            raise invalid(f"/{field}", "unfit")
        case Revoked():
            raise _unknown(call)
        case Reused():
            raise call.refusal(problems.KEY_REUSED, Nothing())
        case NotFound():
            raise call.refusal(problems.NOT_FOUND, Nothing())
        case NotPossible(reason=reason):
            raise call.refusal(problems.NOT_POSSIBLE, Nothing(), reason=str(reason))
        case NotAsked(until=until):
            raise call.later(problems.BUDGET, Nothing(), until)


@ROOM.get(
    "/verifications/{verification}",
    **operation(
        VerificationReply, problems.UNKNOWN_KEY, problems.NOT_FOUND, problems.INVALID,
        about="How it stands. With `Prefer: wait=20` the answer comes when it has ended, or after "
        "so many seconds, at most 25 (RFC 7240). Only the key that started it sees it.",
    ),
)  # fmt: skip
async def show_verification(
    program: Program,
    verification: Handle,
    request: Request,
    prefer: Annotated[str, Header(description="`wait=20`: as said.")] = "",
) -> VerificationReply:
    """Say how a verification stands."""
    call, key = program.call, program.key

    async def look() -> Seen | NotFound:
        return await ticketing.look(call.parts, call.caller, key, verification)

    wait_s = waiting.seconds(prefer)
    return _told(call, await waiting.until(look, _over, request, key.id, wait_s))


def _over(seen: Seen | NotFound) -> bool:
    return isinstance(seen, NotFound) or ending(seen.standing.one) is not None


@ROOM.delete(
    "/verifications/{verification}",
    **operation(
        VerificationReply, problems.UNKNOWN_KEY, problems.NOT_FOUND, problems.INVALID,
        about="Takes the question back. One that has ended stays as it is.",
    ),
)  # fmt: skip
async def withdraw_verification(program: Program, verification: Handle) -> VerificationReply:
    """Take a question back."""
    call = program.call
    return _told(call, await ticketing.withdraw(call.parts, call.caller, program.key, verification))


def _told(call: Call, seen: Seen | NotFound) -> VerificationReply:
    if isinstance(seen, NotFound):
        raise call.refusal(problems.NOT_FOUND, Nothing())
    return _reply(call, seen)
