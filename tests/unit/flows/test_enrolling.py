"""Becoming an agent: the token once, the identity once, approval by certificate."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from keyturn.flows import channel, enrolling
from keyturn.rules.budgets import ENROLMENTS
from keyturn.rules.directories.entries import DirectoryKind
from keyturn.rules.directories.things import AgentRole, AgentState
from keyturn.rules.events import Event
from keyturn.rules.lockout import HOUR
from keyturn.wire.messages import Begun, Denied, Enrolled, Fetch, Found, Renew, Taken, Work
from tests.unit.flows.agency import IP, Agency, Machine, public
from tests.unit.flows.house import House, run, together


@pytest.fixture
def agency(house: House) -> Agency:
    return Agency(house)


def refused(why: str) -> Denied:
    return Denied(why, None)


# -- the token


def test_a_token_lets_one_agent_in_and_says_what_it_needs_to_know(agency: Agency) -> None:
    machine = agency.machine("dc1")
    answer = agency.enrol(machine)
    assert isinstance(answer, Enrolled)
    assert (answer.directory_id, answer.directory) == (agency.directory.id, "corp.example.test")
    assert answer.server_key == agency.notary.server_key
    assert (answer.identity, answer.approved) == (None, False)
    stored = agency.stored(machine)
    assert (stored.state, stored.signing_key) == (AgentState.WAITING, machine.signing_key)
    assert agency.house.events() == ["agent.enrolled"]


def test_the_same_token_with_the_same_key_gets_the_same_answer(agency: Agency) -> None:
    machine, token = agency.machine("dc1"), agency.token()
    first = agency.enrol(machine, token)
    agency.house.clock.move(5_000)
    assert agency.enrol(machine, token) == first
    assert (
        len(agency.house.write(lambda tx: tx.agents.of(agency.tenant.id, agency.directory.id))) == 1
    )


def test_a_used_token_lets_nobody_else_in(agency: Agency) -> None:
    token = agency.token()
    agency.enrol(agency.machine("dc1"), token)
    assert agency.enrol(agency.machine("dc2"), token) == refused("token")


def test_a_token_of_a_revoked_agent_is_not_good_again(agency: Agency) -> None:
    machine, token = agency.machine("dc1"), agency.token()
    agency.enrol(machine, token)
    agency.change(machine, lambda a: replace(a, state=AgentState.REVOKED, revoked_at=1))
    assert agency.enrol(machine, token) == refused("token")


@pytest.mark.parametrize("after", [-1, 0, 1])
def test_a_token_ends(agency: Agency, after: int) -> None:
    token = agency.token(life=1000)
    agency.house.clock.move(1000 + after)
    answer = agency.enrol(agency.machine("dc1"), token)
    assert isinstance(answer, Enrolled) if after < 0 else answer == refused("token")


def test_an_unknown_token_is_refused_in_the_same_words(agency: Agency) -> None:
    assert agency.enrol(agency.machine("dc1"), "x" * 43) == refused("token")


def test_of_twenty_that_come_with_one_token_at_once_one_gets_in(agency: Agency) -> None:
    token = agency.token()
    asks = [agency.asks(agency.machine(f"dc{n}"), token) for n in range(20)]
    answers = together(*(enrolling.enrol(agency.parts, agency.notary, IP, a) for a in asks))
    assert sum(isinstance(a, Enrolled) for a in answers) == 1
    assert sum(a == refused("token") for a in answers) == 19


def test_a_network_with_too_many_wrong_tokens_waits_even_with_a_right_one(agency: Agency) -> None:
    for _ in range(ENROLMENTS.limit):
        assert agency.enrol(agency.machine("dc1"), "wrong") == refused("token")
    token = agency.token()
    assert agency.enrol(agency.machine("dc1"), token) == refused("later")
    agency.house.clock.move(HOUR)
    assert isinstance(agency.enrol(agency.machine("dc1"), token), Enrolled)


def test_a_name_that_is_taken_is_told_and_the_token_stays_good(agency: Agency) -> None:
    agency.enrol(agency.machine("dc1"))
    token = agency.token()
    assert agency.enrol(agency.machine("dc1"), token) == refused("name")
    assert isinstance(agency.enrol(agency.machine("dc2"), token), Enrolled)


def test_an_agent_of_another_kind_is_told_so_and_the_token_stays_good(agency: Agency) -> None:
    token, other = agency.token(), DirectoryKind.OPENLDAP
    assert agency.enrol(agency.machine("dc1"), token, kind=other) == refused("kind")
    (row,) = [e for e in agency.house.trail() if e.event is Event.AGENT_REFUSED]
    assert (row.facts["cause"], row.facts["kind"]) == ("kind", "openldap")
    assert isinstance(agency.enrol(agency.machine("dc1"), token), Enrolled)


def test_whoever_has_no_good_token_does_not_learn_the_kind(
    agency: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = {"kind": DirectoryKind.WORKGROUP}
    used, over, open_ = agency.token(), agency.token(life=1000), agency.token()
    agency.enrol(agency.machine("dc1"), used)
    agency.house.clock.move(1000)
    assert agency.enrol(agency.machine("dc2"), used, **other) == refused("token")
    assert agency.enrol(agency.machine("dc2"), over, **other) == refused("token")
    missing(agency, monkeypatch, "tenants")
    assert agency.enrol(agency.machine("dc2"), open_, **other) == refused("token")


def test_agents_of_another_kind_are_counted_as_wrong_tokens_are(agency: Agency) -> None:
    token, other = agency.token(), DirectoryKind.WORKGROUP
    for _ in range(ENROLMENTS.limit):
        assert agency.enrol(agency.machine("dc1"), token, kind=other) == refused("kind")
    assert agency.enrol(agency.machine("dc1"), token) == refused("later")


def test_a_token_of_a_tenant_that_is_gone_lets_nobody_in(
    agency: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = agency.token()
    missing(agency, monkeypatch, "tenants")
    assert agency.enrol(agency.machine("dc1"), token) == refused("token")


def test_a_token_of_a_directory_that_is_gone_lets_nobody_in(
    agency: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = agency.token()
    missing(agency, monkeypatch, "directories")
    assert agency.enrol(agency.machine("dc1"), token) == refused("token")


def missing(agency: Agency, monkeypatch: pytest.MonkeyPatch, room: str) -> None:
    """As if the row had been erased meanwhile."""
    kind = agency.house.write(lambda tx: type(getattr(tx, room)))
    monkeypatch.setattr(kind, "get", lambda *_: None)


@pytest.mark.parametrize(
    "fields",
    [
        {"signing_key": b"short"}, {"sealing_key": bytes(33)}, {"name": ""}, {"name": "-dc"},
        {"name": "x" * 65}, {"name": "dc\n1"}, {"controller": ""}, {"controller": "DC1"},
        {"controller": "a b"}, {"controller": "x" * 254}, {"machine": "m" * 65},
        {"place": "p" * 301}, {"place": "a\x1bb"}, {"version": "v" * 41},
    ],
)  # fmt: skip
def test_what_cannot_be_is_no_message(agency: Agency, fields: dict[str, Any]) -> None:
    token = agency.token()
    assert agency.enrol(agency.machine("dc1"), token, **fields) == refused("message")
    assert isinstance(agency.enrol(agency.machine("dc1"), token), Enrolled)


# -- the identity


def test_the_first_candidate_founds_the_identity_and_is_approved_by_it(agency: Agency) -> None:
    machine = agency.machine("dc1")
    agency.enrol(machine)
    begun = agency.found(machine)
    assert machine.identity is not None
    assert isinstance(begun, Begun)
    assert (begun.approved, begun.identity) == (True, public(machine.identity))
    assert agency.again().identity == public(machine.identity)
    assert agency.house.events() == ["agent.enrolled", "directory.founded"]


def test_to_say_it_again_is_no_error(agency: Agency) -> None:
    machine = agency.machine("dc1")
    agency.enrol(machine)
    assert agency.found(machine) == agency.found(machine)
    assert agency.house.events().count("directory.founded") == 1


def test_of_two_first_agents_one_identity_counts_and_the_other_waits(agency: Agency) -> None:
    one, two = agency.machine("dc1"), agency.machine("dc2")
    agency.enrol(one)
    agency.enrol(two)
    agency.found(one)
    begun = agency.found(two)
    assert isinstance(begun, Begun)
    assert (begun.approved, begun.identity) == (False, agency.again().identity)
    assert one.identity is not None
    assert agency.again().identity == public(one.identity)


def test_whoever_has_the_identity_that_counts_needs_no_approval(agency: Agency) -> None:
    first, lone = agency.first(), agency.machine("dc9")
    agency.enrol(lone)
    begun = agency.found(lone, first.identity)
    assert isinstance(begun, Begun)
    assert begun.approved
    assert agency.house.events()[-1] == "agent.approved"


def test_a_listener_founds_nothing(agency: Agency) -> None:
    machine = agency.machine("dc1", AgentRole.LISTENER)
    agency.enrol(machine)
    assert agency.found(machine) == refused("role")


def test_an_identity_whose_certificate_is_anothers_is_not_taken(agency: Agency) -> None:
    machine, other = agency.machine("dc1"), Ed25519PrivateKey.generate()
    agency.enrol(machine)
    identity = Ed25519PrivateKey.generate()
    for certificate in (
        agency.certificate(other, machine), b"", bytes(600),
        agency.certificate(identity, machine, agent_id="somebody"),
        agency.certificate(identity, machine, directory_id="elsewhere"),
        agency.certificate(identity, machine, sealing_key=bytes(32)),
        agency.certificate(identity, machine, not_after=agency.house.clock.now()),
    ):  # fmt: skip
        message = Found(public(identity), certificate)
        answer = run(enrolling.found(agency.parts, agency.notary, machine.said(), message))
        assert answer == refused("certificate")
    short = Found(b"short", agency.certificate(identity, machine))
    answer = run(enrolling.found(agency.parts, agency.notary, machine.said(), short))
    assert answer == refused("certificate")
    assert agency.again().identity is None


# -- approval


def waiting(agency: Agency, role: AgentRole = AgentRole.CANDIDATE) -> tuple[Machine, Machine]:
    """An approved one, and one that waits."""
    first, newcomer = agency.first(), agency.machine("dc2", role)
    agency.enrol(newcomer)
    return first, newcomer


def test_an_approved_agent_lets_another_in_and_leaves_it_the_identity(agency: Agency) -> None:
    first, newcomer = waiting(agency)
    assert agency.approve(first, newcomer) == Taken()
    begun = agency.begin(newcomer)
    assert isinstance(begun, Begun)
    assert (begun.approved, begun.bequest) == (True, b"sealed")
    assert agency.stored(newcomer).approved_by == first.id
    assert "agent.approved" in agency.house.events()


def test_what_approval_left_is_there_until_the_agent_works_and_then_gone(agency: Agency) -> None:
    first, newcomer = waiting(agency)
    agency.approve(first, newcomer)
    agency.begin(newcomer, "run")
    again = agency.begin(newcomer, "run")  # the first answer was lost
    assert isinstance(again, Begun)
    assert again.bequest == b"sealed"
    fetched = run(channel.fetch(agency.parts, newcomer.said(), Fetch("run")))
    assert isinstance(fetched, Work)
    assert agency.stored(newcomer).bequest is None


def test_to_approve_twice_is_no_error_and_changes_nothing(agency: Agency) -> None:
    first, newcomer = waiting(agency)
    agency.approve(first, newcomer)
    before = agency.stored(newcomer)
    assert agency.approve(first, newcomer, bequest=b"other") == Taken()
    assert agency.stored(newcomer) == before
    assert agency.house.events().count("agent.approved") == 1


def test_a_listener_is_approved_without_the_identity(agency: Agency) -> None:
    first, newcomer = waiting(agency, AgentRole.LISTENER)
    assert agency.approve(first, newcomer, bequest=b"sealed") == refused("message")
    assert agency.approve(first, newcomer) == Taken()


@pytest.mark.parametrize("bequest", [None, b"", bytes(1025)])
def test_a_candidate_needs_the_identity(agency: Agency, bequest: bytes | None) -> None:
    first, newcomer = waiting(agency)
    assert agency.approve(first, newcomer, bequest=bequest) == refused("message")


def test_nobody_who_waits_approves(agency: Agency) -> None:
    first, newcomer = waiting(agency)
    third = agency.machine("dc3")
    agency.enrol(third)
    newcomer.identity = first.identity
    assert agency.approve(newcomer, third) == refused("waiting")


def test_no_listener_approves(agency: Agency) -> None:
    first = agency.first()
    ears = agency.second(first, "dc2", AgentRole.LISTENER)
    third = agency.machine("dc3")
    agency.enrol(third)
    assert agency.approve(ears, third) == refused("role")


def test_a_certificate_by_another_identity_approves_nobody(agency: Agency) -> None:
    first, newcomer = waiting(agency)
    forged = agency.certificate(Ed25519PrivateKey.generate(), newcomer)
    assert agency.approve(first, newcomer, certificate=forged) == refused("certificate")
    assert agency.stored(newcomer).state is AgentState.WAITING


def test_a_certificate_for_another_agent_approves_nobody(agency: Agency) -> None:
    first, newcomer = waiting(agency)
    assert first.identity is not None
    mine = agency.certificate(first.identity, first)
    assert agency.approve(first, newcomer, certificate=mine) == refused("certificate")


def test_agents_of_other_directories_and_tenants_are_not_there(house: House) -> None:
    agency = Agency(house)
    first = agency.first()
    for other in (Agency(house, "other.test"), Agency(house, tenant=house.add_tenant("globex"))):
        theirs = other.machine("dc7")
        other.enrol(theirs)
        assert agency.approve(first, theirs) == refused("message")
        assert other.stored(theirs).state is AgentState.WAITING


def test_nobody_unknown_or_revoked_is_approved(agency: Agency) -> None:
    first, newcomer = waiting(agency)
    agency.change(newcomer, lambda a: replace(a, state=AgentState.REVOKED, revoked_at=1))
    assert agency.approve(first, newcomer) == refused("message")
    assert agency.approve(first, newcomer, agent_id="nobody") == refused("message")


def test_where_the_directory_is_gone_nobody_is_approved_or_renewed(
    agency: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, newcomer = waiting(agency)
    missing(agency, monkeypatch, "directories")
    assert agency.approve(first, newcomer) == refused("certificate")
    assert renew(agency, first, first.sealing_key) == refused("certificate")


# -- renewal


def renew(agency: Agency, machine: Machine, key: bytes, **fields: Any) -> Taken | Denied:
    assert machine.identity is not None
    certificate = agency.certificate(machine.identity, machine, sealing_key=key, **fields)
    message = Renew(key, certificate)
    return run(enrolling.renew(agency.parts, agency.notary, machine.said(), message))


def test_a_certificate_is_renewed_with_a_new_key_too(agency: Agency) -> None:
    first, fresh = agency.first(), bytes(range(32))
    assert renew(agency, first, fresh, serial=2) == Taken()
    assert agency.stored(first).sealing_key == fresh


def test_a_renewal_that_does_not_verify_changes_nothing(agency: Agency) -> None:
    first = agency.first()
    before = agency.stored(first)
    answer = run(
        enrolling.renew(agency.parts, agency.notary, first.said(), Renew(bytes(32), b"forged"))
    )
    assert answer == refused("certificate")
    assert agency.stored(first).certificate == before.certificate


def test_whoever_waits_renews_nothing(agency: Agency) -> None:
    first, newcomer = waiting(agency)
    newcomer.identity = first.identity
    assert renew(agency, newcomer, newcomer.sealing_key) == refused("waiting")


# -- nobody is listened to who may not be


@pytest.mark.parametrize(("state", "why"), [("revoked", "revoked"), ("cloned", "cloned")])
def test_a_stopped_agent_hears_why_whatever_it_says(agency: Agency, state: str, why: str) -> None:
    first, newcomer = waiting(agency)
    change: dict[str, Any] = (
        {"state": AgentState.REVOKED, "revoked_at": 1} if state == "revoked" else {"clone_at": 1}
    )
    agency.change(first, lambda a: replace(a, **change))
    assert agency.found(first) == refused(why)
    assert agency.approve(first, newcomer) == refused(why)
    assert renew(agency, first, first.sealing_key) == refused(why)


def test_what_enrolling_writes_down_names_the_agent(agency: Agency) -> None:
    agency.first()
    entry = next(e for e in agency.house.trail() if e.event is Event.AGENT_ENROLLED)
    assert entry.facts["name"] == "dc1"
    assert (entry.ip, entry.client) == (IP, "agent dc1")
