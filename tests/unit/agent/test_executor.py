"""What the executor takes on, in what order, and what it never keeps."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from keyturn.agent import charting
from keyturn.agent import executor as executors
from keyturn.agent.charting import Chart
from keyturn.agent.directories.memory import Fault, MemoryDriver
from keyturn.agent.executor import Executor
from keyturn.agent.journal import Journal, at_once
from keyturn.agent.memory import MemoryLink
from keyturn.agent.standing import Held, Place, Standing
from keyturn.rules.directories.proofs import ProofState
from keyturn.rules.directories.resets import ACTING, JobKind, JobState
from keyturn.rules.directories.things import Epoch
from keyturn.wire.messages import Charted, Look, Looked, Report, Seen, Taken, Watch, Work
from tests.unit.agent.machine import Clock
from tests.unit.agent.virtual import lived, ticks, when
from tests.unit.agent.world import DC1, DC2, DC3, World, quick_folder

Act = Callable[[World, Path], Coroutine[Any, Any, None]]


def story(act: Act) -> None:
    async def whole() -> None:
        with quick_folder() as folder:
            async with World(folder) as world:
                await act(world, folder)

    lived(whole())


def _executor(world: World, folder: Path, until: int = 10**9) -> tuple[Executor, MemoryLink]:
    """An executor without a server: what it says is kept in the link."""
    link = MemoryLink(lambda _: Taken())
    book = Journal(folder / "own.sqlite", at_once)
    driver = MemoryDriver(world.domain, 5_000)
    standing = Standing(
        Place("A", "d", "r", DC1), driver, link, book, Clock(), Chart(DC1, driver, book),
        lambda: Held(Epoch(0, 1), until), lambda: [world.office.keys["A"]], ticks,
    )  # fmt: skip
    return Executor(standing), link


def _looks(*looks: Look) -> Work:
    return Work((), (), (), looks, ())


def _looked(link: MemoryLink) -> list[Looked]:
    return [m for m in link.said if isinstance(m, Looked)]


# --- looks


def test_a_look_answers_with_a_view_that_has_no_distinguished_name() -> None:
    async def act(world: World, folder: Path) -> None:
        executor, link = _executor(world, folder)
        executor.take(_looks(Look("1", world.guid, "", 5_000), Look("2", "", "ann", 5_000)), 0)
        await when(lambda: executor.busy == 0)
        answers = {m.look_id: json.loads(m.view) for m in _looked(link)}
        assert answers["1"] == answers["2"]
        view = answers["1"]
        assert (view["controller"], view["guid"], view["name"]) == (DC1, world.guid, "ann")
        assert view["policy"]["min_length"] == 7
        assert not view.keys() & {"dn", "password_stamp", "lockout_stamp"}
        assert "OU=" not in _looked(link)[0].view

    story(act)


def test_a_look_goes_to_the_next_controller_and_tells_why_none_answers() -> None:
    async def act(world: World, folder: Path) -> None:
        executor, link = _executor(world, folder)
        executor.take(_looks(Look("0", "", "nobody", 5_000)), 0)
        await when(lambda: executor.busy == 0)
        world.cut(DC1)
        executor.take(_looks(Look("1", world.guid, "", 5_000)), ticks())
        await when(lambda: executor.busy == 0)
        for host in (DC2, DC3):
            world.cut(host)
        executor.take(_looks(Look("2", world.guid, "", 5_000)), ticks())
        await when(lambda: executor.busy == 0)
        nobody, second, third = _looked(link)
        assert (nobody.view, nobody.cause) == ("", "not_found")
        assert json.loads(second.view)["controller"] == DC3
        assert (third.view, third.cause) == ("", "timeout")

    story(act)


def test_a_look_that_nobody_waits_for_any_more_is_not_made() -> None:
    async def act(world: World, folder: Path) -> None:
        executor, link = _executor(world, folder)
        await asyncio.sleep(1)
        executor.take(_looks(Look("1", world.guid, "", 900)), 0)
        await when(lambda: executor.busy == 0)
        assert _looked(link) == []

    story(act)


def test_without_a_lease_nothing_is_looked_at_nor_charted() -> None:
    async def act(world: World, folder: Path) -> None:
        executor, link = _executor(world, folder, until=0)
        executor.take(_looks(Look("1", world.guid, "", 5_000)), 0)
        await when(lambda: executor.busy == 0)
        assert link.said == []
        assert world.calls == []

    story(act)


# --- the chart


def test_the_primary_charts_the_directory_every_minute() -> None:
    async def act(world: World, folder: Path) -> None:
        executor, link = _executor(world, folder)
        stop = asyncio.Event()
        running = asyncio.ensure_future(executor.run(stop))
        await asyncio.sleep(30)
        world.cut(DC3)
        await asyncio.sleep(100)
        stop.set()
        await running
        charts = [m for m in link.said if isinstance(m, Charted)]
        assert [c.reachable for c in charts] == [
            {DC1: "", DC2: "", DC3: ""},
            {DC1: "", DC2: "", DC3: "timeout"},
            {DC1: "", DC2: "", DC3: "timeout"},
        ]

    story(act)


def test_what_was_charted_comes_from_another_controller_if_ours_is_down() -> None:
    async def act(world: World, folder: Path) -> None:
        executor, link = _executor(world, folder)
        executor.take(_looks(), 0)
        await when(lambda: executor.busy == 0)
        world.cut(DC1)
        await asyncio.sleep(61)
        executor.take(_looks(), ticks())
        await when(lambda: executor.busy == 0)
        charts = [m for m in link.said if isinstance(m, Charted)]
        assert charts[-1].reachable[DC1] == "timeout"

    story(act)


# --- a listener


def test_a_listener_without_a_lease_tells_what_the_metadata_of_its_controller_shows() -> None:
    async def act(world: World, folder: Path) -> None:
        executor, link = _executor(world, folder, until=0)
        world.domain.by_hand(DC3, world.guid, password="Whoever-Set-This-1")
        after = world.domain.controllers[DC3].get(world.guid).stamp("unicodePwd")
        await asyncio.sleep(1)
        one = Watch("j", "u", world.guid, "unicodePwd", after, 500, (DC3,), None, 0)
        executor.take(Work((), (), (one,), (), ()), ticks())
        await when(lambda: executor.busy == 0)
        assert link.said == [Seen("j", DC3, "Branch", ProofState.ARRIVED, 500)]
        assert (DC3, "try_password") not in world.calls

    story(act)


# --- bounds and order


def test_more_than_fits_is_left_for_the_next_time(monkeypatch: pytest.MonkeyPatch) -> None:
    async def act(world: World, folder: Path) -> None:
        monkeypatch.setattr(executors, "WORK_AT_MOST", 10)
        executor, link = _executor(world, folder)
        looks = _looks(*(Look(str(n), world.guid, "", 10_000) for n in range(30)))
        executor.take(looks, 0)
        assert executor.busy == 10
        executor.take(looks, 0)  # what is going on already is not begun again
        assert executor.busy == 10
        await when(lambda: executor.busy == 0)
        assert len(_looked(link)) == 9  # the chart is one of ten

    story(act)


def test_no_more_than_eight_go_on_at_once() -> None:
    async def act(world: World, folder: Path) -> None:
        now, most = 0, 0

        async def held(_host: str, call: str) -> None:
            nonlocal now, most
            if call == "look":
                now += 1
                most = max(most, now)
                await asyncio.sleep(1)
                now -= 1

        world.domain.held_up = held
        executor, link = _executor(world, folder)
        executor.take(_looks(*(Look(str(n), world.guid, "", 90_000) for n in range(40))), 0)
        await when(lambda: executor.busy == 0)
        assert (most, len(_looked(link))) == (8, 40)

    story(act)


def test_one_account_has_one_job_at_a_time_and_others_do_not_wait() -> None:
    async def act(world: World, _folder: Path) -> None:
        other = world.domain.add("bob", "Another-pass-1")
        world.domain.controllers[DC1].fault = Fault(unanswered=True, once=True)
        world.a.start()
        await asyncio.sleep(0.5)
        world.submit()
        await asyncio.sleep(0.5)
        second = world.submit()
        third = world.office.submit(other, "Quite-Another-3")
        await asyncio.sleep(2)
        assert world.office.state("job-0") in ACTING
        assert world.office.state(second) is JobState.QUEUED
        assert world.office.state(third) is JobState.DONE
        await world.until_final()
        assert world.office.state(second) is JobState.DONE

    story(act)


def test_what_was_known_and_not_said_is_said_by_the_next_process() -> None:
    async def act(world: World, _folder: Path) -> None:
        world.a.start()
        await asyncio.sleep(0.5)
        answer = world.office.answer

        def cut(agent_id: str, message: Any) -> Any:
            if isinstance(message, Report):
                world.a.down = True
                return Taken()  # swallowed on the way
            return answer(agent_id, message)

        world.office.answer = cut  # type: ignore[method-assign]
        world.a.answers_lost = 0
        job_id = world.submit()
        await when(lambda: world.a.down)
        world.a.kill()
        await world.a.ended()
        world.office.answer, world.a.down = answer, False  # type: ignore[method-assign]
        world.a.start()
        await asyncio.sleep(0.3)
        assert world.office.state(job_id) is JobState.DONE
        assert len(world.applied) == 1

    story(act)


def test_closing_sees_out_what_has_begun() -> None:
    async def act(world: World, folder: Path) -> None:
        executor, _ = _executor(world, folder)
        await executor.begin()
        executor.take(_looks(Look("1", world.guid, "", 90_000)), 0)
        await executor.close()
        assert executor.busy == 0

    story(act)


# --- secrets


def test_no_password_and_no_envelope_is_in_journal_or_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def act(world: World, folder: Path) -> None:
        caplog.set_level(logging.DEBUG)
        world.a.start()
        await asyncio.sleep(0.5)
        world.submit()
        envelope = world.office.jobs["job-0"].envelopes[0].ciphertext
        await world.until_final()
        world.domain.controllers[DC1].fault = Fault(unanswered=True)
        world.submit()
        await world.until_final()
        files = _all_of(folder)
        for password in (world.password_of("job-0"), world.password_of("job-1")):
            for form in (password.encode(), password.encode("utf-16-le")):
                assert form not in files
                assert form not in caplog.text.encode()
        assert b"job-0" in files  # it was looked for where it would be
        assert envelope not in files
        assert envelope.hex().encode() not in files

    story(act)


def _all_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())


def test_a_failure_is_logged_by_its_class_alone(caplog: pytest.LogCaptureFixture) -> None:
    async def act(world: World, folder: Path) -> None:
        async def broken(_host: str, _call: str) -> None:
            raise ValueError(canary)

        canary = "canary-of-a-password"
        world.domain.held_up = broken
        executor, _ = _executor(world, folder)
        executor.take(_looks(Look("1", world.guid, "", 90_000)), 0)
        await when(lambda: executor.busy == 0)
        assert "ValueError" in caplog.text
        assert canary not in caplog.text

    story(act)


@pytest.mark.parametrize("kind", list(JobKind))
def test_what_is_planned_does_not_print_the_password(kind: JobKind) -> None:
    from keyturn.agent.settling import Question
    from keyturn.rules.directories.proofs import Stamp

    question = Question("j", kind, "g", Stamp(1, "a", 2, 3), "a", "canary-of-a-password")
    assert "canary" not in repr(question)


# -- surveys


@pytest.mark.parametrize(("leads", "at_once_again"), [(True, 0), (False, 1)])
def test_it_looks_how_the_directory_is_at_once_every_minute_and_when_it_comes_to_lead(
    leads: bool, at_once_again: int
) -> None:
    async def act(world: World, folder: Path) -> None:
        lease: list[Held] = [Held(Epoch(0, 1), 10**9)] if leads else []
        surveyed: list[int] = []

        async def survey() -> None:
            surveyed.append(ticks())

        book, driver = Journal(folder / "own.sqlite", at_once), MemoryDriver(world.domain, 5_000)
        standing = Standing(
            Place("A", "d", "r", DC1), driver, MemoryLink(lambda _: Taken()), book, Clock(),
            Chart(DC1, driver, book), lambda: lease[0] if lease else None, list, ticks,
        )  # fmt: skip
        agent, stop = Executor(standing, survey), asyncio.Event()
        begun = ticks()
        running = asyncio.ensure_future(agent.run(stop))
        await when(lambda: len(surveyed) == 1)
        lease[:] = [Held(Epoch(0, 1), 10**9)]
        agent.take(_looks(), ticks())
        agent.take(_looks(), ticks())
        await when(lambda: not agent.busy)
        assert len(surveyed) == 1 + at_once_again
        await when(lambda: len(surveyed) == 2 + at_once_again)
        assert surveyed[-1] - begun >= charting.EVERY_MS
        stop.set()
        await running

    story(act)
