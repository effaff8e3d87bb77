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
from keyturn.rules.diagnosis.judge import UNKNOWN
from keyturn.web.rendering import said_time
from keyturn.web.visit import Visit
from keyturn.words.speech import program

#: a page of the console, whose language is that of all its pages
PAGE = "console/base.html"
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
    voice, ear = _voice(staff), Ear(visit)
    unseen: dict[Blind, tuple[SpokenFact, ...]] = {}
    for fact in diagnosis.cannot_see:
        unseen[fact.why] = (*unseen.get(fact.why, ()), ear.fact(fact.name, None))
    said = [(weighs(f), _cause(ear, voice, f)) for f in diagnosis.findings]
    return Spoken(
        causes=tuple(cause for weighty, cause in said if weighty),
        others=tuple(cause for weighty, cause in said if not weighty),
        looked_at=tuple(ear.fact(name, facts.value(name)) for name in diagnosis.looked_at),
        cannot_see=unseen,
    )


def one(visit: Visit, staff: Staff, finding: Finding) -> SpokenCause:
    """One cause for this member of staff."""
    return _cause(Ear(visit), _voice(staff), finding)


def _voice(staff: Staff) -> Voice:
    return Voice.HELP_DESK if staff.role is Role.TECHNICIAN else Voice.ADMINISTRATOR


def weighs(finding: Finding) -> bool:
    """Whether it belongs to the answer, and not to what else was noticed."""
    outside = not OUTSIDE.isdisjoint(BY_ID[finding.cause].symptoms)
    return finding.strength >= (LIKELY if outside else STRONG)


def _cause(ear: Ear, voice: Voice, finding: Finding) -> SpokenCause:
    said, told = words(finding, voice), words(finding, Voice.PERSON)
    because = evidence(finding, voice).items()
    person = (ear.filled(told.what, told.values), ear.filled(told.do, told.values))
    return SpokenCause(
        title=ear.say(BY_ID[finding.cause].title),
        what=ear.filled(said.what, said.values),
        remedy=ear.filled(said.do, said.values),
        voice=" ".join(person),
        evidence=tuple(ear.fact(name, value) for name, value in because),
    )


class Ear:
    """How whoever looks at the console reads: in which language, in whose zone."""

    def __init__(self, visit: Visit) -> None:
        self.say, self._speech = visit.words(PAGE)
        self._visit = visit

    def filled(self, text: str, values: Mapping[str, Value]) -> str:
        """A text of the catalogue. A value may be a word of ours ("ahead") or a browser's name;
        what a far side said has no translation.
        """
        said = {name: self._value(v) for name, v in values.items()}
        return render(self.say(text), said, self.time, self.say(UNKNOWN))

    def _value(self, value: Value) -> Value:
        return program(self.say(value), self._speech) if isinstance(value, str) else value

    def time(self, ms: int) -> str:
        """A moment within a sentence."""
        visit = self._visit
        own = visit.person.timezone if visit.person else None
        return said_time(ms, visit.now, own, visit.tenant.timezone, self._speech)

    def fact(self, name: str, value: Value) -> SpokenFact:
        """A fact with what it means."""
        fact = VOCABULARY[name]
        ours = fact.kind is Kind.WORD
        return SpokenFact(
            topic=name.partition(".")[0],
            meaning=self.say(fact.meaning.partition(";")[0]),
            value=self._value(str(value)) if ours and value is not None else value,
            time=fact.kind is Kind.TIME,
        )
