"""The doorbell: a WebSocket that brings rings and carries beats; a long-poll where it is blocked.

        socket opens  --->  beats by frames, rings as they come
             |  lost, refused, swallowed by a proxy
             v
        a pause with full jitter, longer each time; meanwhile long-polls bring the rings
        and beats go by POST; then the socket is tried again

Nothing is lost with a socket but time: everything stands in the server's database.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from keyturn.agent.config import NO_PROXY
from keyturn.agent.failing import link_down
from keyturn.agent.keeper import PASSING
from keyturn.agent.ports import Link, LinkDenied, LinkDown
from keyturn.wire.codec import MAX_SIZE, Unreadable
from keyturn.wire.messages import Beat, Beaten, Denied, Rung, Wait
from keyturn.wire.paths import BELL
from keyturn.wire.session import Opening, Speaker
from keyturn.wire.signatures import Forged, Kind

#: the longest that one long-poll hangs: shorter than proxies' patience
POLL_MS: Final = 25_000
#: pauses before the socket is tried again: drawn from 0 to this, doubled each time, up to
AGAIN_MS, AGAIN_AT_MOST_MS = 2_000, 300_000
#: up to this while the server itself is away: it is the socket alone that may be blocked for good
AWAY_AT_MOST_MS: Final = 16_000
#: a beat that is not answered by the socket in so many seconds: the socket is dead
ANSWER_S: Final = 10.0
_OVERHEAD = 128

_log = logging.getLogger("keyturn.agent")


@dataclass(frozen=True, slots=True)
class Way:
    """How a socket is made. proxy: as in agent.toml. tls: None for http."""

    origin: str
    proxy: str
    tls: ssl.SSLContext | None

    def connect(self, opening: Opening) -> connect:
        """Not connected yet; an asynchronous context manager."""
        parts = urlsplit(self.origin)
        scheme = "wss" if parts.scheme == "https" else "ws"
        proxy: str | bool | None = {"": True, NO_PROXY: None}.get(self.proxy, self.proxy)
        options: dict[str, Any] = {"ssl": self.tls} if self.tls else {}
        return connect(
            f"{scheme}://{parts.netloc}{BELL}",
            additional_headers=dict(opening.headers),
            proxy=proxy,  # type: ignore[arg-type]
            compression=None,
            user_agent_header=None,
            max_size=MAX_SIZE + _OVERHEAD,
            max_queue=4,
            open_timeout=ANSWER_S,
            close_timeout=1,
            ping_interval=None,  # a beat that is not answered says more
            **options,
        )


class Bell:
    """Rings and beats.

    Args:
        link: for beats without a socket, and long-polls.
        jitter: a random number of 0 to what it is given.

    Attributes:
        rung: set when there is work; whoever fetches it clears it.
        socket: whether the socket is up.
    """

    def __init__(
        self, speaker: Speaker, link: Link, way: Way, jitter: Callable[[int], int]
    ) -> None:
        self._speaker, self._link, self._way, self._jitter = speaker, link, way, jitter
        self._connection: ClientConnection | None = None
        self._opening: Opening | None = None
        self._asked: dict[int, tuple[bytes, asyncio.Future[Beaten | Denied]]] = {}
        self._turn = asyncio.Lock()
        self.rung = asyncio.Event()

    @property
    def socket(self) -> bool:
        return self._connection is not None

    async def beat(self, beat: Beat) -> Beaten:
        """Beat by the socket if it is up, else, or if it turns out to be dead, by POST.

        Raises LinkDown, LinkDenied.
        """
        if self._connection is not None:
            try:
                return await self._by_socket(self._connection, beat)
            except LinkDown as down:
                _log.info("bell lost cause=%s", down.cause)
        async with self._turn:
            return await self._link.call(beat, Beaten)

    async def _by_socket(self, connection: ClientConnection, beat: Beat) -> Beaten:
        async with self._turn:
            framed = self._speaker.beat(beat)
            answer: asyncio.Future[Beaten | Denied] = asyncio.get_running_loop().create_future()
            answer.add_done_callback(_noted)
            self._asked[framed.number] = framed.signature, answer
            try:
                async with asyncio.timeout(ANSWER_S):
                    await connection.send(framed.frame)
                    said = await answer
            except (WebSocketException, OSError, TimeoutError) as error:
                # before Python 3.11.4 TLS that was closed twice cannot be aborted
                with contextlib.suppress(AttributeError):
                    connection.transport.abort()
                raise link_down(error) from error
            finally:
                del self._asked[framed.number]
        if isinstance(said, Denied):
            raise LinkDenied(said)
        return said

    async def run(self) -> None:
        """Keep a socket up, and poll while there is none; until cancelled.

        Raises LinkDenied: the server does not want us any more.
        """
        pause = AGAIN_MS
        while True:
            if await self._listen():
                pause = AGAIN_MS
            there = await self._poll(self._jitter(pause))
            pause = min(2 * pause, AGAIN_AT_MOST_MS if there else AWAY_AT_MOST_MS)

    async def _listen(self) -> bool:
        """One socket's life; whether it lived at all."""
        lived = False
        try:
            async with contextlib.AsyncExitStack() as life:
                async with self._turn:  # beats have numbers of the same lane: none overtakes it
                    opening = self._speaker.open()
                    connection = await life.enter_async_context(self._way.connect(opening))
                lived, rings = True, 0
                self._connection, self._opening = connection, opening
                self.rung.set()  # whatever rang while nobody listened
                async for frame in connection:
                    rings = self._hear(frame, opening, rings)
        except (WebSocketException, OSError, TimeoutError) as error:
            _log.info("bell closed cause=%s", link_down(error).cause)
        except (Forged, Unreadable) as wrong:
            _log.warning("bell broken cause=%s", wrong.why)
        finally:
            self._silence()
        return lived

    def _hear(self, frame: str | bytes, opening: Opening, rings: int) -> int:
        """Take one frame; the number of the last ring. Raises Forged, Unreadable."""
        if isinstance(frame, str):
            raise Unreadable("value")
        asked = {number: signature for number, (signature, _) in self._asked.items()}
        kind, number, answer = self._speaker.hear_frame(frame, opening, asked)
        if kind is Kind.ANSWER:
            waiting = self._asked[number][1]
            if isinstance(answer, Beaten | Denied) and not waiting.done():
                waiting.set_result(answer)
            return rings
        if number <= rings:
            raise Forged("unasked")  # an old ring, played again
        self.rung.set()
        return number

    def _silence(self) -> None:
        self._connection = self._opening = None
        for _, waiting in self._asked.values():
            if not waiting.done():
                waiting.set_exception(LinkDown("closed"))

    async def _poll(self, pause_ms: int) -> bool:
        """Long-polls for as long as the pause lasts; at least one, if there is time for it.

        Returns: whether the server is there, as far as they show.
        """
        away = asyncio.Event()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause_ms / 1000):
                while True:
                    await self._poll_once(away)
        return not away.is_set()

    async def _poll_once(self, away: asyncio.Event) -> None:
        try:
            found = await self._link.call(Wait(self._speaker.run_id, POLL_MS), Rung)
        except LinkDown:
            away.set()
            await asyncio.Event().wait()  # the pause will end
        except LinkDenied as denied:
            if denied.denied.why not in PASSING | {"waiting"}:
                raise
            await asyncio.Event().wait()  # it passes, and the pause will end
        else:
            if found.work:
                self.rung.set()
                await asyncio.sleep(AGAIN_MS / 1000)  # what is being done is work still


def _noted(answer: asyncio.Future[Beaten | Denied]) -> None:
    """Nobody may be there to hear that the socket was lost: sending failed before."""
    if not answer.cancelled():
        answer.exception()
