"""Turns on a lane, as coroutines of one event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from keyturn.ports.secrets import Busy

#: callers that may wait on one lane in one process; the others are told to come back
QUEUE = 400
#: how long one caller waits in all, in milliseconds
PATIENCE = 30_000
RETRY_AFTER = 2_000


class _Queue:
    """One lane's callers in this process."""

    __slots__ = ("head", "settled", "waiting")

    def __init__(self) -> None:
        self.head = asyncio.Lock()  # asyncio's locks are handed on in order of arrival
        self.settled = asyncio.Event()
        self.waiting = 0


class _Turn:
    """See ports.turns.Turn."""

    def __init__(self, queue: _Queue, began: float) -> None:
        self._queue = queue
        self._began = began

    async def wait(self, at_most: int) -> None:
        """See ports.turns.Turn."""
        if (asyncio.get_running_loop().time() - self._began) * 1000 >= PATIENCE:
            raise Busy(RETRY_AFTER)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._queue.settled.wait(), at_most / 1000)
        self._queue.settled.clear()  # after the wait: a try settled just before it is heard of


class LaneTurns:
    """See ports.turns.Turns. Also its own memory twin: it touches nothing outside."""

    def __init__(self) -> None:
        self._queues: dict[str, _Queue] = {}

    @asynccontextmanager
    async def turn(self, lane: str) -> AsyncIterator[_Turn]:
        """See ports.turns.Turns."""
        queue = self._queues.setdefault(lane, _Queue())
        if queue.waiting >= QUEUE:
            raise Busy(RETRY_AFTER)
        queue.waiting += 1
        began = asyncio.get_running_loop().time()
        try:
            async with queue.head:
                yield _Turn(queue, began)
        finally:
            queue.waiting -= 1
            if not queue.waiting:
                self._queues.pop(lane, None)

    def settled(self, lane: str) -> None:
        """See ports.turns.Turns."""
        queue = self._queues.get(lane)
        if queue is not None:
            queue.settled.set()
