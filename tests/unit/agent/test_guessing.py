"""One password tried for whoever signs in: what is asked, what is sent, what is said."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from keyturn.agent import executor as executors
from keyturn.agent.charting import Chart
from keyturn.agent.directories.memory import Fault, MemoryDriver
from keyturn.agent.executor import Executor
from keyturn.agent.guessing import guess
from keyturn.agent.journal import Journal, at_once
from keyturn.agent.memory import MemoryLink
from keyturn.agent.ports import LinkDenied, LinkDown
from keyturn.agent.standing import Held, Place, Standing
from keyturn.rules.directories.policies import Policy
from keyturn.rules.directories.things import Epoch
from keyturn.wire.messages import (
    Answer,
    AskTry,
    Charted,
    Denied,
    Guess,
    Guessed,
    Permitted,
    Request,
    Sealed,
    Taken,
    Work,
)
from keyturn.wire.seals import SIGN_IN, Purpose, seal
from tests.unit.agent.machine import Clock
from tests.unit.agent.virtual import lived, ticks, when
from tests.unit.agent.world import DC1, DC2, EPOCH, OLD, World, quick_folder

TIMEOUT_MS, LEFT_MS = 5_000, 20_000
NEEDS_MS = 2 * TIMEOUT_MS + 1_000
EXPIRES = EPOCH + 600_000
POLICY = Policy("domain", 7, True, 24, False, 0, 0, 5, 30 * 60_000, 30 * 60_000)


class Server:
    """What the server answers to those who ask for leave, one after the other; the last one is
    said again.
    """

    def __init__(self, *answers: Permitted | Exception) -> None:
        self.answers = list(answers) or [Permitted(NEEDS_MS + 2_000, "")]
        self.before: Callable[[], None] = lambda: None
        self.deaf = False

    def __call__(self, message: Request) -> Answer:
        if self.deaf and isinstance(message, Guessed):
            return Denied("sequence", None)
        if isinstance(message, AskTry):
            self.before()
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            if isinstance(answer, Exception):
                raise answer
            return answer
        return Taken()


class Desk:
    """An agent of its own, beside the domain of a World."""

    def __init__(self, world: World, folder: Path, server: Server, until: int) -> None:
        self.world, self.server, self.folder = world, server, folder
        self.link = MemoryLink(server)
        self.driver = MemoryDriver(world.domain, TIMEOUT_MS)
        book = Journal(folder / "own.sqlite", at_once)
        self.at = Standing(
            Place("A", "d", "r", DC2), self.driver, self.link, book, Clock(),
            Chart(DC2, self.driver, book), lambda: Held(Epoch(0, 1), until),
            lambda: [world.office.keys["A"]], lambda: EPOCH + ticks(),
        )  # fmt: skip
        self.executor = Executor(self.at)

    def asked(
        self, password: str, guid: str | None = None, number: int = 1, lane: str = "",
        user: str = SIGN_IN,
    ) -> Guess:  # fmt: skip
        """Sealed to this agent."""
        name = f"try-{number}"
        purpose = Purpose(name, user, "d", "A", EXPIRES)
        key = self.world.office.keys["A"].public_key().public_bytes_raw()
        sealed = seal(key, purpose, password)
        whose = self.world.guid if guid is None else guid
        return Guess(name, whose, lane or f"g:{whose}", sealed, EXPIRES, LEFT_MS)

    async def takes(self, *asked: Guess) -> None:
        """Take them, and see them out."""
        self.executor.take(Work((), (), (), (), (), guesses=asked), ticks())
        await when(lambda: self.executor.busy == 0)

    @property
    def said(self) -> list[tuple[str, str]]:
        """What it has told, in order: bind and reason."""
        return [(m.bind, m.reason) for m in self.link.said if isinstance(m, Guessed)]

    @property
    def asks(self) -> list[AskTry]:
        """How it asked for leave."""
        return [m for m in self.link.said if isinstance(m, AskTry)]

    @property
    def bad(self) -> int:
        """What the PDC emulator counts."""
        return self.world.domain.controllers[DC1].bad.get(self.world.guid, (0, 0))[0]


def story(
    act: Callable[[Desk], Coroutine[Any, Any, None]], server: Server | None = None,
    until: int = 10**9, policy: Policy | None = POLICY,
) -> None:  # fmt: skip
    async def whole() -> None:
        with quick_folder() as folder:
            async with World(folder) as world:
                for controller in world.domain.controllers.values():
                    held = controller.held[world.guid]
                    controller.held[world.guid] = replace(held, policy=policy)
                desk = Desk(world, folder, server or Server(), until)
                await desk.at.chart.draw()
                await act(desk)

    lived(whole())


def test_a_right_password_is_told_as_right_and_tried_at_the_pdc_emulator() -> None:
    async def act(desk: Desk) -> None:
        await desk.takes(desk.asked(OLD))
        assert desk.said == [("right", "")]
        assert desk.driver.tries == [(DC1, desk.world.guid)]
        (ask,) = desk.asks
        assert ask == AskTry("try-1", "r", 5, 30 * 60_000, True, NEEDS_MS)

    story(act)


def test_a_wrong_one_is_tried_once_and_counts_there() -> None:
    async def act(desk: Desk) -> None:
        await desk.takes(desk.asked("wrong"))
        assert desk.said == [("wrong", "wrong")]
        assert desk.bad == 1

    story(act)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"last_set": 0}, "must_change"),
        ({"control": frozenset({"disabled"})}, "disabled"),
        ({"control": frozenset({"expired"})}, "account_expired"),
    ],
)
def test_what_stands_in_the_way_is_told_after_a_right_password_alone(
    values: dict[str, Any], reason: str
) -> None:
    async def act(desk: Desk) -> None:
        desk.world.domain.by_hand(DC1, desk.world.guid, **values)
        await desk.takes(desk.asked(OLD), desk.asked("wrong", number=2))
        assert desk.said == [("right", reason), ("wrong", "wrong")]

    story(act)


def test_without_leave_nothing_is_sent_and_nothing_said() -> None:
    async def act(desk: Desk) -> None:
        await desk.takes(desk.asked("wrong"))
        assert (desk.said, desk.driver.tries) == ([], [])

    for refused in (
        Permitted(0, "settled"),
        Permitted(0, "lease"),
        LinkDenied(Denied("run", None)),
    ):
        story(act, Server(refused))


def test_while_another_has_leave_and_while_the_server_is_away_it_asks_again() -> None:
    async def act(desk: Desk) -> None:
        await desk.takes(desk.asked(OLD))
        assert desk.said == [("right", "")]
        assert len(desk.asks) == 3
        assert len(set(desk.asks)) == 1

    story(act, Server(Permitted(0, "busy"), LinkDown("refused"), Permitted(NEEDS_MS, "")))


def test_it_asks_no_longer_than_its_deadline() -> None:
    async def act(desk: Desk) -> None:
        await desk.takes(desk.asked(OLD))
        assert (desk.said, desk.driver.tries) == ([], [])
        assert ticks() >= LEFT_MS

    story(act, Server(Permitted(0, "busy")))


@pytest.mark.parametrize(("bad", "said"), [(2, ("wrong", "wrong")), (3, ("", "no_margin"))])
def test_the_controllers_own_count_is_left_two(bad: int, said: tuple[str, str]) -> None:
    async def act(desk: Desk) -> None:
        desk.world.domain.controllers[DC1].bad[desk.world.guid] = (bad, EPOCH + ticks())
        await desk.takes(desk.asked("wrong"))
        assert desk.said == [said]

    story(act)


def test_the_count_is_read_while_the_leave_is_held() -> None:
    """Somebody mistypes at their desk between the first look and the leave."""
    server = Server()

    async def act(desk: Desk) -> None:
        def mistyped() -> None:
            desk.world.domain.controllers[DC1].bad[desk.world.guid] = (3, EPOCH + ticks())

        server.before = mistyped
        await desk.takes(desk.asked("wrong"))
        assert desk.said == [("", "no_margin")]
        assert desk.driver.tries == []

    story(act, server)


def test_a_locked_account_is_not_tried() -> None:
    async def act(desk: Desk) -> None:
        desk.world.domain.by_hand(DC1, desk.world.guid, locked=EPOCH + ticks())
        await desk.takes(desk.asked(OLD))
        assert desk.said == [("", "locked")]
        assert desk.driver.tries == []

    story(act)


def test_what_binds_the_account_must_be_readable_all_the_time() -> None:
    async def act(desk: Desk) -> None:
        await desk.takes(desk.asked(OLD))
        assert [ask.readable for ask in desk.asks] == [False]
        assert desk.said == [("", "unreadable")]
        assert desk.driver.tries == []

    story(act, policy=None)


def test_an_account_that_goes_meanwhile_is_not_tried() -> None:
    server = Server()

    async def act(desk: Desk) -> None:
        def gone() -> None:
            del desk.world.domain.controllers[DC1].held[desk.world.guid]

        server.before = gone
        await desk.takes(desk.asked(OLD))
        assert desk.said == [("", "unreadable")]

    story(act, server)


def test_an_account_that_is_gone_asks_for_no_leave_that_it_could_use() -> None:
    async def act(desk: Desk) -> None:
        await desk.takes(desk.asked(OLD, guid="ab" * 16))
        assert [ask.readable for ask in desk.asks] == [False]
        assert desk.said == [("", "unreadable")]

    story(act)


def test_a_name_that_nobody_has_goes_the_same_way_and_is_wrong() -> None:
    async def act(desk: Desk) -> None:
        desk.world.calls.clear()
        await desk.takes(desk.asked(OLD, guid=""))
        assert desk.said == [("wrong", "no_such_user")]
        assert len(desk.asks) == 1
        assert desk.asks[0].readable
        assert [host for host, _guid in desk.driver.tries] == [DC1]

    story(act)


def test_what_was_sealed_for_something_else_does_not_open() -> None:
    async def act(desk: Desk) -> None:
        asked = desk.asked(OLD)
        await desk.takes(
            replace(asked, try_id="other"), replace(asked, expires_at=EXPIRES + 1),
            replace(asked, try_id="third", sealed=Sealed(bytes(32), bytes(272))),
            desk.asked(OLD, number=4, user="01HF7YAT00AAAAAAAAAAAAAAAA"),  # for a reset
        )  # fmt: skip
        assert desk.said == [("", "seal")] * 4
        assert desk.asks == []

    story(act)


def test_when_the_pdc_emulator_is_silent_nothing_is_tried_elsewhere() -> None:
    async def act(desk: Desk) -> None:
        desk.world.cut(DC1)
        await desk.takes(desk.asked(OLD), desk.asked(OLD, guid="", number=2))
        assert desk.said == [("", "unreachable")] * 2
        assert desk.at.chart.causes[DC1] == "timeout"

    story(act)


def test_while_nobody_knows_the_pdc_emulator_nothing_is_tried() -> None:
    async def act(desk: Desk) -> None:
        desk.at.chart.topology = None  # the executor would draw it anew
        await guess(desk.at, desk.asked(OLD), ticks())
        assert desk.said == [("", "unreachable")]

    story(act)


def test_a_bind_that_nobody_answers_may_have_counted() -> None:
    server = Server()

    async def act(desk: Desk) -> None:
        async def cut(host: str, call: str) -> None:
            if call == "try_password":
                desk.world.domain.controllers[host].fault = Fault(unreachable="timeout")

        desk.world.domain.held_up = cut
        await desk.takes(desk.asked(OLD))
        assert desk.said == [("silent", "unsaid")]

    story(act, server)


def test_nothing_is_sent_that_would_outlast_its_leave_or_the_lease() -> None:
    async def act(desk: Desk) -> None:
        await desk.takes(desk.asked(OLD))
        assert desk.said == [("", "late")]
        assert desk.driver.tries == []

    story(act, Server(Permitted(TIMEOUT_MS, "")))
    story(act, until=TIMEOUT_MS)


def test_without_the_lease_nothing_is_begun() -> None:
    async def act(desk: Desk) -> None:
        await desk.takes(desk.asked(OLD))
        assert (desk.said, desk.asks) == ([], [])

    story(act, until=-1)


def test_a_lease_that_ends_meanwhile_ends_the_try() -> None:
    server = Server()

    async def act(desk: Desk) -> None:
        held = [Held(Epoch(0, 1), 10**9)]
        desk.at = replace(desk.at, lease=lambda: held[0] if held else None)
        desk.executor = Executor(desk.at)
        server.before = held.clear
        await desk.takes(desk.asked(OLD))
        assert desk.said == [("", "late")]

    story(act, server)


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("alike", [True, False])
def test_of_one_lane_one_is_tried_at_a_time_whether_anybody_has_the_name_or_not(
    known: bool, alike: bool
) -> None:
    async def act(desk: Desk) -> None:
        guid = None if known else ""
        going: list[int] = [0, 0]

        async def slow(_host: str, call: str) -> None:
            if call != "topology":
                going[0] += 1
                going[1] = max(going)
                await asyncio.sleep(0.1)
                going[0] -= 1

        desk.world.domain.held_up = slow
        lanes = ["n:1"] * 3 if alike else ["n:1", "n:2", "n:3"]
        await desk.takes(*(
            desk.asked("wrong", guid, n, lane) for n, lane in enumerate(lanes)
        ))  # fmt: skip
        assert len(desk.said) == 3
        assert going[1] == len(set(lanes))

    story(act)


def test_what_was_sent_is_not_sent_again_though_a_late_list_names_it() -> None:
    """The answer was refused for now, so the server has given the leave and heard nothing."""

    async def act(desk: Desk) -> None:
        desk.server.deaf = True
        asked = desk.asked("wrong")
        await desk.takes(asked)
        await desk.takes(asked)
        assert (desk.bad, len(desk.asks)) == (1, 1)

    story(act)


def test_what_waited_too_long_for_its_turn_asks_the_directory_nothing() -> None:
    async def act(desk: Desk) -> None:
        desk.world.calls.clear()
        await guess(desk.at, desk.asked(OLD), ticks() - LEFT_MS)
        assert (desk.world.calls, desk.link.said) == ([], [])

    story(act)


def test_strangers_leave_room_for_everything_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executors, "GUESSES_AT_MOST", 2)

    async def act(desk: Desk) -> None:
        await desk.takes(*(desk.asked("wrong", number=n) for n in range(5)))
        assert len(desk.said) == 2
        assert sum(isinstance(m, Charted) for m in desk.link.said) == 1

    story(act)


def test_no_password_and_no_guess_of_one_is_in_log_or_journal(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)

    async def act(desk: Desk) -> None:
        await desk.takes(desk.asked("Hunter-2-hunter"))
        await asyncio.sleep(0)
        assert "Hunter-2-hunter" not in caplog.text
        kept = [file.read_bytes() for file in desk.folder.iterdir()]
        assert kept
        assert not any(b"Hunter-2" in data or b"try-1" in data for data in kept)
        assert "Hunter-2-hunter" not in repr(desk.link.said)

    story(act)
