"""Tries of one account at one moment, on both databases: never more than the budget."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest

from keyturn.adapters.sql import open_store
from keyturn.adapters.sql.schema import complete
from keyturn.adapters.sql.store import engine_of
from keyturn.adapters.system import SystemRandom
from keyturn.rules.directories.signins.tries import Try
from keyturn.wire.messages import Permitted
from tests.unit.flows.agency import Agency
from tests.unit.flows.guessers import Guessers
from tests.unit.flows.house import House, run, together

CROWD = 40


@pytest.fixture
def guessers(store_url: str) -> Iterator[Guessers]:
    """A directory in a database that other tests use as well."""
    house, random = House(), SystemRandom()  # ids that no other test of this database has
    house.store.close()
    house.store = open_store(store_url)
    complete().create_all(engine_of(house.store))
    house.random = random  # type: ignore[assignment]
    house.parts = replace(house.parts, store=house.store, random=random)
    house.tenant = house.add_tenant(f"t{random.digits(12)}")
    yield Guessers(Agency(house))
    house.close()


async def tried(guessers: Guessers, one: Try, number: int, binds: list[str], bind: str) -> None:
    """An agent's way with one try: asks until it has leave or is refused; binds; says so."""
    lane = f"work{number}"
    while True:
        leave = await guessers.asks(one, lane=lane)
        assert isinstance(leave, Permitted)
        if leave.why != "busy":
            break
        await asyncio.sleep(0)
    if leave.left_ms:
        binds.append(one.id)
        await guessers.says(one, bind, bind, lane=lane)


@pytest.mark.parametrize("known", [True, False], ids=["known", "absent"])
def test_of_forty_wrong_ones_three_are_tried(guessers: Guessers, known: bool) -> None:
    account, binds = guessers.account() if known else None, list[str]()
    crowd = [guessers.queued(account) for _ in range(CROWD)]
    together(*(tried(guessers, one, n, binds, "wrong") for n, one in enumerate(crowd)))
    assert len(binds) == len(set(binds)) == 3
    assert guessers.streak(crowd[0]).count == 3


def test_of_forty_whose_agents_die_three_have_had_leave(guessers: Guessers) -> None:
    """Nobody says how it went; whoever waits has its turn when a leave ends."""
    account, given = guessers.account(), 0
    crowd = [guessers.queued(account) for _ in range(5)]
    for _ in range(5):
        answers = together(*(guessers.asks(one, lane=f"w{n}") for n, one in enumerate(crowd)))
        given += sum(isinstance(a, Permitted) and a.left_ms > 0 for a in answers)
        guessers.house.clock.move(13_000)
        guessers.agency.beat(guessers.agent)
        crowd = [guessers.queued(account) for _ in range(5)]
    assert given == 3


def test_leave_that_is_asked_for_many_times_at_once_is_one(guessers: Guessers) -> None:
    one = guessers.queued(guessers.account())
    answers = together(*(guessers.asks(one, lane=f"w{n}") for n in range(20)))
    assert {a.why for a in answers if isinstance(a, Permitted)} == {""}
    assert guessers.streak(one).count == 1


def test_tries_of_different_accounts_do_not_wait_for_each_other(guessers: Guessers) -> None:
    crowd = [guessers.queued(guessers.account(f"user{n}")) for n in range(10)]
    answers = [run(guessers.asks(one)) for one in crowd]
    assert all(isinstance(a, Permitted) and a.left_ms > 0 for a in answers)
