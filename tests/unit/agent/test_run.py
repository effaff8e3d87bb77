"""One life: what is begun, in which order it ends, and that nothing outlives a revocation."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from keyturn.agent.keeper import GiveUp
from keyturn.agent.keys import load_or_make
from keyturn.agent.memory import MemoryLink
from keyturn.agent.ports import Link, LinkDenied, LinkDown
from keyturn.agent.run import Agent
from keyturn.wire.messages import Answer, Denied, Fetch, Request, Taken, Work
from tests.unit.agent.linked import Server, Time, folder

NOTHING = Work((), (), (), (), ())


class Keeper:
    """Writes down what is asked of it."""

    def __init__(self, told: list[str]) -> None:
        self.told, self.refused = told, asyncio.Event()
        self.approved = True

    async def begin(self) -> None:
        self.told.append("begin")
        if not self.approved:
            await asyncio.Event().wait()

    async def run(self) -> None:
        self.told.append("beats")
        try:
            await self.refused.wait()
        finally:
            self.told.append("no more beats")
        raise GiveUp("cloned")

    def drop(self) -> None:
        self.told.append("drop")

    async def release(self) -> None:
        self.told.append("release")


class Bell:
    """Rings when the test says so."""

    def __init__(self) -> None:
        self.rung, self.revoked = asyncio.Event(), asyncio.Event()

    async def run(self) -> None:
        await self.revoked.wait()
        raise LinkDenied(Denied("revoked", None))


class Worker:
    """Takes work, and sees out what it has."""

    def __init__(self, told: list[str]) -> None:
        self.told, self.took = told, asyncio.Event()
        self.asked_at = 0

    async def begin(self) -> None:
        self.told.append("recall")

    def take(self, work: Work, asked_at: int) -> None:
        self.asked_at = asked_at
        self.took.set()

    async def run(self, stop: asyncio.Event) -> None:
        await stop.wait()
        await asyncio.sleep(0)
        self.told.append("seen out")


class Life:
    """An agent of fakes. Made inside the loop."""

    def __init__(self, answer: Callable[[Request], Answer] = lambda _: NOTHING) -> None:
        self.told: list[str] = []
        self.keeper, self.bell, self.worker = Keeper(self.told), Bell(), Worker(self.told)
        self.link, self.time, self.stop = MemoryLink(answer), Time(), asyncio.Event()
        parts: Any = (self.keeper, self.bell, self.link, self.worker, self.time, self.time, "run-1")
        self.agent = Agent(*parts)

    def begin(self) -> asyncio.Task[None]:
        return asyncio.create_task(self.agent.live(self.stop))


def play(act: Callable[[], Any]) -> None:
    async def timed() -> None:
        async with asyncio.timeout(10):
            await act()

    asyncio.run(timed())


def test_told_to_stop_it_sees_out_its_work_under_beats_and_only_then_releases() -> None:
    async def act() -> None:
        life = Life()
        living = life.begin()
        life.bell.rung.set()
        await life.worker.took.wait()
        life.stop.set()
        await living
        assert life.told == ["begin", "recall", "beats", "seen out", "no more beats", "release"]

    play(act)


def test_told_to_stop_while_it_waits_for_approval_it_just_goes() -> None:
    async def act() -> None:
        life = Life()
        life.keeper.approved = False
        living = life.begin()
        await asyncio.sleep(0)
        life.stop.set()
        await living
        assert life.told == ["begin", "release"]

    play(act)


@pytest.mark.parametrize("by", ["keeper", "bell", "fetch"])
def test_not_wanted_any_more_it_drops_the_lease_before_anything_else(by: str) -> None:
    async def act() -> None:
        life = Life(lambda _: Denied("revoked", None))
        living = life.begin()
        {"keeper": life.keeper.refused, "bell": life.bell.revoked, "fetch": life.bell.rung}[
            by
        ].set()
        with pytest.raises(GiveUp):
            await living
        assert life.told.index("drop") < life.told.index("seen out")
        assert "release" not in life.told

    play(act)


@pytest.mark.parametrize("trouble", [LinkDown("refused"), Denied("sequence", None)])
def test_work_that_could_not_be_fetched_is_fetched_again(trouble: Any) -> None:
    async def act() -> None:
        answers: list[Any] = [trouble, trouble]

        def answer(_message: Request) -> Answer:
            said = answers.pop() if answers else NOTHING
            if isinstance(said, Exception):
                raise said
            return said

        life = Life(answer)
        living = life.begin()
        life.bell.rung.set()
        await life.worker.took.wait()
        assert life.link.said == [Fetch("run-1")] * 3
        assert life.worker.asked_at == life.time.at  # counted from the last asking
        life.stop.set()
        await living

    play(act)


def test_a_worker_that_breaks_ends_the_life() -> None:
    async def act() -> None:
        life = Life()

        async def breaks(_stop: asyncio.Event) -> None:
            raise ZeroDivisionError

        life.worker.run = breaks  # type: ignore[assignment]
        with pytest.raises(ZeroDivisionError):
            await life.begin()
        assert "release" not in life.told

    play(act)


# --- both links keep the port's promises


@pytest.fixture(params=["http", "memory"])
def linked(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Callable[[Callable[[Request], Answer]], AbstractAsyncContextManager[Link]]:
    keys = load_or_make(folder(tmp_path))
    if request.param == "http":
        return lambda answer: Server(answer).link(keys)
    return lambda answer: nullcontext(MemoryLink(answer))


def test_a_link_brings_back_what_was_wanted(linked: Any) -> None:
    async def act() -> None:
        async with linked(lambda _: NOTHING) as link:
            assert await link.call(Fetch("run-1"), Work) == NOTHING

    play(act)


def test_a_link_tells_a_refusal_from_a_server_that_says_something_else(linked: Any) -> None:
    async def act() -> None:
        async with linked(lambda _: Denied("run", None)) as link:
            with pytest.raises(LinkDenied):
                await link.call(Fetch("run-1"), Work)
        async with linked(lambda _: Taken()) as link:
            with pytest.raises(LinkDown):
                await link.call(Fetch("run-1"), Work)

    play(act)
