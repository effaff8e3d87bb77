"""A lean HTTP/1.1 client: keep-alive connections that cost the bench next to nothing.

It speaks only as much of RFC 9112 as the servers measured here use (replies with a
Content-Length, no chunks), because a full client takes more CPU for a request than
the server under test does.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import urlencode

HOST = "localhost:8080"
"""What every request names: the origin of the default settings, whatever the port."""

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_COOKIE = re.compile(rb"\r\nset-cookie: *([^=;]+)=([^;\r]*)", re.IGNORECASE)
_CSRF = re.compile(rb'name="csrf" value="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer.

    Attributes:
        head: status line and headers as sent.
        ns: from writing the request to having read the whole answer.
    """

    status: int
    head: bytes
    body: bytes
    ns: int


class Wire(asyncio.Protocol):
    """One keep-alive connection; one request at a time."""

    def __init__(self) -> None:
        self._got = bytearray()
        self._reply: asyncio.Future[Reply] | None = None
        self._sent = 0
        self._lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        self._got += data
        end = self._got.find(b"\r\n\r\n")
        if end < 0 or self._reply is None:
            return
        length = _LENGTH.search(self._got, 0, end)
        size = end + 4 + (int(length[1]) if length else 0)
        if len(self._got) < size:
            return
        ns = time.perf_counter_ns() - self._sent
        raw = bytes(self._got[:size])
        self._got.clear()
        waiting, self._reply = self._reply, None
        if not waiting.done():
            waiting.set_result(Reply(int(raw[9:12]), raw[:end], raw[end + 4 :], ns))

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        self._lost = True
        if self._reply is not None and not self._reply.done():
            self._reply.set_exception(ConnectionResetError(str(exc)))

    async def ask(self, request: bytes) -> Reply:
        """Send a request and wait for its answer. Raises ConnectionResetError."""
        if self._lost:
            raise ConnectionResetError
        self._reply = asyncio.get_running_loop().create_future()
        self._sent = time.perf_counter_ns()
        self._transport.write(request)
        return await self._reply

    def close(self) -> None:
        """Hang up."""
        self._transport.close()


async def connect(port: int) -> Wire:
    """A connection to the server on this machine."""
    _, wire = await asyncio.get_running_loop().create_connection(Wire, "127.0.0.1", port)
    return wire


@dataclass(slots=True)
class Browser:
    """Somebody who opens a page, keeps its cookies and sends its form.

    Attributes:
        keeps: names of cookies that are kept begin like this; b"" keeps all. A browser
            that keeps only its own id stays an unknown client whatever happens.
    """

    wire: Wire
    keeps: bytes = b""
    cookies: dict[bytes, bytes] = field(default_factory=dict)
    csrf: bytes = b""

    async def get(self, path: str) -> Reply:
        """Open a page; its form's token is remembered."""
        reply = await self.wire.ask(b"GET %s HTTP/1.1\r\n%s\r\n" % (path.encode(), self._head()))
        self._remember(reply)
        return reply

    async def post(self, path: str, fields: Mapping[str, str]) -> Reply:
        """Send the form of the last page."""
        body = urlencode({"csrf": self.csrf.decode(), **fields}).encode()
        head = b"POST %s HTTP/1.1\r\n%s" % (path.encode(), self._head())
        kind = b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n"
        reply = await self.wire.ask(head + kind % len(body) + body)
        self._remember(reply)
        return reply

    async def sign_in(self, name: str, password: str) -> Reply:
        """Form and try, as a person does it; the try's answer."""
        await self.get("/signin")
        return await self.attempt(name, password)

    async def attempt(self, name: str, password: str) -> Reply:
        """A try from the page that is open already."""
        return await self.post("/signin", {"identifier": name, "password": password})

    def forget(self) -> None:
        """Become another browser on the same connection."""
        self.cookies.clear()
        self.csrf = b""

    def _head(self) -> bytes:
        cookies = b"; ".join(b"%s=%s" % pair for pair in self.cookies.items())
        lines = b"Host: %s\r\nAccept: text/html\r\n" % HOST.encode()
        return lines + (b"Cookie: %s\r\n" % cookies if cookies else b"")

    def _remember(self, reply: Reply) -> None:
        for name, value in _COOKIE.findall(reply.head):
            if name.startswith(self.keeps):
                self.cookies[name] = value
        token = _CSRF.search(reply.body)
        if token:
            self.csrf = token[1]


async def browsers(port: int, count: int, keeps: bytes = b"") -> list[Browser]:
    """So many browsers, each on a connection of its own."""
    return [Browser(await connect(port), keeps) for _ in range(count)]


def hang_up(those: list[Browser]) -> None:
    """Close their connections."""
    for browser in those:
        browser.wire.close()
