"""The workgroup driver on a real stand-alone Samba: reading, setting, proving."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable, Iterator

import pytest

from keyturn.agent.directories.workgroup import Workgroup, samr
from keyturn.agent.ports import Change, NotFound, Refused
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
)
from keyturn.lab.workgroup import NETBIOS
from keyturn.rules.directories.answers import Tried
from keyturn.rules.directories.proofs import Bind, Verdict, settle, settle_flag
from tests.lab.workgroups import Alone, alone, now
from tests.unit.agent.directories.contract import Contract, fresh, guid_of, known

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def stage() -> Iterator[Alone]:
    with alone() as running:
        yield running


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


def test_every_spelling_finds_the_account_and_a_look_shows_it(stage: Alone) -> None:
    host = stage.hosts[0]
    stage.lab.hand.require_change(LEO)

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


def test_who_is_protected_is_never_set(stage: Alone) -> None:
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
    stage: Alone, way: int, monkeypatch: pytest.MonkeyPatch
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


def test_a_change_by_hand_in_between_is_told_from_ours(stage: Alone) -> None:
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


def test_a_required_change_has_no_moment_and_the_password_decides(stage: Alone) -> None:
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


def test_two_resets_at_once_have_two_moments(stage: Alone) -> None:
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
def test_a_refused_password_changes_nothing(stage: Alone, password: str, reason: str) -> None:
    host = stage.hosts[0]

    async def story(driver: Workgroup) -> None:
        guid = await guid_of(driver, host, BOB)
        before = await driver.look(host, guid)
        with pytest.raises(Refused) as told:
            await driver.apply(host, guid, Change(password, unlock=True, must_change=True))
        assert told.value.refusal.reason == reason
        assert await driver.look(host, guid) == before

    stage.play(story)


def test_who_is_locked_says_nothing_until_unlocked(stage: Alone) -> None:
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
    stage: Alone, record_property: Callable[..., None]
) -> None:
    host = stage.hosts[0]

    async def story(driver: Workgroup) -> None:
        guid, password = await known(driver, host, DAVE)
        assert await driver.try_password(host, guid, "wrong") is Bind.WRONG
        assert stage.lab.hand.bad_count(DAVE) == (await driver.look(host, guid)).bad_count == 1
        assert await driver.try_password(host, guid, password) is Bind.RIGHT
        assert stage.lab.hand.bad_count(DAVE) == 0
        times: list[float] = []
        for _ in range(2 * DOMAIN_POLICY.threshold):
            start = time.perf_counter()
            assert await driver.try_password(host, guid, password) is Bind.RIGHT
            times.append((time.perf_counter() - start) * 1000)
        assert stage.lab.hand.bad_count(DAVE) == 0
        record_property("says", f"workgroup: a proof takes {statistics.median(times):.0f} ms")

    stage.play(story)


def test_every_answer_to_a_logon(stage: Alone, record_property: Callable[..., None]) -> None:
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
