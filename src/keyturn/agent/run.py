"""One life of the agent: keeper, bell and executor side by side, until told to stop.

keeper.begin  -->  executor.begin  -->  beats | bell | fetch --> executor.take
                                                |
    stop: nothing new is taken, what was begun is seen out under the lease, then release
    give up (revoked, copied, another run): the lease is gone at once, the journal stays
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

from keyturn.agent.bell import Bell
from keyturn.agent.keeper import PASSING, Clock, GiveUp, Keeper, Pauses
from keyturn.agent.ports import Link, LinkDenied, LinkDown
from keyturn.wire.messages import Fetch, Work

#: fetching again after the server was away: at random, up to this
AGAIN_MS = 2_000

_log = logging.getLogger("keyturn.agent")


class Worker(Protocol):
    """What does the work: executor.Executor."""

    async def begin(self) -> None: ...
    def take(self, work: Work, asked_at: int) -> None: ...
    async def run(self, stop: asyncio.Event) -> None: ...


@dataclass(frozen=True, slots=True)
class Agent:
    """The parts of one life. ticks: CLOCK_BOOTTIME, ms."""

    keeper: Keeper
    bell: Bell
    link: Link
    worker: Worker
    ticks: Clock
    pauses: Pauses
    run_id: str

    async def live(self, stop: asyncio.Event) -> None:
        """Until `stop` is set. Raises GiveUp."""
        begun = await _unless(stop, self._begin())
        if begun:
            await self._work(stop)
        await self.keeper.release()

    async def _begin(self) -> None:
        await self.keeper.begin()
        await self.worker.begin()

    async def _work(self, stop: asyncio.Event) -> None:
        enough = asyncio.Event()
        working = asyncio.create_task(self.worker.run(enough))
        try:
            async with _going(self.keeper.run()) as beating:
                async with _going(self._ring()) as ringing, _going(self.fetch()) as fetching:
                    await _first(stop, beating, ringing, fetching, working)
                # what was begun needs the lease to be finished: the keeper goes on beating
                enough.set()
                await _first(None, beating, working)
        except GiveUp:
            self.keeper.drop()  # whatever has not been sent yet is not sent any more
            raise
        finally:
            enough.set()
            await asyncio.gather(working, return_exceptions=True)

    async def _ring(self) -> None:
        try:
            await self.bell.run()
        except LinkDenied as refused:
            raise GiveUp(refused.denied.why, refused.denied.holder) from refused

    async def fetch(self) -> None:
        """Fetch what there is to do whenever the bell has rung. Raises GiveUp."""
        while True:
            await self.bell.rung.wait()
            self.bell.rung.clear()
            asked_at = self.ticks.now()
            try:
                work = await self.link.call(Fetch(self.run_id), Work)
            except LinkDown:
                await self._later()
            except LinkDenied as refused:
                denied = refused.denied
                if denied.why not in PASSING | {"waiting"}:
                    raise GiveUp(denied.why, denied.holder) from refused
                await self._later()
            else:
                self.worker.take(work, asked_at)

    async def _later(self) -> None:
        await self.pauses.pause(self.pauses.jitter(AGAIN_MS))
        self.bell.rung.set()


@contextlib.asynccontextmanager
async def _going(act: Coroutine[Any, Any, None]) -> AsyncIterator[asyncio.Task[None]]:
    """A task for as long as the block lasts."""
    task = asyncio.create_task(act)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _first(stop: asyncio.Event | None, *tasks: asyncio.Task[None]) -> None:
    """Return when `stop` is set or a task is done; raises what it raised."""
    stopping = asyncio.create_task(stop.wait()) if stop else None
    waiting = {*tasks, stopping} if stopping else set(tasks)
    try:
        done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        if stopping:
            stopping.cancel()
    for task in done:
        task.result()


async def _unless(stop: asyncio.Event, act: Coroutine[Any, Any, None]) -> bool:
    """Whether it was finished before `stop` was set; else it is cancelled. Raises what it does."""
    async with _going(act) as task:
        await _first(stop, task)
        return task.done()
