"""What a sign-in costs beside its one hash, beside a floor that does the least possible.

A sign-in is what a person's browser does: the form, then the try, by a known client
without a second step.  Its cost is the CPU time of all processes of server and database,
minus the thread time around each real hash: latencies mean little on a machine that others
use, CPU time a good deal.

A good deal, not everything: who shares cores and caches makes the same code dearer, here by
up to a half from one minute to the next.  So Keyturn and the floor are measured in turn, run by
run, the other one asleep: where a bound is broken, the floor beside it tells whether it is the
machine's hour or ours.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any

from keyturn.bench import floor, processes
from keyturn.bench.client import Browser, Reply, browsers, hang_up
from keyturn.bench.figures import ms, quantile
from keyturn.bench.people import RIGHT, WRONG, Town
from keyturn.bench.places import Server, mail_sink, serving
from keyturn.bench.report import Findings
from keyturn.bench.task import Task

CLIENTS = (1, 8, 64)
FEW = (8,)
REFUSED_CLIENTS = 8
MOST_CPU_MS, MOST_REFUSAL_CPU_MS = 4, 2
LIMIT, SEE_OTHER, UNAUTHORISED = 5, 303, 401
#: what goes on after the last answer belongs to the run as well
SETTLE_S = 0.1
#: what a server does once, some seconds after its start, is over by then: `bench start` measures
#: starts
STARTED_S = 8.0
#: what was put off while a server was asleep, and the mails of locks made for a run, do not
AWAKE_S = 2.0

Step = Callable[[Browser, str], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Run:
    """One run.

    Attributes:
        server_ns, database_ns: CPU time for each try, the hashes' taken off.
        hash_ns: CPU time of the hash of each try.
        hashes: for each try.
        waits: nanoseconds of each try's answer.
    """

    server_ns: float
    database_ns: float
    hash_ns: float
    hashes: float
    waits: tuple[int, ...]

    @property
    def overhead_ns(self) -> float:
        """Everything but the hash."""
        return self.server_ns + self.database_ns


@dataclass(frozen=True, slots=True)
class _Side:
    """A server, and whoever is going to ask it."""

    server: Server
    crowd: Sequence[Browser]
    names: Callable[[], Awaitable[Sequence[str]]]
    step: Step
    each: int

    async def run(self) -> Run:
        """All at once, each so many tries one after the other."""
        names = await self.names()
        await asyncio.sleep(AWAKE_S)
        return await _run(self.server, self.crowd, names, self.step, self.each)


async def measure(task: Task) -> Findings:
    """See the module's text."""
    found = Findings("signin")
    for engine in task.engines:
        figures = found.figures[engine] = {}
        for clients in FEW if task.quick else CLIENTS:
            task.reporter.say(f"sign-in on {engine}, {clients} clients")
            figures[f"clients_{clients}"] = level = await _level(task, engine, clients)
            found.most(f"overhead_cpu_ms, {clients} clients", engine, level["overhead_cpu_ms"],
                       MOST_CPU_MS, "ms")  # fmt: skip
            found.equal(f"hashes_per_try, {clients} clients", engine, level["hashes_per_try"], 1)
        task.reporter.say(f"refusals by a lock on {engine}")
        refusal = figures["refusal"] = await _refusals(task, engine)
        found.equal("refusal: hashes_per_try", engine, refusal["hashes_per_try"], 0)
        found.most("refusal: overhead_cpu_ms", engine, refusal["overhead_cpu_ms"],
                   MOST_REFUSAL_CPU_MS, "ms")  # fmt: skip
    found.notes.append(
        "overhead_cpu_ms: server and database without the hash, median of the runs. floor: a "
        "bare server of 70 lines, measured in turn with it (ratio = Keyturn / floor). "
        "Measured elsewhere: Django + allauth + axes 28–38."
    )
    return found


async def _level(task: Task, engine: str, clients: int) -> dict[str, Any]:
    """Sign-ins at Keyturn and at the floor, in turn."""
    async with (
        _town(task, engine) as (town, server),
        _floor(task, engine, clients) as least,
    ):
        names = town.settle(clients)
        return await _beside(task, await _side(task, server, names, _sign_in), least)


async def _refusals(task: Task, engine: str) -> dict[str, Any]:
    """Tries during a lock, on accounts of their own in each run: the first refusals of a
    lock are recorded, later ones only counted, and the dearer kind is what is measured.
    """
    async with (
        _town(task, engine) as (town, server),
        _floor(task, engine, REFUSED_CLIENTS) as least,
    ):
        crowd = await browsers(server.port, REFUSED_CLIENTS)

        async def locked() -> Sequence[str]:
            return await _locked(crowd, town.settle(len(crowd)))

        ours = _Side(server, crowd, locked, _refuse, max(1, task.numbers["tries"] // len(crowd)))
        return await _beside(task, ours, least)


async def _beside(task: Task, ours: _Side, least: _Side) -> dict[str, Any]:
    """Runs of both in turn; who is not measured is asleep."""
    mine: list[Run] = []
    bare: list[Run] = []
    await asyncio.sleep(0 if task.quick else STARTED_S)
    with task.reporter.progress() as bar:
        for _ in bar.track(range(task.numbers["runs"]), description="runs"):
            with processes.asleep(least.server.pid):
                mine.append(await ours.run())
            with processes.asleep(ours.server.pid):
                bare.append(await least.run())
    hang_up([*ours.crowd, *least.crowd])
    figures, floored = _figures(mine), _figures(bare)
    ratio = figures["overhead_cpu_ms"] / max(floored["overhead_cpu_ms"], 0.001)
    return {**figures, "floor": floored, "ratio": round(ratio, 2)}


def _figures(runs: Sequence[Run]) -> dict[str, Any]:
    waits = [wait for run in runs for wait in run.waits]
    return {
        "overhead_cpu_ms": ms(median(run.overhead_ns for run in runs)),
        "of_that_server": ms(median(run.server_ns for run in runs)),
        "of_that_database": ms(median(run.database_ns for run in runs)),
        "hashes_per_try": median(run.hashes for run in runs),
        "hash_cpu_ms": ms(median(run.hash_ns for run in runs)),
        "p50_ms": ms(quantile(waits, 0.5)),
        "p95_ms": ms(quantile(waits, 0.95)),
        "runs": [ms(run.overhead_ns) for run in runs],
    }


@asynccontextmanager
async def _town(task: Task, engine: str) -> AsyncIterator[tuple[Town, Server]]:
    url = task.databases.fresh(engine)
    async with AsyncExitStack() as stack:
        town = Town(url)
        stack.callback(town.close)
        smtp = stack.enter_context(mail_sink())  # each lock sends a mail, and it is to arrive
        keyturn = serving("keyturn", url, task.folder, task.numbers["workers"], smtp)
        yield town, stack.enter_context(keyturn)


@asynccontextmanager
async def _floor(task: Task, engine: str, clients: int) -> AsyncIterator[_Side]:
    url = task.databases.fresh(engine)
    names = [f"floor{n:06d}" for n in range(clients)]
    floor.seed(url, names, floor.HASHED(RIGHT))
    with serving("floor", url, task.folder, task.numbers["workers"]) as server:
        yield await _side(task, server, names, _sign_in)


async def _side(task: Task, server: Server, names: Sequence[str], step: Step) -> _Side:
    """Every client signs in once to become known."""
    crowd = await browsers(server.port, len(names))
    await asyncio.gather(*(step(b, name) for b, name in zip(crowd, names, strict=True)))

    async def same() -> Sequence[str]:
        return names

    return _Side(server, crowd, same, step, max(1, task.numbers["tries"] // len(names)))


async def _sign_in(browser: Browser, name: str) -> Reply:
    reply = await browser.sign_in(name, RIGHT)
    assert reply.status == SEE_OTHER, reply.head  # noqa: S101  else nothing was measured
    return reply


async def _run(
    server: Server, crowd: Sequence[Browser], names: Sequence[str], step: Step, each: int
) -> Run:
    """All clients at once, each so many tries one after the other."""

    async def life(browser: Browser, name: str) -> list[int]:
        return [(await step(browser, name)).ns for _ in range(each)]

    await asyncio.sleep(SETTLE_S)
    cpu, hashed = server.cpu_ns(), server.hashing()
    waits = await asyncio.gather(*(life(b, n) for b, n in zip(crowd, names, strict=True)))
    await asyncio.sleep(SETTLE_S)
    spent = [after - before for after, before in zip(server.cpu_ns(), cpu, strict=True)]
    hashes, tries = server.hashing().since(hashed), each * len(crowd)
    return Run(
        server_ns=(spent[0] - hashes.cpu_ns) / tries,
        database_ns=spent[1] / tries,
        hash_ns=hashes.cpu_ns / tries,
        hashes=hashes.compared / tries,
        waits=tuple(wait for some in waits for wait in some),
    )


async def _locked(crowd: Sequence[Browser], names: Sequence[str]) -> Sequence[str]:
    """Lock these accounts, each by a browser of its own."""
    for browser in crowd:
        await browser.get("/signin")
    for _ in range(LIMIT):
        pairs = zip(crowd, names, strict=True)
        await asyncio.gather(*(b.attempt(name, WRONG) for b, name in pairs))
    return names


async def _refuse(browser: Browser, name: str) -> Reply:
    reply = await browser.attempt(name, RIGHT)
    assert reply.status == UNAUTHORISED, reply.head  # noqa: S101  else nothing was measured
    return reply
