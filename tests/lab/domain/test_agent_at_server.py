"""The agent's own link and bell at a real server: both sides were written apart."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from keyturn.agent.bell import Bell, Way
from keyturn.agent.link import HttpLink, http_client
from keyturn.agent.ports import LinkDenied
from keyturn.ports.store import Tx
from keyturn.rules.directories.things import AgentState
from keyturn.settings import Settings
from keyturn.wire.messages import Beat, Beaten, Begin, Begun, Fetch, Release, Taken, Work
from tests.lab.bells import Field, Machine
from tests.lab.commanded import Server, serving

pytestmark = pytest.mark.lab


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path, KEYTURN_SERVER__WORKERS="1") as server:
        server.listening()
        yield server


@pytest.fixture
def place(tmp_path: Path, server: Server) -> Iterator[Field]:
    settings = Settings.model_validate({"store": {"data_dir": str(tmp_path / "data")}})
    made = Field(server.origin, settings, 1)
    yield made
    made.close()


def waits(place: Field, machine: Machine) -> Callable[[Tx], None]:
    """A transaction that lets somebody wait for approval in the machine's directory."""

    def step(tx: Tx) -> None:
        agent = tx.agents.by_id(machine.agent_id)
        assert agent is not None
        newcomer = replace(agent, id="newcomer", name="dc2", state=AgentState.WAITING)
        tx.agents.add(replace(newcomer, run=None, sequences={}))

    return step


def revoked(place: Field, machine: Machine) -> Callable[[Tx], None]:
    """A transaction that revokes it."""

    def step(tx: Tx) -> None:
        agent = tx.agents.by_id(machine.agent_id)
        assert agent is not None
        now = place.parts.clock.now()
        tx.agents.update(replace(agent, state=AgentState.REVOKED, revoked_at=now))

    return step


def test_the_agents_link_and_bell_are_answered_rung_and_told_of_a_revocation(place: Field) -> None:
    (machine,) = place.machines
    speaker = machine.speaker(place.notary.server_key, place.origin)
    begin = Begin("run", "", "m", "dc1 (192.0.2.10)", "dc1.example.test", "0.1.0")

    async def scene() -> None:
        async with HttpLink(speaker, http_client(place.origin, None, "none")) as link:
            begun = await link.call(begin, Begun)
            assert begun.approved
            beaten = await link.call(Beat("run", True, ""), Beaten)
            assert beaten.epoch is not None
            bell = Bell(speaker, link, Way(place.origin, "none", None), lambda ms: ms)
            runs = asyncio.create_task(bell.run())
            async with asyncio.timeout(20):
                while not bell.socket:  # noqa: ASYNC110  nothing tells of it
                    await asyncio.sleep(0.02)
            bell.rung.clear()
            assert (await bell.beat(Beat("run", True, ""))).epoch == beaten.epoch
            assert bell.socket  # it went by the socket
            await place.store.write(waits(place, machine))
            await asyncio.wait_for(bell.rung.wait(), 5)
            work = await link.call(Fetch("run"), Work)
            assert [a.name for a in work.applicants] == ["dc2"]
            await place.store.write(revoked(place, machine))
            with pytest.raises(LinkDenied) as denied:
                await asyncio.wait_for(runs, 20)
            assert denied.value.denied.why == "revoked"

    asyncio.run(scene())


def test_where_sockets_are_blocked_long_polls_ring(place: Field) -> None:
    (machine,) = place.machines
    speaker = machine.speaker(place.notary.server_key, place.origin)

    async def scene() -> None:
        async with HttpLink(speaker, http_client(place.origin, None, "none")) as link:
            nowhere = Way("http://127.0.0.1:9", "none", None)  # the socket goes nowhere
            bell = Bell(speaker, link, nowhere, lambda ms: ms)
            runs = asyncio.create_task(bell.run())
            await asyncio.sleep(0.5)
            assert not bell.rung.is_set()
            await place.store.write(waits(place, machine))
            await asyncio.wait_for(bell.rung.wait(), 10)
            assert isinstance(await bell.beat(Beat("run", True, "")), Beaten)
            runs.cancel()
            with suppress(asyncio.CancelledError):
                await runs
            assert await link.call(Release("run"), Taken) == Taken()

    asyncio.run(scene())
