"""DMARC: the walk up the DNS, the policy that applies, alignment."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.rules.sender.dmarc import Policy, Walk, aligned, read, walk
from keyturn.rules.sender.dns import Answer, Query, Reply, settled
from tests.unit.rules.sender.zones import Zone


def walked(domain: str, silent: tuple[str, ...] = (), **texts: str) -> Walk:
    """The walk where `a_b="…"` is the record of _dmarc.a.b."""
    zone = {
        f"_dmarc.{name.replace('_', '.')}": {"TXT": ["x", text]} for name, text in texts.items()
    }
    return Zone(zone, silent).settle(walk(domain))


def test_a_domains_own_record_is_its_policy() -> None:
    found = walked("example.com", example_com="v=DMARC1; p=reject; rua=mailto:a@b.test")
    assert (found.applied, found.organisation) == ("reject", "example.com")
    assert found.policy == Policy(
        "example.com", "v=DMARC1; p=reject; rua=mailto:a@b.test", "reject", "reject",
        strict_dkim=False, strict_spf=False, testing=False, percent=100, reports=True, psd="u",
    )  # fmt: skip


def test_a_name_without_one_goes_by_what_its_organisation_says_of_names_below() -> None:
    found = walked("mail.example.com", example_com="v=DMARC1; p=reject; sp=none")
    assert (found.applied, found.organisation) == ("none", "example.com")
    assert walked("mail.example.com", example_com="v=DMARC1; p=reject").applied == "reject"


def test_the_shortest_name_with_a_record_is_the_organisation() -> None:
    found = walked(
        "a.mail.example.com", mail_example_com="v=DMARC1; p=none", example_com="v=DMARC1"
    )
    assert found.organisation == "example.com"
    assert found.policy is not None
    assert found.policy.domain == "example.com"


def test_psd_marks_where_an_organisation_begins() -> None:
    registry = walked("a.giant.bank", bank="v=DMARC1; p=reject; psd=y")
    assert (registry.organisation, registry.applied) == ("giant.bank", "reject")
    own = walked("a.giant.bank", giant_bank="v=DMARC1; p=none; psd=n", bank="v=DMARC1; psd=y")
    assert own.organisation == "giant.bank"
    itself = walked("giant.bank", giant_bank="v=DMARC1; psd=y")
    assert itself.organisation == "giant.bank"


def test_nothing_anywhere_is_no_policy() -> None:
    found = walked("example.com")
    assert (found.policy, found.applied, found.organisation) == (None, "", "example.com")


def test_two_records_or_a_broken_one_count_as_none_and_are_named() -> None:
    double = Zone({"_dmarc.example.com": {"TXT": ["v=DMARC1; p=none", "v=DMARC1; p=reject"]}})
    assert double.settle(walk("example.com")).several == ("example.com",)
    assert walked("example.com", example_com="v=DMARC1; p=none; p=reject").broken == (
        "example.com",
    )
    assert walked("example.com", example_com="V=DMARC1; p=none").policy is None


def test_silence_is_named() -> None:
    assert walked("a.example.com", ("_dmarc.example.com",)).silent == "example.com"


def test_at_most_eight_questions_are_asked() -> None:
    names = [f"n{number}" for number in range(20)]
    zone = Zone({})
    zone.settle(walk(".".join(names)))
    assert [query.name.count(".") for query in zone.asked] == [20, 7, 6, 5, 4, 3, 2, 1]


@pytest.mark.parametrize(
    ("text", "testing", "percent"),
    [("t=y", True, 100), ("pct=0", True, 0), ("pct=50", False, 50), ("pct=999", False, 100),
     ("pct=x", False, 100), ("t=n", False, 100)],
)  # fmt: skip
def test_testing_as_it_is_and_was_written(text: str, testing: bool, percent: int) -> None:
    found = read("x", f"v=DMARC1; p=reject; {text}")
    assert found is not None
    assert (found.testing, found.percent) == (testing, percent)


def test_a_policy_that_there_is_not_is_none_at_all() -> None:
    found = read("x", "v=DMARC1; p=monitor; adkim=s; aspf=S")
    assert found is not None
    assert (found.policy, found.strict_dkim, found.strict_spf) == ("", True, True)


def test_alignment_is_the_same_name_or_where_it_is_relaxed_the_same_organisation() -> None:
    assert aligned("A.test", "a.test", strict=True, same_organisation=False)
    assert aligned("b.a.test", "a.test", strict=False, same_organisation=True)
    assert not aligned("b.a.test", "a.test", strict=True, same_organisation=True)
    assert not aligned("b.test", "a.test", strict=False, same_organisation=False)


@given(
    st.lists(st.text(max_size=80), max_size=3),
    st.from_regex(r"([a-z]{1,3}\.){0,12}[a-z]{1,3}", fullmatch=True),
)
def test_no_record_makes_a_walk_fail_or_go_on(texts: list[str], domain: str) -> None:
    asked: list[Query] = []

    def look(query: Query) -> Answer:
        asked.append(query)
        return Answer(Reply.FOUND, tuple(f"v=DMARC1; {text}" for text in texts))

    found = settled(walk(domain), look)
    assert len(asked) <= 8
    assert found.applied in {"", "none", "quarantine", "reject"}
    assert found.organisation
