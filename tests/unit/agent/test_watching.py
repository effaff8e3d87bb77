"""A done job is followed to every controller, and no proof costs the user a try."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

from keyturn.rules.directories.proofs import ProofState
from keyturn.rules.directories.resets import JobKind, JobState
from keyturn.wire.messages import Seen
from tests.unit.agent.virtual import lived, when
from tests.unit.agent.world import DC1, DC2, DC3, World, quick_folder

Act = Callable[[World], Coroutine[Any, Any, None]]


def story(act: Act) -> None:
    async def whole() -> None:
        with quick_folder() as folder:
            async with World(folder) as world:
                world.a.start()
                await asyncio.sleep(0.5)
                await act(world)
                world.check()

    lived(whole())


def _seen(world: World, host: str) -> list[Seen]:
    return [m for _, m in world.office.story if isinstance(m, Seen) and m.controller == host]


def _tries(world: World, host: str) -> int:
    """How often a password was tried there (`answered` is counted by the test's world)."""
    return sum(call == "try_password" and where == host for where, call in world.calls)


def test_every_controller_is_proved_once_its_change_has_arrived() -> None:
    async def act(world: World) -> None:
        world.submit()
        await world.until_final()
        await asyncio.sleep(5)
        for host in (DC2, DC3):
            (proof,) = _seen(world, host)
            assert proof.state is ProofState.PROVED
            assert proof.delay_ms is not None
            assert 0 < proof.delay_ms < 2_000
        assert _seen(world, DC3)[0].site == "Branch"
        assert [_tries(world, host) for host in (DC1, DC2, DC3)] == [1, 1, 1]

    story(act)


def test_a_controller_that_is_cut_off_is_told_and_later_proved() -> None:
    async def act(world: World) -> None:
        world.cut(DC3)
        world.submit()
        await world.until_final()
        await asyncio.sleep(60)
        assert [s.state for s in _seen(world, DC3)] == [ProofState.UNREACHABLE]
        assert _seen(world, DC2)[-1].state is ProofState.PROVED
        world.heal()
        await asyncio.sleep(45)
        assert _seen(world, DC3)[-1].state is ProofState.PROVED
        assert _seen(world, DC3)[-1].delay_ms is not None
        assert (_seen(world, DC3)[-1].delay_ms or 0) >= 60_000
        assert _tries(world, DC3) == 1

    story(act)


def test_a_controller_that_answers_again_and_still_waits_is_told_as_waiting() -> None:
    async def act(world: World) -> None:
        world.cut(DC3)
        world.submit()
        await when(lambda: bool(_seen(world, DC3)))
        world.replicates = False
        world.heal()
        world.replicates = False
        await asyncio.sleep(60)
        assert [s.state for s in _seen(world, DC3)] == [
            ProofState.UNREACHABLE, ProofState.WAITING
        ]  # fmt: skip
        assert _tries(world, DC3) == 0

    story(act)


def test_a_later_change_by_hand_is_seen_and_no_password_tried() -> None:
    async def act(world: World) -> None:
        world.replicates = False
        world.submit()
        await world.until_final()
        world.domain.replicate(DC1, DC3)
        world.somebody_else(DC3)
        await asyncio.sleep(5)
        assert _seen(world, DC3)[-1].state is ProofState.CHANGED
        assert _tries(world, DC3) == 0

    story(act)


def test_a_password_changed_between_look_and_try_is_no_proof_and_not_tried_twice() -> None:
    async def act(world: World) -> None:
        world.replicates = False
        answered = world.domain.answered

        async def hand(host: str, call: str) -> None:
            await answered(host, call)
            if (host, call) == (DC2, "stamp") and arrived and not world.by_hand:
                world.somebody_else(DC2)

        world.domain.answered = hand
        arrived = False
        world.submit()
        await world.until_final()
        arrived = True
        world.domain.replicate(DC1, DC2)
        await asyncio.sleep(10)
        assert _seen(world, DC2)[-1].state is ProofState.CHANGED
        assert _tries(world, DC2) == 1

    story(act)


def test_a_restart_between_try_and_report_does_not_try_again() -> None:
    async def act(world: World) -> None:
        answered = world.domain.answered

        async def dies(host: str, call: str) -> None:
            await answered(host, call)
            if (host, call) == (DC2, "try_password"):
                world.a.kill()

        world.domain.answered = dies
        world.submit()
        assert world.a.life
        await world.a.life.dead.wait()
        await world.a.ended()
        world.domain.answered = answered
        world.a.start()
        await asyncio.sleep(5)
        assert _tries(world, DC2) == 1
        assert _seen(world, DC2)[-1].state is ProofState.ARRIVED  # the answer is lost for good

    story(act)


def test_a_restart_after_the_try_tells_what_was_said_then() -> None:
    async def act(world: World) -> None:
        world.submit()
        await when(lambda: ("job-0", DC2) in world.office.seen)
        world.a.kill()
        await world.a.ended()
        del world.office.seen["job-0", DC2]  # the server went back to before it
        world.a.start()
        await asyncio.sleep(5)
        assert world.office.seen["job-0", DC2].state is ProofState.PROVED
        assert _tries(world, DC2) == 1

    story(act)


def test_without_an_envelope_metadata_is_all_and_said_so() -> None:
    async def act(world: World) -> None:
        world.replicates = False
        world.submit()
        await world.until_final()
        world.a.kill()
        await world.a.ended()
        world.office.with_envelopes_lost("A")
        world.replicates = True
        world.a.start()
        await asyncio.sleep(5)
        assert _seen(world, DC2)[-1].state is ProofState.ARRIVED
        assert _tries(world, DC2) == 0

    story(act)


def test_an_envelope_that_does_not_open_leaves_metadata() -> None:
    async def act(world: World) -> None:
        world.replicates = False
        world.submit()
        await world.until_final()
        world.a.key = world.office.keys["B"]
        world.replicates = True
        await asyncio.sleep(5)
        assert _seen(world, DC2)[-1].state is ProofState.ARRIVED

    story(act)


def test_an_unlock_is_shown_by_metadata() -> None:
    async def act(world: World) -> None:
        world.domain.by_hand(DC1, world.guid, locked=world.domain.now())
        world.domain.replicate()
        world.submit(JobKind.UNLOCK)
        await world.until_final()
        await asyncio.sleep(5)
        assert world.office.state("job-0") is JobState.DONE
        assert _seen(world, DC3)[-1].state is ProofState.ARRIVED
        assert (
            world.domain.controllers[DC3].view(world.guid, world.domain.now()).locked_until is None
        )

    story(act)


def test_a_young_account_that_has_not_come_to_a_controller_waits_there() -> None:
    async def act(world: World) -> None:
        there = world.domain.controllers[DC3].held.pop(world.guid)
        world.replicates = False
        world.submit()
        await world.until_final()
        await asyncio.sleep(5)
        assert _seen(world, DC3) == []
        world.domain.controllers[DC3].receive(there)
        world.replicates = True
        await asyncio.sleep(20)
        assert _seen(world, DC3)[-1].state is ProofState.PROVED

    story(act)


def test_a_read_only_controller_is_told_as_one() -> None:
    async def act(world: World) -> None:
        dc3 = world.domain.controllers[DC3]
        dc3.entry = replace(dc3.entry, read_only=True)
        world.a.kill()
        await world.a.ended()
        work = world.office.work

        def with_all(agent_id: str, run_id: str) -> Any:
            found = work(agent_id, run_id)
            watches = tuple(replace(w, waiting=(*w.waiting, DC3)) for w in found.watches)
            return replace(found, watches=watches)

        world.office.work = with_all  # type: ignore[method-assign]
        world.a.start()
        await asyncio.sleep(0.5)
        world.submit()
        await world.until_final()
        await asyncio.sleep(2)
        assert {s.state for s in _seen(world, DC3)} == {ProofState.READ_ONLY}

    story(act)


def test_what_is_not_offered_any_more_is_not_watched_any_more() -> None:
    async def act(world: World) -> None:
        world.replicates = False
        world.submit()
        await world.until_final()
        await asyncio.sleep(2)
        world.office.topology = None  # nothing is waited for, until the next chart
        await asyncio.sleep(1)
        world.calls.clear()
        await asyncio.sleep(40)
        assert ("stamp", DC2) not in {(call, host) for host, call in world.calls}

    story(act)


def test_looks_grow_rare_with_time() -> None:
    async def act(world: World) -> None:
        world.replicates = False
        world.submit()
        await world.until_final()
        world.calls.clear()
        await asyncio.sleep(3)
        early = world.calls.count((DC2, "stamp"))
        await asyncio.sleep(297)
        late = world.calls.count((DC2, "stamp")) - early
        assert 3 <= early <= 12
        assert late <= 25

    story(act)
