"""A mail server that takes everything and keeps nothing, in a process of its own.

Without one, delivery would spend the measurement on failing and trying again.
"""

from __future__ import annotations

import asyncio
import sys
from typing import cast


class Sink(asyncio.Protocol):
    """One SMTP conversation (RFC 5321), every command granted."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        self._transport = cast("asyncio.Transport", transport)
        self._rest, self._data = b"", False
        self._transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        *lines, self._rest = (self._rest + data).split(b"\r\n")
        for line in lines:
            self._line(line)

    def _line(self, line: bytes) -> None:
        if self._data and line != b".":
            return
        verb = line[:4].upper()
        self._data = verb == b"DATA"
        answers = {b"DATA": b"354 go on", b"QUIT": b"221 bye"}
        self._transport.write(answers.get(verb, b"250 ok") + b"\r\n")
        if verb == b"QUIT":
            self._transport.close()


async def main() -> None:
    """Listen on any free port, tell it, go on until standard input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Sink, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201  read by who started it
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
