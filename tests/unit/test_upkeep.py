"""The loop: on and on with pauses, whatever stumbles, until it is told to stop."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from keyturn import upkeep
from keyturn.flows import data, retention, staff
from keyturn.ports.store import StoreUnavailable
from keyturn.rules.retention import LEASE_MS, PAUSE_MS
from keyturn.steps.erasure import WAIT_MS
from tests.unit.flows.house import House, run


@pytest.fixture
def house() -> Any:
    built = House()
    yield built
    built.close()


def test_one_turn_does_a_step_and_erases_who_is_due(house: House) -> None:
    ada = house.user()
    chief = staff.on_the_host(house.browser().caller)
    run(data.delete_for(house.parts, chief, ada.id))
    house.clock.move(WAIT_MS)
    wait = run(upkeep.once(house.parts, {}, "me"))
    assert 0 < wait <= LEASE_MS
    assert house.write(lambda tx: tx.users.get(ada.tenant_id, ada.id)) is None
    assert house.write(lambda tx: tx.facts.get(retention.STATE)) is not None


def test_while_there_is_more_to_erase_it_does_not_rest(house: House) -> None:
    chief = staff.on_the_host(house.browser().caller)
    for n in range(7):
        user = house.user(f"u{n}@northwind.test")
        run(data.delete_for(house.parts, chief, user.id))
    house.clock.move(WAIT_MS)
    assert run(upkeep.once(house.parts, {}, "me")) <= PAUSE_MS


def test_it_stops_at_once_when_told_to(house: House) -> None:
    async def go() -> None:
        stop = asyncio.Event()
        task = asyncio.create_task(upkeep.run(house.parts, {}, stop))
        await asyncio.sleep(0)
        stop.set()
        await asyncio.wait_for(task, 5)

    asyncio.run(go())
    assert house.write(lambda tx: tx.facts.get(retention.STATE)) is None


def test_a_store_that_does_not_answer_is_asked_again_later(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    asked = asyncio.Event()

    class Away:
        """A store that is away."""

        async def read(self, _fn: object) -> None:
            asked.set()
            raise StoreUnavailable

    broken: Any = Away()

    async def go() -> None:
        stop = asyncio.Event()
        parts = replace(house.parts, store=broken)
        task = asyncio.create_task(upkeep.run(parts, {}, stop, first_ms=0))
        await asyncio.wait_for(asked.wait(), 5)
        await asyncio.sleep(0)
        assert not task.done()
        stop.set()
        await asyncio.wait_for(task, 5)

    with caplog.at_level("WARNING", "keyturn.upkeep"):
        asyncio.run(go())
    assert "stumbled" in caplog.text
