"""What agents say of their directory: stored, if it is theirs to say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from keyturn.flows import surveys
from keyturn.ports.directory_health import AgentNote, Book
from keyturn.rules.directories.health.codec import BEYOND, decode, encode
from keyturn.rules.directories.health.facts import ListenerSight, PrimarySight, Way
from keyturn.rules.directories.things import AgentState
from keyturn.wire.messages import Denied, Surveyed, Taken
from tests.unit.flows.agency import Machine
from tests.unit.flows.domain import CHART, Domain, host
from tests.unit.flows.house import House, run

SEEN = PrimarySight(CHART, (Way(host("dc1"), ""),), (), True, (), None)
BESIDE = ListenerSight(host("dc1"), "", 5, None)


@pytest.fixture
def domain(house: House) -> Domain:
    return Domain(house)


def say(domain: Domain, by: Machine, **said: Any) -> Taken | Denied:
    beside = encode(replace(BESIDE, controller=host(by.name)))
    plain = {"run_id": by.run_id, "clock_ms": domain.house.clock.now(), "beside": beside,
             "seen": ""}  # fmt: skip
    return run(surveys.take(domain.parts, by.said(), Surveyed(**{**plain, **said})))


def why(answer: Taken | Denied) -> str:
    assert isinstance(answer, Denied)
    return answer.why


def note(domain: Domain, by: Machine) -> AgentNote:
    at = (domain.tenant.id, domain.directory.id, by.id)
    found: AgentNote = domain.house.write(lambda tx: tx.health.note(*at))
    return found


def book(domain: Domain) -> Book:
    at = (domain.tenant.id, domain.directory.id)
    found: Book = domain.house.write(lambda tx: tx.health.book(*at))
    return found


def test_the_primary_speaks_for_its_controller_and_for_all(domain: Domain) -> None:
    now = domain.house.clock.now()
    assert say(domain, domain.dc1, clock_ms=now - 7_000, seen=encode(SEEN)) == Taken()
    noted, kept = note(domain, domain.dc1), book(domain)
    assert (noted.ahead_ms, noted.beside_at, kept.seen_at) == (-7_000, now, now)
    assert decode(ListenerSight, noted.beside) == BESIDE
    assert decode(PrimarySight, kept.seen) == SEEN


def test_a_listener_speaks_for_its_controller(domain: Domain) -> None:
    assert say(domain, domain.dc2) == Taken()
    assert note(domain, domain.dc2).beside_at == domain.house.clock.now()
    assert book(domain).seen_at is None


def test_who_is_not_primary_does_not_speak_for_all_but_for_its_own(domain: Domain) -> None:
    assert why(say(domain, domain.dc2, seen=encode(SEEN))) == "epoch"
    assert book(domain).seen_at is None
    assert note(domain, domain.dc2).beside_at is not None


def test_nobody_speaks_for_a_controller_that_is_not_its_own(domain: Domain) -> None:
    assert why(say(domain, domain.dc2, beside=encode(BESIDE))) == "message"
    assert note(domain, domain.dc2).beside_at is None


@pytest.mark.parametrize(
    "said",
    [
        {"beside": ""},
        {"beside": '{"controller": 1}'},
        {"seen": "{}"},
        {"beside": encode(BESIDE) + " " * surveys.BESIDE_MAX},
        {"seen": encode(SEEN) + " " * surveys.SEEN_MAX},
    ],
)
def test_what_cannot_be_read_is_refused_and_nothing_of_it_is_stored(
    domain: Domain, said: dict[str, str]
) -> None:
    assert why(say(domain, domain.dc1, **said)) == "message"
    assert note(domain, domain.dc1).beside_at is None
    assert book(domain).seen_at is None


def test_a_clock_of_another_age_is_stored_as_the_farthest_that_can_be_shown(
    domain: Domain,
) -> None:
    assert say(domain, domain.dc1, clock_ms=2**62) == Taken()
    assert note(domain, domain.dc1).ahead_ms == BEYOND - 1


def test_who_was_revoked_is_not_listened_to(domain: Domain) -> None:
    gone: dict[str, Any] = {"state": AgentState.REVOKED, "revoked_at": 1}
    domain.change(domain.dc2, lambda a: replace(a, **gone))
    assert why(say(domain, domain.dc2)) == "revoked"
    assert note(domain, domain.dc2).beside_at is None
