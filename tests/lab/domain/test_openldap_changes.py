"""Required changes and temporary passwords in a real slapd, and changes that were cut off."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from keyturn.agent.directories.openldap import OpenLdap
from keyturn.agent.directories.openldap.stamps import CLOSED
from keyturn.agent.ports import Change, Refused, Uncertain, Unreachable
from keyturn.lab.openldap import ADDRESS, HOST, changed
from keyturn.lab.openldap_people import (
    ALICE,
    BOB,
    CAROL,
    DAVE,
    ERIN,
    JUDY,
)
from keyturn.rules.directories.answers import Tried
from keyturn.rules.directories.proofs import Bind, Verdict, settle, settle_flag
from keyturn.rules.directories.resets import FINAL, Job, JobKind, JobState
from tests.lab.line import Line
from tests.lab.openldaps import Stage, cut, known, lock, now, reads, slapd
from tests.unit.agent.directories.contract import fresh
from tests.unit.agent.machine import Machine
from tests.unit.agent.office import Office
from tests.unit.agent.virtual import ticks

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with slapd() as running:
        yield Stage(running)


# --- must change


def test_a_temporary_password_must_be_changed(stage: Stage) -> None:
    async def story(driver: OpenLdap) -> None:
        guid, _password = await known(driver, CAROL)
        before = await driver.stamp(HOST, guid, "pwdLastSet")
        last = fresh()
        await driver.apply(HOST, guid, Change(last, unlock=True, must_change=True))
        view = await driver.look(HOST, guid)
        assert view.must_change
        assert (view.locked_until, view.expired_account) == (None, False)
        assert await driver.tried(HOST, guid, last) == Tried(Bind.RIGHT, "must_change")
        after = await driver.stamp(HOST, guid, "pwdLastSet")
        assert after.version > before.version == 0
        assert "pwdStartTime" not in stage.slapd.read(CAROL.dn)
        await driver.apply(HOST, guid, Change(fresh()))
        assert not (await driver.look(HOST, guid)).must_change

    stage.play(story)


def test_a_required_change_alone_leaves_the_password(stage: Stage) -> None:
    async def story(driver: OpenLdap) -> None:
        guid, password = await known(driver, CAROL)
        before = await driver.look(HOST, guid)
        stamp = await driver.stamp(HOST, guid, "pwdLastSet")
        await driver.apply(HOST, guid, Change(must_change=True))
        after = await driver.look(HOST, guid)
        assert after.must_change
        assert after.password_stamp == before.password_stamp
        seen = await driver.stamp(HOST, guid, "pwdLastSet")
        assert settle_flag(stamp, seen, "", still=True) is Verdict.DONE
        assert await driver.tried(HOST, guid, password) == Tried(Bind.RIGHT, "must_change")

    stage.play(story)


def test_where_a_required_change_would_not_bind_it_is_refused(stage: Stage) -> None:
    async def story(driver: OpenLdap) -> None:
        view = await driver.find(HOST, JUDY.name)
        assert view.must_change_binds == "must_change"
        assert (await driver.find(HOST, ALICE.name)).must_change_binds == ""
        for change in (Change(must_change=True), Change(fresh(), must_change=True)):
            with pytest.raises(Refused) as told:
                await driver.apply(HOST, view.guid, change)
            assert told.value.refusal.data == {"why": "must_change"}
        assert await driver.look(HOST, view.guid) == view

    stage.play(story)


def test_a_refused_temporary_password_leaves_the_account_as_it_was(stage: Stage) -> None:
    async def story(driver: OpenLdap) -> None:
        guid, password = await known(driver, CAROL)
        before = await driver.look(HOST, guid)
        with pytest.raises(Refused) as told:
            await driver.apply(HOST, guid, Change("aB1-x", must_change=True))
        assert told.value.refusal.reason == "too_short"
        assert replace(await driver.look(HOST, guid), lockout_stamp=before.lockout_stamp) == before
        assert await driver.tried(HOST, guid, password) == Tried(Bind.RIGHT, "")

    stage.play(story)


@pytest.mark.parametrize("piece", [1, 2, 3])
@pytest.mark.parametrize("how", ["swallow_at", "deaf_at"])
def test_a_temporary_password_that_was_cut_off_is_never_a_lasting_one(
    stage: Stage, piece: int, how: str
) -> None:
    """Whatever came through of the three writes: either nothing is changed, or nobody gets in, or
    the password works and must be changed; and the stamps say which.
    """
    made = piece - (how == "swallow_at")

    async def story(calm: OpenLdap) -> None:
        guid, old = await known(calm, CAROL)
        before, last = await calm.stamp(HOST, guid, "unicodePwd"), fresh()
        async with Line(ADDRESS, stage.slapd.port) as line:
            driver = OpenLdap(stage.settings(port=line.port, timeout_ms=3_000), now)
            await driver.look(HOST, guid)  # signed in, once and for all
            last_piece = await reads(driver, line, guid) + piece
            line.count_from_here(**{how: last_piece})
            cutting = asyncio.create_task(cut(line, last_piece))
            with pytest.raises(Uncertain):
                await driver.apply(HOST, guid, Change(last, must_change=True))
            await cutting
            driver.close()
        after = await calm.stamp(HOST, guid, "unicodePwd")
        bind = await calm.tried(HOST, guid, last)
        assert (settle(before, after, "", None), bind) == CUT_OFF[made]
        if 0 < made < 3:
            assert (await calm.look(HOST, guid)).locked_until == 0
            await calm.apply(HOST, guid, Change(unlock=True))  # which opens it, not for free
        kept = old if made < 2 else last
        assert await calm.tried(HOST, guid, kept) == Tried(
            Bind.RIGHT, "must_change" if made else ""
        )
        final = fresh()
        await calm.apply(HOST, guid, Change(final))
        assert await calm.tried(HOST, guid, final) == Tried(Bind.RIGHT, "")

    stage.play(story)


CUT_OFF = {
    0: (Verdict.NOT_DONE, Tried(Bind.WRONG, "wrong")),
    1: (Verdict.CHANGED, Tried(Bind.SILENT, "locked")),
    2: (Verdict.CHANGED, Tried(Bind.SILENT, "locked")),
    3: (Verdict.TRY, Tried(Bind.RIGHT, "must_change")),
}
"""By how many of the three writes were made: what the stamps and the temporary password say."""


def test_an_account_that_was_left_closed_is_opened_by_the_next_password(stage: Stage) -> None:
    async def story(driver: OpenLdap) -> None:
        guid, _password = await known(driver, CAROL)
        mark = f"replace: pwdStartTime\npwdStartTime: {CLOSED}"
        for change in (Change(fresh()), Change(fresh(), must_change=True)):
            stage.slapd.apply(changed(CAROL.dn, mark))
            assert (await driver.look(HOST, guid)).locked_until == 0
            await driver.apply(HOST, guid, change)
            assert change.password is not None
            expected = "must_change" if change.must_change else ""
            found = await driver.tried(HOST, guid, change.password)
            assert found == Tried(Bind.RIGHT, expected)
        await driver.apply(HOST, guid, Change(fresh()))

    stage.play(story)


def test_somebody_elses_beginning_is_left_alone(stage: Stage) -> None:
    start = "replace: pwdStartTime\npwdStartTime: 20200101000000Z"
    stage.slapd.apply(changed(DAVE.dn, start))

    async def story(driver: OpenLdap) -> None:
        guid, password = await known(driver, DAVE)
        with pytest.raises(Refused):
            await driver.apply(HOST, guid, Change(fresh(), must_change=True))
        assert await driver.try_password(HOST, guid, password) is Bind.RIGHT

    stage.play(story)
    stage.slapd.apply(changed(DAVE.dn, "delete: pwdStartTime"))


# --- what is said of a change that was cut off, or of somebody else's


def test_a_change_whose_answer_is_lost_is_uncertain_and_settled_by_reading(stage: Stage) -> None:
    async def story(calm: OpenLdap) -> None:
        for how, made in (("deaf_at", True), ("swallow_at", False)):
            guid, old = await known(calm, BOB)
            async with Line(ADDRESS, stage.slapd.port) as line:
                driver = OpenLdap(stage.settings(port=line.port, timeout_ms=3_000), now)
                await driver.look(HOST, guid)
                before_it = await reads(driver, line, guid)
                before = await calm.stamp(HOST, guid, "unicodePwd")
                line.count_from_here(**{how: before_it + 1})
                password = fresh()
                cutting = asyncio.create_task(_cut_unless(made, line, before_it + 1))
                with pytest.raises(Uncertain):
                    await driver.apply(HOST, guid, Change(password))
                assert line.sent == before_it + 1
                await cutting
                driver.close()
            after = await calm.stamp(HOST, guid, "unicodePwd")
            assert (after != before) is made
            bind = await calm.try_password(HOST, guid, password if made else old)
            assert bind is Bind.RIGHT
            expected = Verdict.DONE if made else Verdict.NOT_DONE
            assert settle(before, after, "", bind) is expected

    stage.play(story)


async def _cut_unless(made: bool, line: Line, pieces: int) -> None:
    """Hang up; or let the time run out."""
    if not made:
        await cut(line, pieces)


def test_a_change_that_never_left_is_unreachable(stage: Stage) -> None:
    async def story(calm: OpenLdap) -> None:
        guid, _password = await known(calm, BOB)
        before = await calm.stamp(HOST, guid, "unicodePwd")
        async with Line(ADDRESS, stage.slapd.port) as line:
            driver = OpenLdap(stage.settings(port=line.port, timeout_ms=1_500), now)
            await driver.look(HOST, guid)
            line.count_from_here(deaf_at=1)
            with pytest.raises(Unreachable) as told:
                await driver.apply(HOST, guid, Change(fresh()))
            assert told.value.cause == "timeout"
            line.hang_up()
            line.count_from_here()
            password = fresh()
            await driver.apply(HOST, guid, Change(password))  # a kept line that broke is renewed
            assert await driver.try_password(HOST, guid, password) is Bind.RIGHT
            driver.close()
        assert await calm.stamp(HOST, guid, "unicodePwd") != before

    stage.play(story)


def test_a_change_by_hand_in_our_place_is_told_by_the_password(stage: Stage) -> None:
    async def story(driver: OpenLdap) -> None:
        guid, _password = await known(driver, BOB)
        before, ours = await driver.stamp(HOST, guid, "unicodePwd"), fresh()
        await asyncio.sleep(1.1)
        await asyncio.to_thread(stage.slapd.set_password, BOB.dn, fresh())
        after = await driver.stamp(HOST, guid, "unicodePwd")
        assert settle(before, after, "", None) is Verdict.TRY
        bind = await driver.try_password(HOST, guid, ours)
        assert settle(before, after, "", bind) is Verdict.CHANGED

    stage.play(story)


# --- the executor, which was made for directories that count


@pytest.mark.parametrize("kind", [JobKind.RESET, JobKind.UNLOCK, JobKind.REQUIRE_CHANGE])
def test_a_job_is_done_and_proved(stage: Stage, tmp_path: Path, kind: JobKind) -> None:
    """As an agent does it: look, permit, intent, change, proof, report."""

    async def story(driver: OpenLdap) -> None:
        guid, _password = await known(driver, ERIN)
        if kind is JobKind.UNLOCK:
            await lock(driver, guid)
        password = fresh() if kind is JobKind.RESET else None
        job = await _job(stage, tmp_path, lambda office: office.submit(guid, password, kind))
        assert (job.state, job.reason, job.detail) == (JobState.DONE, "", "")
        view = await driver.look(HOST, guid)
        assert view.must_change is (kind is JobKind.REQUIRE_CHANGE)
        assert view.locked_until is None
        if password:
            assert await driver.tried(HOST, guid, password) == Tried(Bind.RIGHT, "")

    stage.play(story)


def test_a_temporary_password_is_done_and_a_refused_one_says_why(
    stage: Stage, tmp_path: Path
) -> None:
    async def story(driver: OpenLdap) -> None:
        guid, _password = await known(driver, ERIN)
        password = fresh()
        job = await _job(
            stage, tmp_path, lambda o: o.submit(guid, password, JobKind.RESET, must_change=True)
        )
        assert job.state is JobState.DONE
        assert await driver.tried(HOST, guid, password) == Tried(Bind.RIGHT, "must_change")
        job = await _job(stage, tmp_path, lambda o: o.submit(guid, "aB1-x", JobKind.RESET))
        assert (job.state, job.reason) == (JobState.NOT_DONE, "too_short")
        assert '"minimum": 10' in job.detail

    stage.play(story)


async def _job(stage: Stage, folder: Path, submit: Callable[[Office], str]) -> Job:
    office = Office(ticks, {"A": X25519PrivateKey.generate()})
    journal = folder / f"{fresh()}.sqlite"
    machine = Machine("A", HOST, office, lambda: OpenLdap(stage.settings(), now), journal)
    machine.start()
    await asyncio.sleep(0.2)
    job = submit(office)
    async with asyncio.timeout(20):
        while office.state(job) not in FINAL:  # noqa: ASYNC110  an office tells nobody
            await asyncio.sleep(0.05)
    machine.kill()
    await machine.ended()
    return office.jobs[job]
