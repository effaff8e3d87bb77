"""Beats that come together are committed together.

While one transaction is under way, whatever comes waits, and goes into the next as a whole:
a server with thousands of agents commits as often as its database can, and no oftener.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from keyturn.flows import channel
from keyturn.ports.parts import Parts
from keyturn.steps.agents import Said
from keyturn.wire.messages import Beat, Beaten, Denied

#: beats in one transaction: it must stay short, others wait for it
MOST = 200

_Waiting = tuple[Said, Beat, "asyncio.Future[Beaten | Denied]"]


class Beats:
    """One process's beats."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._waiting: list[_Waiting] = []
        self._task: asyncio.Task[None] | None = None

    async def take(self, said: Said, beat: Beat) -> Beaten | Denied:
        """What a beat gets, committed. Raises StoreUnavailable."""
        answer: asyncio.Future[Beaten | Denied] = asyncio.get_running_loop().create_future()
        self._waiting.append((said, beat, answer))
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        return await answer

    async def _run(self) -> None:
        """Until nobody waits."""
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                await self._settle(batch)
        finally:
            self._task = None

    async def _settle(self, batch: Sequence[_Waiting]) -> None:
        try:
            answers = await channel.beats(self._parts, [(said, beat) for said, beat, _ in batch])
        except Exception as error:  # noqa: BLE001  whatever it was, those who wait must hear of it
            for _, _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, _, future), answer in zip(batch, answers, strict=True):
            if not future.done():  # who asked may be gone
                future.set_result(answer)
