"""Devices that wait for somebody to want a press of them: long-polls, woken by one look.

What is wanted stands in the database, because whoever wants it may be connected to another server.
One question serves all who wait in this process, and it is asked twice a second while somebody
does.  A server that leaves (leaving.py) lets go at once; so does a device that has gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from keyturn.leaving import LEAVING
from keyturn.ports.parts import Parts
from keyturn.ports.store import StoreUnavailable
from keyturn.rules.lockout import SECOND

#: between two looks, in seconds
PACE_S: Final = 0.5
#: devices that wait in one process; beyond that an answer comes at once
MOST: Final = 5_000


class Waiting:
    """One process's."""

    def __init__(self, parts: Parts, pace_s: float = PACE_S) -> None:
        self._parts = parts
        self._pace_s = pace_s
        self._waits: dict[object, tuple[str, asyncio.Event]] = {}
        self._looking: asyncio.Task[None] | None = None

    async def wait(self, pairing_id: str, most_ms: int, scope: Any) -> None:
        """Until a press of this device is wanted, for at most `most_ms`.

        Args:
            scope: of the connection (ASGI): says whether this server leaves.
        """
        if len(self._waits) >= MOST:
            return
        leaving: Callable[[], bool] = scope.get(LEAVING, _staying)
        place, wanted = object(), asyncio.Event()
        self._waits[place] = (pairing_id, wanted)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        end = self._parts.clock.now() + most_ms
        try:
            while not wanted.is_set() and not leaving():
                left = (end - self._parts.clock.now()) / SECOND
                if left <= 0:
                    return
                await _heard(wanted, min(left, self._pace_s))
        finally:
            del self._waits[place]

    async def _look(self) -> None:
        """While somebody waits."""
        nothing = asyncio.Event()
        while self._waits:
            asked = await self._asked()
            for pairing_id, wanted in self._waits.values():
                if pairing_id in asked:
                    wanted.set()
            await _heard(nothing, self._pace_s)

    async def _asked(self) -> frozenset[str]:
        now = self._parts.clock.now()
        try:
            return await self._parts.store.read(lambda tx: tx.devices.asked(now))
        except StoreUnavailable:
            return frozenset()  # whoever waits is told when their time is over


def _staying() -> bool:
    return False


async def _heard(event: asyncio.Event, most_s: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), most_s)
    except TimeoutError:
        return
