"""How soon two workers answer their first request, and how much memory they take.

Beside a floor (Starlette, SQLAlchemy, argon2; bench/floor.py) that is started in the same
run by the same launcher: one master that imports everything and forks two workers.  That
is the strictest choice: a floor without it would share no pages and look larger.

Time runs from starting the process to the last byte of the first form.  Memory is the
proportional set size of master and workers after some sign-ins, when everything that is
loaded late has been loaded.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from keyturn.bench import floor, processes
from keyturn.bench.client import Browser, browsers, connect, hang_up
from keyturn.bench.people import RIGHT, Town
from keyturn.bench.places import started
from keyturn.bench.report import Findings
from keyturn.bench.server import Order
from keyturn.bench.task import Task

WORKERS = 2
SIGN_INS = 8
MOST_RATIO = 2
OK, SEE_OTHER = 200, 303
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Start:
    """One start: milliseconds to the first answer, MiB of all processes."""

    answer_ms: float
    pss_mib: float


async def measure(task: Task) -> Findings:
    """See the module's text."""
    found = Findings("start")
    for engine in task.engines:
        task.reporter.say(f"start on {engine}")
        figures = found.figures[engine] = await _engine(task, engine)
        for what in ("answer_ms", "pss_mib"):
            ratio = figures[what]["ratio"]
            found.most(f"{what}, Keyturn / floor", engine, ratio, MOST_RATIO)
    found.notes.append("Master and two workers; Keyturn and the floor are started in turn.")
    return found


async def _engine(task: Task, engine: str) -> dict[str, Any]:
    names = [f"floor{n:06d}" for n in range(SIGN_INS)]
    bare = task.databases.fresh(engine)
    floor.seed(bare, names, floor.HASHED(RIGHT))
    url = task.databases.fresh(engine)
    town = Town(url)
    people = town.settle(SIGN_INS)
    town.close()
    ours, least = [], []
    for order, some in (
        (_order(task, "floor", bare), names),
        (_order(task, "keyturn", url), people),
    ):
        await _start(order, some)  # not counted: modules are compiled, keys made
    for _ in range(task.numbers["runs"]):
        least.append(await _start(_order(task, "floor", bare), names))
        ours.append(await _start(_order(task, "keyturn", url), people))
    return {
        "answer_ms": _compared([s.answer_ms for s in ours], [s.answer_ms for s in least]),
        "pss_mib": _compared([s.pss_mib for s in ours], [s.pss_mib for s in least]),
    }


def _compared(ours: list[float], least: list[float]) -> dict[str, float]:
    mine, bare = median(ours), median(least)
    return {"keyturn": round(mine, 1), "floor": round(bare, 1), "ratio": round(mine / bare, 2)}


def _order(task: Task, kind: str, url: str) -> Order:
    return Order(kind, url, str(Path(task.folder, "keys")), WORKERS, None, 25)


async def _start(order: Order, names: list[str]) -> Start:
    began = time.perf_counter_ns()
    with started(order) as process:
        assert process.stdout is not None  # noqa: S101  a pipe was asked for
        port = int(process.stdout.readline())
        first = Browser(await connect(port))
        reply = await first.get("/signin")
        answer_ms = (time.perf_counter_ns() - began) / 1e6
        assert reply.status == OK, reply.head  # noqa: S101  else nothing was measured
        crowd = await browsers(port, len(names))
        for browser, name in zip(crowd, names, strict=True):
            entered = await browser.sign_in(name, RIGHT)
            assert entered.status == SEE_OTHER, entered.head  # noqa: S101  as above
        pss = processes.pss(processes.family(process.pid))
        hang_up([first, *crowd])
        return Start(answer_ms, pss / MIB)
