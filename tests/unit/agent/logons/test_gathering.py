"""A look that is asked where bad logons come from."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

from keyturn.agent.charting import Chart
from keyturn.agent.directories.memory import Fault, MemoryDriver
from keyturn.agent.executor import Executor
from keyturn.agent.journal import Journal, at_once
from keyturn.agent.logons.gathering import BACK_MS, TAKES_MS, Asked, gather
from keyturn.agent.logons.memory import MemoryLog
from keyturn.agent.logons.ports import Logged, LogonLog, Logs
from keyturn.agent.memory import MemoryLink
from keyturn.agent.standing import Held, Place, Standing
from keyturn.rules.directories.logons.logon import BadLogon, Way, Why
from keyturn.rules.directories.logons.source import Counter, Found, Kind, decode
from keyturn.rules.directories.things import Epoch
from keyturn.wire.messages import Look, Looked, Taken, Work
from tests.unit.agent.machine import Clock
from tests.unit.agent.virtual import lived, ticks, when
from tests.unit.agent.world import DC1, DC2, DC3, EPOCH, World, quick_folder

PHONE = BadLogon(EPOCH, "ann", DC1, Way.LDAP, Why.WRONG, "192.0.2.77")
QUARTERS = [replace(PHONE, at=EPOCH + n * 900_000) for n in range(1, 7)]
NOW = EPOCH + 2 * 3_600_000


class Slow:
    """A log that never answers."""

    async def bad_logons(self, _since: int) -> Logged:
        await asyncio.sleep(1e9)
        raise AssertionError


def story(act: Callable[[World, Path], Coroutine[Any, Any, None]]) -> None:
    async def whole() -> None:
        with quick_folder() as folder:
            async with World(folder) as world:
                await act(world, folder)

    lived(whole())


async def found(world: World, logs: Logs, left_ms: int = 60_000) -> Found:
    driver = MemoryDriver(world.domain, 5_000)
    account = await driver.look(DC1, world.guid)
    return await gather(driver, logs, Asked(account, DC1, (DC1, DC2, DC3)), left_ms)


def test_the_phone_with_the_old_password_is_named() -> None:
    async def act(world: World, _: Path) -> None:
        log = MemoryLog([replace(PHONE, at=EPOCH - 5, account="bob"), *QUARTERS])
        told = await found(world, Logs({DC1: log}, lambda: NOW))
        assert told.logs == {DC1: "", DC2: "none", DC3: "none"}
        (source,) = told.sources
        assert (source.kind, source.client, source.count) == (Kind.PHONE, "192.0.2.77", 6)
        assert source.since_change
        assert told.since == EPOCH - 5

    story(act)


def test_every_controller_tells_what_it_has_counted() -> None:
    async def act(world: World, _: Path) -> None:
        driver = MemoryDriver(world.domain, 5_000)
        await driver.try_password(DC1, world.guid, "wrong")
        await driver.try_password(DC2, world.guid, "wrong")
        world.cut(DC3)
        told = await found(world, Logs({DC1: MemoryLog()}, lambda: NOW))
        assert told.counters == (Counter(DC1, 1, EPOCH), Counter(DC2, 1, EPOCH))
        assert [(s.kind, s.controllers) for s in told.sources] == [(Kind.UNSEEN, (DC2,))]

    story(act)


def test_an_empty_log_reaches_back_to_nowhere() -> None:
    async def act(world: World, _: Path) -> None:
        told = await found(world, Logs({DC1: MemoryLog(), DC2: MemoryLog(QUARTERS)}, lambda: NOW))
        assert told.since == NOW
        assert not told.sources[0].since_change

    story(act)


def test_a_log_that_cannot_be_read_is_named() -> None:
    async def act(world: World, _: Path) -> None:
        logs: dict[str, LogonLog] = {
            DC1: MemoryLog(fault="denied"), DC2: Slow(), "gone.example": MemoryLog(fault="x"),
        }  # fmt: skip
        before = ticks()
        told = await found(world, Logs(logs, lambda: NOW))
        assert told.logs == {DC1: "denied", DC2: "timeout", DC3: "none", "gone.example": "x"}
        assert ticks() - before <= TAKES_MS
        assert (told.since, told.sources) == (NOW - BACK_MS, ())

    story(act)


def test_a_controller_that_hangs_holds_nothing_up() -> None:
    async def act(world: World, _: Path) -> None:
        async def held_up(host: str, _call: str) -> None:
            await asyncio.sleep(1e6 if host == DC2 else 0)

        world.domain.held_up = held_up
        before = ticks()
        told = await found(world, Logs({DC1: MemoryLog(QUARTERS)}, lambda: NOW), 2_000)
        assert [one.controller for one in told.counters] == [DC1, DC3]
        assert ticks() - before <= 2_100

    story(act)


def test_without_others_and_logs_its_own_counter_is_told() -> None:
    async def act(world: World, _: Path) -> None:
        driver = MemoryDriver(world.domain, 5_000)
        account = await driver.look(DC1, world.guid)
        told = await gather(driver, Logs({}, lambda: NOW), Asked(account, DC1, (DC1,)), 1_000)
        assert (told.counters, told.logs) == ((Counter(DC1, 0, None),), {DC1: "none"})

    story(act)


# --- as an answer to a look


def executor(world: World, folder: Path, logs: Logs | None) -> tuple[Executor, MemoryLink]:
    link = MemoryLink(lambda _: Taken())
    book = Journal(folder / "own.sqlite", at_once)
    driver = MemoryDriver(world.domain, 5_000)
    standing = Standing(
        Place("A", "d", "r", DC1), driver, link, book, Clock(), Chart(DC1, driver, book),
        lambda: Held(Epoch(0, 1), 10**9), lambda: [world.office.keys["A"]],
        lambda: 0, logs,
    )  # fmt: skip
    return Executor(standing), link


def views(link: MemoryLink) -> dict[str, dict[str, Any]]:
    return {m.look_id: json.loads(m.view) for m in link.said if isinstance(m, Looked)}


def test_a_look_tells_of_sources_only_when_it_is_asked_to() -> None:
    async def act(world: World, folder: Path) -> None:
        logs = Logs({DC1: MemoryLog(QUARTERS)}, lambda: NOW)
        agent, link = executor(world, folder, logs)
        asked = (Look("1", world.guid, "", 9_000, sources=True), Look("2", world.guid, "", 9_000),
                 Look("3", world.guid, "", 900, sources=True))  # fmt: skip
        agent.take(Work((), (), (), asked, ()), 0)
        await when(lambda: agent.busy == 0)
        told = views(link)
        assert "again" not in told["2"]
        assert "again" not in told["3"]  # no time is left for it
        again = decode(told["1"]["again"])
        assert again is not None
        assert again.sources[0].kind is Kind.PHONE

    story(act)


def test_an_agent_without_logs_answers_the_look_alone() -> None:
    async def act(world: World, folder: Path) -> None:
        world.domain.controllers[DC2].fault = Fault(unreachable="timeout")
        agent, link = executor(world, folder, None)
        asked = (Look("1", world.guid, "", 9_000, sources=True),)
        agent.take(Work((), (), (), asked, ()), 0)
        await when(lambda: agent.busy == 0)
        assert "again" not in views(link)["1"]

    story(act)
