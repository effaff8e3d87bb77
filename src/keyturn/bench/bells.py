"""Thousands of idle agents on one server: memory, the doorbell, a restart.

Each agent is the only one of its directory, so that each beat renews a lease.  They come
within a minute, beat every 15 s, and are left alone until what they needed to begin is closed.

    memory     of master and workers (PSS): between a fiftieth of the agents and all of them
    doorbell   a job is committed beside the server --> its agent has fetched it
    restart    the server is started anew --> the last agent's socket is open again
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

from keyturn import wiring
from keyturn.bench import processes
from keyturn.bench.agents import Flock
from keyturn.bench.domains import Domain, Domains
from keyturn.bench.figures import median, ms, quantile
from keyturn.bench.herd import Herd, HerdFailed
from keyturn.bench.people import Town
from keyturn.bench.places import Server, free_port, serving
from keyturn.bench.report import Findings
from keyturn.bench.server import Order, settings_for
from keyturn.bench.task import Task
from keyturn.rules.directories.leases import BEAT_MS, LEASE_MS
from keyturn.serving import KEEP_ALIVE_S

MOST_KIB, MOST_AGAIN_S, MOST_RING_MS = 60, 60, 500
#: as `keyturn serve` has it; processes that carry the agents
WORKERS, FLOCKS = 2, 2
#: this part of them comes first, so that everything that is loaded late has been loaded
_FIRST: Final = 50
#: agents that come in a second
_COMING: Final = 60
#: between two jobs
_PACE_S: Final = 0.1
#: after a restart, beats are watched for so long
_AFTER_S: Final = BEAT_MS / 1000
_CHANCE = secrets.SystemRandom()


async def measure(task: Task, engine: str) -> dict[str, Any]:
    """See the module's text. Raises ServerFailed, HerdFailed."""
    url = task.databases.fresh(engine)
    town = Town(url)
    try:
        domains = Domains(town)
        everyone = domains.settle(task.numbers["agents"])
        return await _Scene(task, url, free_port(), domains, everyone).play()
    finally:
        town.close()


def judge(found: Findings, engine: str, figures: dict[str, Any]) -> None:
    """Compare with the bounds."""
    found.most("memory per idle agent", engine, figures["kib_per_agent"], MOST_KIB, "KiB")
    found.most("reconnect of all, s", engine, figures["restart"]["all_up_s"], MOST_AGAIN_S)
    p99 = figures["doorbell"]["p99_ms"]
    found.most("doorbell to job, p99 ms", engine, p99, MOST_RING_MS)
    found.equal("refused by the server", engine, figures["denied"], 0)


@dataclass(slots=True)
class _Scene:
    """One database, one port, and the servers that stand there one after the other."""

    task: Task
    url: str
    port: int
    domains: Domains
    everyone: Sequence[Domain]
    herd: Herd = field(default_factory=Herd)

    async def play(self) -> dict[str, Any]:
        first = max(1, len(self.everyone) // _FIRST)
        async with AsyncExitStack() as flocks:
            with self._serving() as server:
                await self._come(flocks, self.everyone[:first], 1)
                before = _pss(server)
                await self._come(flocks, self.everyone[first:], FLOCKS)
                grown = _pss(server) - before
                idle = await self._idle(server)
                doorbell = await self._doorbell()
                gone = time.monotonic_ns()
            restart = await self._restart(gone)
        return {
            "agents": len(self.everyone),
            "kib_per_agent": round(grown / 1024 / (len(self.everyone) - first), 1),
            "server_mib_before": round(before / 2**20, 1),
            "idle": idle,
            "doorbell": doorbell,
            "restart": restart,
            "denied": self.herd.denied(),
        }

    @contextmanager
    def _serving(self) -> Iterator[Server]:
        with serving("keyturn", self.url, self.task.folder, WORKERS, port=self.port) as server:
            yield server

    async def _come(self, flocks: AsyncExitStack, some: Sequence[Domain], parts: int) -> None:
        """More agents come; wait until they are there and nothing of their coming is left."""
        spread_ms = len(some) * 1000 // _COMING
        for part in range(parts):
            cards = [domain.card for domain in some[part::parts]]
            flock = Flock(self._origin, self._server_key(), spread_ms, cards)
            await flocks.enter_async_context(self.herd.joined(flock))
        await self.herd.until(lambda: self.herd.full_ns() is not None)
        await asyncio.sleep(1 if self.task.quick else KEEP_ALIVE_S + 10)

    @property
    def _origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _server_key(self) -> str:
        order = Order("keyturn", self.url, str(self.task.folder / "keys"), WORKERS, None, 25)
        return wiring.notary(settings_for(order)).key.public_key().public_bytes_raw().hex()

    async def _idle(self, server: Server) -> dict[str, Any]:
        """What beats cost."""
        beats, (ours, database) = self.herd.total("beats"), server.cpu_ns()
        began = time.monotonic_ns()
        await asyncio.sleep(2 if self.task.quick else 2 * BEAT_MS / 1000)
        (our_end, database_end), span = server.cpu_ns(), time.monotonic_ns() - began
        more = max(1, self.herd.total("beats") - beats)
        return {
            "beats_per_s": round(more * 1e9 / span, 1),
            "cpu_ms_per_beat": ms((our_end - ours + database_end - database) / more),
            "cores": round((our_end - ours + database_end - database) / span, 2),
        }

    async def _doorbell(self) -> dict[str, Any]:
        """Jobs, each of an agent of its own, one after the other."""
        asked = []
        count = min(self.task.numbers["jobs"], len(self.everyone))
        for domain in _CHANCE.sample(list(self.everyone), count):
            asked.append(await self.domains.ask(domain))
            await asyncio.sleep(_PACE_S)
        fetched = self.herd.fetched
        await self.herd.until(lambda: all(job.job_id in fetched for job in asked))
        waits = [fetched[job.job_id] - job.at_ns for job in asked]
        return {
            "jobs": len(waits),
            "p50_ms": ms(median(waits)),
            "p99_ms": ms(quantile(waits, 0.99)),
            "max_ms": ms(max(waits)),
        }

    async def _restart(self, gone: int) -> dict[str, Any]:
        """A new server where the old one was told to end at `gone`, ns."""
        launched = time.monotonic_ns()
        with self._serving():
            ready = time.monotonic_ns()
            with suppress(HerdFailed):  # then it has taken too long, and says how long at least
                await self.herd.until(lambda: self.herd.full_ns(gone) is not None)
            full = self.herd.full_ns(gone) or time.monotonic_ns()
            await asyncio.sleep(1 if self.task.quick else _AFTER_S)
        return {
            "down_s": _seconds(ready - gone),
            "up": self.herd.total("up"),
            "all_up_s": _seconds(full - launched),
            "longest_silence_s": round(self.herd.longest("silence_ms") / 1000, 1),
            "lease_s": LEASE_MS // 1000,
        }


def _pss(server: Server) -> int:
    return processes.pss(processes.family(server.pid))


def _seconds(ns: int) -> float:
    return round(ns / 1e9, 2)
