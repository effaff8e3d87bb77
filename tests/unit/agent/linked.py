"""A server in the same process, for the agent's link: wire/ on its side, and what can go wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from keyturn.agent.keeper import Life
from keyturn.agent.keys import Keys, load_or_make
from keyturn.agent.link import HttpLink
from keyturn.agent.state import State
from keyturn.agent.who import Who, save
from keyturn.rules.directories.things import AgentRole
from keyturn.wire import session
from keyturn.wire.codec import decode_request
from keyturn.wire.messages import Answer, Denied, Enrol, Request
from keyturn.wire.session import Heard, Speaker
from keyturn.wire.signatures import NEW, Lane

ORIGIN = "https://keyturn.example.test"
SERVER = Ed25519PrivateKey.from_private_bytes(b"s" * 32)
SERVER_KEY = SERVER.public_key().public_bytes_raw()

Mangle = Callable[[int, dict[str, str], bytes], tuple[int, dict[str, str], bytes]]


@dataclass
class Server:
    """An ASGI application.

    Attributes:
        answer: what it says to a message.
        keys: public signing key by agent id.
        mangle: what happens to answers on their way.
        heard: what came, in order.
    """

    answer: Callable[[Request], Answer]
    keys: dict[str, bytes] = field(default_factory=dict)
    mangle: Mangle = lambda status, headers, body: (status, headers, body)
    heard: list[Heard] = field(default_factory=list)
    numbers: dict[tuple[str, Lane], int] = field(default_factory=dict)
    key: Ed25519PrivateKey = SERVER

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        body = b""
        while (part := await receive())["type"] == "http.request":
            body += part.get("body", b"")
            if not part.get("more_body"):
                break
        heard = self._hear(headers, body)
        self.heard.append(heard)
        answer = self._answer(heard)
        head, said = session.say(self.key, answer, heard.signature)
        status, head, said = self.mangle(200, head, said)
        raw = [(name.encode(), value.encode()) for name, value in head.items()]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": said})

    def _hear(self, headers: dict[str, str], body: bytes) -> Heard:
        sender = headers["keyturn-agent"]
        if sender == NEW:
            message = decode_request(body)
            assert isinstance(message, Enrol)
            return session.hear(message.signing_key, ORIGIN, headers, body)
        return session.hear(self.keys[sender], ORIGIN, headers, body)

    def _answer(self, heard: Heard) -> Answer:
        place = heard.sender.agent_id, heard.sender.lane
        if heard.sender.agent_id != NEW:
            if heard.sender.sequence <= self.numbers.get(place, 0):
                return Denied("sequence", None)
            self.numbers[place] = heard.sender.sequence
        return self.answer(heard.message)

    def client(self) -> httpx.AsyncClient:
        """A client that reaches this application and nothing else."""
        return httpx.AsyncClient(transport=httpx.ASGITransport(app=self), base_url=ORIGIN)

    def link(self, keys: Keys, agent_id: str = "agent", server_key: bytes = SERVER_KEY) -> HttpLink:
        """A link of an agent that this server knows."""
        self.keys[agent_id] = keys.signing_public
        numbers = count(1)
        speaker = Speaker(
            keys.signing, server_key, ORIGIN, agent_id, "run-1", lambda _: next(numbers)
        )
        return HttpLink(speaker, self.client())


def folder(path: Path) -> State:
    """A state folder with keys in it."""
    state = State(path / "state", make=True)
    load_or_make(state)
    return state


def who(state: State, role: AgentRole = AgentRole.CANDIDATE) -> Who:
    """An agent that is enrolled."""
    me = Who("agent", "directory", "corp.example.test", role, "dc1", ORIGIN, SERVER_KEY, None)
    save(state, me)
    return me


LIFE = Life("run-1", "dc1.corp.example.test", "1", "machine", "dc1 (192.0.2.10)", "boot-1")


class Time:
    """A clock that the test owns, and pauses that only move it."""

    def __init__(self, now: int = 1_000_000) -> None:
        self.at = now
        self.paused: list[int] = []

    def now(self) -> int:
        return self.at

    async def pause(self, ms: int) -> None:
        self.paused.append(ms)
        self.at += ms
        await asyncio.sleep(0)

    def jitter(self, ms: int) -> int:
        return ms
