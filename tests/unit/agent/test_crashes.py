"""An agent may die at every moment: the answer is so all the same, and nothing is done twice."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from keyturn.agent.directories.memory import Fault
from keyturn.rules.directories.resets import JobKind, JobState
from tests.unit.agent.virtual import lived
from tests.unit.agent.world import DC1, World, quick_folder

KINDS = list(JobKind)
THEN = ("restart", "takeover", "both")
FAULTS = {
    "no fault": None,
    "answer lost, made": Fault(unanswered=True, landed=True, once=True),
    "answer lost, not made": Fault(unanswered=True, once=True),
}


async def _story(
    folder: Path, kind: JobKind, dies_at: int | None, then: str, fault: Fault | None, late_ms: int
) -> tuple[int, JobState]:
    """One job; agent A dies at that moment, and what follows. How many moments it lived."""
    async with World(folder) as world:
        if kind is JobKind.UNLOCK:
            world.domain.by_hand(DC1, world.guid, locked=world.domain.now())
            world.domain.replicate()
        world.domain.controllers[DC1].fault = fault
        world.a.late_ms = late_ms
        life = world.a.start(dies_at)
        await asyncio.sleep(0.5)
        job_id = world.submit(kind)
        if dies_at is not None:
            await asyncio.wait({asyncio.ensure_future(life.dead.wait())}, timeout=70)
            world.a.kill()
            await world.a.ended()
            if then in {"restart", "both"}:
                await asyncio.sleep(1)
                world.a.start(dies_at // 2 if then == "both" else None)
            if then in {"takeover", "both"}:
                world.b.start()
        await world.until_final()
        await asyncio.sleep(3)
        world.check()
        return life.moments, world.office.state(job_id)


@pytest.mark.parametrize("fault", list(FAULTS))
@pytest.mark.parametrize("kind", KINDS)
def test_a_job_without_a_crash_ends_as_the_directory_says(kind: JobKind, fault: str) -> None:
    with quick_folder() as folder:
        _, state = lived(_story(folder, kind, None, "", FAULTS[fault], 0))
    made = fault != "answer lost, not made"
    assert state is (JobState.DONE if made else JobState.NOT_DONE)


#: a reset in all ways; what it shares with the others need not be shown three times
CRASHES = [
    *((JobKind.RESET, fault, then, 0) for fault in list(FAULTS)[:2] for then in THEN),
    (JobKind.RESET, "answer lost, not made", "takeover", 0),
    *((JobKind.RESET, "no fault", then, 4_000) for then in THEN),
    *(
        (kind, fault, "takeover", 0)
        for kind in (JobKind.UNLOCK, JobKind.REQUIRE_CHANGE)
        for fault in ("no fault", "answer lost, made")
    ),
]


@pytest.mark.parametrize(("kind", "fault", "then", "late_ms"), CRASHES)
def test_a_crash_at_any_moment_leaves_no_lie_and_no_second_change(
    kind: JobKind, fault: str, then: str, late_ms: int
) -> None:
    with quick_folder() as folder:
        moments, _ = lived(_story(folder, kind, None, "", FAULTS[fault], late_ms))
    assert moments > 20
    states = set()
    for moment in range(1, moments + 1):
        with quick_folder() as folder:
            _, state = lived(_story(folder, kind, moment, then, FAULTS[fault], late_ms))
        states.add(state)
    assert states == {JobState.NOT_DONE, JobState.DONE}
