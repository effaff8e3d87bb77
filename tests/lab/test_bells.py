"""200 agents at a real server: bells over loopback, rings, what one costs, how they leave."""

from __future__ import annotations

import asyncio
import os
import signal
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from keyturn import wiring
from keyturn.adapters.sql import SqlStore, open_store
from keyturn.adapters.system import SystemClock, SystemRandom
from keyturn.ports.store import Tx
from keyturn.rules.directories.things import (
    Agent,
    AgentRole,
    AgentState,
    Directory,
    EnrolmentToken,
    Run,
)
from keyturn.rules.lockout import DAY
from keyturn.settings import Settings
from keyturn.steps import agents
from keyturn.wire.messages import Beat, Beaten, Enrol, Enrolled
from keyturn.wire.paths import BELL, GOING, MESSAGES, STOPPED
from keyturn.wire.session import Framed, Opening, Speaker
from keyturn.wire.signatures import NEW, Kind
from tests.lab.commanded import Server, serving

pytestmark = pytest.mark.lab

AGENTS, RINGS = 200, 40
#: what an idle bell may cost, KiB; what a ring may take, seconds: from a commit of the same
#: process, and of another
KIB, OWN_S, OTHERS_S = 60, 0.5, 2.0


@dataclass
class Machine:
    """An agent of the test's. Attributes: `directory_id`, `token`: lets another one in there."""

    directory_id: str
    agent_id: str
    key: Ed25519PrivateKey
    token: str
    number: Counter[str] = field(default_factory=Counter)

    def speaker(self, server_key: bytes, origin: str) -> Speaker:
        """Its side of the conversation."""

        def number(lane: str) -> int:
            self.number[lane] += 1
            return self.number[lane]

        return Speaker(self.key, server_key, origin, self.agent_id, "run", number)


class Field:
    """A server, and agents that stand in its database."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.server = server
        settings = Settings.model_validate({"store": {"data_dir": str(folder / "data")}})
        self.parts = wiring.build(settings).parts
        self.notary = wiring.notary(settings)
        self.store: SqlStore = open_store(settings.store.url)
        (self.tenant,) = self.store.submit_read(lambda tx: tx.tenants.all()).result(30)
        self.machines = [self._machine(n) for n in range(AGENTS)]

    def _machine(self, n: int) -> Machine:
        """An approved agent of a directory of its own."""
        now, random, key = SystemClock().now(), SystemRandom(), Ed25519PrivateKey.generate()
        directory = Directory(
            random.id(now), self.tenant.id, f"d{n}.example.test", bytes(32), "", None, now
        )
        agent = Agent(
            id=random.id(now), tenant_id=self.tenant.id, directory_id=directory.id, name="dc1",
            role=AgentRole.CANDIDATE, state=AgentState.ACTIVE, controller="dc1.example.test",
            signing_key=key.public_key().public_bytes_raw(), sealing_key=bytes(32),
            certificate=b"x", bequest=None, run=Run("run", "m", "dc1", now, now), sequences={},
            version="0", facts="", enrolled_at=now, approved_by=None, revoked_at=None,
            clone_at=None,
        )  # fmt: skip
        token = random.token()
        fresh = EnrolmentToken(
            self.parts.sealer.digest(agents.TOKEN, token), self.tenant.id, directory.id,
            AgentRole.CANDIDATE, self.tenant.id, now + DAY, None,
        )  # fmt: skip

        def step(tx: Tx) -> None:
            tx.directories.add(directory)
            tx.agents.add(agent)
            tx.directories.add_token(fresh)

        self.store.submit_write(step).result(30)
        return Machine(directory.id, agent.id, key, token)

    def close(self) -> None:
        """Let go of the database."""
        self.parts.store.close()  # type: ignore[attr-defined]
        self.store.close()

    def memory(self) -> float:
        """What the worker holds that it does not share, KiB."""
        pid = self.server.process.pid
        (worker, *_) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        lines = Path(f"/proc/{worker}/smaps_rollup").read_text().splitlines()
        sizes = {line.split(":")[0]: line.split()[1] for line in lines[1:]}
        return float(sizes["Private_Dirty"]) + float(sizes["Private_Clean"])


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Field]:
    settings = {"KEYTURN_SERVER__WORKERS": "1", "KEYTURN_SERVER__LEAVE_SECONDS": "2"}
    with serving(tmp_path, **settings) as server:
        server.listening()
        made = Field(server, tmp_path)
        yield made
        made.close()


@dataclass
class Bell:
    """An open bell."""

    machine: Machine
    speaker: Speaker
    opening: Opening
    connection: ClientConnection

    async def ring(self) -> None:
        """Wait for the next ring."""
        frame = await asyncio.wait_for(self.connection.recv(), 30)
        assert isinstance(frame, bytes)
        assert self.speaker.hear_frame(frame, self.opening, {})[0] is Kind.RING

    async def beat(self) -> Beaten:
        """Beat, and hear the answer."""
        framed: Framed = self.speaker.beat(Beat("run", True, ""))
        await self.connection.send(framed.frame)
        frame = await asyncio.wait_for(self.connection.recv(), 30)
        assert isinstance(frame, bytes)
        known = {framed.number: framed.signature}
        answer = self.speaker.hear_frame(frame, self.opening, known)[2]
        assert isinstance(answer, Beaten)
        return answer


async def opened(place: Field, machine: Machine, stack: AsyncExitStack) -> Bell:
    """An agent's bell, open."""
    origin = place.server.origin
    speaker = machine.speaker(place.notary.server_key, origin)
    opening = speaker.open()
    connection = await stack.enter_async_context(
        connect(
            f"ws{origin.removeprefix('http')}{BELL}", additional_headers=dict(opening.headers),
            compression=None, ping_interval=None, proxy=None, open_timeout=30,
        )
    )  # fmt: skip
    return Bell(machine, speaker, opening, connection)


async def enrolled(place: Field, client: httpx.AsyncClient, machine: Machine) -> None:
    """Somebody new comes to a machine's directory, which its agents are rung for."""
    key = Ed25519PrivateKey.generate()
    speaker = Speaker(key, None, place.server.origin, NEW, "run", lambda _: 1)
    asks = Enrol(
        machine.token, "dc2", "dc2.example.test", key.public_key().public_bytes_raw(),
        bytes(32), "m", "dc2", "0",
    )  # fmt: skip
    said = speaker.ask(asks)
    reply = await client.post(MESSAGES, headers=dict(said.headers), content=said.body)
    assert isinstance(speaker.hear(said, reply.status_code, reply.headers, reply.content), Enrolled)


def test_two_hundred_bells_ring_in_time_and_cost_little(
    place: Field, record_property: Callable[[str, object], None]
) -> None:
    async def scene() -> None:
        async with (
            AsyncExitStack() as stack,
            httpx.AsyncClient(base_url=place.server.origin, timeout=30) as client,
        ):
            warm = await opened(place, place.machines[0], stack)  # what all share is loaded
            await warm.beat()
            before = place.memory()
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
            each = (place.memory() - before) / (AGENTS - 1)
            own = await own_rings(place, client, bells[:RINGS])
            others = await others_rings(place, bells[RINGS : 2 * RINGS])
            p99 = statistics.quantiles(own, n=100)[98]
            record_property(
                "says",
                f"{AGENTS} bells: opened in {opening:.2f} s, all beat in {beating:.2f} s, "
                f"{each:.1f} KiB each; a ring after a commit of the same process "
                f"{statistics.median(own) * 1000:.0f} ms (p99 {p99 * 1000:.0f}), of another "
                f"{statistics.median(others) * 1000:.0f} ms (most {max(others) * 1000:.0f})",
            )
            assert each < KIB
            assert p99 < OWN_S
            assert max(others) < OTHERS_S

    asyncio.run(scene())


async def own_rings(place: Field, client: httpx.AsyncClient, bells: list[Bell]) -> list[float]:
    """Seconds from a request that makes work to the ring, one after the other."""
    taken = []
    for bell in bells:
        began = time.monotonic()
        _, _ = await asyncio.gather(bell.ring(), enrolled(place, client, bell.machine))
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
        await bell.ring()
        return time.monotonic() - began

    return list(await asyncio.gather(*(rung(bell) for bell in bells)))


def test_whoever_is_revoked_elsewhere_is_hung_up_on_within_a_second_or_two(place: Field) -> None:
    async def scene() -> None:
        async with AsyncExitStack() as stack:
            bell = await opened(place, place.machines[0], stack)

            def step(tx: Tx) -> None:
                agent = tx.agents.by_id(bell.machine.agent_id)
                assert agent is not None
                now = SystemClock().now()
                tx.agents.update(replace(agent, state=AgentState.REVOKED, revoked_at=now))

            await place.store.write(step)
            began = time.monotonic()
            await asyncio.wait_for(bell.connection.wait_closed(), 10)
            assert time.monotonic() - began < OTHERS_S
            assert bell.connection.close_code == STOPPED

    asyncio.run(scene())


def test_a_server_that_leaves_sends_its_agents_away_before_it_stops(place: Field) -> None:
    async def scene() -> None:
        async with AsyncExitStack() as stack:
            bells = [await opened(place, m, stack) for m in place.machines[:20]]
            os.kill(place.server.process.pid, signal.SIGTERM)
            began = time.monotonic()
            await asyncio.gather(*(bell.connection.wait_closed() for bell in bells))
            assert time.monotonic() - began < 1.5
            assert {bell.connection.close_code for bell in bells} == {GOING}
            with pytest.raises(InvalidStatus) as refused:
                await opened(place, place.machines[50], stack)
            assert refused.value.response.status_code == 503

    asyncio.run(scene())
    assert place.server.process.wait(20) == 0
