"""Two OpenLDAP providers: a password arrives, is known by its moment, and proved where it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest

from keyturn.agent.directories.openldap import OpenLdap
from keyturn.agent.ports import Change, Unreachable
from keyturn.lab.openldap import HOST, SECOND, Options, Slapd
from keyturn.lab.openldap_people import ALICE, BOB, CAROL, DAVE
from keyturn.rules.directories import topology as topologies
from keyturn.rules.directories.answers import Tried
from keyturn.rules.directories.proofs import Bind, ProofState, arrived
from tests.lab.openldaps import Populated, Stage, guid_of, known, lock, slapd
from tests.unit.agent.directories.contract import fresh
from tests.unit.agent.directories.sources import ReadsElsewhere

pytestmark = pytest.mark.lab

Two = tuple[Slapd, Slapd]


@pytest.fixture(scope="module")
def two() -> Iterator[Two]:
    options = Options(replicates=True)
    with slapd(options) as first, slapd(options, first) as second:
        second.wait_for(first)
        yield first, second


@pytest.fixture
def stage(two: Two) -> Stage:
    return Stage(*two)


class TestReadsElsewhere(ReadsElsewhere):
    """A cursor of one provider goes on at another."""

    @pytest.fixture
    def stage(self, two: Two) -> Populated:
        return Populated(*two)


def test_a_password_is_proved_elsewhere_only_once_it_has_arrived(
    stage: Stage, two: Two, record_property: Callable[..., None]
) -> None:
    first, second = two

    async def story(driver: OpenLdap) -> None:
        guid, _password = await known(driver, ALICE)
        await asyncio.to_thread(second.wait_for, first)
        second.stop()
        password = fresh()
        await driver.apply(HOST, guid, Change(password))
        after = await driver.stamp(HOST, guid, "unicodePwd")
        with pytest.raises(Unreachable):
            await driver.stamp(SECOND, guid, "unicodePwd")
        second.start()
        await asyncio.to_thread(second.wait_for, first)
        seen = await driver.stamp(SECOND, guid, "unicodePwd")
        assert arrived(after, seen, None) is ProofState.ARRIVED
        bind = await driver.try_password(SECOND, guid, password)
        assert arrived(after, seen, bind) is ProofState.PROVED
        assert (await driver.look(SECOND, guid)).bad_count == 0
        record_property("says", "OpenLDAP: proved on the second provider once it had arrived")

    stage.play(story)


def test_a_change_at_either_is_later_at_both(stage: Stage, two: Two) -> None:
    first, second = two

    async def story(driver: OpenLdap) -> None:
        guid, _password = await known(driver, BOB)
        await asyncio.to_thread(second.wait_for, first)
        before, theirs = await driver.stamp(HOST, guid, "unicodePwd"), fresh()
        await driver.apply(SECOND, guid, Change(theirs))
        await asyncio.to_thread(first.wait_for, second)
        after = await driver.stamp(HOST, guid, "unicodePwd")
        assert after.version > before.version
        assert await driver.stamp(SECOND, guid, "unicodePwd") == after
        assert arrived(before, after, None) is ProofState.CHANGED
        assert await driver.tried(HOST, guid, theirs) == Tried(Bind.RIGHT, "")

    stage.play(story)


def test_an_unlock_is_waited_for_elsewhere(stage: Stage, two: Two) -> None:
    first, second = two

    async def story(driver: OpenLdap) -> None:
        guid, _password = await known(driver, CAROL)
        await lock(driver, guid)
        await asyncio.to_thread(second.wait_for, first)
        locked = await driver.look(SECOND, guid)
        assert locked.locked_until
        await driver.apply(HOST, guid, Change(unlock=True))
        after = await driver.stamp(HOST, guid, "lockoutTime")
        assert arrived(after, locked.lockout_stamp, None) is ProofState.WAITING
        await asyncio.to_thread(second.wait_for, first)
        there = await driver.look(SECOND, guid)
        assert there.locked_until is None
        assert arrived(after, there.lockout_stamp, None) is ProofState.ARRIVED

    stage.play(story)


def test_a_temporary_password_arrives_with_its_flag(stage: Stage, two: Two) -> None:
    first, second = two

    async def story(driver: OpenLdap) -> None:
        guid, password = await guid_of(driver, DAVE), fresh()
        await driver.apply(HOST, guid, Change(password, must_change=True))
        await asyncio.to_thread(second.wait_for, first)
        assert await driver.tried(SECOND, guid, password) == Tried(Bind.RIGHT, "must_change")

    stage.play(story)


def test_both_are_listed_and_reached(stage: Stage) -> None:
    async def story(driver: OpenLdap) -> None:
        found = await driver.topology(SECOND)
        hosts = [one.host for one in topologies.writable(found)]
        assert hosts == [HOST, SECOND]
        assert await driver.reachable(hosts) == {HOST: "", SECOND: ""}

    stage.play(story)
