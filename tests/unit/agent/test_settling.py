"""What becomes of jobs that nobody answered for, one controller down or another gone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import pytest

from keyturn.agent.directories.memory import Fault
from keyturn.agent.standing import MARGIN_MS
from keyturn.rules.directories.proofs import Stamp
from keyturn.rules.directories.resets import Job, JobKind, JobState, Permit
from keyturn.rules.directories.things import Epoch
from keyturn.wire.messages import Answer, AskPermit, Report, Request, Work
from tests.unit.agent.machine import TIMEOUT_MS, Machine
from tests.unit.agent.virtual import lived, ticks, when
from tests.unit.agent.world import DC1, DC2, DC3, World, quick_folder

Act = Callable[[World], Coroutine[Any, Any, None]]


PERMIT = Permit("B", "B-9", Epoch(0, 9), Stamp(1, "", 0, 0), DC1, 0, 0)


def story(act: Act) -> None:
    async def whole() -> None:
        with quick_folder() as folder:
            async with World(folder) as world:
                await act(world)
                world.check()

    lived(whole())


async def _dead_after(world: World, call: str, machine: Machine | None = None) -> str:
    """Agent A has a job and dies as soon as it has sent, and before it has heard, `call`."""
    machine = machine or world.a
    machine.start()
    await asyncio.sleep(0.5)
    before = world.domain.answered

    async def answered(host: str, name: str) -> None:
        await before(host, name)
        if name == call:
            machine.kill()

    world.domain.answered = answered
    job_id = world.submit()
    assert machine.life
    await machine.life.dead.wait()
    await machine.ended()
    world.domain.answered = before
    return job_id


def _job(world: World) -> Job:
    return world.office.jobs["job-0"]


def test_a_job_that_was_asked_for_and_not_begun_is_not_done_without_reading() -> None:
    async def act(world: World) -> None:
        world.a.start()
        await asyncio.sleep(0.5)
        world.a.pace.disk = 50
        world.submit()
        await when(lambda: world.office.state("job-0") is not JobState.QUEUED)
        world.a.kill()
        await world.a.ended()
        for host in world.domain.controllers:
            world.cut(host)
        world.a.start()
        await world.until_final()
        assert (_job(world).state, _job(world).reason) == (JobState.NOT_DONE, "interrupted")
        assert _job(world).permit
        assert ticks() < 25_000

    story(act)


def test_an_asked_job_that_another_agent_was_permitted_is_read_in_the_directory() -> None:
    async def act(world: World) -> None:
        world.a.start()
        await asyncio.sleep(0.5)
        world.office.lease = None
        world.a.pace.disk = 50
        job_id = world.submit()
        answer = world.office.answer

        def refused(agent_id: str, message: Request) -> Answer:
            if not isinstance(message, AskPermit):
                return answer(agent_id, message)
            world.a.kill()
            return answer(agent_id, replace(message, needs_ms=99_999))

        world.office.answer = refused  # type: ignore[method-assign]
        assert world.a.life
        await world.a.life.dead.wait()  # it has asked, and was refused, which it never heard
        await world.a.ended()
        world.office.answer = answer  # type: ignore[method-assign]
        assert world.office.state(job_id) is JobState.QUEUED
        world.office.lease = None
        await _dead_after_start(world, world.b, "apply")
        world.office.lease = None
        world.a.start()
        await world.until_final()
        assert _job(world).state is JobState.DONE

    story(act)


async def _dead_after_start(world: World, machine: Machine, call: str) -> None:
    before = world.domain.answered

    async def answered(host: str, name: str) -> None:
        await before(host, name)
        if name == call:
            machine.kill()

    world.domain.answered = answered
    life = machine.start()
    await life.dead.wait()
    await machine.ended()
    world.domain.answered = before


@pytest.mark.parametrize("by_hand", [False, True])
def test_while_its_controller_is_dead_another_one_that_shows_the_write_is_enough(
    by_hand: bool,
) -> None:
    async def act(world: World) -> None:
        await _dead_after(world, "apply")
        world.domain.replicate()
        world.cut(DC1)
        if by_hand:
            world.somebody_else(DC3)
        world.b.start()
        await world.until_final()
        assert _job(world).state is (JobState.CHANGED if by_hand else JobState.DONE)

    story(act)


def test_as_before_elsewhere_decides_nothing_until_the_controller_is_back() -> None:
    async def act(world: World) -> None:
        world.replicates = False
        await _dead_after(world, "apply")
        world.cut(DC1)
        world.b.start()
        await asyncio.sleep(150)
        assert world.office.state("job-0") is JobState.UNSETTLED
        world.heal()
        await world.until_final(60_000)
        assert _job(world).state is JobState.DONE

    story(act)


def test_what_was_only_on_a_controller_that_was_removed_is_not_done() -> None:
    async def act(world: World) -> None:
        world.replicates = False
        await _dead_after(world, "look")
        world.domain.controllers[DC1].fault = Fault(unanswered=True)
        life = world.a.start()
        await when(lambda: world.office.state("job-0") is JobState.UNSETTLED)
        world.a.kill()
        await life.dead.wait()
        await world.a.ended()
        del world.domain.controllers[DC1]
        world.b.start()
        await world.until_final()
        assert (_job(world).state, _job(world).reason) == (JobState.NOT_DONE, "unsent")

    story(act)


def test_a_change_by_hand_after_ours_is_told_as_that() -> None:
    async def act(world: World) -> None:
        await _dead_after(world, "apply")
        world.somebody_else(DC1)
        world.b.start()
        await world.until_final()
        assert _job(world).state is JobState.CHANGED
        assert not world.domain.controllers[DC1].bad  # the stamp told it: no password was tried

    story(act)


def test_a_change_by_hand_in_our_place_costs_one_try_and_no_more() -> None:
    async def act(world: World) -> None:
        world.domain.controllers[DC1].fault = Fault(unanswered=True, once=True)
        world.a.start()
        await asyncio.sleep(0.5)
        world.submit()
        await asyncio.sleep(2)
        world.somebody_else(DC1)  # version and origin are just what ours would have been
        await world.until_final()
        assert _job(world).state is JobState.CHANGED
        assert world.domain.controllers[DC1].bad[world.guid][0] == 1

    story(act)


def test_whoever_cannot_open_the_envelope_says_so_when_nobody_else_can() -> None:
    async def act(world: World) -> None:
        await _dead_after(world, "apply")
        world.office.with_envelopes_lost("A")
        world.office.with_envelopes_lost("B")
        world.by_hand += 1  # as far as anybody can tell
        world.b.start()
        await world.until_final()
        assert (_job(world).state, _job(world).reason) == (JobState.CHANGED, "untried")
        told = [m for _, m in world.office.story if isinstance(m, Report)]
        assert {m.outcome for m in told} == {"untried"}

    story(act)


def test_an_account_that_is_gone_was_changed_by_somebody() -> None:
    async def act(world: World) -> None:
        await _dead_after(world, "apply")
        for controller in world.domain.controllers.values():
            del controller.held[world.guid]
        world.by_hand += 1
        world.b.start()
        await world.until_final()
        assert (_job(world).state, _job(world).reason) == (JobState.CHANGED, "gone")

    story(act)


def test_a_password_that_cannot_be_tried_now_is_tried_when_the_lock_ends() -> None:
    async def act(world: World) -> None:
        await _dead_after(world, "apply")
        world.domain.by_hand(DC1, world.guid, locked=world.domain.now())
        world.b.start()
        await asyncio.sleep(120)
        assert world.office.state("job-0") is JobState.UNSETTLED
        await world.until_final(11 * 60_000)
        assert _job(world).state is JobState.DONE

    story(act)


@pytest.mark.parametrize(("kind", "still"), [
    (JobKind.UNLOCK, {"locked": 0}), (JobKind.REQUIRE_CHANGE, {"last_set": 0}),
])  # fmt: skip
def test_what_is_so_without_us_is_done_already(kind: JobKind, still: dict[str, int]) -> None:
    async def act(world: World) -> None:
        world.domain.by_hand(DC1, world.guid, locked=world.domain.now())
        world.domain.controllers[DC1].fault = Fault(unanswered=True, once=True)
        world.a.start()
        await asyncio.sleep(0.5)
        world.submit(kind)
        await asyncio.sleep(2)
        world.domain.by_hand(DC2, world.guid, locked=1)
        world.domain.by_hand(DC2, world.guid, **still)
        await world.until_final()
        assert (_job(world).state, _job(world).detail) == (JobState.DONE, '{"already": 1}')

    story(act)


def test_nothing_is_read_before_what_was_sent_late_has_arrived() -> None:
    async def act(world: World) -> None:
        await _dead_after(world, "look")
        answer_of = world.office.work
        permitted = replace(_job(world), state=JobState.UNSETTLED, permit=PERMIT)

        def at_once(agent_id: str, run_id: str) -> Work:
            world.office.jobs["job-0"] = replace(permitted, permit=replace(PERMIT, until=ticks()))
            return answer_of(agent_id, run_id)

        world.office.work = at_once  # type: ignore[method-assign]
        world.calls.clear()
        world.office.topology = None
        world.a.start()
        await asyncio.sleep(0.3)
        begun = [call for call in world.calls if call[1] != "topology"]
        await asyncio.sleep((TIMEOUT_MS + MARGIN_MS) / 1000 - 0.5)
        assert [call for call in world.calls if call[1] != "topology"] == begun == []
        await asyncio.sleep(0.6)
        assert (DC1, "stamp") in world.calls

    lived(_bare(act))


async def _bare(act: Act) -> None:
    with quick_folder() as folder:
        async with World(folder) as world:
            await act(world)
