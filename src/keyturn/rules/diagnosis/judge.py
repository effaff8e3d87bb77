"""Judging a snapshot: which causes hold, how strongly, and in what words.

    diagnose(facts, now, symptom)           for people with proof and for staff
    diagnose_stranger(facts, now, symptom)  for everybody else

The stranger's diagnosis is computed from public facts alone, and only from causes that
depend on nothing else; an account's facts cannot reach it, whatever they are.

Nothing here raises, whatever a snapshot lacks: a cause without the facts it needs is
listed as undecided, and what it lacked as not seen.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from keyturn.rules.diagnosis.catalogue import BY_ID, CAUSES, NEUTRAL
from keyturn.rules.diagnosis.cause import Cause, Evidence, Say, Symptom, Voice
from keyturn.rules.diagnosis.facts import Blind, Facts, Unseen, Value
from keyturn.rules.diagnosis.vocabulary import VOCABULARY, Audience


@dataclass(frozen=True, slots=True)
class Finding:
    """A cause that holds.

    Attributes:
        cause: its id; "neutral" for a stranger's neutral text.
        strength: 0 to 100.
        because: the facts that convinced, with their values; show them by `evidence`.
        values: everything the words may show, by placeholder.
        symptom: what was asked about; None for everything.
    """

    cause: str
    strength: int
    because: Mapping[str, Value]
    values: Mapping[str, Value]
    symptom: Symptom | None


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The answer.

    Attributes:
        findings: the strongest first; causes of equal strength in the catalogue's order.
        looked_at: names of the facts that were looked at, in the vocabulary's order.
        cannot_see: facts that were not, and why.
        undecided: ids of causes that cannot be told because of that.
    """

    findings: tuple[Finding, ...]
    looked_at: tuple[str, ...]
    cannot_see: tuple[Unseen, ...]
    undecided: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """A finding in one voice, as templates with their values; see `render`.

    Attributes:
        what: what is the case.
        do: what to do about it.
        unseen: what Keyturn cannot see in this matter; "" in the stranger's voice.
        values: by placeholder.
    """

    what: str
    do: str
    unseen: str
    values: Mapping[str, Value]


NEUTRAL_ID: Final = "neutral"
UNKNOWN: Final = "not known"
_PLACEHOLDER: Final = re.compile(r"\{([a-z_.]+)(:time)?\}")
_NOTHING: Final[Mapping[Voice, Say]] = {
    Voice.STRANGER: Say(
        "Keyturn has found no reason that it may tell here.",
        "Choose Forgot password, or open a case by the contacts on this page.",
    ),
    Voice.PERSON: Say(
        "Keyturn has found nothing that keeps you out.",
        "Try once more. If that fails, open a case: it carries everything that was looked at.",
    ),
    Voice.HELP_DESK: Say(
        "No known cause fits what Keyturn could look at.",
        "Read below what was looked at and what could not be seen, and open a case.",
    ),
    Voice.ADMINISTRATOR: Say(
        "No cause of the catalogue holds for this snapshot.",
        "Compare the facts below with the audit trail and the servers' logs.",
    ),
}


def diagnose(facts: Facts, now: int, symptom: Symptom | None = None) -> Diagnosis:
    """Why somebody could not get in, for the person after proof and for staff.

    Args:
        facts: the snapshot; any part of it may be missing.
        now: milliseconds since the epoch, the moment the answer is for.
        symptom: what the person ran into; None considers every cause.
    """
    asked = [c for c in CAUSES if not c.strangers and _explains(c, symptom)]
    return _judge(asked, facts, now, symptom)


def diagnose_stranger(facts: Facts, now: int, symptom: Symptom) -> Diagnosis:
    """The same for somebody without proof: public causes, then the neutral text.

    The outcome is a function of the public facts and the symptom alone.
    """
    asked = [c for c in CAUSES if c.public and _explains(c, symptom)]
    judged = _judge(asked, facts.public(), now, symptom)
    neutral = Finding(NEUTRAL_ID, 0, {}, {}, symptom)
    return Diagnosis((*judged.findings, neutral), judged.looked_at, (), ())


def words(finding: Finding, voice: Voice) -> Words:
    """A finding in a voice. A stranger hears the neutral text for every cause that could
    depend on an account, and for "neutral" every voice does.
    """
    cause = BY_ID.get(finding.cause)
    if cause is None or (voice is Voice.STRANGER and not cause.public):
        say = NEUTRAL[finding.symptom] if finding.symptom else _NOTHING[Voice.STRANGER]
        return Words(say.what, say.do, "", {})
    say = cause.say(voice)
    shown = placeholders(say.what + say.do)
    values = {name: value for name, value in finding.values.items() if name in shown}
    return Words(say.what, say.do, "" if voice is Voice.STRANGER else cause.unseen, values)


def evidence(finding: Finding, voice: Voice) -> Mapping[str, Value]:
    """The facts that convinced, as far as this voice's listener may see them."""
    hidden = {
        Voice.STRANGER: {Audience.PERSON, Audience.STAFF},
        Voice.PERSON: {Audience.STAFF},
    }.get(voice, set())
    return {n: v for n, v in finding.because.items() if VOCABULARY[n].audience not in hidden}


def nothing_found(voice: Voice) -> Words:
    """The words for a diagnosis without findings."""
    return Words(_NOTHING[voice].what, _NOTHING[voice].do, "", {})


def render(
    text: str,
    values: Mapping[str, Value],
    fmt_time: Callable[[int], str],
    unknown: str = UNKNOWN,
) -> str:
    """Fill a template in.

    Args:
        text: `{name}` is shown as it is, `{name:time}` through `fmt_time`.
        values: by name; what is missing is shown as `unknown`.
        fmt_time: milliseconds since the epoch to words in the reader's zone.

    Returns: plain text. Values may be a far side's words: escape the whole for HTML, and
    strip control characters for a terminal.
    """

    def fill(match: re.Match[str]) -> str:
        value = values.get(match[1])
        if value is None:
            return unknown
        if match[2] and isinstance(value, int):
            return fmt_time(value)
        return str(value)

    return _PLACEHOLDER.sub(fill, text)


def placeholders(text: str) -> frozenset[str]:
    """The names that a template shows."""
    return frozenset(match[1] for match in _PLACEHOLDER.finditer(text))


def _explains(cause: Cause, symptom: Symptom | None) -> bool:
    return symptom is None or symptom in cause.symptoms


def _judge(causes: Iterable[Cause], facts: Facts, now: int, symptom: Symptom | None) -> Diagnosis:
    findings: list[Finding] = []
    undecided: list[str] = []
    wanted: dict[str, None] = {}
    for cause in causes:
        wanted.update(dict.fromkeys((*cause.needs, *cause.uses)))
        if not all(facts.seen(name) for name in cause.needs):
            undecided.append(cause.id)
        elif evidence := cause.test(facts.some((*cause.needs, *cause.uses)), now):
            findings.append(_finding(cause, evidence, facts, symptom))
    findings.sort(key=lambda f: -f.strength)  # a stable sort keeps the catalogue's order
    looked_at = tuple(name for name in VOCABULARY if name in wanted and facts.seen(name))
    return Diagnosis(tuple(findings), looked_at, _blind(facts, wanted), tuple(undecided))


def _finding(cause: Cause, evidence: Evidence, facts: Facts, symptom: Symptom | None) -> Finding:
    because = {n: facts.value(n) for n in evidence.because if facts.seen(n)}
    values = {name: facts.value(name) for name in cause.needs} | dict(evidence.derived)
    return Finding(cause.id, evidence.strength, because, values, symptom)


def _blind(facts: Facts, wanted: Iterable[str]) -> tuple[Unseen, ...]:
    """What could not be seen: the collector's own word first, else "not looked at"."""
    told = {unseen.name: unseen.why for unseen in facts.cannot_see}
    return tuple(
        Unseen(name, told.get(name, Blind.NOT_LOOKED_AT))
        for name in VOCABULARY
        if name in set(wanted) and not facts.seen(name)
    )
