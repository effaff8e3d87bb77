"""Who is connected to this process, and what concerns them.

    a commit here ----\
                       +--> one look at everything that stirs --> rings, stops
    a quarter of a second is over -/

Truth is in the database; a ring only says "look".  One question serves all who are connected,
and it is asked while somebody is.  What stirs in a directory is a set of marks; when the
set has changed and is not empty, the directory's agents are rung.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Final, Protocol

from keyturn.flows import channel
from keyturn.flows.channel import News
from keyturn.leaving import LEFT
from keyturn.ports.parts import Parts
from keyturn.rules.directories.leases import LEASE_MS
from keyturn.rules.directories.things import Agent
from keyturn.wire.paths import GOING, REPLACED, SILENT, STOPPED

#: between two looks, for what other processes commit: it is the longest that a ring comes late;
#: after the store did not answer
LOOK_S, OUTAGE_S = 0.25, 2.0
#: whoever was stopped so long before the last look is looked for again: hosts' clocks differ
OVERLAP_MS: Final = 60_000
#: long-polling runs whose last answer is remembered
TOLD_MOST: Final = 10_000
#: agents from one network at one moment
PER_NETWORK: Final = 10_000

_LOG = logging.getLogger("keyturn.web.agents")
Marks = frozenset[str]


class Listener(Protocol):
    """Somebody who waits for work."""

    agent_id: str
    directory_id: str

    def ring(self, marks: Marks) -> None:
        """This stirs in the directory now; never blocks."""
        ...

    def stop(self, code: int) -> None:
        """It is over, and why (wire/paths.py)."""
        ...

    def quiet_since(self) -> float | None:
        """When it was last heard (the loop's seconds); None for what ends by itself."""
        ...


class Hub:
    """One process's agents."""

    def __init__(self, parts: Parts, per_network: int = PER_NETWORK) -> None:
        self._parts = parts
        self._per_network = per_network
        self._listeners: set[Listener] = set()
        self._bells: dict[str, Listener] = {}
        self._networks: Counter[str] = Counter()
        self._told: OrderedDict[tuple[str, str], Marks] = OrderedDict()
        self._known: dict[str, Marks] = {}
        self._since = 0
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._wired = False
        self.leaving = False

    # -- who is there

    def room_for(self, network: str) -> bool:
        """Whether one more of this network may come."""
        return self._networks[network] < self._per_network

    @contextmanager
    def present(self, listener: Listener, network: str) -> Iterator[None]:
        """Somebody waits, as long as this is open."""
        self._listeners.add(listener)
        self._networks[network] += 1
        self._begin()
        try:
            yield
        finally:
            self._listeners.discard(listener)
            self._networks[network] -= 1
            if not self._networks[network]:
                del self._networks[network]
            if self._bells.get(listener.agent_id) is listener:
                del self._bells[listener.agent_id]

    def take_over(self, bell: Listener) -> None:
        """The agent's one bell from now on; an older one ends."""
        older = self._bells.get(bell.agent_id)
        self._bells[bell.agent_id] = bell
        if older is not None:
            older.stop(REPLACED)

    @contextmanager
    def waiting(self, agent: Agent, run_id: str, network: str) -> Iterator[Waiter]:
        """A long-poll of this run, as long as this is open."""
        waiter = Waiter(self, agent, run_id)
        with self.present(waiter, network):
            yield waiter

    # -- a server that leaves

    def watch(self, scope: Mapping[str, Any]) -> None:
        """From the first connection on, hear of the server's leave."""
        event = scope.get(LEFT)
        if event is not None and self._watcher is None:
            self._watcher = asyncio.create_task(self._leave(event))

    async def _leave(self, event: asyncio.Event) -> None:
        await event.wait()
        self.leaving = True
        for listener in list(self._listeners):
            listener.stop(GOING)

    # -- what concerns them

    def _begin(self) -> None:
        if self._task is None:
            self._known = {}
            self._since = self._parts.clock.now() - OVERLAP_MS
            self._task = asyncio.create_task(self._run())
        if not self._wired:
            self._wired = True
            loop = asyncio.get_running_loop()
            self._parts.store.on_work(lambda: _called(loop, self._wake))

    async def _run(self) -> None:
        """Look again and again, while somebody is there."""
        pause = LOOK_S
        try:
            while self._listeners:
                await self._paused(pause)
                pause = await self._look()
        finally:
            self._task = None

    async def _paused(self, at_most: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), at_most)
        self._wake.clear()

    async def _look(self) -> float:
        """One look; seconds to the next."""
        now = self._parts.clock.now()
        try:
            news = await channel.news(self._parts, self._since)
        except Exception as error:  # noqa: BLE001  the next look may be better, and must come
            _LOG.warning("agents wait for the store cause=%r", error)
            return OUTAGE_S
        self._since = now - OVERLAP_MS
        self._tell(news, asyncio.get_running_loop().time() - LEASE_MS / 1000)
        return LOOK_S

    def _tell(self, news: News, silent: float) -> None:
        """Ring whom it concerns; stop whom nobody listens to, and who is not heard."""
        stirs: dict[str, set[str]] = {}
        for directory_id, mark in news.marks:
            stirs.setdefault(directory_id, set()).add(mark)
        known, self._known = self._known, {d: frozenset(m) for d, m in stirs.items()}
        for listener in list(self._listeners):
            marks = self._known.get(listener.directory_id)
            quiet = listener.quiet_since()
            if listener.agent_id in news.stopped:
                listener.stop(STOPPED)
            elif quiet is not None and quiet < silent:
                listener.stop(SILENT)
            elif marks and marks != known.get(listener.directory_id):
                listener.ring(marks)

    # -- what long-polls were told

    def fresh(self, waiter: Waiter, marks: Marks) -> bool:
        """Whether there is anything that this run was not told of yet; it is told now."""
        key = (waiter.agent_id, waiter.run_id)
        told = self._told.pop(key, frozenset())
        self._told[key] = marks
        while len(self._told) > TOLD_MOST:
            self._told.popitem(last=False)
        return bool(marks) and marks != told


def _called(loop: asyncio.AbstractEventLoop, wake: asyncio.Event) -> None:
    with suppress(RuntimeError):  # the loop is closed: the process is on its way out
        loop.call_soon_threadsafe(wake.set)


class Waiter:
    """A long-poll. Attributes: `work`: there is some; `stopped`: nobody listens to it any more."""

    __slots__ = ("_event", "_hub", "agent_id", "directory_id", "run_id", "stopped", "work")

    def __init__(self, hub: Hub, agent: Agent, run_id: str) -> None:
        self._hub = hub
        self._event = asyncio.Event()
        self.agent_id = agent.id
        self.directory_id = agent.directory_id
        self.run_id = run_id
        self.work = False
        self.stopped = False

    def ring(self, marks: Marks) -> None:
        """See Listener."""
        if self._hub.fresh(self, marks):
            self.work = True
            self._event.set()

    def stop(self, code: int) -> None:
        """See Listener."""
        self.stopped = code == STOPPED
        self._event.set()

    def quiet_since(self) -> float | None:
        """See Listener."""
        return None

    async def rung(self, marks: Marks, patience: float) -> None:
        """Wait, at most so many seconds. `marks`: what stirs already."""
        if self._hub.fresh(self, marks):
            self.work = True
        if self.work or self._hub.leaving:
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(self._event.wait(), patience)
