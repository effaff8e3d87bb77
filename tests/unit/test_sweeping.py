"""The loop that ends jobs whose time is over: on and on, whatever stumbles, until told to stop."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from keyturn import sweeping
from keyturn.flows import channel, owning, reminding
from keyturn.ports.store import StoreUnavailable
from keyturn.rules.directories.resets import JobState
from keyturn.rules.lockout import DAY
from keyturn.sweeping import AGAIN_S, AT_ONCE, LATER, LOOK_S, SOON, Sweep
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
    rest = Sweep(house.parts)
    assert asyncio.run(rest.once()) == 0
    assert asyncio.run(rest.once()) == LOOK_S


def test_what_nobody_waits_for_is_looked_at_less_often(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = Counter[str]()

    def counted(what: str) -> Any:
        async def look(_parts: Any) -> int:
            looks[what] += 1
            return 0

        return look

    monkeypatch.setattr(channel, "sweep", counted("jobs"))
    monkeypatch.setattr(owning, "settle", counted("accounts"))
    monkeypatch.setattr(reminding, "remind", counted("reminders"))
    sweep = Sweep(house.parts)
    for moved, jobs, accounts, reminders in (
        (0, 1, 1, 1), (AT_ONCE - 1, 1, 1, 1), (1, 2, 1, 1), (SOON - AT_ONCE - 1, 3, 1, 1),
        (1, 3, 2, 1), (LATER - SOON - 1, 4, 3, 1), (1, 4, 3, 2), (365 * DAY, 5, 4, 3),
    ):  # fmt: skip
        house.clock.move(moved)
        asyncio.run(sweep.once())
        assert looks == {"jobs": jobs, "accounts": accounts, "reminders": reminders}


def test_what_stumbled_has_its_turn_at_the_next_look(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds = iter((StoreUnavailable, None))

    async def settle(_parts: Any) -> int:
        if error := next(rounds):
            raise error
        return 0

    monkeypatch.setattr(owning, "settle", settle)
    sweep = Sweep(house.parts)
    assert asyncio.run(sweep.once()) == AGAIN_S
    assert asyncio.run(sweep.once()) == LOOK_S
    assert not list(rounds)


def test_directories_are_judged_beside_their_jobs(house: House) -> None:
    agency = Agency(house)
    asyncio.run(Sweep(house.parts).once())
    book = house.write(lambda tx: tx.health.book(agency.tenant.id, agency.directory.id))
    assert book.judged_at == house.clock.now()


def test_what_stumbles_keeps_nothing_else_from_its_turn(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stumbles(_parts: Any) -> int:
        raise ValueError

    monkeypatch.setattr(channel, "sweep", stumbles)
    agency = Agency(house)
    assert asyncio.run(Sweep(house.parts).once()) == AGAIN_S
    book = house.write(lambda tx: tx.health.book(agency.tenant.id, agency.directory.id))
    assert book.judged_at == house.clock.now()


def test_a_store_that_does_not_answer_is_asked_again_later(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def outage(_parts: Any) -> int:
        raise StoreUnavailable

    monkeypatch.setattr(channel, "sweep", outage)
    assert asyncio.run(Sweep(house.parts).once()) == AGAIN_S
    assert "the sweep stumbled" in caplog.text
