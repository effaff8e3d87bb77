"""The loop that ends jobs whose time is over: on and on, whatever stumbles, until told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from keyturn import sweeping
from keyturn.flows import channel
from keyturn.ports.store import StoreUnavailable
from keyturn.rules.directories.resets import JobState
from tests.unit.flows.agency import Agency
from tests.unit.flows.house import House


@pytest.fixture
def house() -> Iterator[House]:
    built = House()
    yield built
    built.close()


def test_a_job_ends_while_it_runs_and_it_stops_when_told_to(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "LOOK_S", 0.01)
    agency = Agency(house)
    job = agency.job()
    house.clock.move(60_000)

    def state() -> JobState:
        found = house.write(lambda tx: tx.jobs.get(agency.tenant.id, job.id))
        assert found is not None
        return found.state

    async def go() -> None:
        stop = asyncio.Event()
        task = asyncio.create_task(sweeping.run(house.parts, stop, 0))
        async with asyncio.timeout(20):
            while state() is not JobState.NOT_DONE:  # noqa: ASYNC110  the loop tells nobody
                await asyncio.sleep(0.02)
        stop.set()
        await asyncio.wait_for(task, 5)

    asyncio.run(go())


def test_a_full_round_is_followed_by_the_next_at_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds = iter((channel.SWEEP, 3))

    async def sweep(_parts: Any) -> int:
        return next(rounds)

    monkeypatch.setattr(channel, "sweep", sweep)
    assert asyncio.run(sweeping.once(house.parts)) == 0
    assert asyncio.run(sweeping.once(house.parts)) == sweeping.LOOK_S


def test_directories_are_judged_beside_their_jobs(house: House) -> None:
    agency = Agency(house)
    asyncio.run(sweeping.once(house.parts))
    book = house.write(lambda tx: tx.health.book(agency.tenant.id, agency.directory.id))
    assert book.judged_at == house.clock.now()


def test_what_stumbles_keeps_nothing_else_from_its_turn(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stumbles(_parts: Any) -> int:
        raise ValueError

    monkeypatch.setattr(channel, "sweep", stumbles)
    agency = Agency(house)
    assert asyncio.run(sweeping.once(house.parts)) == sweeping.AGAIN_S
    book = house.write(lambda tx: tx.health.book(agency.tenant.id, agency.directory.id))
    assert book.judged_at == house.clock.now()


def test_a_store_that_does_not_answer_is_asked_again_later(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def outage(_parts: Any) -> int:
        raise StoreUnavailable

    monkeypatch.setattr(channel, "sweep", outage)
    assert asyncio.run(sweeping.once(house.parts)) == sweeping.AGAIN_S
    assert "the sweep stumbled" in caplog.text
