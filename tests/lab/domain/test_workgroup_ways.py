"""The workgroup driver on a real stand-alone Samba: what goes wrong on the way, everybody, jobs."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from keyturn.agent.directories.workgroup import Workgroup, WorkgroupSource
from keyturn.agent.ports import Change, Refused, Uncertain, Unreachable
from keyturn.lab.commands import until
from keyturn.lab.people import (
    ALICE,
    BOB,
    CAROL,
    DAVE,
    DOMAIN_POLICY,
    ERIN,
    GRACE,
    JUDY,
    SERVICE,
)
from keyturn.lab.workgroup import NETBIOS, Conduct
from keyturn.lab.workgroup_people import PEOPLE
from keyturn.rules.directories.entries import Scope
from keyturn.rules.directories.proofs import Bind
from keyturn.rules.directories.resets import FINAL, JobState
from tests.lab.line import Line
from tests.lab.own import IN_TIME_S
from tests.lab.workgroups import Alone, alone, now
from tests.unit.agent.directories.contract import fresh, known
from tests.unit.agent.machine import Machine
from tests.unit.agent.office import Office
from tests.unit.agent.virtual import ticks

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def stage() -> Iterator[Alone]:
    with alone() as running:
        yield running


# --- ways


def test_a_machine_that_is_down_or_silent_is_unreachable_with_its_cause(stage: Alone) -> None:
    host = stage.hosts[0]

    async def cause(driver: Workgroup) -> tuple[str, float]:
        start = time.monotonic()
        with pytest.raises(Unreachable) as told:
            await driver.find(host, "alice")
        took = time.monotonic() - start
        assert await driver.reachable([host]) == {host: told.value.cause}
        return told.value.cause, took

    threads = threading.active_count()
    stage.lab.pause()
    try:
        silent, took = stage.play(cause, timeout_ms=1_500)
    finally:
        stage.lab.go_on()
    assert (silent, took < IN_TIME_S) == ("timeout", True)
    stage.lab.stop()
    try:
        assert stage.play(cause)[0] == "refused"
    finally:
        stage.lab.start()
    until(lambda: threading.active_count() <= threads, 10, "the end of every thread that waited")


def test_only_smb_3_with_encryption_is_spoken(stage: Alone) -> None:
    host = stage.hosts[0]

    async def cause(driver: Workgroup) -> str:
        with pytest.raises(Unreachable) as told:
            await driver.find(host, "alice")
        assert SERVICE.password not in str(told.value)
        return told.value.cause

    try:
        for conduct in (Conduct("SMB2_10", "off"), Conduct("SMB3", "off")):
            stage.lab.restart(conduct)
            assert stage.play(cause) == "tls"
    finally:
        stage.lab.restart()


@pytest.mark.parametrize("guest", ["Bad User", "Bad Password"])
def test_a_guest_proves_nothing(stage: Alone, guest: str) -> None:
    host = stage.hosts[0]

    async def story(driver: Workgroup) -> None:
        guid, password = await known(driver, host, BOB)
        wrong = await driver.try_password(host, guid, "wrong")
        assert wrong is (Bind.SILENT if guest == "Bad Password" else Bind.WRONG)
        assert await driver.try_password(host, guid, password) is Bind.RIGHT

    try:
        stage.lab.restart(Conduct(guest=guest))
        stage.play(story)
    finally:
        stage.lab.restart()


def test_a_machine_that_lets_anybody_in_proves_nothing(stage: Alone) -> None:
    host = stage.hosts[0]

    async def story(driver: Workgroup) -> None:
        guid, _password = await known(driver, host, BOB)
        await asyncio.to_thread(stage.lab.hand.set_flags, BOB.name, "[N]")
        assert await driver.try_password(host, guid, "wrong") is Bind.SILENT

    try:
        stage.lab.restart(Conduct(blank=True))
        stage.play(story)
    finally:
        stage.lab.hand.set_flags(BOB.name, "[]")
        stage.lab.restart()


def test_our_own_wrong_password_is_tried_once(stage: Alone) -> None:
    host = stage.hosts[0]
    before = stage.lab.hand.bad_count(SERVICE)

    async def story(driver: Workgroup) -> None:
        for _ in range(DOMAIN_POLICY.threshold + 1):
            with pytest.raises(Unreachable) as told:
                await driver.topology(host)
            assert told.value.cause == "credentials"
            assert "Wrong-Wrong" not in str(told.value)

    stage.play(story, password="Wrong-Wrong-1")
    assert stage.lab.hand.bad_count(SERVICE) == before + 1


def test_whoever_is_no_administrator_sets_nobody(stage: Alone) -> None:
    host = stage.hosts[0]
    password = fresh()
    stage.lab.hand.set_password(JUDY, password)

    async def story(driver: Workgroup) -> None:
        guid = (await driver.find(host, BOB.name)).guid
        with pytest.raises(Refused) as told:
            await driver.apply(host, guid, Change(fresh()))
        assert told.value.refusal.reason == "no_right"

    stage.play(story, account=JUDY.name, password=password)


def test_a_change_whose_answer_is_lost_is_uncertain(stage: Alone) -> None:
    host = stage.hosts[0]

    async def story(plain: Workgroup) -> None:
        async with Line(stage.lab.address, stage.lab.port) as line:
            driver = Workgroup(
                stage.settings(port=line.port, addresses={host: "127.0.0.1"}, timeout_ms=3_500), now
            )
            guid, _password = await known(driver, host, BOB)
            line.count_from_here()
            await driver.apply(host, guid, Change(fresh()))
            sending = line.sent - 1  # what sets it is written, then its answer is read
            after = await plain.stamp(host, guid, "unicodePwd")
            for how, made in (("deaf_at", True), ("swallow_at", False)):
                before, password = after, fresh()
                line.count_from_here(**{how: sending})
                with pytest.raises(Uncertain):
                    await driver.apply(host, guid, Change(password))
                after = await plain.stamp(host, guid, "unicodePwd")
                assert (after != before) is made
                assert (await plain.try_password(host, guid, password) is Bind.RIGHT) is made
            line.count_from_here(deaf_at=sending - 1)
            with pytest.raises(Unreachable):
                await driver.apply(host, guid, Change(fresh()))
            assert await plain.stamp(host, guid, "unicodePwd") == after
            driver.close()

    stage.play(story)


def test_the_topology_is_the_machine(stage: Alone) -> None:
    found = stage.play(lambda driver: driver.topology(stage.hosts[0]))
    assert [controller.host for controller in found.controllers] == [stage.hosts[0]]
    assert found.netbios == NETBIOS
    assert found.base == stage.lab.hand.sid(ALICE).rpartition("-")[0]


# --- everybody


def test_everybody_is_read_and_changes_are_seen(stage: Alone) -> None:
    host, lab = stage.hosts[0], stage.lab

    async def story() -> None:
        source = WorkgroupSource(stage.settings(), now)
        roll = await source.roll(host, Scope())
        entries = await source.read(host, [each.hex() for each in roll.ids], Scope())
        found = {entry.name: entry for entry in entries}
        assert sorted(found) == sorted(person.name for person in PEOPLE)
        assert [entry.id for entry in entries] == [each.hex() for each in roll.ids]
        assert found["ivan"].disabled
        assert found["mia"].expires_at == 946_684_800_000
        assert found["alice"].display == ALICE.display
        quiet = await source.changes(host, roll.cursor, Scope())
        assert (quiet.entries, quiet.gone) == ((), ())
        await asyncio.to_thread(lab.hand.set_display, DAVE, "Dave Dunbar")
        await asyncio.to_thread(lab.hand.remove, GRACE)
        changes = await source.changes(host, roll.cursor, Scope())
        assert [(e.name, e.display) for e in changes.entries] == [("dave", "Dave Dunbar")]
        assert changes.gone == (found["grace"].id,)
        again = await source.changes(host, changes.cursor, Scope())
        assert (again.entries, again.gone) == ((), ())
        source.close()

    asyncio.run(story())


# --- jobs


def test_jobs_end_as_the_machine_says(stage: Alone, tmp_path: Path) -> None:
    """The executor, as an agent runs it, with this driver."""
    host = stage.hosts[0]

    def driver() -> Workgroup:
        return Workgroup(stage.settings(timeout_ms=4_000), now)

    async def story() -> dict[str, tuple[JobState, bool]]:
        reader = driver()
        office = Office(ticks, {"A": X25519PrivateKey.generate()})
        machine = Machine("A", host, office, driver, tmp_path / "journal.sqlite")
        guids = {one: (await reader.find(host, one.name)).guid for one in (ALICE, CAROL, ERIN)}
        first, second, third = fresh(), fresh(), fresh()
        for _ in range(DOMAIN_POLICY.threshold):
            await reader.try_password(host, guids[ERIN], "wrong")
        machine.start()
        found: dict[str, tuple[JobState, bool]] = {}

        async def ended(name: str, job: str, guid: str, password: str) -> None:
            end = time.monotonic() + 20
            while office.state(job) not in FINAL:
                assert time.monotonic() < end, (name, office.state(job))
                await asyncio.sleep(0.1)
            right = await reader.try_password(host, guid, password) is Bind.RIGHT
            found[name] = office.state(job), right

        for name, who, password, temporary in (
            ("reset", ALICE, first, False),
            ("temporary", ALICE, second, True),
            ("temporary again", ALICE, third, True),
            ("unlocking reset", ERIN, first, False),
            ("refused", CAROL, "aB1-x", False),
        ):
            job = office.submit(guids[who], password, must_change=temporary)
            await ended(name, job, guids[who], password)
        machine.kill()
        await machine.ended()
        reader.close()
        return found

    assert asyncio.run(story()) == {
        "reset": (JobState.DONE, True),
        "temporary": (JobState.DONE, True),
        "temporary again": (JobState.DONE, True),
        "unlocking reset": (JobState.DONE, True),
        "refused": (JobState.NOT_DONE, False),
    }
