"""An agent reads its directory into the server, and goes on wherever either of them died."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest

from keyturn.agent.charting import Chart
from keyturn.agent.directories.memory import Fault, MemoryDomain, MemoryDriver
from keyturn.agent.executor import Executor
from keyturn.agent.journal import Journal, at_once
from keyturn.agent.memory import MemoryLink
from keyturn.agent.ports import LinkDown
from keyturn.agent.standing import Held, Place, Standing
from keyturn.agent.syncing import LOOK_MS
from keyturn.rules.directories import known, syncs
from keyturn.rules.directories.entries import PAGE, Entry, Scope
from keyturn.rules.directories.syncs import Phase, Sync
from keyturn.rules.directories.things import Epoch
from keyturn.wire.codec import encode
from keyturn.wire.messages import (
    Answer,
    Charted,
    Denied,
    Request,
    SyncBegun,
    SyncChanges,
    Syncing,
    SyncLost,
    SyncPage,
    SyncStuck,
    Taken,
    Work,
)
from tests.unit.agent.machine import Clock
from tests.unit.agent.virtual import lived, ticks, when
from tests.unit.agent.world import DC1, EPOCH, quick_folder

HIRED = 2 * PAGE + 40
A = TypeVar("A")


@dataclass
class Server:
    """The server's side: the real rules of the place, and who is there.

    Attributes:
        denies: what it says instead. down: it does not answer so many times, having taken what
            was said. most: entries that a message may hold.
    """

    sync: Sync = field(default_factory=lambda: Sync("d", Scope()))
    there: dict[str, Entry] = field(default_factory=dict)
    denies: Denied | None = None
    down: int = 0
    said: list[Request] = field(default_factory=list)
    taken: int = 0

    def place(self) -> Syncing:
        sync = self.sync
        return Syncing(sync.scope, sync.phase, syncs.place(sync), sync.after, sync.cursor)

    def answer(self, message: Request) -> Answer:
        if isinstance(message, Charted):
            return Taken()
        encode(message)  # whatever is said can be said
        self.said.append(message)
        if self.denies is not None:
            return self.denies
        self._take(message)
        if self.down:
            self.down -= 1
            raise LinkDown("timeout")
        return self.place()

    def _take(self, message: Request) -> None:
        match message:
            case SyncBegun():
                after = syncs.begun(self.sync, message.at, message.cursor, message.total, ticks())
            case SyncPage():
                after = self._page(message)
            case SyncChanges():
                after = syncs.followed(
                    self.sync, message.at, message.cursor, ticks(), whole=message.whole
                )
                if after is not None:
                    self._keep(message.entries, message.gone)
            case SyncLost():
                after = syncs.lost(self.sync, message.at)
            case SyncStuck():
                self.sync = syncs.stuck(self.sync, message.at, message.cause) or self.sync
                return
            case _:
                raise AssertionError(message)
        if after is not None:
            self.taken += 1
            self.sync = after

    def _page(self, page: SyncPage) -> Sync | None:
        before, upto = self.sync, None if page.last else page.upto
        ids = [one.id for one in page.entries]
        after = syncs.paged(before, page.at, page.upto, len(ids), ticks(), last=page.last)
        if after is not None:
            assert known.sound_page(before.after, upto, ids, PAGE)
            left = [i for i in self.there if i > before.after and (upto is None or i <= upto)]
            self._keep(page.entries, left)
        return after

    def _keep(self, entries: Any, gone: Any) -> None:
        for id_ in gone:
            self.there.pop(id_, None)
        self.there.update({one.id: one for one in entries})


class SlowLink(MemoryLink):
    """A server at some distance: a process can die before it is answered."""

    async def call(self, message: Request, want: type[A]) -> A:
        await asyncio.sleep(0.02)
        try:
            return await super().call(message, want)
        finally:
            await asyncio.sleep(0.02)


class World:
    """A domain with many accounts, a server, and an agent beside the first controller."""

    def __init__(self, folder: Path, hired: int = HIRED) -> None:
        self.folder = folder
        self.domain = MemoryDomain(lambda: EPOCH + ticks())
        self.ids = [self.domain.add(f"u{n}", "Quiet-River-1x") for n in range(hired)]
        self.server = Server()
        self.lease = 10**9
        self.lives = itertools.count()
        self.executor = self.life()

    def life(self) -> Executor:
        """A process that begins."""
        book = Journal(self.folder / f"{next(self.lives)}.sqlite", at_once)
        driver = MemoryDriver(self.domain, 5_000)
        self.link = SlowLink(self.server.answer)
        self.executor = Executor(Standing(
            Place("A", "d", "r", DC1), driver, self.link, book, Clock(), Chart(DC1, driver, book),
            lambda: Held(Epoch(0, 1), self.lease), list, wall=ticks, source=driver.source,
        ))  # fmt: skip
        return self.executor

    def fetch(self) -> None:
        """The agent fetches its work."""
        self.executor.take(Work((), (), (), (), (), self.server.place()), ticks())

    @property
    def reading(self) -> bool:
        return any(kind == "sync" for kind, _ in self.executor._going)

    def same(self) -> bool:
        """Whether the server has everybody in scope as they are."""
        source = MemoryDriver(self.domain).source
        held = source._entries(self.domain.controllers[DC1])
        return self.server.sync.phase is Phase.FOLLOWING and self.server.there == held


def story(act: Callable[[World], Awaitable[None]], hired: int = HIRED) -> None:
    async def whole() -> None:
        with quick_folder() as folder, _closing(World(folder, hired)) as world:
            await act(world)
            await world.executor.close()

    lived(whole())


@contextlib.contextmanager
def _closing(world: World) -> Iterator[World]:
    yield world


def said(world: World, kind: type) -> list[Any]:
    return [m for m in world.server.said if type(m) is kind]


def test_everybody_is_read_in_pages_and_then_followed() -> None:
    async def act(world: World) -> None:
        world.fetch()
        await when(world.same)
        pages = said(world, SyncPage)
        assert [len(page.entries) for page in pages] == [PAGE, PAGE, 40]
        assert [page.last for page in pages] == [False, False, True]
        assert said(world, SyncBegun)[0].total == HIRED
        assert world.executor.busy == 0  # it goes on, and is no work that ends

    story(act)


def test_a_directory_without_anybody_is_read_too() -> None:
    async def act(world: World) -> None:
        world.fetch()
        await when(world.same)
        assert [len(page.entries) for page in said(world, SyncPage)] == [0]

    story(act, hired=0)


def test_what_changes_is_told_when_it_is_noticed() -> None:
    async def act(world: World) -> None:
        world.fetch()
        await when(world.same)
        began = ticks()
        new = world.domain.add("zoe", "Quiet-River-1x")
        world.domain.tree.delete(world.ids[0])
        world.domain.tree.describe(world.ids[1], mail="one@example.test")
        await when(world.same)
        assert ticks() - began < LOOK_MS / 2
        assert new in world.server.there
        assert len(said(world, SyncBegun)) == 1

    story(act)


def test_more_changes_than_fit_are_told_at_once_in_parts() -> None:
    async def act(world: World) -> None:
        world.fetch()
        await when(world.same)
        for id_ in world.ids:
            world.domain.tree.describe(id_, display="x")
        await when(world.same)
        assert max(len(m.entries) for m in said(world, SyncChanges)) == PAGE

    story(act)


def test_nothing_noticed_is_looked_after_all_the_same() -> None:
    async def act(world: World) -> None:
        world.fetch()
        await when(world.same)
        before = len(said(world, SyncChanges))
        await asyncio.sleep(3 * LOOK_MS / 1000)
        assert before + 2 <= len(said(world, SyncChanges)) <= before + 5

    story(act, hired=3)


@pytest.mark.parametrize("dies_after", range(5))
def test_a_process_that_dies_is_gone_on_with_where_the_server_stands(dies_after: int) -> None:
    async def act(world: World) -> None:
        world.fetch()
        await when(lambda: world.server.taken >= dies_after)
        await world.executor.close()
        stored = world.server.sync.done
        world.domain.tree.delete(world.ids[7])
        late = world.domain.add("late", "Quiet-River-1x")
        world.life()
        world.fetch()
        await when(world.same)
        assert late in world.server.there
        assert len(said(world, SyncBegun)) == 1
        assert world.server.sync.done - stored <= HIRED + 1 - stored

    story(act)


@pytest.mark.parametrize("lost", range(1, 6))
def test_an_answer_that_is_lost_counts_once(lost: int) -> None:
    async def act(world: World) -> None:
        world.fetch()
        await when(lambda: world.server.taken >= lost - 1)
        world.server.down = 2
        await when(world.same)
        assert world.server.sync.done == HIRED

    story(act)


def test_another_scope_is_heeded_at_once() -> None:
    async def act(world: World) -> None:
        unit = world.domain.tree.unit("Else")
        world.domain.tree.move(world.ids[3], unit)
        world.fetch()
        await when(world.same)
        world.server.sync = syncs.rescoped(world.server.sync, Scope((unit,)))
        began = ticks()
        world.fetch()
        await when(lambda: list(world.server.there) == [world.ids[3]])
        assert ticks() - began < LOOK_MS / 2

    story(act, hired=9)


def test_a_cursor_that_is_lost_begins_anew() -> None:
    async def act(world: World) -> None:
        world.fetch()
        await when(world.same)
        world.domain.tree.shown.clear()
        await when(lambda: len(said(world, SyncLost)) == 1)
        await when(lambda: world.server.sync.number == 2 and world.same())

    story(act, hired=9)


def test_what_needs_a_full_read_gets_one() -> None:
    async def act(world: World) -> None:
        world.fetch()
        await when(world.same)
        staff = next(u for u in world.domain.tree.units if u.startswith("OU=Staff"))
        world.domain.tree.rename_unit(staff, "People")
        await when(lambda: world.server.sync.number == 2 and world.same())

    story(act, hired=9)


def test_without_a_lease_nothing_is_said() -> None:
    async def act(world: World) -> None:
        world.fetch()
        await when(world.same)
        world.lease = 0
        before = len(world.server.said)
        world.domain.add("zoe", "Quiet-River-1x")
        await when(lambda: not world.reading)
        assert len(world.server.said) == before

    story(act, hired=9)


def test_who_is_not_primary_any_more_stops() -> None:
    async def act(world: World) -> None:
        world.fetch()
        await when(world.same)
        world.executor.take(Work((), (), (), (), ()), ticks())
        await when(lambda: not world.reading)

    story(act, hired=9)


@pytest.mark.parametrize("why", ["epoch", "unsynced", "revoked"])
def test_a_refusal_that_lasts_ends_it_until_the_next_work(why: str) -> None:
    async def act(world: World) -> None:
        world.server.denies = Denied(why, None)
        world.fetch()
        await when(lambda: not world.reading)
        assert len(world.server.said) == 1
        world.server.denies = None
        world.fetch()
        await when(world.same)

    story(act, hired=9)


def test_a_refusal_that_passes_is_waited_out() -> None:
    async def act(world: World) -> None:
        world.server.denies = Denied("sequence", None)
        world.fetch()
        await when(lambda: len(world.server.said) == 3)
        world.server.denies = None
        await when(world.same)

    story(act, hired=9)


def test_a_controller_that_is_away_is_waited_for() -> None:
    async def act(world: World) -> None:
        controller = world.domain.controllers[DC1]
        controller.fault = Fault(unreachable="timeout")
        world.fetch()
        await asyncio.sleep(100)
        assert {type(m) for m in world.server.said} == {SyncStuck}
        assert world.server.sync.trouble == "timeout"
        controller.fault = None
        await when(world.same)
        controller.fault = Fault(unreachable="timeout")
        await asyncio.sleep(100)
        controller.fault = None
        world.domain.add("zoe", "Quiet-River-1x")
        await when(world.same)

    story(act, hired=9)


def test_a_scope_that_is_gone_is_waited_for() -> None:
    async def act(world: World) -> None:
        world.server.sync = Sync("d", Scope(("OU=Later,DC=corp,DC=example,DC=test",)))
        world.fetch()
        await asyncio.sleep(100)
        assert {m.name for m in said(world, SyncStuck)} == {"OU=Later,DC=corp,DC=example,DC=test"}
        assert world.server.sync.trouble == "scope"
        world.domain.tree.move(world.ids[0], world.domain.tree.unit("Later"))
        await when(lambda: list(world.server.there) == [world.ids[0]])

    story(act, hired=9)


def test_what_does_not_fit_into_a_message_is_told_in_parts() -> None:
    async def act(world: World) -> None:
        for id_ in world.ids:
            world.domain.tree.describe(id_, display="x" * 5_000)
        world.fetch()
        await when(world.same)
        assert 1 < max(len(page.entries) for page in said(world, SyncPage)) < PAGE
        for id_ in world.ids:
            world.domain.tree.describe(id_, display="y" * 5_000)
        await when(world.same)
        assert world.server.sync.done == HIRED

    story(act)


def test_one_account_that_fits_into_no_message_is_waited_for() -> None:
    async def act(world: World) -> None:
        world.domain.tree.describe(world.ids[0], display="x" * 300_000)
        world.fetch()
        await asyncio.sleep(100)
        assert world.ids[0] not in world.server.there
        assert world.server.sync.trouble == "size"
        world.domain.tree.describe(world.ids[0], display="x")
        await when(world.same)
        world.domain.tree.describe(world.ids[0], display="x" * 300_000)
        await asyncio.sleep(100)
        world.domain.tree.describe(world.ids[0], display="z")
        await when(world.same)

    story(act, hired=5)


def test_a_server_that_takes_nothing_is_not_asked_without_end() -> None:
    async def act(world: World) -> None:
        world.server._page = lambda _: None  # type: ignore[method-assign,assignment]
        world.fetch()
        await asyncio.sleep(600)
        assert len(said(world, SyncPage)) <= 11

    story(act)
