"""Judging: never raises, ranks the same every time, and tells strangers nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.rules.diagnosis import (
    VOCABULARY,
    Audience,
    Blind,
    Fact,
    Facts,
    Kind,
    Symptom,
    Unseen,
    Voice,
    diagnose,
    diagnose_stranger,
    evidence,
    restored,
    words,
)
from keyturn.rules.diagnosis.catalogue import BY_ID, CAUSES, NEUTRAL
from keyturn.rules.diagnosis.cause import Cause
from keyturn.rules.diagnosis.facts import Value
from keyturn.rules.diagnosis.judge import Diagnosis, render

from .snapshots import EARLIER, NOW, ROWS

_NEAR = st.sampled_from([-(10**9), -600_000, -60_000, -1, 0, 1, 60_000, 600_000]).map(
    lambda d: NOW + d
)


def values_of(fact: Fact) -> st.SearchStrategy[Value]:
    """Values a fact may have: None, and those that its kind allows."""
    by_kind: dict[Kind, st.SearchStrategy[Value]] = {
        Kind.FLAG: st.booleans(),
        Kind.COUNT: st.integers(-120, 120),
        Kind.TIME: _NEAR,
        Kind.WORD: st.sampled_from(fact.words or ("",)),
        Kind.TEXT: st.sampled_from(["", "5.1.1", "550 5.7.26 {x} no", "4.2.2", "é\u202e"]),
    }
    return st.none() | by_kind[fact.kind]


SUBSETS = st.fixed_dictionaries({}, optional={n: values_of(f) for n, f in VOCABULARY.items()})
ANYTHING = st.dictionaries(
    st.sampled_from([*VOCABULARY, "no.such.fact"]),
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.lists(st.integers()),
)


def everything_said(diagnosis: Diagnosis, voice: Voice) -> list[str]:
    said = [words(finding, voice) for finding in diagnosis.findings]
    return [render(text, w.values, lambda at: f"<{at}>") for w in said for text in (w.what, w.do)]


@given(SUBSETS, st.none() | st.sampled_from(Symptom))
def test_any_subset_of_facts_can_be_judged_and_told(
    known: dict[str, object], symptom: Symptom | None
) -> None:
    judged = diagnose(Facts(known), NOW, symptom)
    for voice in Voice:
        everything_said(judged, voice)
    strengths = [f.strength for f in judged.findings]
    assert strengths == sorted(strengths, reverse=True)
    assert set(judged.looked_at) <= set(known)
    assert not {u.name for u in judged.cannot_see} & set(judged.looked_at)


@given(ANYTHING)
def test_a_damaged_snapshot_is_judged_too(known: dict[str, object]) -> None:
    judged = diagnose(restored(Facts(known).stored()), NOW)
    assert judged == diagnose(Facts(known), NOW)


@given(SUBSETS)
def test_the_order_in_which_facts_were_collected_changes_nothing(known: dict[str, object]) -> None:
    backwards = dict(reversed(known.items()))
    assert diagnose(Facts(backwards), NOW) == diagnose(Facts(known), NOW)


@given(SUBSETS, SUBSETS, st.sampled_from(Symptom))
def test_a_stranger_hears_the_same_whatever_the_account_is(
    mine: dict[str, object], other: dict[str, object], symptom: Symptom
) -> None:
    public = {n: v for n, v in mine.items() if VOCABULARY[n].audience is Audience.PUBLIC}
    private = {n: v for n, v in other.items() if VOCABULARY[n].audience is not Audience.PUBLIC}
    blind = tuple(Unseen(n, Blind.TOO_OLD) for n in private)
    alone = diagnose_stranger(Facts(public), NOW, symptom)
    assert diagnose_stranger(Facts(mine, blind), NOW, symptom) == alone
    assert diagnose_stranger(Facts({**private, **public}), NOW, symptom) == alone
    assert all(VOCABULARY[n].audience is Audience.PUBLIC for n in alone.looked_at)


@given(SUBSETS, st.sampled_from(Symptom))
def test_findings_meant_for_staff_turn_neutral_in_a_strangers_voice(
    known: dict[str, object], symptom: Symptom
) -> None:
    for finding in diagnose(Facts(known), NOW, symptom).findings:
        if not BY_ID[finding.cause].public:
            said = words(finding, Voice.STRANGER)
            assert (said.what, said.do) == (NEUTRAL[symptom].what, NEUTRAL[symptom].do)
            assert (dict(said.values), said.unseen) == ({}, "")


def test_a_finding_without_a_symptom_is_neutral_in_a_strangers_voice() -> None:
    finding = diagnose(Facts({"account.state": "disabled"}), NOW).findings[0]
    said = words(finding, Voice.STRANGER)
    assert "disabled" not in said.what + said.do
    assert said.values == {}


def test_a_stranger_always_hears_the_neutral_text_last() -> None:
    busy = Facts({"here.refused": "busy"})
    told = diagnose_stranger(busy, NOW, Symptom.SIGNIN)
    assert [f.cause for f in told.findings] == ["server.busy", "neutral"]
    assert words(told.findings[1], Voice.PERSON).what == NEUTRAL[Symptom.SIGNIN].what


def test_a_stranger_is_told_a_lock_that_absent_names_get_too() -> None:
    told = diagnose_stranger(Facts({"lane.asked.locked_until": NOW + 1}), NOW, Symptom.SIGNIN)
    said = words(told.findings[0], Voice.STRANGER)
    assert render(said.what, said.values, lambda _: "14:07").endswith("until 14:07.")


@pytest.mark.parametrize("cause", CAUSES, ids=lambda c: c.id)
def test_evidence_and_values_reach_only_those_who_may_see_them(cause: Cause) -> None:
    symptom, known, _ = ROWS[cause.id]
    judge = diagnose_stranger if cause.strangers else diagnose
    finding = judge(Facts(known), NOW, symptom).findings[0]
    assert evidence(finding, Voice.HELP_DESK) == finding.because
    assert evidence(finding, Voice.ADMINISTRATOR) == finding.because
    for voice, fine in (
        (Voice.STRANGER, {Audience.PUBLIC}),
        (Voice.PERSON, {Audience.PUBLIC, Audience.PERSON}),
    ):
        seen = {*evidence(finding, voice), *words(finding, voice).values} & set(VOCABULARY)
        assert {VOCABULARY[name].audience for name in seen} <= fine


@dataclass(frozen=True, slots=True)
class Watched(Facts):
    """A snapshot that remembers which names were asked for."""

    asked: set[str] = field(default_factory=set)

    def value(self, name: str) -> Value:
        self.asked.add(name)
        return Facts.value(self, name)


@pytest.mark.parametrize("cause", CAUSES, ids=lambda c: c.id)
@pytest.mark.parametrize("row", ["holds", "holds not"])
def test_a_cause_reads_only_the_facts_that_it_names(cause: Cause, row: str) -> None:
    _, facts, other = ROWS[cause.id]
    watched = Watched(facts if row == "holds" else {**facts, **other})
    cause.test(watched, NOW)
    assert watched.asked <= set(cause.needs + cause.uses)


def test_without_a_symptom_every_cause_but_the_strangers_is_considered() -> None:
    assert len(diagnose(Facts({}), NOW).undecided) == sum(not c.strangers for c in CAUSES)


def test_with_a_symptom_only_what_can_explain_it_is_considered() -> None:
    facts = Facts({"account.state": "disabled"})
    assert diagnose(facts, NOW, Symptom.SESSION).findings == ()
    assert diagnose(facts, NOW, Symptom.SIGNIN).findings[0].cause == "signin.disabled"


def test_causes_of_equal_strength_keep_the_catalogues_order() -> None:
    facts = Facts({"account.state": "disabled", "lane.unknown.locked_until": NOW + 1})
    assert [f.cause for f in diagnose(facts, NOW).findings] == ["signin.disabled", "lock.now"]


def test_what_was_not_looked_at_is_said_and_leaves_causes_undecided() -> None:
    judged = diagnose(Facts({"tenant.signup": True}), NOW, Symptom.SIGNUP)
    assert judged.looked_at == ("tenant.signup",)
    assert Unseen("signup.repeated_at", Blind.NOT_LOOKED_AT) in judged.cannot_see
    assert "signup.has-account" in judged.undecided
    assert "signup.closed" not in judged.undecided


def test_the_collectors_own_reason_for_not_seeing_is_kept() -> None:
    blind = (Unseen("signup.repeated_at", Blind.TOO_OLD), Unseen("no.such.fact", Blind.TOO_OLD))
    judged = diagnose(Facts({}, blind), NOW, Symptom.SIGNUP)
    assert [u for u in judged.cannot_see if u.why is Blind.TOO_OLD] == [blind[0]]


def test_none_is_known_and_differs_from_missing() -> None:
    known, missing = Facts({"account.frozen_at": None}), Facts({})
    assert "recovery.frozen" not in diagnose(known, NOW).undecided
    assert "recovery.frozen" in diagnose(missing, NOW).undecided


def test_the_new_password_is_said_once_and_not_as_another_lock() -> None:
    _, facts, _ = ROWS["lock.new-password"]
    assert [f.cause for f in diagnose(Facts(facts), NOW).findings] == ["lock.new-password"]


def test_a_code_of_another_day_explains_nothing() -> None:
    old = {"code.state": "expired", "code.sent_at": NOW - 86_400_000, "code.expires_at": EARLIER}
    assert diagnose(Facts(old), NOW, Symptom.CODE).findings == ()


def test_rendering_shows_times_through_the_readers_zone_and_never_raises() -> None:
    text = "{a:time} {b} {c:time} {missing} {not a name}"
    values: dict[str, Value] = {"a": 5, "b": 0, "c": "soon"}
    shown = render(text, values, lambda at: f"<{at}>")
    assert shown == "<5> 0 soon not known {not a name}"


def test_foreign_words_are_not_read_as_templates() -> None:
    assert render("{a}", {"a": "{b}", "b": "x"}, str) == "{b}"
