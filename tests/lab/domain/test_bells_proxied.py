"""Bells behind real proxies, in front of three servers that are restarted one by one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack

import httpx
import pytest
from websockets.exceptions import WebSocketException

from keyturn.demo.peers import Peers
from keyturn.settings import Settings
from keyturn.wire.paths import GOING
from tests.lab.bells import Bell, Field, Machine, enrolled, opened
from tests.lab.own import listens, until
from tests.lab.several import Certificate, Fleet, caddy, nginx, self_signed

pytestmark = pytest.mark.lab

PROXIES = {"nginx": nginx, "caddy": caddy}
AGENTS = 9
#: no ring and no move to another server takes so long; `keyturn bench directory` measures them
NEVER_S = 30
#: a server that leaves says so to its bells long before it stops (LEAVE_S)
AT_ONCE_S = 2.0


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory, pg_url: str) -> Iterator[Fleet]:
    with Peers() as peers:
        three = Fleet(tmp_path_factory.mktemp("fleet"), pg_url, peers.mailbox.port)
        yield three
        three.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return self_signed(tmp_path_factory.mktemp("tls"))


@pytest.fixture(params=PROXIES)
def place(
    request: pytest.FixtureRequest, fleet: Fleet, certificate: Certificate
) -> Iterator[Field]:
    data = fleet.servers[0].settings["KEYTURN_STORE__DATA_DIR"]
    store = {"data_dir": data, "url": fleet.servers[0].settings["KEYTURN_STORE__URL"]}
    with PROXIES[request.param](fleet, certificate):
        settings = Settings.model_validate({"store": store})
        made = Field(fleet.origin, settings, AGENTS, certificate.trust())
        yield made
        made.close()


async def moved(place: Field, machine: Machine, stack: AsyncExitStack) -> Bell:
    """The agent's next bell, however often it takes."""
    while True:
        try:
            return await opened(place, machine, stack)
        except (WebSocketException, OSError):
            await asyncio.sleep(0.2)


def test_bells_open_through_proxies_ring_from_any_server_and_move_when_one_leaves(
    fleet: Fleet, place: Field, certificate: Certificate
) -> None:
    async def scene() -> None:
        async with (
            AsyncExitStack() as stack,
            httpx.AsyncClient(
                base_url=place.origin, verify=certificate.trust(), timeout=30
            ) as client,
        ):
            bells = [await opened(place, machine, stack) for machine in place.machines]
            for bell in bells:
                assert (await bell.beat()).epoch is not None
            for bell in bells:
                both = asyncio.gather(bell.ring(), enrolled(place, client, bell.machine))
                await asyncio.wait_for(both, NEVER_S)
            restart = asyncio.create_task(asyncio.to_thread(fleet.restart, 0))
            gone = {asyncio.create_task(bell.connection.wait_closed()): bell for bell in bells}
            first, _ = await asyncio.wait(gone, timeout=AT_ONCE_S)
            hung = [gone[task] for task in first]
            assert hung  # some hung on that server
            assert {bell.connection.close_code for bell in hung} == {GOING}
            moves = asyncio.gather(*(moved(place, b.machine, stack) for b in hung))
            again = await asyncio.wait_for(moves, NEVER_S)
            for bell in again:
                await bell.ring()  # what stirs already
                assert (await bell.beat()).epoch is not None
            await restart
            for task in gone:
                task.cancel()
            assert sum(b.connection.close_code is None for b in bells) == AGENTS - len(hung)

    asyncio.run(scene())
    until(lambda: all(listens(port) for port in fleet.ports), what="all three servers")
