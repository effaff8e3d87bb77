"""The catalogue: every cause is found where it holds, and only there; its words are sound."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from keyturn.rules.diagnosis import VOCABULARY, Audience, Facts, Voice, diagnose, words
from keyturn.rules.diagnosis.catalogue import BY_ID, CAUSES, NEUTRAL, TOPICS
from keyturn.rules.diagnosis.cause import Cause, Say, Symptom
from keyturn.rules.diagnosis.facts import Value
from keyturn.rules.diagnosis.judge import (
    Diagnosis,
    diagnose_stranger,
    nothing_found,
    placeholders,
    render,
)

from .snapshots import AGO, EARLIER, MISSING, NOW, ROWS

EVERY = sorted(ROWS)


def judged(cause: Cause, facts: Mapping[str, object], symptom: Symptom) -> Diagnosis:
    """As a stranger for strangers' causes, else as somebody with proof."""
    look = diagnose_stranger if cause.strangers else diagnose
    return look(Facts(facts), NOW, symptom)


def near_miss(cause_id: str) -> dict[str, object]:
    _, facts, other = ROWS[cause_id]
    changed = {**facts, **other}
    return {name: value for name, value in changed.items() if value is not MISSING}


def test_every_cause_has_a_snapshot_and_there_are_more_than_forty() -> None:
    assert set(ROWS) == set(BY_ID)
    assert len(BY_ID) == len(CAUSES) > 40


@pytest.mark.parametrize("cause_id", EVERY)
def test_a_cause_ranks_first_where_it_holds(cause_id: str) -> None:
    symptom, facts, _ = ROWS[cause_id]
    assert judged(BY_ID[cause_id], facts, symptom).findings[0].cause == cause_id


@pytest.mark.parametrize("cause_id", EVERY)
def test_a_cause_is_absent_in_a_near_miss(cause_id: str) -> None:
    found = judged(BY_ID[cause_id], near_miss(cause_id), ROWS[cause_id][0]).findings
    assert cause_id not in {f.cause for f in found}


@pytest.mark.parametrize("cause_id", EVERY)
def test_snapshots_speak_the_vocabulary(cause_id: str) -> None:
    for facts in (ROWS[cause_id][1], near_miss(cause_id)):
        assert all(Facts(facts).seen(name) for name in facts)


@pytest.mark.parametrize("cause_id", EVERY)
def test_words_are_complete_in_each_voice(cause_id: str) -> None:
    cause = BY_ID[cause_id]
    symptom, facts, _ = ROWS[cause_id]
    finding = judged(cause, facts, symptom).findings[0]
    for voice in Voice:
        said = words(finding, voice)
        for text in (said.what, said.do):
            shown = render(text, said.values, lambda _: "14:07")
            assert shown
            assert "not known" not in shown or "not known" in text
            assert "{" not in shown


@pytest.mark.parametrize("cause_id", EVERY)
def test_no_time_is_shown_as_a_bare_number(cause_id: str) -> None:
    cause = BY_ID[cause_id]
    symptom, facts, _ = ROWS[cause_id]
    finding = judged(cause, facts, symptom).findings[0]
    for say in (cause.person, cause.help_desk, cause.administrator):
        shown = render(f"{say.what} {say.do}", finding.values, lambda _: "14:07")
        assert not re.search(r"\d{9}", shown)


@pytest.mark.parametrize("cause", CAUSES, ids=lambda c: c.id)
def test_a_persons_words_show_no_staff_facts(cause: Cause) -> None:
    shown = placeholders(cause.person.what + cause.person.do + cause.unseen)
    for name in shown & set(VOCABULARY):
        assert VOCABULARY[name].audience is not Audience.STAFF
    assert not {"failed", "left", "total"} & shown


@pytest.mark.parametrize("cause", CAUSES, ids=lambda c: c.id)
def test_a_cause_names_facts_of_the_vocabulary_and_says_what_it_cannot_see(cause: Cause) -> None:
    assert set(cause.needs + cause.uses) <= set(VOCABULARY)
    assert len(set(cause.needs + cause.uses)) == len(cause.needs + cause.uses)
    assert cause.symptoms
    assert cause.unseen.endswith(".")


@pytest.mark.parametrize("cause", CAUSES, ids=lambda c: c.id)
def test_nobody_is_asked_for_a_password_or_blamed(cause: Cause) -> None:
    for say in (cause.person, cause.help_desk, cause.administrator):
        spoken = f"{say.what} {say.do}".lower()
        for phrase in ("an error occurred", "your fault", "tell us your password", "invalid"):
            assert phrase not in spoken


@pytest.mark.parametrize("cause_id", EVERY)
def test_evidence_is_named_by_facts_that_the_cause_looks_at(cause_id: str) -> None:
    cause = BY_ID[cause_id]
    symptom, facts, _ = ROWS[cause_id]
    finding = judged(cause, facts, symptom).findings[0]
    assert finding.because
    assert set(finding.because) <= set(cause.needs + cause.uses)
    assert 0 < finding.strength <= 100


def test_only_causes_without_any_private_fact_are_told_to_strangers() -> None:
    assert {c.id for c in CAUSES if c.strangers} <= {c.id for c in CAUSES if c.public}
    assert {c.id for c in CAUSES if c.public} == {
        "lock.shown", "signup.closed", "code.expired-here", "code.spent-here",
        "code.replaced-here", "code.just-sent", "code.flow-over", "network.too-many",
        "server.busy", "server.store", "browser.no-cookies", "page.too-old", "page.flow-gone",
        "page.other-address", "recovery.circular-asked",
    }  # fmt: skip


def test_every_symptom_has_a_neutral_text_without_values() -> None:
    assert set(NEUTRAL) == set(Symptom)
    for say in NEUTRAL.values():
        assert not placeholders(say.what + say.do)


def test_every_symptom_is_explained_by_some_cause() -> None:
    assert {s for cause in CAUSES for s in cause.symptoms} == set(Symptom)


def test_every_fact_is_looked_at_by_some_cause() -> None:
    assert {n for c in CAUSES for n in (*c.needs, *c.uses)} == set(VOCABULARY)


def test_each_cause_stands_on_one_page() -> None:
    assert len({t.slug for t in TOPICS}) == len(TOPICS)
    assert sum(len(t.causes) for t in TOPICS) == len(BY_ID)


def test_headings_on_a_page_differ() -> None:
    for topic in TOPICS:
        told = [c.title for c in topic.causes if not c.strangers]
        assert len(set(told)) == len(told)


def test_nothing_found_has_words_in_each_voice() -> None:
    for voice in Voice:
        said = nothing_found(voice)
        assert said.what
        assert said.do
        assert not placeholders(said.what + said.do)


@pytest.mark.parametrize(
    ("skew", "word"), [(31, "ahead"), (-31, "behind")], ids=["ahead", "behind"]
)
def test_an_authenticators_clock_is_told_with_its_direction(skew: int, word: str) -> None:
    facts = Facts({"second.last_failure": "clock", "clock.skew_seconds": skew})
    found = diagnose(facts, NOW, Symptom.SECOND).findings[0]
    assert (found.values["skew"], found.values["direction"]) == (31, word)


def test_the_help_desk_hears_how_many_tries_are_left_before_the_lock() -> None:
    _, facts, _ = ROWS["signin.few-wrong"]
    finding = diagnose(Facts(facts), NOW).findings[0]
    said = words(finding, Voice.HELP_DESK)
    shown = render(said.what, said.values, str)
    assert shown == "Wrong passwords in a row: 4. Before the lock: 1."


def test_a_known_browsers_tries_count_for_themselves() -> None:
    _, facts, _ = ROWS["signin.few-wrong"]
    more = {**facts, "lane.unknown.failed": 1, "lane.client.failed": 3}
    values: Mapping[str, Value] = diagnose(Facts(more), NOW).findings[0].values
    assert (values["failed"], values["left"]) == (3, 2)


def test_says_are_two_full_sentences() -> None:
    says: list[Say] = [*NEUTRAL.values()]
    says += [s for c in CAUSES for s in (c.person, c.help_desk, c.administrator)]
    assert [s for s in says if not s.do.endswith((".", "”."))] == []
    assert [s for s in says if not s.what.endswith((".", "detail}"))] == []


@pytest.mark.parametrize(("passed_at", "told"), [(EARLIER, True), (AGO + 1, False)])
def test_a_passkey_refused_as_the_second_step_is_told_until_one_passes(
    passed_at: int, told: bool
) -> None:
    facts = Facts(
        {
            "second.last_failure": "passkey", "second.failed_at": AGO,
            "second.passed_at": passed_at,
            "passkeys.refused_at": None, "signin.last_success_at": EARLIER,
        }
    )  # fmt: skip
    found = [f.cause for f in diagnose(facts, NOW, Symptom.SECOND).findings]
    assert ("passkey.refused" in found) is told


@pytest.mark.parametrize("cause_id", ["directory.old-password", "directory.away"])
@pytest.mark.parametrize("kind", ["openldap", "workgroup"])
def test_only_a_domain_remembers_the_old_password(cause_id: str, kind: str) -> None:
    symptom, facts, _ = ROWS[cause_id]
    found = judged(BY_ID[cause_id], {**facts, "directory.kind": kind}, symptom).findings
    assert cause_id not in {f.cause for f in found}


def test_a_change_that_the_policy_does_not_ask_for_has_its_cause() -> None:
    symptom, facts, _ = ROWS["directory.must-change"]
    asked = {**facts, "reset.reason": "must_change", "reset.why": "must_change"}
    found = judged(BY_ID["directory.must-change"], asked, symptom).findings
    assert found[0].cause == "directory.must-change"
