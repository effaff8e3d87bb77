"""An event loop whose time jumps to the next thing that is due: days in milliseconds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Stuck(Exception):
    """Everybody waits for something that nobody will do."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """Time stands still while anybody is at work, and nobody ever waits."""

    def __init__(self) -> None:
        super().__init__()
        self._moment = 0.0

    def time(self) -> float:
        return self._moment

    def _run_once(self) -> None:
        if not self._ready:  # type: ignore[attr-defined]
            if not self._scheduled:  # type: ignore[attr-defined]
                raise Stuck
            self._moment = max(self._moment, self._scheduled[0]._when)  # type: ignore[attr-defined]
        super()._run_once()  # type: ignore[misc]


def lived(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run to the end on a loop of its own."""
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(coroutine)
    finally:
        loop.close()


def ticks() -> int:
    """The running loop's time, ms: every clock of a test."""
    return round(asyncio.get_running_loop().time() * 1000)


async def when(holds: Callable[[], bool]) -> None:
    """Until something is so."""
    while not holds():  # noqa: ASYNC110  time is the loop's own: looking costs nothing
        await asyncio.sleep(0.005)
