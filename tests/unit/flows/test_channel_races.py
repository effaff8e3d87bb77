"""Agents that come at the same moment, on both databases: one wins, whoever it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from keyturn.adapters.sql import open_store
from keyturn.adapters.sql.schema import complete
from keyturn.adapters.sql.store import engine_of
from keyturn.adapters.system import SystemRandom
from keyturn.flows import channel, enrolling
from keyturn.rules.directories.leases import LEASE_MS
from keyturn.rules.directories.things import AgentState
from keyturn.wire.messages import Beat, Beaten, Begin, Begun, Denied, Enrolled, Found
from tests.unit.flows.agency import IP, Agency, public
from tests.unit.flows.house import House, run, together


@pytest.fixture
def agency(store_url: str) -> Iterator[Agency]:
    """A directory in a database that other tests use as well."""
    house, random = House(), SystemRandom()  # ids that no other test of this database has
    house.store.close()
    house.store = open_store(store_url)
    complete().create_all(engine_of(house.store))
    house.random = random  # type: ignore[assignment]
    house.parts = replace(house.parts, store=house.store, random=random)
    house.tenant = house.add_tenant(f"t{random.digits(12)}")
    yield Agency(house)
    house.close()


def test_of_twenty_with_one_token_one_gets_in(agency: Agency) -> None:
    token = agency.token()
    asks = [agency.asks(agency.machine(f"dc{n}"), token) for n in range(20)]
    answers = together(*(enrolling.enrol(agency.parts, agency.notary, IP, a) for a in asks))
    assert sum(isinstance(a, Enrolled) for a in answers) == 1
    assert sum(a == Denied("token", None) for a in answers) == 19


def test_of_twenty_answers_to_one_agent_that_asks_again_and_again_all_are_the_same(
    agency: Agency,
) -> None:
    asks = agency.asks(agency.machine("dc1"), agency.token())
    answers = together(*(enrolling.enrol(agency.parts, agency.notary, IP, asks) for _ in range(20)))
    assert isinstance(answers[0], Enrolled)
    assert len(set(answers)) == 1


def test_of_ten_first_agents_one_founds_the_identity(agency: Agency) -> None:
    offers = []
    for n in range(10):
        machine, identity = agency.machine(f"dc{n}"), Ed25519PrivateKey.generate()
        agency.enrol(machine)
        message = Found(public(identity), agency.certificate(identity, machine))
        offers.append(
            enrolling.found(agency.parts, agency.notary, machine.said(run_id="e"), message)
        )
    answers = together(*offers)
    assert all(isinstance(a, Begun) for a in answers)
    assert sum(isinstance(a, Begun) and a.approved for a in answers) == 1
    kept = agency.again().identity
    assert kept is not None
    assert {a.identity for a in answers if isinstance(a, Begun)} == {kept}


def test_of_ten_processes_with_one_key_one_begins(agency: Agency) -> None:
    first = agency.first()
    agency.house.clock.move(LEASE_MS)
    begins = []
    for n in range(10):
        message = Begin(f"run{n}", "", "m", f"place {n}", "dc1.corp.example.test", "0.1.0")
        begins.append(channel.begin(agency.parts, first.said(run_id=f"run{n}"), message))
    answers = together(*begins)
    assert sum(isinstance(a, Begun) for a in answers) == 1
    for answer in answers:
        if isinstance(answer, Denied) and answer.why == "run":
            assert answer.holder is not None


def test_of_ten_that_stand_by_one_takes_over(agency: Agency) -> None:
    first = agency.first()
    others = [agency.second(first, f"dc{n}") for n in range(2, 12)]
    agency.house.clock.move(LEASE_MS)
    answers = together(
        *(channel.beats(agency.parts, [(m.said("bell"), Beat(m.run_id, True, ""))]) for m in others)
    )
    beaten = [a for some in answers for a in some if isinstance(a, Beaten)]
    assert len(beaten) == 10
    assert sum(a.epoch is not None for a in beaten) == 1
    holders = {a.holder.name for a in beaten if a.holder is not None}
    assert len(holders) == 1


def test_a_revocation_is_never_written_over_by_what_the_agent_says_meanwhile(
    agency: Agency,
) -> None:
    first = agency.first()
    now = agency.house.clock.now()

    async def revoke() -> None:
        def step(tx: object) -> None:
            room = tx.agents  # type: ignore[attr-defined]
            found = room.by_id(first.id)
            room.update(replace(found, state=AgentState.REVOKED, revoked_at=now))

        await agency.house.store.write(step)

    talk = [
        channel.beats(
            agency.parts, [(first.said("bell"), Beat(first.run_id, True, f'{{"n":{n}}}'))]
        )
        for n in range(10)
    ]
    together(*talk[:5], revoke(), *talk[5:])
    assert agency.stored(first).state is AgentState.REVOKED
    assert agency.beat(first) == Denied("revoked", None)


def test_a_number_is_taken_once_however_often_it_comes_at_one_moment(agency: Agency) -> None:
    first = agency.first()
    said, beat = first.said("bell"), Beat(first.run_id, True, "")
    answers = together(*(channel.beats(agency.parts, [(said, beat)]) for _ in range(3)))
    flat = [a for some in answers for a in some]
    assert sum(isinstance(a, Beaten) for a in flat) == 1
    assert run(channel.listen(agency.parts, first.said("wait"), first.run_id)) == (
        channel.Listening(frozenset())
    )
