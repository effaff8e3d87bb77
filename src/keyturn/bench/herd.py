"""All agents of a measurement, in processes of their own (agents.py)."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from keyturn.bench.agents import Flock, Stand

PROGRAM = (sys.executable, "-m", "keyturn.bench.agents")
PATIENCE_S = 180.0
#: the longest line that a process writes
_LINE = 1 << 20


@dataclass(slots=True)
class Told:
    """What one process has told.

    Attributes:
        size: its agents. stand: its last word.
        full_ns: since when all of its sockets are open (CLOCK_MONOTONIC); None if not.
    """

    size: int
    stand: dict[str, Any]
    full_ns: int | None = None


@dataclass(slots=True)
class Herd:
    """What all processes have told.

    Attributes:
        fetched: when each job was fetched first, ns (CLOCK_MONOTONIC).
        ended: a process has ended by itself; its standard error says why.
    """

    told: list[Told] = field(default_factory=list)
    fetched: dict[str, int] = field(default_factory=dict)
    ended: bool = False
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    def total(self, name: str) -> int:
        """A number of Stand, of all processes together."""
        return sum(int(each.stand[name]) for each in self.told)

    def longest(self, name: str) -> int:
        """The highest of any process."""
        return max(int(each.stand[name]) for each in self.told)

    def denied(self) -> int:
        """Refusals by the server."""
        return sum(sum(each.stand["denied"].values()) for each in self.told)

    def full_ns(self, since_ns: int = 0) -> int | None:
        """When the last process had all of its sockets open, if all of them have that since."""
        moments = [each.full_ns for each in self.told]
        if any(moment is None or moment < since_ns for moment in moments):
            return None
        return max(moment for moment in moments if moment is not None)

    async def until(self, so: Callable[[], bool]) -> None:
        """Wait until `so`. Raises HerdFailed."""
        try:
            async with asyncio.timeout(PATIENCE_S), self.news:
                await self.news.wait_for(lambda: so() or self.ended)
        except TimeoutError as error:
            raise HerdFailed(self.told) from error
        if not so():
            raise HerdFailed(self.told)

    @asynccontextmanager
    async def joined(self, flock: Flock) -> AsyncIterator[None]:
        """These live too, in a process of their own, as long as this is open."""
        process = await asyncio.create_subprocess_exec(
            *PROGRAM, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=_LINE
        )
        told = Told(len(flock.cards), Stand().told())
        self.told.append(told)
        hearing = asyncio.create_task(self._hear(told, flock, process))
        try:
            yield
        finally:
            hearing.cancel()
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            await asyncio.gather(hearing, return_exceptions=True)

    async def _hear(self, told: Told, flock: Flock, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None  # noqa: S101  pipes were asked for
        assert process.stdout is not None  # noqa: S101  as above
        process.stdin.write(flock.text().encode())
        process.stdin.close()
        async for line in process.stdout:
            what, ns, value = json.loads(line)
            if what == "fetched":
                for job_id in value:
                    self.fetched.setdefault(job_id, ns)
            else:
                _stands(told, ns, value)
            await self._tell()
        self.ended = True
        await self._tell()

    async def _tell(self) -> None:
        async with self.news:
            self.news.notify_all()


def _stands(told: Told, ns: int, stand: dict[str, Any]) -> None:
    told.stand = stand
    if stand["up"] < told.size:
        told.full_ns = None
    elif told.full_ns is None:
        told.full_ns = ns


class HerdFailed(Exception):
    """What was waited for did not come. Its argument: what the processes have told."""
