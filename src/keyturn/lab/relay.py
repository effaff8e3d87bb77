"""A line between two ports, that can be written down: how a program in a namespace reaches a
server that listens on the host's own loopback address only.

    python -m keyturn.lab.relay 127.0.0.1:8080 198.18.2.1:9000 [--record FILE]

Two of them make the line: one beside the agent, one on the host.  So the agent speaks to the
installation by the very address that people use, and nobody else on the machine's network
can.  `--record` appends every byte that passes, so that a test can look for what must not.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
from pathlib import Path

PIECE = 65_536
Address = tuple[str, int]


def address(written: str) -> Address:
    """Host and port of an address such as 127.0.0.1:8080. Raises ValueError."""
    host, _, port = written.rpartition(":")
    return host, int(port)


class Relay:
    """Listens at one address and passes everything on to another, both ways.

    Args:
        record: where what passes is written down; None for nowhere.
    """

    def __init__(self, listen: Address, onward: Address, record: Path | None = None) -> None:
        self._listen = listen
        self._onward = onward
        self._record = record
        self._ends: set[asyncio.StreamWriter] = set()
        self._lines: set[asyncio.Task[None] | None] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set. Raises OSError if the address cannot be had."""
        server = await asyncio.start_server(self._take, *self._listen)
        async with server:
            await stop.wait()
            for end in tuple(self._ends):
                end.close()
            lines = [line for line in self._lines if line is not None]
            await asyncio.gather(*lines, return_exceptions=True)

    async def _take(self, near_in: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
        line = asyncio.current_task()
        self._lines.add(line)
        self._ends.add(near_out)
        try:
            with contextlib.suppress(OSError):
                far_in, far_out = await asyncio.open_connection(*self._onward)
                self._ends.add(far_out)
                await asyncio.gather(self._pass(near_in, far_out), self._pass(far_in, near_out))
                self._ends.discard(far_out)
        finally:
            self._ends.discard(near_out)
            self._lines.discard(line)
            near_out.close()

    async def _pass(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        """Everything from one end to the other; then that way is closed."""
        with contextlib.suppress(OSError):
            while piece := await source.read(PIECE):
                self._write_down(piece)
                sink.write(piece)
                await sink.drain()
            if sink.can_write_eof():
                sink.write_eof()

    def _write_down(self, piece: bytes) -> None:
        if self._record is not None:
            with self._record.open("ab") as book:
                book.write(piece)


def main() -> None:
    """The command line above."""
    parser = argparse.ArgumentParser(description="Pass a port on to another.")
    parser.add_argument("listen", type=address)
    parser.add_argument("onward", type=address)
    parser.add_argument("--record", type=Path)
    given = parser.parse_args()
    asyncio.run(_until_told(Relay(given.listen, given.onward, given.record)))


async def _until_told(relay: Relay) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await relay.run(stop)


if __name__ == "__main__":
    main()
