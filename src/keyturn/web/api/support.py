"""A case for whoever still can't get in, and the ways to reach a human."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import Field

from keyturn.flows import support
from keyturn.flows.support import HeldBack, NotAName, Opened, TooMany
from keyturn.rules.accounts import Tenant
from keyturn.rules.diagnosis import Diagnosis, Symptom, Voice, Words, nothing_found, render, words
from keyturn.rules.diagnosis.judge import UNKNOWN
from keyturn.web.api import problems
from keyturn.web.api.call import Anyone, Call, MaybeOwner, Reply
from keyturn.web.api.fields import Fields, Line, Name, Text
from keyturn.web.api.operations import operation, room
from keyturn.web.api.pending import Nothing, Out
from keyturn.web.strict_json import invalid
from keyturn.words.catalogue import saying

ROOM = room("support")

#: rules.diagnosis.Symptom, by value
About = Literal[
    "signin", "second", "signup", "code", "mail", "text", "phone", "recovery", "session", "page",
    "directory", "device", "app",
]  # fmt: skip


class Help(Fields):
    """What a person who cannot get in says. Never a password or code."""

    identifier: Name
    contact: Annotated[
        Line, Field(min_length=1, max_length=200, description="How to reach the person.")
    ]
    note: Annotated[Text, Field(max_length=2000, description="What happened.")] = ""
    about: Annotated[About, Field(description="What the person runs into.")] = "signin"


class Contact(Out):
    """A way to reach the tenant's support."""

    label: str
    value: str
    hours: str


class FindingItem(Out):
    """A cause in words for the person; `cause` is its stable name, or "neutral"."""

    cause: str | None
    what: str
    do: str


class HelpReply(Reply):
    """The case. `neutral`: whoever asks has not shown that the account is theirs, and hears
    only what does not depend on an account.
    """

    ref: Annotated[str, Field(description="What the person reads out, e.g. KT-7F3K-2M.")]
    neutral: bool
    findings: list[FindingItem]
    could_not_see: list[str]
    contacts: list[Contact]


class ContactReply(Reply):
    """Ways to reach a human, in order, and the one address that mail comes from."""

    contacts: list[Contact]
    sender: str


def _contacts(tenant: Tenant) -> list[Contact]:
    return [Contact(label=c.label, value=c.value, hours=c.hours) for c in tenant.support]


def _stamp(at: int) -> str:
    """A moment in words that need no zone of the reader's."""
    return datetime.fromtimestamp(at // 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _findings(
    diagnosis: Diagnosis, voice: Voice, say: Callable[[str], str]
) -> tuple[list[FindingItem], list[str]]:
    """What was found, and what could not be seen, once each, in the language of `say`."""
    found: list[tuple[str | None, Words]] = [(f.cause, words(f, voice)) for f in diagnosis.findings]
    found = found or [(None, nothing_found(voice))]
    items = [
        FindingItem(
            cause=cause,
            what=render(say(said.what), said.values, _stamp, say(UNKNOWN)),
            do=render(say(said.do), said.values, _stamp, say(UNKNOWN)),
        )
        for cause, said in found
    ]
    return items, list(dict.fromkeys(say(said.unseen) for _, said in found if said.unseen))


def _opened(call: Call, answer: Opened) -> HelpReply:
    findings, unseen = _findings(answer.diagnosis, answer.voice, saying(call.language))
    fields = call.reply(
        Nothing(),
        ref=answer.ref,
        neutral=answer.voice is Voice.STRANGER,
        findings=findings,
        could_not_see=unseen,
        contacts=_contacts(call.tenant),
    )
    return HelpReply(**fields)


@ROOM.post(
    "/help",
    **operation(
        HelpReply, problems.LOOKS_SECRET, problems.TOO_MANY, body=True,
        about="Opens a case with what Keyturn knows. With a session, or a recovery past its "
        "code, the findings are about the account; without, they are the same whether the name "
        "exists or not.",
    ),
    openapi_extra={"security": [{}]},  # the session is welcome, not needed
)  # fmt: skip
async def open_case(call: Anyone, owner: MaybeOwner, given: Help) -> HelpReply:
    """Open a case."""
    answer = await support.open_case(
        call.parts, call.caller, given.identifier, given.contact, given.note,
        signed_in=owner.me.user if owner else None, symptom=Symptom(given.about),
    )  # fmt: skip
    match answer:
        case Opened():
            return _opened(call, answer)
        case HeldBack(field=field, kind=kind):
            raise call.refusal(problems.LOOKS_SECRET, Nothing(), field=field, looks_like=str(kind))
        case TooMany(until=until):
            raise call.later(problems.TOO_MANY, Nothing(), until)
        case NotAName():
            raise invalid("/identifier", "not-a-name")


@ROOM.get("/contact", **operation(ContactReply))
async def show_contact(call: Anyone) -> ContactReply:
    """Say how to reach a human."""
    tenant = call.tenant
    return ContactReply(**call.reply(Nothing(), contacts=_contacts(tenant), sender=tenant.sender))
