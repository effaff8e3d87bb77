"""An agent's process that can be killed at any moment, and started again."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from keyturn.agent.charting import Chart
from keyturn.agent.executor import Executor
from keyturn.agent.journal import Journal
from keyturn.agent.ports import AccountView, Change, Driver, LinkDown, Uncertain
from keyturn.agent.standing import Held, Place, Standing
from keyturn.rules.directories.answers import Tried
from keyturn.rules.directories.proofs import Bind, Stamp
from keyturn.rules.directories.topology import Topology
from keyturn.wire.messages import Request
from tests.unit.agent.office import Office
from tests.unit.agent.virtual import ticks

A = TypeVar("A")
TIMEOUT_MS = 5_000
#: how often an agent asks for work here, and beats
FETCH_MS = 200


class Killed(BaseException):
    """The process is no more; no handler of it runs."""


class Clock:
    """CLOCK_BOOTTIME of every machine."""

    def now(self) -> int:
        return ticks()


@dataclass
class Pace:
    """How slow everything is, ms: a directory's answer, the server's, the disk."""

    directory: int = 5
    server: int = 20
    disk: int = 0


class Life:
    """One life of a process: counts the moments at which it could die, and dies at one."""

    def __init__(self, pace: Pace, dies_at: int | None = None) -> None:
        self.pace, self.moments, self._dies_at = pace, 0, dies_at
        self.dead = asyncio.Event()

    def moment(self) -> None:
        self.moments += 1
        if self.moments == self._dies_at:
            self.dead.set()
        if self.dead.is_set():
            raise Killed

    async def journaled(self, act: Callable[[], A]) -> A:
        """Runs what the journal writes; it may die just before or after."""
        self.moment()
        await asyncio.sleep(self.pace.disk / 1000)
        self.moment()
        done = act()
        self.moment()
        return done


class MortalDriver:
    """A driver whose process may die before, while and after it waits for an answer.

    What is on the wire arrives all the same, `late_ms` later.
    """

    def __init__(self, inner: Driver, life: Life) -> None:
        self._inner, self._life = inner, life
        self.late_ms = 0
        self._sent: set[asyncio.Future[None]] = set()

    @property
    def timeout_ms(self) -> int:
        return self._inner.timeout_ms

    @property
    def counts_writes(self) -> bool:
        return self._inner.counts_writes

    async def _ask(self, name: str, *args: Any) -> Any:
        self._life.moment()
        await asyncio.sleep(self._life.pace.directory / 1000)
        self._life.moment()
        answer = await getattr(self._inner, name)(*args)
        self._life.moment()
        return answer

    async def find(self, controller: str, name: str) -> AccountView:
        return await self._ask("find", controller, name)

    async def look(self, controller: str, guid: str) -> AccountView:
        return await self._ask("look", controller, guid)

    async def stamp(self, controller: str, guid: str, attribute: str) -> Stamp:
        return await self._ask("stamp", controller, guid, attribute)

    async def apply(self, controller: str, guid: str, change: Change) -> None:
        self._life.moment()
        sent = asyncio.ensure_future(self._arrive(controller, guid, change))
        self._sent.add(sent)
        done, _ = await asyncio.wait({sent}, timeout=self.timeout_ms / 1000)
        self._life.moment()
        if not done:
            sent.add_done_callback(lambda late: late.exception())
            raise Uncertain
        sent.result()
        self._life.moment()

    async def _arrive(self, controller: str, guid: str, change: Change) -> None:
        await asyncio.sleep((self.late_ms or self._life.pace.directory) / 1000)
        await self._inner.apply(controller, guid, change)

    async def hang_up(self) -> None:
        """A real driver's connections end with its process; what was sent on them was sent."""
        if close := getattr(self._inner, "close", None):
            for sent in self._sent:
                sent.cancel()
            await asyncio.gather(*self._sent, return_exceptions=True)
            close()

    async def try_password(self, controller: str, guid: str, password: str) -> Bind:
        return await self._ask("try_password", controller, guid, password)

    async def tried(self, controller: str, guid: str, password: str) -> Tried:
        found: Tried = await self._ask("tried", controller, guid, password)
        return found

    async def topology(self, controller: str) -> Topology:
        return await self._ask("topology", controller)

    async def reachable(self, controllers: Sequence[str]) -> dict[str, str]:
        return await self._ask("reachable", controllers)


class MortalLink:
    """The way to the office: down at times, and slow; requests arrive though answers are lost."""

    def __init__(self, office: Office, agent_id: str, life: Life) -> None:
        self._office, self._agent_id, self._life = office, agent_id, life
        self.down = False
        self.answers_lost = 0

    async def call(self, message: Request, want: type[A]) -> A:
        self._life.moment()
        await asyncio.sleep(self._life.pace.server / 2000)
        if self.down:
            raise LinkDown("refused")
        answer = self._office.answer(self._agent_id, message)
        await asyncio.sleep(self._life.pace.server / 2000)
        self._life.moment()
        if self.answers_lost:
            self.answers_lost -= 1
            raise LinkDown("timeout")
        assert isinstance(answer, want)
        return answer


class Machine:
    """A host with an agent: its journal outlives its processes."""

    def __init__(
        self, agent_id: str, home: str, office: Office, driver: Callable[[], Driver], path: Path
    ) -> None:
        self.agent_id, self.home, self.path = agent_id, home, path
        self.office, self._driver = office, driver
        self.key: X25519PrivateKey = office.keys[agent_id]
        self.older_keys: list[X25519PrivateKey] = []
        self._runs = itertools.count(1)
        self.run_id = self._before = ""
        self.life: Life | None = None
        self.pace = Pace()
        self.down = False
        self.answers_lost = self.late_ms = 0
        self._held: Held | None = None
        self._process: asyncio.Task[None] | None = None

    @property
    def alive(self) -> bool:
        return self.life is not None and not self.life.dead.is_set()

    def start(self, dies_at: int | None = None) -> Life:
        """A new process."""
        self._before, self.run_id = self.run_id, f"{self.agent_id}-{next(self._runs)}"
        self.life, self._held = Life(self.pace, dies_at), None
        self._process = asyncio.ensure_future(self._live(self.life))
        return self.life

    def kill(self) -> None:
        if self.life is not None:
            self.life.dead.set()

    async def ended(self) -> None:
        """Until the process is gone, its file handles too."""
        if self._process is not None:
            await self._process

    async def _live(self, life: Life) -> None:
        journal = Journal(self.path, life.journaled)
        driver = MortalDriver(self._driver(), life)
        link = MortalLink(self.office, self.agent_id, life)
        standing = Standing(
            Place(self.agent_id, "d", self.run_id, self.home), driver, link, journal, Clock(),
            Chart(self.home, driver, journal), lambda: self._held,
            lambda: [self.key, *self.older_keys], ticks,
        )  # fmt: skip
        executor = Executor(standing)
        busy = asyncio.ensure_future(self._work(executor, life, link, driver))
        try:
            await life.dead.wait()
        finally:
            for piece in (busy, *executor._going.values()):
                piece.cancel()
            await asyncio.gather(busy, *executor._going.values(), return_exceptions=True)
            await driver.hang_up()
            journal.close()

    async def _work(
        self, executor: Executor, life: Life, link: MortalLink, driver: MortalDriver
    ) -> None:
        await executor.begin()
        while not life.dead.is_set():
            link.down, driver.late_ms = self.down, self.late_ms
            link.answers_lost, self.answers_lost = link.answers_lost + self.answers_lost, 0
            if not self.down:
                asked_at = ticks()
                got = self.office.beat(self.agent_id, self.run_id, self._before)
                self._held = Held(got[0], asked_at + got[1]) if got else None
                executor.take(self.office.work(self.agent_id, self.run_id), asked_at)
            await asyncio.sleep(FETCH_MS / 1000)
