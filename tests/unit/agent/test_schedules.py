"""Whatever happens in whatever order: every answer is so, and every job gets one."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keyturn.agent.directories.memory import Fault
from keyturn.rules.directories.resets import JobKind
from tests.unit.agent.machine import TIMEOUT_MS, Machine, Pace
from tests.unit.agent.virtual import lived
from tests.unit.agent.world import DC1, DC2, DC3, World, quick_folder


@dataclass(frozen=True)
class Moment:
    """After a while, something happens."""

    after_ms: int
    what: str
    where: str
    number: int


MOMENTS = st.builds(
    Moment,
    st.one_of(st.integers(0, 600), st.integers(0, 8_000), st.integers(0, 50_000)),
    st.sampled_from([
        "kill", "start", "start", "dies", "cut", "heal", "by hand", "down", "up", "lost",
        "swallow", "drop", "slow", "submit", "submit", "apart", "together",
    ]),
    st.sampled_from(["1", "2", "3"]),
    st.integers(0, 120),
)  # fmt: skip


async def _start(machine: Machine, dies_at: int | None = None) -> None:
    if not machine.alive:
        await machine.ended()
        machine.start(dies_at)


async def _happen(world: World, moment: Moment) -> None:  # noqa: C901  one line for each
    host = {"1": DC1, "2": DC2, "3": DC3}[moment.where]
    machine = world.b if moment.where == "2" else world.a
    controller = world.domain.controllers[host]
    match moment.what:
        case "kill":
            machine.kill()
        case "start":
            await _start(machine)
        case "dies":
            await _start(machine, moment.number + 1)
        case "cut":
            world.cut(host)
        case "heal":
            controller.fault = None
        case "by hand":
            world.somebody_else(host)
        case "down" | "up":
            machine.down = moment.what == "down"
        case "lost":
            machine.answers_lost = moment.number % 3
        case "swallow" | "drop":
            landed = moment.what == "swallow"
            controller.fault = Fault(unanswered=True, landed=landed, once=True)
        case "slow":
            machine.late_ms = moment.number * (TIMEOUT_MS + 900) // 120
        case "submit" if len(world.office.jobs) < 4:
            world.submit(list(JobKind)[moment.number % 4 % 3])
        case "apart" | "together":
            world.replicates = moment.what == "together"


#: from a quick day to a bad one; what takes longer than it may is in there too
PACES = st.builds(
    Pace,
    directory=st.sampled_from([5, 300, 1_500, 4_900]),
    server=st.sampled_from([20, 400, 3_000, 12_000]),
    disk=st.sampled_from([0, 100, 2_000, 9_000, 40_000]),
)


async def _story(folder: Path, pace: Pace, moments: list[Moment]) -> None:
    async with World(folder) as world:
        world.a.pace = world.b.pace = pace
        world.a.start()
        await asyncio.sleep(0.3)
        world.submit()
        for moment in moments:
            await asyncio.sleep(moment.after_ms / 1000)
            await _happen(world, moment)
        world.heal()
        pace.directory, pace.server, pace.disk = 5, 20, 0
        await _start(world.a)
        await _start(world.b)
        await world.until_final()
        await asyncio.sleep(1)
        world.check()


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(PACES, st.lists(MOMENTS, max_size=12))
def test_every_answer_is_so_whatever_happens(pace: Pace, moments: list[Moment]) -> None:
    with quick_folder() as folder:
        lived(_story(folder, replace(pace), moments))
