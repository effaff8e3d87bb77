"""What a sign-in costs beside its one hash, beside a floor that does the least possible.

A sign-in is what a person's browser does: the form, then the try, by a known client
without a second step.  Its cost is the CPU time of all processes of server and database,
minus the thread time around each real hash: latencies mean little on a machine that others
use, CPU time a good deal.  Keyturn and the floor are measured one after the other at each
number of clients, so that both meet the same noise.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from keyturn.bench import floor
from keyturn.bench.client import Browser, Reply, browsers, hang_up
from keyturn.bench.figures import ms, quantile
from keyturn.bench.people import RIGHT, WRONG, Town
from keyturn.bench.places import Server, serving
from keyturn.bench.report import Findings
from keyturn.bench.task import Task

CLIENTS = (1, 8, 64)
FEW = (1, 8)
REFUSED_CLIENTS = 8
MOST_CPU_MS, MOST_REFUSAL_CPU_MS = 4, 2
LIMIT, SEE_OTHER, UNAUTHORISED = 5, 303, 401
#: what goes on after the last answer belongs to the run as well
SETTLE_S = 0.1

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
        found.most("refusal: cpu_ms", engine, refusal["cpu_ms"], MOST_REFUSAL_CPU_MS, "ms")
    found.notes.append(
        "overhead_cpu_ms: server and database without the hash, median of the runs. floor: a "
        "bare server of 70 lines measured the same way beside it (ratio = Keyturn / floor). "
        "Measured elsewhere: Django + allauth + axes 28–38."
    )
    return found


async def _level(task: Task, engine: str, clients: int) -> dict[str, Any]:
    """Keyturn, then the floor."""
    ours = await _keyturn(task, engine, clients)
    least = await _floor(task, engine, clients)
    mine, bare = _figures(ours), _figures(least)
    return {
        **mine,
        "floor": bare,
        "ratio": round(mine["overhead_cpu_ms"] / max(bare["overhead_cpu_ms"], 0.001), 2),
    }


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


async def _keyturn(task: Task, engine: str, clients: int) -> list[Run]:
    url = task.databases.fresh(engine)
    town = Town(url)
    try:
        names = town.settle(clients)
        with serving("keyturn", url, task.folder, task.numbers["workers"]) as server:
            return await _runs(task, server, names, _sign_in)
    finally:
        town.close()


async def _floor(task: Task, engine: str, clients: int) -> list[Run]:
    url = task.databases.fresh(engine)
    names = [f"floor{n:06d}" for n in range(clients)]
    floor.seed(url, names, floor.HASHED(RIGHT))
    with serving("floor", url, task.folder, task.numbers["workers"]) as server:
        return await _runs(task, server, names, _sign_in)


async def _sign_in(browser: Browser, name: str) -> Reply:
    reply = await browser.sign_in(name, RIGHT)
    assert reply.status == SEE_OTHER, reply.head  # noqa: S101  else nothing was measured
    return reply


async def _runs(task: Task, server: Server, names: Sequence[str], step: Step) -> list[Run]:
    """Every client signs in once to become known, then the runs."""
    crowd = await browsers(server.port, len(names))
    await asyncio.gather(*(step(b, name) for b, name in zip(crowd, names, strict=True)))
    each = max(1, task.numbers["tries"] // len(names))
    with task.reporter.progress() as bar:
        rounds = bar.track(range(task.numbers["runs"]), description="runs")
        runs = [await _run(server, crowd, names, step, each) for _ in rounds]
    hang_up(crowd)
    return runs


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


async def _refusals(task: Task, engine: str) -> dict[str, Any]:
    """Tries during a lock, on accounts of their own in each run: the first refusals of a
    lock are recorded, later ones only counted, and the dearer kind is what is measured.
    """
    url = task.databases.fresh(engine)
    town = Town(url)
    try:
        with serving("keyturn", url, task.folder, task.numbers["workers"]) as server:
            crowd = await browsers(server.port, REFUSED_CLIENTS)
            runs = [
                await _refused(server, crowd, town.settle(len(crowd)), task.numbers["tries"])
                for _ in range(task.numbers["runs"])
            ]
            hang_up(crowd)
    finally:
        town.close()
    figures = _figures(runs)
    return {"cpu_ms": figures.pop("overhead_cpu_ms"), **figures}


async def _refused(
    server: Server, crowd: Sequence[Browser], names: Sequence[str], tries: int
) -> Run:
    for browser in crowd:
        await browser.get("/signin")
    for _ in range(LIMIT):
        pairs = zip(crowd, names, strict=True)
        await asyncio.gather(*(b.attempt(name, WRONG) for b, name in pairs))
    return await _run(server, crowd, names, _refuse, max(1, tries // len(crowd)))


async def _refuse(browser: Browser, name: str) -> Reply:
    reply = await browser.attempt(name, RIGHT)
    assert reply.status == UNAUTHORISED, reply.head  # noqa: S101  else nothing was measured
    return reply
