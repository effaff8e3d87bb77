"""The memory twin keeps the contract of every source."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from keyturn.agent.directories.memory import Fault, MemoryDomain, MemorySource
from keyturn.agent.ports import Source, Unreachable
from keyturn.lab.people import DOMAIN_POLICY
from keyturn.rules.directories.entries import Scope
from tests.unit.agent.directories.sources import EVERYBODY, Reads, ReadsElsewhere, Stage, T
from tests.unit.agent.directories.test_memory import policy

OPENING = "Quiet-River-0x"


class MemoryReading:
    """A pretend domain in which people come and go."""

    slack_s = 1.0

    def __init__(self) -> None:
        self.time = 1_700_000_000_000
        self.domain = MemoryDomain(self.now, policy=policy("domain", DOMAIN_POLICY))
        self.hosts = tuple(self.domain.controllers)
        self.ids: dict[str, str] = {}

    def now(self) -> int:
        self.time += 1
        return self.time

    def play(self, story: Callable[[Source], Awaitable[T]]) -> T:
        async def playing() -> T:
            return await story(MemorySource(self.domain))

        return asyncio.run(playing())

    def unit(self, name: str) -> str:
        return self.domain.tree.unit(name)

    def rename_unit(self, dn: str, name: str) -> str:
        return self.domain.tree.rename_unit(dn, name)

    def group(self, name: str) -> str:
        return self.domain.tree.group(name)

    def hire(self, names: Sequence[str], unit: str) -> list[str]:
        for name in names:
            self.ids[name] = self.domain.add(
                name, OPENING, display=f"Mx {name}", unit=unit, mail=f"{name}@example.test",
                phone="+4850012345",
            )  # fmt: skip
        return [self.ids[name] for name in names]

    def dismiss(self, name: str) -> None:
        self.domain.tree.delete(self.ids[name])

    def move(self, name: str, unit: str) -> None:
        self.domain.tree.move(self.ids[name], unit)

    def write(self, name: str, what: str) -> None:
        id_, tree, host = self.ids[name], self.domain.tree, self.hosts[0]
        by_hand: dict[str, dict[str, Any]] = {
            "disable": {"control": frozenset({"disabled"})},
            "enable": {"control": frozenset()},
            "lock": {"locked": self.now()},
            "unlock": {"locked": 0},
            "must change": {"last_set": 0},
            "password": {"password": "Quiet-River-1x"},
        }
        described = {
            "display": {"display": f"Dr {name}"},
            "mail": {"mail": f"{name}@other.test"},
            "no phone": {"phone": ""},
        }
        if what in described:
            tree.describe(id_, **described[what])
        else:
            self.domain.by_hand(host, id_, **by_hand[what])

    def join(self, group: str, member: str) -> None:
        self.domain.tree.join(group, self.ids.get(member, member))

    def leave(self, group: str, member: str) -> None:
        self.domain.tree.leave(group, self.ids.get(member, member))

    def spread(self) -> None:
        self.domain.replicate(self.hosts[0])


@pytest.fixture
def stage() -> Stage:
    return MemoryReading()


class TestOne(Reads):
    """The stories at one controller."""


class TestSeveral(ReadsElsewhere):
    """The stories of several."""


# --- what only the twin shows


def test_nothing_is_noticed_while_nothing_happens() -> None:
    stage = MemoryReading()

    async def story(source: Source) -> None:
        await source.noticed(stage.hosts[0])
        waiting = asyncio.create_task(source.noticed(stage.hosts[0]))
        for _ in range(20):
            await asyncio.sleep(0)
        assert not waiting.done()
        stage.hire(["ada"], stage.unit("Desk"))
        await waiting

    stage.play(story)


def test_a_controller_that_is_gone_is_unreachable_as_it_is_told() -> None:
    stage = MemoryReading()
    stage.domain.controllers[stage.hosts[0]].fault = Fault(unreachable="tls_ca")

    async def story(source: Source) -> None:
        with pytest.raises(Unreachable) as told:
            await source.roll(stage.hosts[0], EVERYBODY)
        assert told.value.cause == "tls_ca"

    stage.play(story)


def test_circles_of_groups_end() -> None:
    stage = MemoryReading()
    (id_,) = stage.hire(["ada"], stage.unit("Desk"))
    one, two = stage.group("one"), stage.group("two")
    for group, member in ((one, two), (two, one), (one, "ada")):
        stage.join(group, member)
    scope = Scope(groups=(two, one))
    (entry,) = stage.play(lambda source: source.read(stage.hosts[0], [id_], scope))
    assert entry.groups == tuple(sorted((one, two)))
