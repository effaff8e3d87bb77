"""200 agents at a real server: bells over loopback, rings, what one costs, how they leave."""

from __future__ import annotations

import asyncio
import os
import signal
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from keyturn.adapters.system import SystemClock, SystemRandom
from keyturn.ports.store import Tx
from keyturn.rules.directories.things import AgentState
from keyturn.settings import Settings
from keyturn.wire.paths import GOING, STOPPED
from tests.lab.bells import Bell, Field, enrolled, opened
from tests.lab.commanded import Server, serving

pytestmark = pytest.mark.lab

AGENTS, RINGS = 200, 40
#: no ring takes so long, seconds; how fast they are is measured by `keyturn bench directory`
NEVER_S = 30


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    settings = {"KEYTURN_SERVER__WORKERS": "1", "KEYTURN_SERVER__LEAVE_SECONDS": "2"}
    with serving(tmp_path, **settings) as server:
        server.listening()
        yield server


@pytest.fixture
def place(tmp_path: Path, server: Server) -> Iterator[Field]:
    settings = Settings.model_validate({"store": {"data_dir": str(tmp_path / "data")}})
    made = Field(server.origin, settings, AGENTS)
    yield made
    made.close()


def test_every_one_of_two_hundred_bells_rings(
    place: Field, record_property: Callable[[str, object], None]
) -> None:
    async def scene() -> None:
        async with (
            AsyncExitStack() as stack,
            httpx.AsyncClient(base_url=place.origin, timeout=30) as client,
        ):
            warm = await opened(place, place.machines[0], stack)  # what all share is loaded
            await warm.beat()
            began = time.monotonic()
            bells = [warm]
            for at in range(1, AGENTS, 20):
                some = place.machines[at : at + 20]
                bells += await asyncio.gather(*(opened(place, m, stack) for m in some))
            opening = time.monotonic() - began
            began = time.monotonic()
            beaten = await asyncio.gather(*(bell.beat() for bell in bells))
            beating = time.monotonic() - began
            assert all(b.epoch is not None for b in beaten)
            own = await own_rings(place, client, bells[:RINGS])
            others = await others_rings(place, bells[RINGS : 2 * RINGS])
            p99 = statistics.quantiles(own, n=100)[98]
            record_property(
                "says",
                f"{AGENTS} bells: opened in {opening:.2f} s, all beat in {beating:.2f} s, "
                f"a ring after a commit of the same process "
                f"{statistics.median(own) * 1000:.0f} ms (p99 {p99 * 1000:.0f}), of another "
                f"{statistics.median(others) * 1000:.0f} ms (most {max(others) * 1000:.0f})",
            )
            assert (len(own), len(others)) == (RINGS, RINGS)

    asyncio.run(scene())


async def own_rings(place: Field, client: httpx.AsyncClient, bells: list[Bell]) -> list[float]:
    """Seconds from a request that makes work to the ring, one after the other."""
    taken = []
    for bell in bells:
        began = time.monotonic()
        both = asyncio.gather(bell.ring(), enrolled(place, client, bell.machine))
        await asyncio.wait_for(both, NEVER_S)
        taken.append(time.monotonic() - began)
    return taken


async def others_rings(place: Field, bells: list[Bell]) -> list[float]:
    """The same for work that another process commits, all at once."""
    began = time.monotonic()
    now, random = SystemClock().now(), SystemRandom()

    def step(tx: Tx) -> None:
        for bell in bells:
            agent = tx.agents.by_id(bell.machine.agent_id)
            assert agent is not None
            waits = replace(agent, id=random.id(now), state=AgentState.WAITING, name="dc2")
            tx.agents.add(replace(waits, run=None, sequences={}))

    await place.store.write(step)

    async def rung(bell: Bell) -> float:
        await asyncio.wait_for(bell.ring(), NEVER_S)
        return time.monotonic() - began

    return list(await asyncio.gather(*(rung(bell) for bell in bells)))


def test_whoever_is_revoked_elsewhere_is_hung_up_on(place: Field) -> None:
    async def scene() -> None:
        async with AsyncExitStack() as stack:
            bell = await opened(place, place.machines[0], stack)

            def step(tx: Tx) -> None:
                agent = tx.agents.by_id(bell.machine.agent_id)
                assert agent is not None
                now = SystemClock().now()
                tx.agents.update(replace(agent, state=AgentState.REVOKED, revoked_at=now))

            await place.store.write(step)
            await asyncio.wait_for(bell.connection.wait_closed(), NEVER_S)
            assert bell.connection.close_code == STOPPED

    asyncio.run(scene())


def test_a_server_that_leaves_sends_its_agents_away_before_it_stops(
    server: Server, place: Field
) -> None:
    async def scene() -> None:
        async with AsyncExitStack() as stack:
            bells = [await opened(place, m, stack) for m in place.machines[:20]]
            os.kill(server.process.pid, signal.SIGTERM)
            closed = asyncio.gather(*(bell.connection.wait_closed() for bell in bells))
            await asyncio.wait_for(closed, NEVER_S)
            assert server.process.poll() is None
            assert {bell.connection.close_code for bell in bells} == {GOING}
            with pytest.raises(InvalidStatus) as refused:
                await opened(place, place.machines[50], stack)
            assert refused.value.response.status_code == 503

    asyncio.run(scene())
    assert server.process.wait(20) == 0
