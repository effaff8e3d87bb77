"""Signing in with a directory password, sealed by the program that it was typed into.

begin says whom to seal to (docs/design/12-directory-signin.md), for one attempt; nothing here takes
a password. Known and absent names are answered alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import Field

from keyturn.flows import directory_signin as flow
from keyturn.flows.directory_signin import (
    AddressPending,
    Asked,
    Barred,
    Begun,
    Full,
    Gone,
    MustChange,
    NoAgent,
    NotAName,
    NotSealed,
    Off,
    SecondPending,
    SignedIn,
    TooMany,
    Trouble,
    Waiting,
    Wrong,
)
from keyturn.rules.directories.resets import Envelope
from keyturn.rules.directories.signins.answers import STEP_MS
from keyturn.web.api import problems
from keyturn.web.api.account import Handle
from keyturn.web.api.call import Anyone, Call, Reply
from keyturn.web.api.directory import Recipient, SealedTo, Sealing
from keyturn.web.api.fields import Fields, Name
from keyturn.web.api.operations import operation, room
from keyturn.web.api.pending import DirectoryTry, GivePassword, Nothing, Out, SecondFactor
from keyturn.web.api.persons import SigninReply, entered
from keyturn.web.api.signup import verify_email
from keyturn.web.encoding import decoded, encoded
from keyturn.web.refusals import Refusal
from keyturn.web.strict_json import invalid
from keyturn.wire.seals import SIGN_IN

ROOM = room("sign-in")


class SigninDirectory(Out):
    """A directory whose passwords sign its people in here."""

    directory: str
    domain: str


class DirectoriesReply(Reply):
    """Those there are, by domain."""

    directories: list[SigninDirectory]


class AttemptReply(Reply):
    """Whom to seal to. `sealing.job` is the attempt, `sealing.user` what the seal is for."""

    sealing: Sealing


class Attempt(Fields):
    """A name, and the sealed password."""

    identifier: Name
    envelopes: Annotated[list[SealedTo], Field(min_length=1, max_length=16)]


@ROOM.get("/signin/directories", **operation(DirectoriesReply))
async def signin_directories(call: Anyone) -> DirectoriesReply:
    """List the directories whose passwords sign people in."""
    found = await flow.ways(call.parts, call.caller)
    rows = [SigninDirectory(directory=one.id, domain=one.name) for one in found]
    return DirectoriesReply(**call.reply(Nothing(), directories=rows))


@ROOM.post(
    "/signin/directories/{directory_id}",
    **operation(
        AttemptReply, problems.NOT_FOUND, problems.TOO_MANY, problems.DIRECTORY_SILENT,
        problems.INVALID,
        about="Begins an attempt, and says whom to seal the password to. Nobody is named yet.",
    ),
)  # fmt: skip
async def begin_directory_signin(call: Anyone, directory_id: Handle) -> AttemptReply:
    """Begin to sign in with a directory password."""
    answer = await flow.begin(call.parts, call.caller, directory_id)
    match answer:
        case Begun():
            step = DirectoryTry(attempt=answer.try_id)
            return AttemptReply(**call.reply(step, sealing=_sealing(call, answer)))
        case _:
            raise _refused(call, answer)


def _sealing(call: Call, begun: Begun) -> Sealing:
    return Sealing(
        tenant=call.tenant.slug, domain=begun.directory.name, job=begun.try_id, user=SIGN_IN,
        directory=begun.directory.id, expires_at=begun.expires_at,
        identity=encoded(begun.identity),
        recipients=[
            Recipient(agent=r.agent_id, key=encoded(r.sealing_key),
                      certificate=encoded(r.certificate))
            for r in begun.recipients
        ],
    )  # fmt: skip


@ROOM.post(
    "/signin/attempts/{attempt}",
    **operation(
        Reply, problems.TOO_MANY, problems.BUSY, problems.NOTHING_PENDING, problems.NOT_SEALED,
        body=True,
        about="Hands name and sealed password in; then ask for the answer. Doing so twice in the "
        "same words is doing it once.",
    ),
)  # fmt: skip
async def hand_in_directory_password(call: Anyone, attempt: Handle, given: Attempt) -> Reply:
    """Hand the sealed password in."""
    envelopes = [Envelope(e.agent, decoded(e.enc), decoded(e.ciphertext)) for e in given.envelopes]
    answer = await flow.submit(call.parts, call.caller, attempt, given.identifier, envelopes)
    if isinstance(answer, Asked):
        return Reply(**call.reply(DirectoryTry(attempt=attempt)))
    raise _refused(call, answer)


@ROOM.post(
    "/signin/attempts/{attempt}/answer",
    **operation(
        SigninReply, problems.WRONG, problems.NOTHING_PENDING, problems.DIRECTORY_SILENT,
        problems.DIRECTORY_CHANGE, problems.DIRECTORY_BARRED, problems.INVALID,
        about="Says what came of it, once; while the directory is asked, `pending` stays "
        "`directory_try`. Ask about once a second. `wrong` is the same whatever was wrong.",
    ),
)  # fmt: skip
async def directory_signin_answer(call: Anyone, attempt: Handle) -> SigninReply:
    """Say what the directory answered."""
    answer = await flow.answer(call.parts, call.caller, attempt)
    match answer:
        case Waiting():
            step = DirectoryTry(attempt=attempt)
            return SigninReply(**call.reply(step, signed_in=None))
        case SignedIn():
            return SigninReply(**call.reply(Nothing(), signed_in=entered(call, answer)))
        case SecondPending(methods=methods, expires_at=until):
            second = SecondFactor(methods=[m.value for m in methods], expires_at=until)
            return SigninReply(**call.reply(second, signed_in=None))
        case AddressPending():
            return SigninReply(**call.reply(await verify_email(call), signed_in=None))
        case _:
            raise _refused(call, answer)


#: answers that say nothing more than their name
_PLAIN: Final[Mapping[type, problems.Kind]] = {
    Off: problems.NOT_FOUND,
    NoAgent: problems.DIRECTORY_SILENT,
    Trouble: problems.DIRECTORY_SILENT,
    NotSealed: problems.NOT_SEALED,
    Gone: problems.NOTHING_PENDING,
    MustChange: problems.DIRECTORY_CHANGE,
    Wrong: problems.WRONG,
}


def _refused(call: Call, answer: object) -> Refusal:
    """Why it did not go on, as a problem."""
    again = GivePassword()
    match answer:
        case TooMany(until=until):
            return call.later(problems.TOO_MANY, again, until)
        case Full():
            return call.delayed(problems.BUSY, again, STEP_MS)
        case NotAName():
            return invalid("/identifier", "not-a-name")
        case Barred(reason=reason):
            return call.refusal(problems.DIRECTORY_BARRED, again, reason=reason)
        case _:
            return call.refusal(_PLAIN[type(answer)], again)
