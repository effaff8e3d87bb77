"""Everybody read out of real Samba: the contract, and what only a real one can show."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial

import pytest

from keyturn.adapters.system import SystemClock
from keyturn.agent.directories.active_directory import ActiveDirectory, Settings
from keyturn.agent.directories.active_directory.reading import deleted
from keyturn.agent.directories.active_directory.reading import notice as notification
from keyturn.agent.directories.active_directory.reading.cursor import OLDEST_MS
from keyturn.agent.directories.ldap import notice
from keyturn.agent.directories.ldap.connection import Connection
from keyturn.agent.ports import CursorLost, ScopeGone, Source, Unreachable
from keyturn.lab.commands import until
from keyturn.lab.domain import Lab
from keyturn.lab.people import (
    ALICE,
    BOB,
    DOMAIN_POLICY,
    FRANK,
    IVAN,
    JUDY,
    KIM,
    LEO,
    MIA,
    SERVICE,
    STAFF,
    STAFF_GROUP,
    STRICT_GROUP,
    STRICT_POLICY,
    USERS,
    VICTOR,
    Person,
)
from keyturn.rules.directories.entries import Scope
from tests.lab.administrator import Administrator
from tests.lab.domains import domain
from tests.lab.line import Line
from tests.lab.own import IN_TIME_S
from tests.unit.agent.directories.sources import (
    EVERYBODY,
    Follower,
    Reads,
    ReadsElsewhere,
    T,
    fresh,
    one,
    same_as_anew,
)

pytestmark = pytest.mark.lab

_DAY = 86_400_000
_MINUTE = 60_000
now = SystemClock().now


class SambaReading:
    """Real controllers; people come and go at the first one."""

    slack_s = 20.0

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.hosts = tuple(controller.host for controller in lab.controllers.values())
        self.admin = Administrator(lab.controller("dc1").ip, lab.ca_file, lab.base)
        self.where: dict[str, str] = {}

    def play(
        self,
        story: Callable[[Source], Awaitable[T]],
        clock: Callable[[], int] = now,
        who: Person = SERVICE,
    ) -> T:
        settings = Settings(who.upn, who.password, self.lab.ca_file, addresses=self.lab.hosts)

        async def playing() -> T:
            driver = ActiveDirectory(settings, clock)
            try:
                return await story(driver.source)
            finally:
                driver.close()

        return asyncio.run(playing())

    def unit(self, name: str) -> str:
        dn = f"OU={name},{self.lab.base}"
        self.admin.add(dn, "organizationalUnit")
        return dn

    def rename_unit(self, dn: str, name: str) -> str:
        self.admin.move(dn, f"OU={name}")
        return f"OU={name},{self.lab.base}"

    def group(self, name: str) -> str:
        dn = f"CN={name},{USERS}"
        self.admin.add(dn, "group", sAMAccountName=name)
        return dn

    def hire(self, names: Sequence[str], unit: str) -> list[str]:
        for name in names:
            self.where[name] = f"CN={name},{unit}"
        return [self.admin.person(name, unit, password=len(names) == 1) for name in names]

    def dismiss(self, name: str) -> None:
        self.admin.delete(self.where[name])

    def move(self, name: str, unit: str) -> None:
        self.admin.move(self.where[name], f"CN={name}", unit)
        self.where[name] = f"CN={name},{unit}"

    def write(self, name: str, what: str) -> None:
        dn, admin = self.where[name], self.admin
        written = {
            "display": ("displayName", f"Dr {name}"),
            "mail": ("mail", f"{fresh('new')}@other.test"),
            "disable": ("userAccountControl", "514"),
            "enable": ("userAccountControl", "512"),
            "unlock": ("lockoutTime", "0"),
            "must change": ("pwdLastSet", "0"),
        }
        if what in written:
            attribute, value = written[what]
            admin.replace(dn, attribute, value.encode())
        elif what == "no phone":
            admin.replace(dn, "telephoneNumber")
        elif what == "lock":
            admin.lock(name)
        else:
            admin.password(dn, "Quiet-River-1x")

    def join(self, group: str, member: str) -> None:
        self.admin.member(group, self.where.get(member, member), joins=True)

    def leave(self, group: str, member: str) -> None:
        self.admin.member(group, self.where.get(member, member), joins=False)

    def spread(self) -> None:
        """A mark that was made last has arrived."""
        mark, hand = fresh("mark"), self.lab.hand
        self.admin.replace(ALICE.dn, "description", mark.encode())

        def arrived(at: str) -> bool:
            return hand.read(at, ALICE.dn, "description").get("description") == [mark]

        for at in (name for name in self.lab.controllers if name != "dc1"):
            until(partial(arrived, at), 60, f"{mark} to arrive at {at}")


@pytest.fixture(scope="module")
def samba() -> Iterator[SambaReading]:
    with domain(1) as lab:
        lab.hand.show_deleted("dc1", SERVICE)
        stage = SambaReading(lab)
        yield stage
        stage.admin.close()


class TestOneController(Reads):
    """The contract."""

    @pytest.fixture
    def stage(self, samba: SambaReading) -> SambaReading:
        return samba


# --- what only a real one shows


def test_everybody_of_the_lab_is_read_as_they_are(samba: SambaReading) -> None:
    async def story(source: Source) -> None:
        follower = Follower(source, samba.hosts[0])
        await follower.full()
        by_name = {entry.name: entry for entry in follower.stored.values()}
        assert {ALICE.name, VICTOR.name, SERVICE.name} <= by_name.keys()
        # what the domain is made of, and machines
        assert not {"Administrator", "Guest", "krbtgt", "DC1$"} & by_name.keys()
        assert by_name[IVAN.name].disabled
        assert by_name[LEO.name].must_change
        assert by_name[MIA.name].expires_at == 946_684_800_000  # 2000-01-01
        for person in (JUDY, KIM):  # never expires; smart card required
            assert by_name[person.name].password_expires_at is None
        alice, frank = by_name[ALICE.name], by_name[FRANK.name]
        assert (alice.unit, alice.upn, alice.display) == (STAFF, ALICE.upn, ALICE.display)
        for entry, days in (
            (alice, DOMAIN_POLICY.max_age_days),
            (frank, STRICT_POLICY.max_age_days),
        ):
            assert entry.password_set_at is not None
            assert entry.password_expires_at == entry.password_set_at + days * _DAY

    samba.play(story)


def test_a_lock_ends_as_the_fine_grained_policy_has_it(samba: SambaReading) -> None:
    samba.admin.lock(FRANK.name, STRICT_POLICY.threshold)
    id_ = samba.admin.id(FRANK.dn)

    async def story(source: Source) -> None:
        (entry,) = await source.read(samba.hosts[0], [id_], EVERYBODY)
        assert entry.locked_at is not None
        assert abs(now() - entry.locked_at) < _MINUTE
        assert entry.locked_until == entry.locked_at + STRICT_POLICY.lockout_min * _MINUTE

    samba.play(story)
    samba.admin.replace(FRANK.dn, "lockoutTime", b"0")


def test_a_primary_group_counts_though_it_names_no_members(samba: SambaReading) -> None:
    everyone = f"CN=Domain Users,{USERS}"
    outer = samba.group(fresh("outer"))
    samba.join(outer, everyone)

    async def story(source: Source) -> None:
        for group in (everyone, outer):
            follower = Follower(source, samba.hosts[0], Scope(groups=(group,)))
            await follower.full()
            assert {ALICE.name, VICTOR.name} <= follower.names()
            assert {entry.groups for entry in follower.stored.values()} == {(group,)}

    samba.play(story)


def test_names_of_ous_and_groups_may_hold_anything(samba: SambaReading) -> None:
    unit = samba.unit(r"R&D\, (north) \+ \C4* \\ 1".replace(r"\C4", "\u00c4"))
    group = rf"CN=team *(x)\, \\ y,{USERS}"
    samba.admin.add(group, "group", sAMAccountName=fresh("team"))
    name, _id = one(samba, unit)
    samba.join(group, name)

    async def story(source: Source) -> None:
        spelled = unit.replace(r"\,", r"\2C").lower()
        for scope in (Scope((unit,)), Scope((spelled,)), Scope((unit,), (group,))):
            follower = Follower(source, samba.hosts[0], scope)
            await follower.full()
            assert follower.names() == {name}

    samba.play(story)


def test_a_policy_that_changes_asks_for_a_full_read(samba: SambaReading) -> None:
    before = samba.admin.read(samba.lab.base, "maxPwdAge")

    async def story(source: Source) -> None:
        follower = Follower(source, samba.hosts[0], Scope(units=(STAFF,)))
        await follower.full()
        alice = samba.admin.id(ALICE.dn)
        samba.admin.replace(samba.lab.base, "maxPwdAge", str(-20 * _DAY * 10_000).encode())
        assert any(part.whole for part in await follower.follow())
        entry = follower.stored[alice]
        assert entry.password_set_at is not None
        assert entry.password_expires_at == entry.password_set_at + 20 * _DAY

    try:
        samba.play(story)
    finally:
        samba.admin.replace(samba.lab.base, "maxPwdAge", *before)


def test_who_joins_a_group_with_a_policy_of_its_own_expires_as_that_has_it(
    samba: SambaReading,
) -> None:
    unit = samba.unit(fresh("Desk"))
    name, id_ = one(samba, unit)

    async def story(source: Source) -> None:
        follower = Follower(source, samba.hosts[0], Scope(units=(unit,)))
        await follower.full()
        samba.join(f"CN={STRICT_GROUP},{STAFF}", name)
        await follower.follow()
        assert follower.told == [id_]
        entry = follower.stored[id_]
        assert entry.password_set_at is not None
        assert (
            entry.password_expires_at == entry.password_set_at + STRICT_POLICY.max_age_days * _DAY
        )

    samba.play(story)


def test_a_nested_group_that_is_deleted_asks_for_a_full_read(samba: SambaReading) -> None:
    unit = samba.unit(fresh("Desk"))
    outer, inner = samba.group(fresh("outer")), samba.group(fresh("inner"))
    name, _id = one(samba, unit)
    samba.join(inner, name)
    samba.join(outer, inner)

    async def story(source: Source) -> None:
        follower = Follower(source, samba.hosts[0], Scope(groups=(outer,)))
        await follower.full()
        assert follower.names() == {name}
        samba.admin.delete(inner)
        assert any(part.whole for part in await follower.follow())
        assert follower.stored == {}
        samba.admin.delete(outer)
        with pytest.raises(ScopeGone):
            await follower.follow()

    samba.play(story)


def test_a_new_ou_asks_for_nothing_and_a_moved_one_for_a_full_read(samba: SambaReading) -> None:
    top, unit = samba.unit(fresh("Top")), samba.unit(fresh("Desk"))
    name, id_ = one(samba, unit)

    async def story(source: Source) -> None:
        follower = Follower(source, samba.hosts[0], Scope(units=(top,)))
        await follower.full()
        assert follower.stored == {}
        samba.unit(fresh("New"))
        assert not any(part.whole for part in await follower.follow())
        samba.admin.move(unit, unit.partition(",")[0], top)
        samba.where[name] = f"CN={name},{unit.partition(',')[0]},{top}"
        assert any(part.whole for part in await follower.follow())
        assert follower.stored.keys() == {id_}

    samba.play(story)


def test_another_domains_cursor_or_an_old_one_is_lost(samba: SambaReading) -> None:
    roll = samba.play(lambda source: source.roll(samba.hosts[0], EVERYBODY))
    domain_id = samba.admin.id(samba.lab.base).encode()
    assert domain_id in roll.cursor

    async def lost(source: Source, cursor: bytes) -> None:
        with pytest.raises(CursorLost):
            await source.changes(samba.hosts[0], cursor, EVERYBODY)

    samba.play(lambda s: lost(s, roll.cursor.replace(domain_id, b"00" * 16)))
    samba.play(lambda s: lost(s, roll.cursor.replace(b'"cookie":"', b'"cookie":"ff00')))
    samba.play(lambda s: lost(s, roll.cursor), lambda: now() + OLDEST_MS + _MINUTE)
    samba.play(lambda s: lost(s, roll.cursor), lambda: now() - OLDEST_MS - _MINUTE)
    samba.play(lambda s: s.changes(samba.hosts[0], roll.cursor, EVERYBODY))


def test_whoever_may_not_see_what_was_deleted_compares_and_tells_again(
    samba: SambaReading,
) -> None:
    unit = samba.unit(fresh("Desk"))
    name, id_ = one(samba, unit)
    time_ = now()

    async def story(source: Source) -> None:
        nonlocal time_
        follower = Follower(source, samba.hosts[0], Scope(units=(unit,)))
        await follower.full()
        later, new = one(samba, unit)
        await follower.follow()
        samba.dismiss(name)
        samba.dismiss(later)
        await follower.follow()
        assert follower.stored.keys() == {id_, new}
        before, time_ = follower.cursor, time_ + deleted.EVERY_MS
        for _ in range(2):  # the first answer is lost on its way
            part = await source.changes(follower.host, before, follower.scope)
            assert set(part.gone) >= {id_, new}
        await follower.follow()
        assert (follower.stored, follower.read) == ({}, 1)
        time_ += deleted.EVERY_MS
        (part,) = await follower.follow()
        assert part.gone == ()

    samba.play(story, lambda: time_, BOB)


def test_whoever_does_not_know_who_was_there_asks_for_a_full_read(samba: SambaReading) -> None:
    host, scope = samba.hosts[0], Scope(units=(STAFF,))

    async def begin(source: Source) -> bytes:
        cursor = (await source.roll(host, scope)).cursor
        assert not (await source.changes(host, cursor, scope)).whole
        return cursor

    cursor = samba.play(begin, who=BOB)
    assert samba.play(lambda source: source.changes(host, cursor, scope), who=BOB).whole
    seeing = samba.play(lambda source: source.changes(host, cursor, scope))
    assert not seeing.whole


def test_a_notice_that_breaks_is_one_and_it_listens_again(
    samba: SambaReading, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notice, "AGAIN_S", 0.2)
    name, _id = one(samba, samba.unit(fresh("Desk")))
    host = samba.hosts[0]

    async def story(source: Source) -> None:
        await source.noticed(host)
        listening = source._notices[host]  # type: ignore[attr-defined]  # to break its line
        listening._connection.close()
        async with asyncio.timeout(5):
            await source.noticed(host)
            await source.noticed(host)
        assert not listening._listening.done()
        samba.write(name, "mail")
        async with asyncio.timeout(samba.slack_s):
            await source.noticed(host)

    samba.play(story)


def test_without_notification_it_is_looked_every_so_often(
    samba: SambaReading, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notification, "OID", "1.2.840.113556.1.4.0")
    monkeypatch.setattr(notice, "AGAIN_S", 0.5)

    async def story(source: Source) -> None:
        began = asyncio.get_running_loop().time()  # a look comes so long after the one before began
        for _ in range(3):
            await source.noticed(samba.hosts[0])
        took = asyncio.get_running_loop().time() - began
        assert 0.9 < took < IN_TIME_S

    samba.play(story)


def test_a_controller_that_falls_silent_is_unreachable_in_time(
    samba: SambaReading, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Connection.answers, "__kwdefaults__", {"most": 500, "seconds": 1.0})
    host = samba.hosts[0]

    async def story() -> None:
        async with Line(samba.lab.controller("dc1").ip) as line:
            at = {host: "127.0.0.1"}
            settings = Settings(
                SERVICE.upn, SERVICE.password, samba.lab.ca_file, 2000, line.port, at
            )
            driver = ActiveDirectory(settings, now)
            await driver.source.roll(host, EVERYBODY)
            line.count_from_here(deaf_at=1)
            began = time.monotonic()
            for call in (driver.source.roll(host, EVERYBODY), driver.source.noticed(host)):
                with pytest.raises(Unreachable) as told:
                    await call
                assert told.value.cause == "timeout"
            assert time.monotonic() - began < 15
            driver.close()
            line.hang_up()

    asyncio.run(story())


def test_a_group_of_the_lab_is_its_members(samba: SambaReading) -> None:
    scope = Scope(groups=(f"CN={STAFF_GROUP},{STAFF}",))

    async def story(source: Source) -> None:
        follower = Follower(source, samba.hosts[0], scope)
        await follower.full()
        assert ALICE.name in follower.names()
        assert VICTOR.name not in follower.names()
        await follower.follow()
        await same_as_anew(follower)

    samba.play(story)


# --- several


@pytest.fixture(scope="module")
def three() -> Iterator[SambaReading]:
    with domain(3) as lab:
        stage = SambaReading(lab)
        yield stage
        stage.admin.close()


class TestThreeControllers(ReadsElsewhere):
    """The contract of several: the next primary goes on from what the last one stored."""

    @pytest.fixture
    def stage(self, three: SambaReading) -> SambaReading:
        return three


def test_a_dead_controller_is_unreachable_and_nobody_is_gone(three: SambaReading) -> None:
    async def story(source: Source) -> None:
        follower = Follower(source, three.hosts[2])
        await follower.full()
        three.lab.controller("dc3").kill()
        for call in (
            source.roll(follower.host, EVERYBODY),
            source.read(follower.host, list(follower.stored)[:1], EVERYBODY),
            source.changes(follower.host, follower.cursor, EVERYBODY),
        ):
            with pytest.raises(Unreachable):
                await call
        follower.host = three.hosts[1]
        await follower.follow()
        await same_as_anew(follower)

    three.play(story)
