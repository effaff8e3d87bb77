"""Diagnosis: why somebody could not get in.

One catalogue (symptom, facts, cause, remedy) as data; `diagnose` ranks its causes by the
evidence of a snapshot of facts, `words` speaks of them in four voices.  Pure: no I/O, no
clock.  Start with `vocabulary` (what may be known), then `catalogue` (what it may mean),
then `judge`.
"""

from keyturn.rules.diagnosis.cause import Symptom, Voice
from keyturn.rules.diagnosis.facts import Blind, Facts, Unseen, Value, restored
from keyturn.rules.diagnosis.judge import (
    Diagnosis,
    Finding,
    Words,
    diagnose,
    diagnose_stranger,
    evidence,
    nothing_found,
    render,
    words,
)
from keyturn.rules.diagnosis.vocabulary import VOCABULARY, Audience, Fact, Kind

__all__ = [
    "VOCABULARY",
    "Audience",
    "Blind",
    "Diagnosis",
    "Fact",
    "Facts",
    "Finding",
    "Kind",
    "Symptom",
    "Unseen",
    "Value",
    "Voice",
    "Words",
    "diagnose",
    "diagnose_stranger",
    "evidence",
    "nothing_found",
    "render",
    "restored",
    "words",
]
