"""The bell on a real socket: rings, beats, what is forged, a lost socket, one that is blocked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from keyturn.agent.bell import AGAIN_AT_MOST_MS, AWAY_AT_MOST_MS, Bell, Way
from keyturn.agent.keys import Keys, load_or_make
from keyturn.agent.memory import MemoryLink
from keyturn.agent.ports import LinkDenied, LinkDown
from keyturn.rules.directories.things import Epoch
from keyturn.wire import session, signatures
from keyturn.wire.codec import encode
from keyturn.wire.messages import Answer, Beat, Beaten, Denied, Request, Rung, Wait
from keyturn.wire.paths import BELL
from keyturn.wire.session import Opened, Opening, Speaker
from keyturn.wire.signatures import Kind
from tests.unit.agent.linked import SERVER, SERVER_KEY, folder

pytestmark = pytest.mark.lab

BEAT = Beat("run-1", wants_lease=True, health="")
BEATEN = Beaten(Epoch(1, 1), 45_000, None, work=False)
Handler = Callable[[ServerConnection, Opened, bytes, str], Awaitable[None]]


async def nothing(*_: object) -> None:
    """A server that only listens."""


async def beats(connection: ServerConnection, opened: Opened, key: bytes, origin: str) -> None:
    """A server that answers every beat."""
    async for frame in connection:
        assert isinstance(frame, bytes)
        heard = session.hear_beat(key, origin, frame, opened)
        await connection.send(session.say_beaten(SERVER, BEATEN, heard))


class Bench:
    """A bell, and a server on a port of this machine."""

    def __init__(self, tmp_path: Path, handler: Handler) -> None:
        self.keys: Keys = load_or_make(folder(tmp_path))
        self.handler = handler
        self.opened: list[Opened] = []
        self.posted: list[Request] = []
        self.answer: Callable[[Request], Answer] = self._by_post
        self.proxy = "none"

    def _by_post(self, message: Request) -> Answer:
        if isinstance(message, Wait):
            raise LinkDown("refused")
        return BEATEN

    async def _serve(self, connection: ServerConnection) -> None:
        request = connection.request
        assert request is not None
        headers = {name.lower(): value for name, value in request.headers.raw_items()}
        assert request.path == BELL
        opened = session.hear_opening(self.keys.signing_public, self.origin, headers)
        self.opened.append(opened)
        await self.handler(connection, opened, self.keys.signing_public, self.origin)
        await connection.wait_closed()

    async def play(self, act: Callable[[Bell], Awaitable[None]]) -> None:
        """Run `act` beside a bell that rings and a server that serves."""
        async with serve(self._serve, "127.0.0.1", 0) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            self.origin = f"http://127.0.0.1:{port}"
            numbers = count(1)
            speaker = Speaker(
                self.keys.signing, SERVER_KEY, self.origin, "agent", "run-1",
                lambda _: next(numbers),
            )  # fmt: skip
            link = MemoryLink(self.answer)
            bell = Bell(speaker, link, Way(self.origin, self.proxy, None), lambda _: 50)
            ringing = asyncio.create_task(bell.run())
            try:
                async with asyncio.timeout(20):
                    await act(bell)
            finally:
                self.posted = link.said
                ringing.cancel()
                await asyncio.gather(ringing, return_exceptions=True)


async def until(holds: Callable[[], bool]) -> None:
    """Look every hundredth of a second, for ten."""
    for _ in range(1000):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise TimeoutError


async def up(bell: Bell) -> None:
    """Wait until the socket is up; a fresh one always rings."""
    await bell.rung.wait()
    bell.rung.clear()
    await until(lambda: bell.socket)


def test_a_beat_goes_by_the_socket_and_its_answer_comes_back(tmp_path: Path) -> None:
    async def act(bell: Bell) -> None:
        await up(bell)
        assert [await bell.beat(BEAT) for _ in range(3)] == [BEATEN] * 3

    bench = Bench(tmp_path, beats)
    asyncio.run(bench.play(act))
    assert bench.posted == []


def test_a_ring_is_heard(tmp_path: Path) -> None:
    async def rings(connection: ServerConnection, opened: Opened, *_: object) -> None:
        await asyncio.sleep(0.2)
        await connection.send(session.ring(SERVER, opened, 1))

    async def act(bell: Bell) -> None:
        await up(bell)
        await bell.rung.wait()

    asyncio.run(Bench(tmp_path, rings).play(act))


def test_a_ring_that_is_played_again_ends_the_socket_and_a_new_one_is_opened(
    tmp_path: Path,
) -> None:
    async def twice(connection: ServerConnection, opened: Opened, *_: object) -> None:
        frame = session.ring(SERVER, opened, 1)
        await connection.send(frame)
        await connection.send(frame)

    bench = Bench(tmp_path, twice)

    async def act(_bell: Bell) -> None:
        await until(lambda: len(bench.opened) > 1)

    asyncio.run(bench.play(act))
    assert bench.opened[0].sender.sequence < bench.opened[1].sender.sequence


def test_an_answer_by_somebody_else_is_not_believed_and_the_beat_goes_by_post(
    tmp_path: Path,
) -> None:
    async def forges(connection: ServerConnection, opened: Opened, key: bytes, origin: str) -> None:
        bench.handler = nothing
        async for frame in connection:
            assert isinstance(frame, bytes)
            heard = session.hear_beat(key, origin, frame, opened)
            number, bound = heard.sender.sequence, heard.signature
            body = encode(Denied("revoked", None))
            other = load_or_make(folder(tmp_path / "other")).signing
            await connection.send(signatures.sign_frame(other, Kind.ANSWER, number, bound, body))

    async def act(bell: Bell) -> None:
        await up(bell)
        assert await bell.beat(BEAT) == BEATEN

    bench = Bench(tmp_path, forges)
    asyncio.run(bench.play(act))
    assert BEAT in bench.posted


def test_a_refusal_by_the_socket_is_told(tmp_path: Path) -> None:
    async def refuses(
        connection: ServerConnection, opened: Opened, key: bytes, origin: str
    ) -> None:
        async for frame in connection:
            assert isinstance(frame, bytes)
            heard = session.hear_beat(key, origin, frame, opened)
            await connection.send(session.say_beaten(SERVER, Denied("revoked", None), heard))

    async def act(bell: Bell) -> None:
        await up(bell)
        with pytest.raises(LinkDenied) as caught:
            await bell.beat(BEAT)
        assert caught.value.denied.why == "revoked"

    asyncio.run(Bench(tmp_path, refuses).play(act))


def test_a_socket_that_is_lost_costs_nothing_and_comes_back(tmp_path: Path) -> None:
    async def drops(connection: ServerConnection, *rest: object) -> None:
        bench.handler = beats
        connection.transport.abort()

    async def act(bell: Bell) -> None:
        await up(bell)
        await until(lambda: len(bench.opened) > 1)
        await up(bell)
        assert await bell.beat(BEAT) == BEATEN

    bench = Bench(tmp_path, drops)
    asyncio.run(bench.play(act))


def test_where_sockets_are_blocked_long_polls_bring_the_rings(tmp_path: Path) -> None:
    polled = asyncio.Event()

    def post(message: Request) -> Answer:
        if isinstance(message, Wait):
            polled.set()
            return Rung(work=True)
        return BEATEN

    async def blocked(connection: ServerConnection, *_: object) -> None:
        connection.transport.abort()

    async def act(bell: Bell) -> None:
        await polled.wait()
        await bell.rung.wait()
        await until(lambda: not bell.socket)
        assert await bell.beat(BEAT) == BEATEN

    bench = Bench(tmp_path, blocked)
    bench.answer = post
    asyncio.run(bench.play(act))


def test_a_proxy_that_is_set_is_used(tmp_path: Path) -> None:
    """A CONNECT proxy of a few lines: what goes through it is counted."""
    through: list[str] = []

    async def proxied(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        through.append(head.split("\r\n")[0])
        host, port = head.split()[1].split(":")
        far_in, far_out = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await asyncio.gather(pipe(reader, far_out), pipe(far_in, writer))

    async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()

    async def act(bell: Bell) -> None:
        await up(bell)
        assert await bell.beat(BEAT) == BEATEN

    async def whole() -> None:
        async with await asyncio.start_server(proxied, "127.0.0.1", 0) as proxy:
            bench.proxy = f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}"
            await bench.play(act)

    bench = Bench(tmp_path, beats)
    asyncio.run(whole())
    assert through
    assert through[0].startswith("CONNECT 127.0.0.1:")


class Slow:
    """A way on which the answer to an opening is long in coming, and is no."""

    def __init__(self) -> None:
        self.answered = asyncio.Event()

    def connect(self, _opening: Opening) -> Slow:
        return self

    async def __aenter__(self) -> None:
        await self.answered.wait()
        raise ConnectionRefusedError

    async def __aexit__(self, *_: object) -> None: ...


def test_a_beat_does_not_overtake_an_opening_whose_number_is_lower(tmp_path: Path) -> None:
    keys, numbers = load_or_make(folder(tmp_path)), count(1)
    speaker = Speaker(
        keys.signing, SERVER_KEY, "http://127.0.0.1", "agent", "run-1", lambda _: next(numbers)
    )
    link, way = MemoryLink(lambda _: BEATEN), Slow()
    bell = Bell(speaker, link, way, lambda _: 60_000)  # type: ignore[arg-type]

    async def scene() -> None:
        ringing = asyncio.create_task(bell.run())
        await asyncio.sleep(0)
        beating = asyncio.create_task(bell.beat(BEAT))
        await asyncio.sleep(0.05)
        assert (next(numbers), link.said) == (2, [])
        way.answered.set()
        assert await beating == BEATEN
        assert BEAT in link.said
        ringing.cancel()
        await asyncio.gather(ringing, return_exceptions=True)

    asyncio.run(scene())


class Closed(Slow):
    """A way that is closed."""

    async def __aenter__(self) -> None:
        raise ConnectionRefusedError


class Waiting:
    """A link whose long-polls hang, or a server that is away."""

    def __init__(self, *, there: bool) -> None:
        self._there = there

    async def call(self, _message: Request, _want: type[Any]) -> Any:
        if not self._there:
            raise LinkDown("refused")
        await asyncio.Event().wait()


@pytest.mark.parametrize(("there", "longest"), [(True, AGAIN_AT_MOST_MS), (False, AWAY_AT_MOST_MS)])
def test_the_socket_is_tried_ever_more_seldom_only_where_it_alone_is_blocked(
    tmp_path: Path, there: bool, longest: int
) -> None:
    keys, asked, enough = load_or_make(folder(tmp_path)), list[int](), asyncio.Event()
    speaker = Speaker(keys.signing, SERVER_KEY, "http://127.0.0.1", "agent", "run-1", lambda _: 1)

    def jitter(most: int) -> int:
        asked.append(most)
        if len(asked) == 12:
            enough.set()
        return 1

    async def scene() -> None:
        bell = Bell(speaker, Waiting(there=there), Closed(), jitter)  # type: ignore[arg-type]
        ringing = asyncio.create_task(bell.run())
        async with asyncio.timeout(20):
            await enough.wait()
        ringing.cancel()
        await asyncio.gather(ringing, return_exceptions=True)

    asyncio.run(scene())
    assert asked[:4] == [2_000, 4_000, 8_000, 16_000]
    assert max(asked) == asked[11] == longest
