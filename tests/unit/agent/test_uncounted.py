"""Jobs in a directory that does not count writes: stamps are moments, and name nobody."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from keyturn.agent.directories.memory import Fault
from keyturn.rules.directories.resets import JobKind, JobState
from tests.unit.agent.test_settling import story as settling
from tests.unit.agent.test_tasks import story
from tests.unit.agent.world import DC1, World


def uncounted(world: World) -> None:
    """Controllers without an id, and stamps without an origin."""
    world.domain.counts_writes = False
    for controller in world.domain.controllers.values():
        controller.entry = replace(controller.entry, invocation="")
        controller.held = {
            guid: replace(
                held, stamps={name: replace(one, origin="") for name, one in held.stamps.items()}
            )
            for guid, held in controller.held.items()
        }


def test_a_reset_is_done_and_proved_by_its_password() -> None:
    _, job = story(uncounted)
    assert (job.state, job.reason, job.detail) == (JobState.DONE, "", "")
    assert job.after is not None
    assert job.after.origin == ""


def test_a_required_change_is_done() -> None:
    _, job = story(uncounted, JobKind.REQUIRE_CHANGE)
    assert job.state is JobState.DONE


def test_a_change_that_nobody_answered_for_is_settled_by_reading() -> None:
    async def act(world: World, *, landed: bool, state: JobState) -> None:
        uncounted(world)
        world.domain.controllers[DC1].fault = Fault(unanswered=True, landed=landed, once=True)
        world.a.start()
        world.submit()
        await world.until_final()
        assert world.office.jobs["job-0"].state is state

    settling(lambda world: act(world, landed=True, state=JobState.DONE))
    settling(lambda world: act(world, landed=False, state=JobState.NOT_DONE))


def test_a_change_by_hand_in_our_place_is_told_by_its_password() -> None:
    async def act(world: World) -> None:
        uncounted(world)
        world.domain.controllers[DC1].fault = Fault(unanswered=True, once=True)
        world.a.start()
        world.submit()
        await asyncio.sleep(2)
        world.somebody_else(DC1)
        await world.until_final()
        assert world.office.jobs["job-0"].state is JobState.CHANGED

    settling(act)
