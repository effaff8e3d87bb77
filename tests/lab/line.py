"""A line to a controller that can go dead at a chosen moment.

It counts what the client sends, so that an answer, or a request, can be lost without looking
into TLS: on a connection that is already signed in, every request is one piece.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Self

_CHUNK = 64 * 1024


class Line:
    """Listens on a port of 127.0.0.1 and passes on to a controller.

    Attributes:
        port: where it listens.
        sent: pieces that the client has sent since `count_from_here`.
    """

    def __init__(self, host: str, port: int = 636) -> None:
        self._target = host, port
        self.port = 0
        self.sent = 0
        self._swallow_at: int | None = None
        self._deaf_at: int | None = None
        self._cut_at: int | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._server.close()
        self.hang_up()

    def hang_up(self) -> None:
        """Close every connection."""
        for writer in self._writers:
            writer.transport.abort()

    def count_from_here(
        self,
        *,
        swallow_at: int | None = None,
        deaf_at: int | None = None,
        cut_at: int | None = None,
    ) -> None:
        """Count the client's pieces anew, and go wrong at one of them.

        Args:
            swallow_at: this piece and all after it never arrive.
            deaf_at: this piece arrives; nothing of what the controller says after it does.
            cut_at: this piece arrives, and the connection is cut before it is answered.
        """
        self.sent = 0
        self._swallow_at, self._deaf_at, self._cut_at = swallow_at, deaf_at, cut_at

    def _past(self, limit: int | None) -> bool:
        return limit is not None and self.sent >= limit

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            there, thither = await asyncio.open_connection(*self._target)
            self._writers |= {writer, thither}
            try:
                await asyncio.gather(
                    self._forth(reader, thither, writer), self._back(there, writer)
                )
            finally:
                writer.transport.abort()
                thither.transport.abort()

    async def _forth(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, back: asyncio.StreamWriter
    ) -> None:
        while data := await source.read(_CHUNK):
            self.sent += 1
            if self._past(self._swallow_at):
                continue
            target.write(data)
            await target.drain()
            if self._past(self._cut_at):
                back.transport.abort()
        target.transport.abort()

    async def _back(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while data := await source.read(_CHUNK):
            if not (self._past(self._deaf_at) or self._past(self._cut_at)):
                target.write(data)
                await target.drain()
        target.transport.abort()
