"""Agents of the lab's tests: they stand in a server's database and hold real bells."""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from websockets.asyncio.client import ClientConnection, connect

from keyturn import wiring
from keyturn.adapters.sql import SqlStore, open_store
from keyturn.adapters.system import SystemClock, SystemRandom
from keyturn.ports.store import Tx
from keyturn.rules.directories.entries import DirectoryKind
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
from keyturn.wire.paths import BELL, MESSAGES
from keyturn.wire.session import Framed, Opening, Speaker
from keyturn.wire.signatures import NEW, Kind


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
    """A server, or several, and agents that stand in its database.

    Args:
        origin: where agents knock; tls: whom they trust there.
        settings: of the data folder and the database.
    """

    def __init__(
        self, origin: str, settings: Settings, count: int, tls: ssl.SSLContext | None = None
    ) -> None:
        self.origin = origin
        self.tls = tls
        self.parts = wiring.build(settings).parts
        self.notary = wiring.notary(settings)
        self.store: SqlStore = open_store(settings.store.url)
        (self.tenant,) = self.store.submit_read(lambda tx: tx.tenants.all()).result(30)
        self.machines = [self._machine() for _ in range(count)]

    def _machine(self) -> Machine:
        """An approved agent of a directory of its own."""
        now, random, key = SystemClock().now(), SystemRandom(), Ed25519PrivateKey.generate()
        directory = Directory(
            random.id(now),
            self.tenant.id,
            f"d{random.digits(12)}.example.test",
            bytes(32),
            "",
            None,
            now,
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
        """Beat, and hear the answer; it may ring in between."""
        framed: Framed = self.speaker.beat(Beat("run", True, ""))
        await self.connection.send(framed.frame)
        known = {framed.number: framed.signature}
        kind, answer = Kind.RING, None
        while kind is Kind.RING:
            frame = await asyncio.wait_for(self.connection.recv(), 30)
            assert isinstance(frame, bytes)
            kind, _, answer = self.speaker.hear_frame(frame, self.opening, known)
        assert isinstance(answer, Beaten), answer
        return answer


async def opened(place: Field, machine: Machine, stack: AsyncExitStack) -> Bell:
    """An agent's bell, open."""
    origin = place.origin
    speaker = machine.speaker(place.notary.server_key, origin)
    opening = speaker.open()
    connection = await stack.enter_async_context(
        connect(
            f"ws{origin.removeprefix('http')}{BELL}", additional_headers=dict(opening.headers),
            compression=None, ping_interval=None, proxy=None, open_timeout=30,
            ssl=place.tls,
        )
    )  # fmt: skip
    return Bell(machine, speaker, opening, connection)


async def enrolled(place: Field, client: httpx.AsyncClient, machine: Machine) -> None:
    """Somebody new comes to a machine's directory, which its agents are rung for."""
    key = Ed25519PrivateKey.generate()
    speaker = Speaker(key, None, place.origin, NEW, "run", lambda _: 1)
    asks = Enrol(
        machine.token, "dc2", "dc2.example.test", key.public_key().public_bytes_raw(),
        bytes(32), "m", "dc2", "0", DirectoryKind.ACTIVE_DIRECTORY,
    )  # fmt: skip
    said = speaker.ask(asks)
    reply = await client.post(MESSAGES, headers=dict(said.headers), content=said.body)
    assert isinstance(speaker.hear(said, reply.status_code, reply.headers, reply.content), Enrolled)
