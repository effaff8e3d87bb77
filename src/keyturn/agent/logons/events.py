"""Windows' security log: what a program prints, `wevtutil qe Security /f:xml` or one that fetches
the same from elsewhere.

The agent itself runs on Linux, so that what is proved here is the reading of events, not the
fetching of them from a controller on Windows.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Iterator, Sequence
from typing import Final

from keyturn.agent.logons.ports import LOGONS_MAX, Logged, Unread
from keyturn.rules.directories.logons import windows

#: bytes of its output that are read; seconds that it may take
READ_MAX, TIMEOUT_S = 16 * 1024 * 1024, 10.0
_END: Final = b"</Event>"


class EventLog:
    """The port's `LogonLog` on such a program, which is to print the newest events first.

    Args:
        program: the program and its arguments, as agent.toml names them; no shell reads them.
    """

    def __init__(self, controller: str, program: Sequence[str]) -> None:
        self._controller = controller
        self._program = tuple(program)

    async def bad_logons(self, since: int) -> Logged:
        printed = await self._printed()
        read = [windows.read(text, self._controller) for text in events(printed)]
        told = sorted((one for one in read if one is not None), key=lambda one: one.at)
        if not told:
            return Logged((), None)
        kept = [one for one in told if one.at >= since][-LOGONS_MAX:]
        return Logged(kept, max(told[0].at, since))

    async def _printed(self) -> bytes:
        try:
            process = await asyncio.create_subprocess_exec(
                *self._program, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL, start_new_session=True
            )
        except FileNotFoundError:
            raise Unread("missing") from None
        except PermissionError:
            raise Unread("denied") from None
        except OSError:
            raise Unread("unreadable") from None
        try:
            async with asyncio.timeout(TIMEOUT_S):
                printed = await _read(process)
                failed = await process.wait()
        except TimeoutError:
            raise Unread("timeout") from None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # and whatever it has started
            await process.wait()
        if failed:
            raise Unread("unreadable")
        return printed


async def _read(process: Process) -> bytes:
    """What it prints, and no more than is wanted: the rest is read and dropped."""
    pieces: list[bytes] = []
    left, stream = READ_MAX, process.stdout
    while stream is not None and (piece := await stream.read(64 * 1024)):
        pieces.append(piece[:left])
        left -= len(pieces[-1])
    return b"".join(pieces)


def events(printed: bytes) -> Iterator[str]:
    """The events of a print-out, one text each; what stands between them is left out."""
    for part in printed.split(_END)[:-1]:
        start = part.rfind(b"<Event ")
        if start >= 0 and len(part) - start <= windows.EVENT_MAX:
            yield (part[start:] + _END).decode("utf-8", "replace")
