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
    Symptom,
    Value,
    Voice,
    evidence,
    render,
    words,
)
from keyturn.rules.diagnosis.catalogue import BY_ID
from keyturn.rules.diagnosis.cause import LIKELY, STRONG
from keyturn.web.rendering import said_time
from keyturn.web.visit import Visit

#: what a person means who says "I cannot get in"
OUTSIDE = frozenset({Symptom.SIGNIN, Symptom.SECOND})


@dataclass(frozen=True, slots=True)
class SpokenFact:
    """A fact for people: what it is about, what it means, its value; `time`: a moment."""

    topic: str
    meaning: str
    value: Value
    time: bool


@dataclass(frozen=True, slots=True)
class SpokenCause:
    """One cause: what is the case, what to do, what to tell the person, and why."""

    title: str
    what: str
    remedy: str
    voice: str
    evidence: tuple[SpokenFact, ...]


@dataclass(frozen=True, slots=True)
class Spoken:
    """A diagnosis for a page.

    Attributes:
        causes: what keeps the person out; `others`: what else may matter.
        cannot_see: facts by the reason why they could not be seen.
    """

    causes: tuple[SpokenCause, ...]
    others: tuple[SpokenCause, ...]
    looked_at: tuple[SpokenFact, ...]
    cannot_see: Mapping[Blind, tuple[SpokenFact, ...]]


def spoken(visit: Visit, staff: Staff, diagnosis: Diagnosis, facts: Facts) -> Spoken:
    """The diagnosis for this member of staff: technicians help people, the others run things."""
    voice = _voice(staff)
    unseen: dict[Blind, tuple[SpokenFact, ...]] = {}
    for fact in diagnosis.cannot_see:
        unseen[fact.why] = (*unseen.get(fact.why, ()), _fact(fact.name, None))
    said = [(weighs(f), _cause(visit, voice, f)) for f in diagnosis.findings]
    return Spoken(
        causes=tuple(cause for weighty, cause in said if weighty),
        others=tuple(cause for weighty, cause in said if not weighty),
        looked_at=tuple(_fact(name, facts.value(name)) for name in diagnosis.looked_at),
        cannot_see=unseen,
    )


def one(visit: Visit, staff: Staff, finding: Finding) -> SpokenCause:
    """One cause for this member of staff."""
    return _cause(visit, _voice(staff), finding)


def _voice(staff: Staff) -> Voice:
    return Voice.HELP_DESK if staff.role is Role.TECHNICIAN else Voice.ADMINISTRATOR


def weighs(finding: Finding) -> bool:
    """Whether it belongs to the answer, and not to what else was noticed."""
    outside = not OUTSIDE.isdisjoint(BY_ID[finding.cause].symptoms)
    return finding.strength >= (LIKELY if outside else STRONG)


def _cause(visit: Visit, voice: Voice, finding: Finding) -> SpokenCause:
    said, told = words(finding, voice), words(finding, Voice.PERSON)
    because = evidence(finding, voice).items()

    def say(text: str, values: Mapping[str, Value]) -> str:
        return render(text, values, lambda ms: _time(visit, ms))

    return SpokenCause(
        title=BY_ID[finding.cause].title,
        what=say(said.what, said.values),
        remedy=say(said.do, said.values),
        voice=say(f"{told.what} {told.do}", told.values),
        evidence=tuple(_fact(name, value) for name, value in because),
    )


def _fact(name: str, value: Value) -> SpokenFact:
    fact = VOCABULARY[name]
    return SpokenFact(
        topic=name.partition(".")[0],
        meaning=fact.meaning.partition(";")[0],
        value=value,
        time=fact.kind is Kind.TIME,
    )


def _time(visit: Visit, ms: int) -> str:
    own = visit.signed_in.user.timezone if visit.signed_in else None
    return said_time(ms, visit.now, own, visit.tenant.timezone)
