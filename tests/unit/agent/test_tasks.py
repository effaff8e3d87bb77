"""One task: what is refused before it is sent, what is sent, and what is said of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from keyturn.agent.directories.memory import Fault
from keyturn.agent.ports import LinkDenied
from keyturn.rules.directories.answers import Refusal
from keyturn.rules.directories.policies import Policy
from keyturn.rules.directories.resets import Job, JobKind, JobState
from keyturn.wire.messages import Answer, AskPermit, Denied, Report, Request
from tests.unit.agent.virtual import lived, ticks, when
from tests.unit.agent.world import DC1, DC2, DC3, World, quick_folder

Prepare = Callable[[World], Any]


async def _job(
    folder: Any, prepare: Prepare, kind: JobKind = JobKind.RESET, after: Prepare | None = None,
    **how: bool,
) -> tuple[World, Job]:  # fmt: skip
    """What became of one job under agent A alone."""
    async with World(folder) as world:
        prepare(world)
        world.a.start()
        await asyncio.sleep(0.5)
        password = world.password_of("job-0") if kind is JobKind.RESET else None
        job_id = world.office.submit(world.guid, password, kind, **how)
        if after is not None:
            after(world)
        await world.until_final()
        await asyncio.sleep(3)
        world.check()
        return world, world.office.jobs[job_id]


def story(prepare: Prepare, *args: Any, **how: Any) -> tuple[World, Job]:
    with quick_folder() as folder:
        return lived(_job(folder, prepare, *args, **how))


def nothing(_world: World) -> None:
    """As it is."""


def account(**what: Any) -> Prepare:
    def prepare(world: World) -> None:
        world.guid = world.domain.add("eve", "Some-Password-1", **what)

    return prepare


def fault(host: str, **what: Any) -> Prepare:
    return lambda world: setattr(world.domain.controllers[host], "fault", Fault(**what))


def changes(world: World) -> int:
    return len(world.applied)


def test_a_reset_is_done_and_proved_with_its_own_stamp() -> None:
    world, job = story(nothing)
    dc1 = world.domain.controllers[DC1]
    assert (job.state, job.reason, job.detail) == (JobState.DONE, "", "")
    assert job.after == dc1.get(world.guid).stamp("unicodePwd")
    (told,) = [m for _, m in world.office.story if isinstance(m, Report)]
    assert (told.bound, told.outcome) == (True, "done")
    (asked,) = [m for _, m in world.office.story if isinstance(m, AskPermit)]
    assert (asked.controller, asked.before.version) == (DC1, 1)
    assert dc1.changes[0][1].unlock
    assert not dc1.changes[0][1].must_change


def test_what_else_is_wanted_goes_with_the_same_change() -> None:
    world, job = story(nothing, must_change=True, unlock=False)
    change = world.domain.controllers[DC1].changes[0][1]
    assert (job.state, change.unlock, change.must_change) == (JobState.DONE, False, True)


@pytest.mark.parametrize(
    ("prepare", "reason", "data"),
    [
        (account(protected="domain_admins"), "protected", {"why": "domain_admins"}),
        (lambda world: setattr(world, "guid", "00" * 16), "gone", {}),
        (lambda world: world.office.keys.update(A=world.office.keys["B"]), "seal", {}),
        (lambda world: [world.cut(host) for host in world.domain.controllers], "unreachable",
         {"controller": DC1, "cause": "timeout"}),
        (fault(DC1, refusal=Refusal("too_simple", {}, "0000052D")), "too_simple",
         {"policy": "domain", "diagnostic": "0000052D"}),
        (fault(DC1, refusal=Refusal("used_before")), "used_before",
         {"history": 24, "policy": "domain"}),
        (fault(DC1, refusal=Refusal("no_right")), "no_right", {}),
        (account(policy=Policy("staff", 40, True, 24, False, 0, 0, 0, 0, 0)), "too_short",
         {"minimum": 40, "policy": "staff", "diagnostic": "0000052D: too short"}),
    ],
)  # fmt: skip
def test_what_is_not_done_is_told_with_its_reason(
    prepare: Prepare, reason: str, data: dict[str, object]
) -> None:
    world, job = story(prepare)
    assert (job.state, job.reason) == (JobState.NOT_DONE, reason)
    assert json.loads(job.detail or "{}") == data
    assert changes(world) == 0


@pytest.mark.parametrize(
    ("kind", "how"), [(JobKind.RESET, {"must_change": True}), (JobKind.REQUIRE_CHANGE, {})]
)
def test_a_required_change_that_would_not_bind_is_refused(
    kind: JobKind, how: dict[str, bool]
) -> None:
    world, job = story(account(must_change_binds="never_expires"), kind, **how)
    assert (job.state, job.reason) == (JobState.NOT_DONE, "never_expires")
    assert changes(world) == 0


def test_a_required_change_that_is_required_already_is_done_without_us() -> None:
    def required(world: World) -> None:
        world.domain.by_hand(DC1, world.guid, last_set=0)

    _, job = story(required, JobKind.REQUIRE_CHANGE)
    assert (job.state, job.detail) == (JobState.DONE, '{"already": 1}')


def test_where_the_nearest_controller_is_silent_the_next_is_taken() -> None:
    world, job = story(nothing, after=lambda world: world.cut(DC1))
    assert job.state is JobState.DONE
    assert job.permit is not None
    assert job.permit.controller == DC3  # of equal ones, the first by site and name
    assert len(world.domain.controllers[DC3].changes) == 1


def test_a_new_process_beside_a_dead_controller_knows_the_others_from_the_one_before() -> None:
    async def act(folder: Any) -> None:
        async with World(folder) as world:
            world.a.start()
            await asyncio.sleep(0.5)
            world.a.kill()
            await world.a.ended()
            world.cut(DC1)
            world.a.start()
            await asyncio.sleep(0.5)
            world.submit()
            await world.until_final()
            assert world.office.state("job-0") is JobState.DONE

    with quick_folder() as folder:
        lived(act(folder))


def test_an_answer_of_the_server_that_was_lost_is_asked_for_again() -> None:
    def lost(world: World) -> None:
        world.a.answers_lost = 2

    world, job = story(nothing, after=lost)
    asked = [m for _, m in world.office.story if isinstance(m, AskPermit)]
    assert job.state is JobState.DONE
    assert len(asked) > 1
    assert len(set(map(repr, asked))) == 1
    assert changes(world) == 1


def test_a_disk_that_takes_longer_than_the_permit_lets_nothing_be_sent() -> None:
    def slow(world: World) -> None:
        world.a.pace.disk = 7_000

    world, job = story(nothing, after=slow)
    assert job.state is JobState.NOT_DONE
    assert changes(world) == 0


def test_a_lease_that_ended_meanwhile_lets_nothing_be_sent() -> None:
    async def act(folder: Any) -> None:
        async with World(folder) as world:
            world.a.start()
            await asyncio.sleep(0.5)
            world.a.pace.disk = 400
            world.submit()
            await when(lambda: world.office.state("job-0") is not JobState.QUEUED)
            world.a._held, world.a.down = None, True  # while its intent is written down
            await asyncio.sleep(2)
            world.a.down = False
            await world.until_final()
            job = world.office.jobs["job-0"]
            assert (job.state, job.reason) == (JobState.NOT_DONE, "late")
            assert changes(world) == 0

    with quick_folder() as folder:
        lived(act(folder))


def test_an_answer_that_was_lost_is_no_reason_to_wait_where_it_can_be_proved() -> None:
    world, job = story(fault(DC1, unanswered=True, landed=True, once=True))
    assert job.state is JobState.DONE
    assert job.finished_at is not None
    assert job.finished_at < 3_000
    assert changes(world) == 1


def test_an_answer_that_was_lost_and_cannot_be_proved_is_settled_by_reading() -> None:
    async def act(folder: Any) -> World:
        async with World(folder) as world:
            world.a.start()
            world.a.late_ms = 5_500
            await asyncio.sleep(0.5)
            world.submit()
            await asyncio.sleep(5.4)
            assert changes(world) == 0
            assert world.office.state("job-0") is JobState.PERMITTED
            await world.until_final()
            assert world.office.state("job-0") is JobState.DONE
            assert ticks() < 60_000
            world.check()
            return world

    with quick_folder() as folder:
        lived(act(folder))


def test_somebody_who_changes_it_right_after_us_is_told_apart() -> None:
    async def act(folder: Any) -> None:
        async with World(folder) as world:

            async def hand(host: str, call: str) -> None:
                await World._answered(world, host, call)
                if call == "apply":
                    world.somebody_else(host)

            world.domain.answered = hand
            world.a.start()
            await asyncio.sleep(0.5)
            world.submit()
            await world.until_final()
            assert world.office.state("job-0") is JobState.CHANGED
            assert not world.domain.controllers[DC1].bad

    with quick_folder() as folder:
        lived(act(folder))


def test_a_password_that_cannot_be_tried_because_it_locked_again_is_done_but_unbound() -> None:
    async def act(folder: Any) -> None:
        async with World(folder) as world:

            async def hand(host: str, call: str) -> None:
                await World._answered(world, host, call)
                if call == "apply":
                    world.domain.by_hand(host, world.guid, locked=world.domain.now())

            world.domain.answered = hand
            world.a.start()
            await asyncio.sleep(0.5)
            world.submit()
            await world.until_final()
            job = world.office.jobs["job-0"]
            assert (job.state, job.detail) == (JobState.DONE, '{"unbound": 1}')

    with quick_folder() as folder:
        lived(act(folder))


def test_a_server_put_back_to_yesterday_gets_the_answer_and_no_second_change() -> None:
    async def act(folder: Any) -> None:
        async with World(folder) as world:
            world.a.start()
            await asyncio.sleep(0.5)
            job_id = world.submit()
            yesterday = world.office.jobs[job_id]
            await world.until_final()
            await asyncio.sleep(1)
            world.office.jobs[job_id] = yesterday
            await asyncio.sleep(5)
            assert changes(world) == 1
            told = [m for _, m in world.office.story if isinstance(m, Report)]
            assert len(told) > 1
            assert {m.outcome for m in told} == {"done"}

    with quick_folder() as folder:
        lived(act(folder))


def test_a_controller_with_a_new_invocation_id_is_recognised() -> None:
    async def act(folder: Any) -> None:
        async with World(folder) as world:
            world.a.start()
            await asyncio.sleep(0.5)
            dc1 = world.domain.controllers[DC1]
            dc1.entry = replace(dc1.entry, invocation="ee" * 16)  # restored from a backup
            world.submit()
            await world.until_final()
            assert world.office.state("job-0") is JobState.DONE

    with quick_folder() as folder:
        lived(act(folder))


@pytest.mark.parametrize("what", ["cut", "deleted"])
def test_what_fails_before_it_is_sent_is_not_done(what: str) -> None:
    async def act(folder: Any) -> None:
        async with World(folder) as world:
            world.a.start()
            await asyncio.sleep(0.5)
            world.a.pace.disk = 400
            world.submit()
            await when(lambda: world.office.state("job-0") is not JobState.QUEUED)
            if what == "cut":
                world.cut(DC1)  # while its intent is written down
            else:
                del world.domain.controllers[DC1].held[world.guid]
            await world.until_final()
            job = world.office.jobs["job-0"]
            assert job.reason == {"cut": "unreachable", "deleted": "gone"}[what]
            assert job.finished_at is not None
            assert job.finished_at < 5_000
            world.check()

    with quick_folder() as folder:
        lived(act(folder))


@pytest.mark.parametrize("last", ["apply", "stamp"])
def test_a_controller_that_vanishes_after_the_change_is_waited_for_and_then_proves_it(
    last: str,
) -> None:
    async def act(folder: Any) -> None:
        async with World(folder) as world:
            answered = world.domain.answered
            vanished: list[str] = []

            async def vanish(host: str, call: str) -> None:
                await answered(host, call)
                if call == last and world.applied and not vanished:
                    vanished.append(host)
                    world.cut(host)
                    asyncio.get_running_loop().call_later(2, world.heal)

            world.domain.answered = vanish
            world.a.start()
            await asyncio.sleep(0.5)
            world.submit()
            await world.until_final()
            job = world.office.jobs["job-0"]
            assert (job.state, vanished) == (JobState.DONE, [DC1])
            assert job.finished_at is not None
            assert 2_500 < job.finished_at < 5_000  # by the very process that sent it
            world.check()

    with quick_folder() as folder:
        lived(act(folder))


def test_a_server_that_refuses_the_question_lets_nothing_be_sent() -> None:
    async def act(folder: Any) -> None:
        async with World(folder) as world:
            answer = world.office.answer

            def refuses(agent_id: str, message: Request) -> Answer:
                if isinstance(message, AskPermit):
                    raise LinkDenied(Denied("revoked", None))
                return answer(agent_id, message)

            world.office.answer = refuses  # type: ignore[method-assign]
            world.a.start()
            await asyncio.sleep(0.5)
            world.submit()
            await world.until_final()
            assert world.office.state("job-0") is JobState.NOT_DONE
            assert changes(world) == 0

    with quick_folder() as folder:
        lived(act(folder))


def test_a_server_that_cannot_be_reached_until_too_late_lets_nothing_be_sent() -> None:
    def away(world: World) -> None:
        world.a.answers_lost = 10_000

    world, job = story(nothing, after=away)
    # it was permitted, and never heard so: its own journal knows that it sent nothing
    assert (job.state, job.reason) == (JobState.NOT_DONE, "interrupted")
    assert changes(world) == 0


def test_what_was_sealed_to_the_key_before_this_one_opens_too() -> None:
    def renewed(world: World) -> None:
        world.a.older_keys, world.a.key = [world.a.key], X25519PrivateKey.generate()

    _, job = story(renewed)
    assert job.state is JobState.DONE


def test_a_directory_that_does_not_list_the_controller_lets_nothing_be_sent() -> None:
    def unlisted(world: World) -> None:
        dc1 = world.domain.controllers[DC1]
        dc1.entry = replace(dc1.entry, invocation="")
        for host in (DC2, DC3):
            del world.domain.controllers[host]

    world, job = story(unlisted)
    assert (job.reason, json.loads(job.detail)["cause"]) == ("unreachable", "unlisted")
    assert changes(world) == 0
