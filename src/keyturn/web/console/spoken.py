"""A diagnosis in the voice of whoever reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from keyturn.rules.access import Staff
from keyturn.rules.accounts import Role
from keyturn.rules.diagnosis import (
    VOCABULARY,
    Blind,
    Diagnosis,
    Facts,
    Finding,
    Kind,
    Value,
    Voice,
    evidence,
    render,
    words,
)
from keyturn.rules.diagnosis.catalogue import BY_ID
from keyturn.web.rendering import said_time
from keyturn.web.visit import Visit


@dataclass(frozen=True, slots=True)
class SpokenCause:
    """One cause: what is the case, why it is held to be true, what to do, and what may be
    told to the person ("" if nothing).
    """

    title: str
    what: str
    evidence: tuple[str, ...]
    remedy: str
    voice: str


@dataclass(frozen=True, slots=True)
class Spoken:
    """See docs/design/02-pages.md; `cannot_see` holds facts by the reason why not."""

    looked_at: tuple[str, ...]
    causes: tuple[SpokenCause, ...]
    cannot_see: Mapping[Blind, tuple[str, ...]]


def spoken(visit: Visit, staff: Staff, diagnosis: Diagnosis, facts: Facts) -> Spoken:
    """The diagnosis for this member of staff: technicians help people, the others run things."""
    voice = Voice.HELP_DESK if staff.role is Role.TECHNICIAN else Voice.ADMINISTRATOR
    unseen: dict[Blind, tuple[str, ...]] = {}
    for fact in diagnosis.cannot_see:
        unseen[fact.why] = (*unseen.get(fact.why, ()), VOCABULARY[fact.name].meaning)
    return Spoken(
        looked_at=tuple(_line(visit, n, facts.value(n)) for n in diagnosis.looked_at),
        causes=tuple(_cause(visit, voice, finding) for finding in diagnosis.findings),
        cannot_see=unseen,
    )


def _cause(visit: Visit, voice: Voice, finding: Finding) -> SpokenCause:
    said, told = words(finding, voice), words(finding, Voice.PERSON)
    because = evidence(finding, voice).items()

    def say(text: str, values: Mapping[str, Value]) -> str:
        return render(text, values, lambda ms: _time(visit, ms))

    return SpokenCause(
        title=BY_ID[finding.cause].title,
        what=say(said.what, said.values),
        evidence=tuple(_line(visit, name, value) for name, value in because),
        remedy=say(said.do, said.values),
        voice=say(f"{told.what} {told.do}", told.values),
    )


def _line(visit: Visit, name: str, value: Value) -> str:
    """A fact with its value, as people write it."""
    fact = VOCABULARY[name]
    meaning = fact.meaning.partition(";")[0]
    if value is None:
        shown = "none"
    elif isinstance(value, bool):
        shown = "yes" if value else "no"
    elif fact.kind is Kind.TIME and isinstance(value, int):
        shown = _time(visit, value)
    else:
        shown = str(value)
    return f"{meaning[:1].upper()}{meaning[1:]}: {shown}"


def _time(visit: Visit, ms: int) -> str:
    own = visit.signed_in.user.timezone if visit.signed_in else None
    return said_time(ms, visit.now, own, visit.tenant.timezone)
