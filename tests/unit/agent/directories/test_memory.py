"""The memory twin keeps the contract of every directory driver, and fails on demand."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from keyturn.agent.directories.memory import Fault, MemoryDomain, MemoryDriver
from keyturn.agent.ports import Change, Driver, Refused, Uncertain, Unreachable
from keyturn.lab.people import (
    DOMAIN_POLICY,
    EVERYBODY,
    STRICT_GROUP,
    STRICT_NAME,
    STRICT_POLICY,
    Person,
    PolicySet,
)
from keyturn.lab.people import GROUPS as PEOPLE
from keyturn.rules.directories.answers import Refusal
from keyturn.rules.directories.policies import Policy
from keyturn.rules.directories.proofs import Bind
from tests.unit.agent.directories.contract import Contract, Several, Stage, T, fresh

_MINUTE = 60_000
PROTECTED = {"heidi": "domain_admins", "grace": "admin_count", "svc-keyturn": "service"}
BINDS = {"judy": "never_expires", "kim": "smart_card", "svc-keyturn": "never_expires"}
CONTROL = {"ivan": frozenset({"disabled"}), "mia": frozenset({"expired"})}


def policy(source: str, of: PolicySet) -> Policy:
    day = 24 * 60 * _MINUTE
    return Policy(
        source=source,
        min_length=of.min_length,
        complexity=of.complexity,
        history=of.history,
        history_on_reset=False,
        min_age_ms=of.min_age_days * day,
        max_age_ms=of.max_age_days * day,
        lockout_threshold=of.threshold,
        lockout_ms=of.lockout_min * _MINUTE,
        observation_ms=of.lockout_min * _MINUTE,
    )


class MemoryStage:
    """A pretend domain with everybody in it."""

    def __init__(self) -> None:
        self.time = 1_700_000_000_000
        self.domain = MemoryDomain(self.now, policy=policy("domain", DOMAIN_POLICY))
        self.hosts = tuple(self.domain.controllers)
        self.guids = {person.name: self._add(person) for person in EVERYBODY}

    def now(self) -> int:
        self.time += 1
        return self.time

    def _add(self, person: Person) -> str:
        strict = policy(STRICT_NAME, STRICT_POLICY) if person in PEOPLE[STRICT_GROUP] else None
        return self.domain.add(
            person.name,
            person.password,
            display=person.display,
            policy=strict,
            protected=PROTECTED.get(person.name, ""),
            must_change_binds=BINDS.get(person.name, ""),
            control=CONTROL.get(person.name, frozenset()),
        )

    def play(self, story: Callable[[Driver], Awaitable[T]]) -> T:
        async def playing() -> T:
            return await story(MemoryDriver(self.domain))

        return asyncio.run(playing())

    def by_hand(self, host: str, person: Person, password: str) -> None:
        self.domain.by_hand(host, self.guids[person.name], password=password)

    def spread(self, source: str, target: str, person: Person) -> None:
        del person
        self.domain.replicate(source, target)


@pytest.fixture
def stage() -> Stage:
    return MemoryStage()


class TestOne(Contract):
    """The stories of one controller."""


class TestSeveral(Several):
    """The stories of several."""


# --- what only the twin does


def test_nothing_arrives_by_itself_nor_at_whom_nobody_reaches() -> None:
    stage = MemoryStage()
    first, second, third = stage.hosts

    async def story(driver: Driver) -> None:
        guid = stage.guids["alice"]
        before = await driver.stamp(second, guid, "unicodePwd")
        await driver.apply(first, guid, Change(fresh()))
        assert await driver.stamp(second, guid, "unicodePwd") == before
        stage.domain.controllers[third].fault = Fault(unreachable="timeout")
        stage.domain.replicate()
        stage.domain.controllers[third].fault = None
        assert await driver.stamp(second, guid, "unicodePwd") != before
        assert await driver.stamp(third, guid, "unicodePwd") == before

    stage.play(story)


def test_of_two_writes_at_once_the_later_one_wins_everywhere() -> None:
    stage = MemoryStage()
    first, second, _third = stage.hosts

    async def story(driver: Driver) -> None:
        guid, ours, theirs = stage.guids["alice"], fresh(), fresh()
        await driver.apply(first, guid, Change(ours))
        stage.domain.by_hand(second, guid, password=theirs)
        stage.domain.replicate()
        for host in stage.hosts:
            assert await driver.try_password(host, guid, theirs) is Bind.RIGHT
            assert (await driver.stamp(host, guid, "unicodePwd")).version == 2

    stage.play(story)


@pytest.mark.parametrize("landed", [False, True])
def test_a_change_without_an_answer_is_uncertain_whether_it_was_made_or_not(landed: bool) -> None:
    stage = MemoryStage()
    host = stage.hosts[0]

    async def story(driver: Driver) -> None:
        guid, password = stage.guids["alice"], fresh()
        stage.domain.controllers[host].fault = Fault(unanswered=True, landed=landed, once=True)
        with pytest.raises(Uncertain):
            await driver.apply(host, guid, Change(password))
        assert (await driver.try_password(host, guid, password) is Bind.RIGHT) is landed
        assert stage.domain.controllers[host].changes == [(guid, Change(password))] * landed
        await driver.apply(host, guid, Change(password))

    stage.play(story)


def test_a_controller_refuses_or_is_gone_as_it_is_told() -> None:
    stage = MemoryStage()
    host = stage.hosts[0]

    async def story(driver: Driver) -> None:
        guid = stage.guids["alice"]
        stage.domain.controllers[host].fault = Fault(refusal=Refusal("used_before"))
        with pytest.raises(Refused) as told:
            await driver.apply(host, guid, Change(fresh()))
        assert told.value.refusal.reason == "used_before"
        stage.domain.controllers[host].fault = Fault(unreachable="tls_old")
        with pytest.raises(Unreachable) as why:
            await driver.look(host, guid)
        assert why.value.cause == "tls_old"
        assert await driver.reachable(stage.hosts) == dict.fromkeys(stage.hosts, "") | {
            host: "tls_old"
        }

    stage.play(story)


def test_a_call_is_held_up_and_meets_the_controller_as_it_is_then() -> None:
    stage = MemoryStage()
    host = stage.hosts[0]

    async def story(driver: Driver) -> None:
        reached, go_on = asyncio.Event(), asyncio.Event()

        async def hold(controller: str, call: str) -> None:
            assert (controller, call) == (host, "apply")
            reached.set()
            await go_on.wait()

        stage.domain.held_up = hold
        applying = asyncio.create_task(driver.apply(host, stage.guids["alice"], Change(fresh())))
        await reached.wait()
        stage.domain.controllers[host].fault = Fault(unreachable="refused")
        go_on.set()
        with pytest.raises(Unreachable):
            await applying

    stage.play(story)


def test_a_read_only_controller_takes_no_password() -> None:
    stage = MemoryStage()
    held = stage.domain.controllers[stage.hosts[2]]
    held.entry = type(held.entry)(
        **{name: getattr(held.entry, name) for name in held.entry.__slots__ if name != "read_only"},
        read_only=True,
    )

    async def story(driver: Driver) -> None:
        with pytest.raises(Refused) as told:
            await driver.apply(stage.hosts[2], stage.guids["alice"], Change(fresh()))
        assert told.value.refusal.reason == "read_only"

    stage.play(story)


def test_the_lock_ends_by_itself_and_a_count_does_after_a_while() -> None:
    stage = MemoryStage()
    host = stage.hosts[0]

    async def story(driver: Driver) -> None:
        guid, password = stage.guids["bob"], fresh()
        await driver.apply(host, guid, Change(password))
        for _ in range(DOMAIN_POLICY.threshold):
            await driver.try_password(host, guid, "wrong")
        assert await driver.try_password(host, guid, password) is Bind.SILENT
        stage.time += DOMAIN_POLICY.lockout_min * _MINUTE
        assert await driver.try_password(host, guid, "wrong") is Bind.WRONG
        assert (await driver.look(host, guid)).bad_count == 1
        assert await driver.try_password(host, guid, password) is Bind.RIGHT

    stage.play(story)


def test_no_password_in_what_it_prints() -> None:
    stage = MemoryStage()
    held = next(iter(stage.domain.controllers.values())).held[stage.guids["alice"]]
    assert "Alice-Autumn-1" not in repr(held)
