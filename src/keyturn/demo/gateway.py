"""The far side of the demo's texts: a gateway on loopback that speaks Kannel's HTTP.

It checks name and password, keeps the texts, and calls `dlr-url` with a fate that
`adapters.memory.text_fate` chooses by the number's last digit.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qsl, quote, urlsplit
from weakref import WeakSet

import httpx

from keyturn.adapters.memory import text_fate
from keyturn.rules.messages import MessageState

KEPT = 1000
HEAD_LIMIT = 16_384
#: fate → the report's type and the words of the "network"
REPORTS: Mapping[MessageState, tuple[str, str]] = {
    MessageState.DELIVERED: ("1", "stat:DELIVRD err:000"),
    MessageState.BOUNCED: ("2", "stat:UNDELIV err:001 absent subscriber"),
    MessageState.REJECTED: ("16", "stat:REJECTD err:00b unknown number"),
    MessageState.EXPIRED: ("34", "stat:EXPIRED err:027 phone switched off"),
}
TAKEN = ("8", "ACK/")
Answer = tuple[HTTPStatus, str]


@dataclass(frozen=True, slots=True)
class KeptText:
    """A text that arrived. `coding`: "0" default alphabet, "2" UCS-2."""

    to: str
    sender: str
    text: str
    coding: str


class Gateway:
    """An SMS gateway.

    Args:
        username, password: what `sendsms` must carry.
        delay_s: how long the "network" takes before it reports.
    """

    def __init__(self, username: str, password: str, delay_s: float = 1.0) -> None:
        self.texts: deque[KeptText] = deque(maxlen=KEPT)
        self.port = 0
        #: also told of every text as it arrives, and of every fate (number, fate)
        self.listener: Callable[[KeptText], None] | None = None
        self.reporter: Callable[[str, MessageState], None] | None = None
        self._account = (username, password)
        self._delay_s = delay_s
        self._server: asyncio.Server | None = None
        self._reports: set[asyncio.Task[None]] = set()
        self._links: WeakSet[asyncio.StreamWriter] = WeakSet()

    @property
    def url(self) -> str:
        """The address of sendsms."""
        return f"http://127.0.0.1:{self.port}/cgi-bin/sendsms"

    async def start(self, port: int = 0) -> None:
        """Listen on loopback; 0 takes any free port, told in `port`."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port, limit=HEAD_LIMIT)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Listen no more; reports not yet sent are dropped."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in tuple(self._links):
            writer.transport.abort()
        for task in tuple(self._reports):
            task.cancel()
        await asyncio.gather(*self._reports, return_exceptions=True)
        await asyncio.sleep(0.01)  # those who hung up are heard before the loop ends

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One GET a connection."""
        self._links.add(writer)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            status, words = self._answer(head)
            body = words.encode()
            writer.write(
                f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: text/plain\r\n"
                f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
                + body
            )
            await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            pass  # whoever called has gone or is no client of ours
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    def _answer(self, head: bytes) -> Answer:
        parts = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
        target = urlsplit(parts[1] if len(parts) == 3 else "")  # noqa: PLR2004  method, target, version
        if parts[0] != "GET" or target.path != "/cgi-bin/sendsms":
            return HTTPStatus.NOT_FOUND, "Unknown request."
        return self._take(dict(parse_qsl(target.query, keep_blank_values=True)))

    def _take(self, query: Mapping[str, str]) -> Answer:
        if (query.get("username"), query.get("password")) != self._account:
            return HTTPStatus.FORBIDDEN, "Authorization failed for sendsms"
        to = query.get("to", "")
        if not to.removeprefix("+").isdigit() or "text" not in query:
            return HTTPStatus.BAD_REQUEST, "Number or text missing, rejected"
        coding = query.get("coding", "0")
        self._keep(KeptText(to, query.get("from", "demo"), query["text"], coding))
        if query.get("dlr-url"):
            task = asyncio.create_task(self._report(query["dlr-url"], to))
            self._reports.add(task)
            task.add_done_callback(self._reports.discard)
        return HTTPStatus.ACCEPTED, "0: Accepted for delivery"

    def _keep(self, text: KeptText) -> None:
        self.texts.append(text)
        if self.listener is not None:
            self.listener(text)

    async def _report(self, url: str, to: str) -> None:
        """First "taken by the network", then the fate, as a real gateway reports."""
        async with httpx.AsyncClient(timeout=5) as http:
            await _call(http, url, *TAKEN)
            fate = text_fate(to)
            if fate is not None:
                await asyncio.sleep(self._delay_s)
                if self.reporter is not None:
                    self.reporter(to, fate)
                await _call(http, url, *REPORTS[fate])


async def _call(http: httpx.AsyncClient, url: str, kind: str, words: str) -> None:
    """Fill in %d and %A and call; a gateway does not mind if nobody listens."""
    with contextlib.suppress(httpx.HTTPError):
        await http.get(url.replace("%d", kind).replace("%A", quote(words, safe="")))
