"""The workgroup driver and source on a real stand-alone Samba."""

from __future__ import annotations

import asyncio
import os
import statistics
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from keyturn.adapters.system import SystemClock
from keyturn.agent.directories.workgroup import Settings, Workgroup, WorkgroupSource, samr
from keyturn.agent.ports import Change, NotFound, Refused, Uncertain, Unreachable
from keyturn.lab.commands import until
from keyturn.lab.people import (
    ALICE,
    BOB,
    CAROL,
    DAVE,
    DOMAIN_POLICY,
    ERIN,
    GRACE,
    HEIDI,
    IVAN,
    JUDY,
    LEO,
    MIA,
    SERVICE,
    Person,
)
from keyturn.lab.workgroup import NETBIOS, PEOPLE, Conduct, Standalone, Unable
from keyturn.rules.directories.answers import Tried
from keyturn.rules.directories.entries import Scope
from keyturn.rules.directories.proofs import Bind, Verdict, settle, settle_flag
from tests.lab.line import Line
from tests.unit.agent.directories.contract import Contract, T, fresh, guid_of, known

pytestmark = pytest.mark.lab

now = SystemClock().now


class SambaStage:
    """The one machine."""

    def __init__(self, lab: Standalone) -> None:
        self.lab = lab
        self.hosts = (lab.host,)

    def settings(self, **changes: Any) -> Settings:
        usual = Settings(
            account=SERVICE.name,
            password=SERVICE.password,
            port=self.lab.port,
            addresses={self.lab.host: self.lab.address},
        )
        return replace(usual, **changes)

    def play(self, story: Callable[[Workgroup], Awaitable[T]], **changes: Any) -> T:
        async def playing() -> T:
            driver = Workgroup(self.settings(**changes), now)
            try:
                return await story(driver)
            finally:
                driver.close()

        return asyncio.run(playing())

    def by_hand(self, host: str, person: Person, password: str) -> None:
        assert host == self.lab.host
        self.lab.set_password(person, password)

    def spread(self, source: str, target: str, person: Person) -> None:
        raise NotImplementedError


@pytest.fixture(scope="module")
def stage() -> Iterator[SambaStage]:
    try:
        with Standalone() as lab:
            yield SambaStage(lab)
    except Unable as unable:
        if os.geteuid() != 0:
            pytest.skip(f"a machine needs root: {unable}")
        pytest.fail(f"failed to run: no machine here: {unable}", pytrace=False)


class TestContract:
    """Stories of every driver that a machine without a domain plays, too."""

    test_absent = Contract.test_what_is_no_account_is_not_found
    test_unknown = Contract.test_an_unknown_guid_is_not_found
    test_unreachable = Contract.test_a_controller_that_is_none_is_unreachable_by_name
    test_nothing = Contract.test_a_change_of_nothing_is_refused
    test_empty = Contract.test_an_empty_password_is_never_tried
    test_exactly = Contract.test_a_password_is_set_and_tried_exactly_as_typed
    test_in_the_way = Contract.test_what_stands_in_the_way_of_a_logon_does_not_hide_a_right_password
    test_binds = Contract.test_where_a_required_change_would_not_bind


# --- reading


def test_every_spelling_finds_the_account_and_a_look_shows_it(stage: SambaStage) -> None:
    host = stage.hosts[0]
    stage.lab.require_change(LEO)

    async def story(driver: Workgroup) -> None:
        view = await driver.find(host, ALICE.name)
        assert (view.name, view.display) == (ALICE.name, ALICE.display)
        for name in ("ALICE", rf"{NETBIOS}\alice", r"files1\Alice"):
            assert (await driver.find(host, name)).guid == view.guid
        assert await driver.look(host, view.guid) == view
        assert view.policy is not None
        assert view.policy.min_length == DOMAIN_POLICY.min_length
        assert view.policy.history == DOMAIN_POLICY.history
        assert view.policy.history_on_reset is False
        assert view.policy.max_age_ms == DOMAIN_POLICY.max_age_days * 86_400_000
        assert view.policy.lockout_threshold == DOMAIN_POLICY.threshold
        assert view.policy.lockout_ms == DOMAIN_POLICY.lockout_min * 60_000
        assert view.policy.observation_ms == DOMAIN_POLICY.lockout_min * 60_000
        assert view.password_set_at is not None
        assert abs(now() - view.password_set_at) < 120_000
        assert (view.protected, view.must_change_binds, view.locked_until) == ("", "", None)
        assert (await driver.find(host, LEO.name)).password_stamp.version == 0
        with pytest.raises(NotFound):
            await driver.find(host, "pc7$")

    stage.play(story)


def test_who_is_protected_is_never_set(stage: SambaStage) -> None:
    host = stage.hosts[0]

    async def story(driver: Workgroup) -> dict[str, str]:
        found = {}
        for person in (SERVICE, HEIDI, GRACE, BOB):
            view = await driver.find(host, person.name)
            found[person.name] = view.protected
            if view.protected:
                for change in (Change(fresh()), Change(unlock=True), Change(must_change=True)):
                    with pytest.raises(Refused) as told:
                        await driver.apply(host, view.guid, change)
                    assert told.value.refusal.data == {"why": view.protected}
                assert await driver.look(host, view.guid) == view
        return found

    assert stage.play(story) == {
        SERVICE.name: "service",
        HEIDI.name: "administrators",
        GRACE.name: "administrators",  # through a group
        BOB.name: "",
    }


# --- setting and proving


@pytest.mark.parametrize("way", [0, 1])
def test_after_a_reset_the_new_one_is_right_and_the_old_one_wrong(
    stage: SambaStage, way: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = stage.hosts[0]
    monkeypatch.setattr(samr, "SEALINGS", samr.SEALINGS[way : way + 1])  # this way or none

    async def story(driver: Workgroup) -> None:
        guid, old = await known(driver, host, BOB)
        before = await driver.stamp(host, guid, "unicodePwd")
        new = fresh()
        await driver.apply(host, guid, Change(new))
        after = await driver.stamp(host, guid, "unicodePwd")
        assert settle(before, after, "", None) is Verdict.TRY
        assert await driver.try_password(host, guid, new) is Bind.RIGHT
        assert await driver.try_password(host, guid, old) is Bind.WRONG
        assert settle(before, after, "", Bind.RIGHT) is Verdict.DONE

    stage.play(story)


def test_a_change_by_hand_in_between_is_told_from_ours(stage: SambaStage) -> None:
    host = stage.hosts[0]

    async def story(driver: Workgroup) -> None:
        guid, _password = await known(driver, host, CAROL)
        before, ours, theirs = await driver.stamp(host, guid, "unicodePwd"), fresh(), fresh()
        assert settle(before, before, "", None) is Verdict.NOT_DONE
        await driver.apply(host, guid, Change(ours))
        await asyncio.to_thread(stage.by_hand, host, CAROL, theirs)
        now_ = await driver.stamp(host, guid, "unicodePwd")
        bind = await driver.try_password(host, guid, ours)
        assert settle(before, now_, "", bind) is Verdict.CHANGED
        assert await driver.try_password(host, guid, theirs) is Bind.RIGHT

    stage.play(story)


def test_a_required_change_has_no_moment_and_the_password_decides(stage: SambaStage) -> None:
    host = stage.hosts[0]

    async def story(driver: Workgroup) -> None:
        guid, _password = await known(driver, host, CAROL)
        flag = await driver.stamp(host, guid, "pwdLastSet")
        for _ in range(2):  # from a moment to none, and from none to none
            before, new = await driver.stamp(host, guid, "unicodePwd"), fresh()
            await driver.apply(host, guid, Change(new, must_change=True))
            after = await driver.stamp(host, guid, "unicodePwd")
            assert after.version == 0
            assert await driver.tried(host, guid, new) == Tried(Bind.RIGHT, "must_change")
            assert settle(before, after, "", Bind.RIGHT) is Verdict.DONE
            assert settle(before, after, "", None) is Verdict.TRY
        assert (await driver.look(host, guid)).must_change
        flagged = await driver.stamp(host, guid, "pwdLastSet")
        assert settle_flag(flag, flagged, "", still=True) is Verdict.DONE
        assert settle_flag(flagged, flagged, "", still=True) is Verdict.ALREADY
        last = fresh()
        await driver.apply(host, guid, Change(last))
        assert not (await driver.look(host, guid)).must_change
        assert await driver.tried(host, guid, last) == Tried(Bind.RIGHT, "")
        await driver.apply(host, guid, Change(must_change=True))
        assert await driver.tried(host, guid, last) == Tried(Bind.RIGHT, "must_change")

    stage.play(story)


def test_two_resets_at_once_have_two_moments(stage: SambaStage) -> None:
    host = stage.hosts[0]

    async def story(driver: Workgroup) -> None:
        guid = await guid_of(driver, host, BOB)
        stamps = []
        for _ in range(3):
            await driver.apply(host, guid, Change(fresh()))
            stamps.append((await driver.stamp(host, guid, "unicodePwd")).version)
        assert sorted(set(stamps)) == stamps

    stage.play(story)


@pytest.mark.parametrize(
    ("password", "reason"),
    [("aB1-x", "too_short"), ("", "malformed"), ("Quiet\0River-1", "malformed"),
     ("Quiet\ud83dRiver-1", "malformed"), ("Q" * 257, "malformed")],
)  # fmt: skip
def test_a_refused_password_changes_nothing(stage: SambaStage, password: str, reason: str) -> None:
    host = stage.hosts[0]

    async def story(driver: Workgroup) -> None:
        guid = await guid_of(driver, host, BOB)
        before = await driver.look(host, guid)
        with pytest.raises(Refused) as told:
            await driver.apply(host, guid, Change(password, unlock=True, must_change=True))
        assert told.value.refusal.reason == reason
        assert await driver.look(host, guid) == before

    stage.play(story)


def test_who_is_locked_says_nothing_until_unlocked(stage: SambaStage) -> None:
    host = stage.hosts[0]

    async def story(driver: Workgroup) -> None:
        guid, password = await known(driver, host, ERIN)
        before = await driver.look(host, guid)
        for _ in range(DOMAIN_POLICY.threshold):
            assert await driver.try_password(host, guid, "wrong") is Bind.WRONG
        locked = await driver.look(host, guid)
        assert (before.locked_until, locked.locked_until) == (None, 0)
        assert await driver.tried(host, guid, password) == Tried(Bind.SILENT, "locked")
        await driver.apply(host, guid, Change(unlock=True))
        opened = await driver.look(host, guid)
        assert (opened.locked_until, opened.bad_count) == (None, 0)
        assert opened.password_stamp == before.password_stamp
        verdict = settle_flag(locked.lockout_stamp, opened.lockout_stamp, "", still=True)
        assert verdict is Verdict.DONE
        assert await driver.try_password(host, guid, password) is Bind.RIGHT
        for _ in range(DOMAIN_POLICY.threshold):
            await driver.try_password(host, guid, "wrong")
        last = fresh()
        await driver.apply(host, guid, Change(last))
        assert await driver.try_password(host, guid, last) is Bind.SILENT
        await driver.apply(host, guid, Change(last, unlock=True))
        assert await driver.try_password(host, guid, last) is Bind.RIGHT

    stage.play(story)


def test_a_wrong_password_costs_one_try_and_a_proof_none(
    stage: SambaStage, record_property: Callable[..., None]
) -> None:
    host = stage.hosts[0]

    async def story(driver: Workgroup) -> None:
        guid, password = await known(driver, host, DAVE)
        assert await driver.try_password(host, guid, "wrong") is Bind.WRONG
        assert stage.lab.bad_count(DAVE) == (await driver.look(host, guid)).bad_count == 1
        assert await driver.try_password(host, guid, password) is Bind.RIGHT
        assert stage.lab.bad_count(DAVE) == 0
        times: list[float] = []
        for _ in range(2 * DOMAIN_POLICY.threshold):
            start = time.perf_counter()
            assert await driver.try_password(host, guid, password) is Bind.RIGHT
            times.append((time.perf_counter() - start) * 1000)
        assert stage.lab.bad_count(DAVE) == 0
        record_property("says", f"workgroup: a proof takes {statistics.median(times):.0f} ms")

    stage.play(story)


def test_every_answer_to_a_logon(stage: SambaStage, record_property: Callable[..., None]) -> None:
    host = stage.hosts[0]

    async def story(driver: Workgroup) -> dict[str, str]:
        found = {}
        for person in (ALICE, IVAN, MIA, JUDY):
            guid, password = await known(driver, host, person)
            right = await driver.tried(host, guid, password)
            wrong = await driver.tried(host, guid, "wrong")
            assert (right.bind, wrong) == (Bind.RIGHT, Tried(Bind.WRONG, "wrong"))
            found[person.name] = right.reason
        return found

    found = stage.play(story)
    record_property("says", f"workgroup: right passwords are answered with {found}")
    assert found == {"alice": "", "ivan": "disabled", "mia": "account_expired", "judy": ""}


# --- ways


def test_a_machine_that_is_down_or_silent_is_unreachable_with_its_cause(stage: SambaStage) -> None:
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
    assert (silent, took < 2.5) == ("timeout", True)
    stage.lab.stop()
    try:
        assert stage.play(cause)[0] == "refused"
    finally:
        stage.lab.start()
    until(lambda: threading.active_count() <= threads, 10, "the end of every thread that waited")


def test_only_smb_3_with_encryption_is_spoken(stage: SambaStage) -> None:
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
def test_a_guest_proves_nothing(stage: SambaStage, guest: str) -> None:
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


def test_our_own_wrong_password_is_tried_once(stage: SambaStage) -> None:
    host = stage.hosts[0]
    before = stage.lab.bad_count(SERVICE)

    async def story(driver: Workgroup) -> None:
        for _ in range(DOMAIN_POLICY.threshold + 1):
            with pytest.raises(Unreachable) as told:
                await driver.topology(host)
            assert told.value.cause == "credentials"
            assert "Wrong-Wrong" not in str(told.value)

    stage.play(story, password="Wrong-Wrong-1")
    assert stage.lab.bad_count(SERVICE) == before + 1


def test_whoever_is_no_administrator_sets_nobody(stage: SambaStage) -> None:
    host = stage.hosts[0]
    password = fresh()
    stage.lab.set_password(JUDY, password)

    async def story(driver: Workgroup) -> None:
        guid = (await driver.find(host, BOB.name)).guid
        with pytest.raises(Refused) as told:
            await driver.apply(host, guid, Change(fresh()))
        assert told.value.refusal.reason == "no_right"

    stage.play(story, account=JUDY.name, password=password)


def test_a_change_whose_answer_is_lost_is_uncertain(stage: SambaStage) -> None:
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


def test_the_topology_is_the_machine(stage: SambaStage) -> None:
    found = stage.play(lambda driver: driver.topology(stage.hosts[0]))
    assert [controller.host for controller in found.controllers] == [stage.hosts[0]]
    assert found.netbios == NETBIOS
    assert found.base == stage.lab.sid(ALICE).rpartition("-")[0]


# --- everybody


def test_everybody_is_read_and_changes_are_seen(stage: SambaStage) -> None:
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
        await asyncio.to_thread(lab.set_display, DAVE, "Dave Dunbar")
        await asyncio.to_thread(lab.remove, GRACE)
        changes = await source.changes(host, roll.cursor, Scope())
        assert [(e.name, e.display) for e in changes.entries] == [("dave", "Dave Dunbar")]
        assert changes.gone == (found["grace"].id,)
        again = await source.changes(host, changes.cursor, Scope())
        assert (again.entries, again.gone) == ((), ())
        source.close()

    asyncio.run(story())
