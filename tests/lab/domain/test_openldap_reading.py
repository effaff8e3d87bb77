"""Everybody in a real slapd: the contract of every source, and what only this one does."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Iterator

import pytest

from keyturn.agent.directories.ldap import notice
from keyturn.agent.directories.openldap.reading.cursor import Cursor
from keyturn.agent.ports import CursorLost, Source
from keyturn.lab.openldap import HOST, Options
from keyturn.lab.openldap_people import BASE, EVERYBODY
from keyturn.rules.directories.entries import Scope
from tests.lab.openldaps import Populated, now, slapd
from tests.lab.own import IN_TIME_S
from tests.unit.agent.directories.sources import Follower, Reads, fresh, one, same_as_anew
from tests.unit.agent.directories.sources import Stage as Played

pytestmark = pytest.mark.lab

_NUMBERS = itertools.count(1)
_SOMEBODY = f"cn=nobody,{BASE}"


@pytest.fixture(scope="module")
def running() -> Iterator[Populated]:
    with slapd() as server:
        yield Populated(server)


class TestReads(Reads):
    """The contract, but for what slapd has not (a UPN), keeps (when a password was set), or tells
    only by a full read (who joined a group).
    """

    @pytest.fixture
    def stage(self, running: Populated) -> Populated:
        return running

    def test_an_account_is_read_with_all_that_is_known_of_it(self, stage: Played) -> None:
        unit = stage.unit(fresh("Desk"))
        name, id_ = one(stage, unit)

        async def story(source: Source) -> None:
            (entry,) = await source.read(HOST, [id_], Scope())
            assert (entry.id, entry.name, entry.unit) == (id_, name, unit)
            assert (entry.upn, entry.mail) == ("", f"{name}@example.test")
            assert (entry.display, entry.phone) == (f"Mx {name}", "+4850012345")
            assert not entry.disabled
            assert not entry.must_change
            assert (entry.locked_at, entry.locked_until, entry.expires_at) == (None, None, None)
            assert entry.password_set_at is not None
            assert abs(entry.password_set_at - now()) < 60_000
            assert entry.password_expires_at == entry.password_set_at + 90 * 86_400_000
            assert entry.groups == ()

        stage.play(story)

    def test_a_lock_is_told_with_its_end_and_a_required_change_without_a_date(
        self, stage: Played
    ) -> None:
        name, id_ = one(stage, stage.unit(fresh("Desk")))
        stage.write(name, "lock")

        async def story(source: Source) -> None:
            (entry,) = await source.read(HOST, [id_], Scope())
            assert entry.locked_at
            assert entry.locked_until == entry.locked_at + 10 * 60_000
            stage.write(name, "unlock")
            stage.write(name, "must change")
            stage.write(name, "no phone")
            (entry,) = await source.read(HOST, [id_], Scope())
            assert (entry.locked_at, entry.locked_until) == (None, None)
            assert entry.must_change
            assert entry.password_set_at is not None  # slapd does not forget it
            assert entry.phone == ""
            stage.write(name, "disable")
            (entry,) = await source.read(HOST, [id_], Scope())
            assert (entry.disabled, entry.locked_at, entry.locked_until) == (True, 0, 0)

        stage.play(story)

    def test_who_joins_or_leaves_a_group_is_told(self, stage: Played) -> None:
        unit, group = stage.unit(fresh("Desk")), stage.group(fresh("team"))
        (stays, _), (leaves, _), (joins, _) = (one(stage, unit) for _ in range(3))
        stage.join(group, stays)
        stage.join(group, leaves)

        async def story(source: Source) -> None:
            follower = Follower(source, HOST, Scope(groups=(group,)))
            await follower.full()
            assert follower.names() == {stays, leaves}
            stage.leave(group, leaves)
            stage.join(group, joins)
            parts = await follower.follow()
            assert any(part.whole for part in parts)
            assert follower.names() == {stays, joins}

        stage.play(story)

    def test_nobody_who_is_none_is_read(self, running: Populated) -> None:
        async def story(source: Source) -> None:
            follower = Follower(source, HOST)
            await follower.full()
            assert {person.name for person in EVERYBODY} <= follower.names()
            assert "" not in follower.names()  # neither the agent's own account nor a unit

        running.play(story)


def test_a_directory_put_back_to_yesterday_is_read_anew(running: Populated) -> None:
    async def story(source: Source) -> None:
        roll = await source.roll(HOST, Scope())
        place = Cursor(**json.loads(roll.cursor))
        tomorrow = Cursor(place.base, f"21{place.place[2:]}", place.groups, place.ids)
        elsewhere = Cursor("0" * 36, place.place, place.groups, place.ids)
        for cursor in (tomorrow, elsewhere):
            with pytest.raises(CursorLost):
                await source.changes(HOST, cursor.encoded(), Scope())

    running.play(story)


@pytest.mark.parametrize(
    "options", [Options(sessionlog=False), Options(provides=False)], ids=["no log", "no syncprov"]
)
def test_without_a_log_of_who_is_gone_nothing_is_missed(options: Options) -> None:
    """Who comes and who changes is told; that somebody is gone asks for a full read."""
    with slapd(options) as server:
        stage = Populated(server)
        unit = stage.unit("Desk")
        (stays, id_), (leaves, _) = one(stage, unit), one(stage, unit)
        stage.wait()

        async def story(source: Source) -> None:
            follower = Follower(source, HOST)
            await follower.full()
            await asyncio.sleep(1.1)
            stage.write(stays, "mail")
            _name, new = one(stage, unit)
            parts = await follower.follow()
            assert set(follower.told) == {id_, new}
            assert not any(part.whole for part in parts)
            await same_as_anew(follower)
            stage.dismiss(leaves)
            parts = await follower.follow()
            assert any(part.whole for part in parts)
            await same_as_anew(follower)
            assert leaves not in follower.names()

        stage.play(story)


def test_without_a_provider_it_is_looked_every_so_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notice, "AGAIN_S", 0.2)
    with slapd(Options(provides=False)) as server:

        async def story(source: Source) -> None:
            await source.noticed(HOST)
            async with asyncio.timeout(IN_TIME_S):
                await source.noticed(HOST)

        Populated(server).play(story)


def test_who_hangs_up_while_somebody_waits_is_noticed(
    running: Populated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notice, "AGAIN_S", 1.0)

    async def story(source: Source) -> None:
        await source.noticed(HOST)
        waiting = asyncio.create_task(source.noticed(HOST))
        await asyncio.sleep(0.5)
        await asyncio.to_thread(running.slapd.restart)
        async with asyncio.timeout(10):
            await waiting
        await source.noticed(HOST)

    running.play(story)
