"""Facts: reading a snapshot, however incomplete, and storing it."""

from __future__ import annotations

import json

import pytest

from keyturn.rules.accounts import UserState
from keyturn.rules.diagnosis import VOCABULARY, Audience, Blind, Fact, Facts, Kind, Unseen, restored
from keyturn.rules.messages import MessageState


def test_a_fact_that_was_not_looked_at_reads_as_nothing() -> None:
    facts = Facts({})
    assert not facts.seen("account.state")
    assert (facts.value("account.state"), facts.word("account.state")) == (None, "")
    assert (facts.flag("account.exists"), facts.count("clients.known")) == (False, 0)
    assert facts.time("account.frozen_at") is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("account.exists", 1),
        ("clients.known", True),
        ("clients.known", "3"),
        ("account.frozen_at", 1.5),
        ("account.state", "sleeping"),
        ("mail.detail", b"250"),
        ("no.such.fact", True),
    ],
)
def test_a_value_of_the_wrong_type_counts_as_not_looked_at(name: str, value: object) -> None:
    facts = Facts({name: value})
    assert not facts.seen(name)
    assert facts.value(name) is None


@pytest.mark.parametrize(
    ("at", "ahead", "reached"),
    [(9, False, True), (10, False, True), (11, True, False), (None, False, False)],
)
def test_a_time_lies_ahead_or_is_reached(at: int | None, ahead: bool, reached: bool) -> None:
    facts = Facts({"account.frozen_at": at})
    assert facts.ahead("account.frozen_at", 10) is ahead
    assert facts.reached("account.frozen_at", 10) is reached


@pytest.mark.parametrize(
    ("first", "second", "later"), [(2, 1, True), (1, 1, False), (1, None, True), (None, 1, False)]
)
def test_later_means_after_or_the_other_never(
    first: int | None, second: int | None, later: bool
) -> None:
    facts = Facts({"mail.at": first, "sms.at": second})
    assert facts.later("mail.at", "sms.at") is later


def test_a_snapshot_survives_being_stored_as_json() -> None:
    facts = Facts(
        {"account.state": "active", "mail.at": None, "clients.known": 2, "account.exists": True},
        (Unseen("sms.state", Blind.NO_RECEIPTS),),
    )
    assert restored(json.loads(json.dumps(facts.stored()))) == facts


def test_values_that_nobody_would_read_are_not_stored() -> None:
    stored = Facts({"no.such.fact": 1, "account.state": "sleeping", "mail.at": 7}).stored()
    assert stored == {"known": {"mail.at": 7}, "cannot_see": []}


@pytest.mark.parametrize(
    "data",
    [{}, {"known": 3, "cannot_see": 3}, {"known": None, "cannot_see": [["a"], ["a", "x"], 1]}],
)
def test_a_stored_snapshot_that_makes_no_sense_is_empty(data: dict[str, object]) -> None:
    assert restored(data) == Facts({})


def test_public_leaves_only_what_is_the_same_for_every_name() -> None:
    facts = Facts(
        {"account.state": "active", "tenant.signup": True},
        (Unseen("account.state", Blind.TOO_OLD), Unseen("tenant.phone", Blind.UNREACHABLE)),
    ).public()
    assert facts == Facts({"tenant.signup": True}, (Unseen("tenant.phone", Blind.UNREACHABLE),))


def test_public_facts_speak_of_browser_network_tenant_and_name_lane_only() -> None:
    public = {n for n, f in VOCABULARY.items() if f.audience is Audience.PUBLIC}
    heads = {name.split(".")[0] for name in public}
    assert heads == {"browser", "asked", "here", "lane", "network", "tenant"}
    assert {n for n in public if n.startswith("lane.")} == {"lane.asked.locked_until"}


def test_words_are_the_states_that_the_rules_know() -> None:
    assert set(VOCABULARY["account.state"].words) == set(UserState)
    assert set(VOCABULARY["mail.state"].words) == set(MessageState)


@pytest.mark.parametrize("fact", VOCABULARY.values(), ids=lambda f: f.name)
def test_each_fact_says_what_it_means_and_where_it_comes_from(fact: Fact) -> None:
    assert fact.meaning
    assert fact.source
    assert bool(fact.words) is (fact.kind is Kind.WORD)
    assert fact.fits(None)
