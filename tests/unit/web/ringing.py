"""Agents at the real gate, without a socket in between: signed messages, bells.

office = Office(house)
dc1 = office.agency.first("dc1")
async def scene():
answer = await office.call(office.speaker(dc1), Fetch(dc1.run_id))
async with office.bell(dc1) as bell: ...
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from keyturn.leaving import Door
from keyturn.web import rooms
from keyturn.web.app import Gate
from keyturn.web.site import Site
from keyturn.wire.messages import Answer, Beat, Request
from keyturn.wire.paths import BELL, MESSAGES
from keyturn.wire.session import Framed, Opening, Speaker
from keyturn.wire.signatures import Headers, Kind
from tests.unit.flows.agency import IP, Agency, Machine
from tests.unit.flows.house import House
from tests.unit.web.browsing import ORIGIN, pages

#: what an answer may take, in seconds, on a busy machine
PATIENCE = 20.0


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Office:
    """A house, a directory, and the doors for its agents."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.agency = Agency(house)
        self.site = Site(
            parts=house.parts, origin=ORIGIN, trusted=(), pages=pages(),
            notary=lambda: self.agency.notary,
        )  # fmt: skip
        self.door = Door(Gate(self.site, rooms.routes(self.site)))

    def speaker(self, machine: Machine, run_id: str | None = None, **fields: Any) -> Speaker:
        """The agent's own side of the conversation, in its present run."""

        def number(lane: str) -> int:
            machine.number[lane] += 1
            return machine.number[lane]

        plain: dict[str, Any] = {
            "key": machine.key, "server_key": self.agency.notary.server_key, "origin": ORIGIN,
            "agent_id": machine.id, "run_id": run_id or machine.run_id, "number": number,
        }  # fmt: skip
        return Speaker(**{**plain, **fields})

    # -- messages

    async def post(
        self, headers: Headers, body: bytes, *, ip: str = IP, path: str = MESSAGES,
        method: str = "POST",
    ) -> Reply:  # fmt: skip
        """A request as it is."""
        given = [{"type": "http.request", "body": body, "more_body": False}]
        sent: list[Any] = []

        async def receive() -> Any:
            return given.pop() if given else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {**scope_of("http", path, headers, ip), "method": method}
        await asyncio.wait_for(self.door(scope, receive, send), PATIENCE)
        start, *rest = sent
        body = b"".join(m.get("body", b"") for m in rest)
        return Reply(start["status"], heads(start["headers"]), body)

    async def call(self, speaker: Speaker, message: Request, **how: Any) -> Answer:
        """Say something; the answer, which is the server's and to nothing else."""
        said = speaker.ask(message)
        reply = await self.post(said.headers, said.body, **how)
        assert reply.status == 200, reply
        return speaker.hear(said, reply.status, reply.headers, reply.body)

    # -- bells

    @asynccontextmanager
    async def bell(self, machine: Machine, **how: Any) -> AsyncIterator[Ringing]:
        """An open bell of an agent."""
        speaker = self.speaker(machine)
        opening = speaker.open()
        ringing = await self.open(opening.headers, speaker, opening, **how)
        assert ringing.status == 101, (ringing.status, ringing.body)
        try:
            yield ringing
        finally:
            ringing.gone()
            await asyncio.wait_for(ringing.task, PATIENCE)

    async def open(
        self, headers: Headers, speaker: Speaker | None = None, opening: Opening | None = None,
        *, ip: str = IP, path: str = BELL,
    ) -> Ringing:  # fmt: skip
        """An opening as it is, answered."""
        ringing = Ringing(speaker, opening)
        await ringing.begin(self.door, scope_of("websocket", path, headers, ip))
        return ringing


@dataclass
class Ringing:
    """The far side of a bell.

    Attributes:
        status: of the answer to its opening, 101 if it is open.
        code: why the server closed it.
    """

    speaker: Speaker | None
    opening: Opening | None
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    code: int = 0
    rings: int = 0
    asked: dict[int, bytes] = field(default_factory=dict)
    inbox: asyncio.Queue[Any] = field(default_factory=asyncio.Queue)
    outbox: asyncio.Queue[Any] = field(default_factory=asyncio.Queue)

    async def begin(self, door: Any, scope: Any) -> None:
        """Knock, and wait for what comes of it."""
        self.inbox.put_nowait({"type": "websocket.connect"})
        answered = asyncio.Event()

        async def send(message: Any) -> None:
            match message["type"]:
                case "websocket.accept":
                    self.status = 101
                    answered.set()
                case "websocket.http.response.start":
                    self.status, self.headers = message["status"], heads(message["headers"])
                case "websocket.http.response.body":
                    self.body = message["body"]
                    answered.set()
                case "websocket.close":
                    self.code = message["code"]
                    self.gone()
                case "websocket.send":
                    self.outbox.put_nowait(message["bytes"])

        self.task = asyncio.create_task(door(scope, self.inbox.get, send))
        await asyncio.wait_for(answered.wait(), PATIENCE)

    def gone(self) -> None:
        """The connection is over."""
        self.inbox.put_nowait({"type": "websocket.disconnect", "code": 1006})

    def say(self, frame: bytes | str) -> None:
        """A frame as it is."""
        kind = "bytes" if isinstance(frame, bytes) else "text"
        self.inbox.put_nowait({"type": "websocket.receive", kind: frame})

    async def hear(self) -> tuple[Kind, int, Answer]:
        """The next frame, verified."""
        frame = await asyncio.wait_for(self.outbox.get(), PATIENCE)
        assert self.speaker is not None
        assert self.opening is not None
        return self.speaker.hear_frame(frame, self.opening, self.asked)

    async def ring(self) -> int:
        """Wait for the next ring; its number."""
        kind, number, _ = await self.hear()
        assert kind is Kind.RING
        return number

    def framed(self, **fields: Any) -> Framed:
        """A beat on its way."""
        assert self.speaker is not None
        plain = {"run_id": self.speaker.run_id, "wants_lease": True, "health": ""}
        framed = self.speaker.beat(Beat(**{**plain, **fields}))
        self.asked[framed.number] = framed.signature
        return framed

    async def beat(self, **fields: Any) -> Answer:
        """Beat, and hear what comes of it."""
        framed = self.framed(**fields)
        self.say(framed.frame)
        kind, number, answer = await self.hear()
        assert (kind, number) == (Kind.ANSWER, framed.number)
        return answer

    async def ended(self) -> int:
        """Wait until the server hangs up; why."""
        await asyncio.wait_for(self.task, PATIENCE)
        return self.code


def scope_of(kind: str, path: str, headers: Headers | Sequence[tuple[str, str]], ip: str) -> Any:
    """An ASGI scope; a header may be given twice."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    return {
        "type": kind, "path": path, "raw_path": path.encode(), "query_string": b"",
        "root_path": "", "client": (ip, 4711), "server": ("10.0.0.1", 8080),
        "headers": [
            (b"host", b"an.inner.name"),
            *((name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs),
        ],
    }  # fmt: skip


def heads(pairs: Any) -> Mapping[str, str]:
    """Headers of an answer."""
    return {name.decode(): value.decode() for name, value in pairs}
