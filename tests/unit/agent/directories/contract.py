"""What every directory driver does: the same stories for the memory twin and for real Samba.

A test module subclasses `Contract` (and `Several`) and gives a fixture `stage`.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Protocol, TypeVar

import pytest

from keyturn.agent.ports import Change, Driver, NotFound, Refused, Unreachable
from keyturn.lab.people import (
    ALICE,
    BOB,
    CAROL,
    DAVE,
    DOMAIN_POLICY,
    ERIN,
    FRANK,
    GRACE,
    HEIDI,
    IVAN,
    JUDY,
    LEO,
    MIA,
    SERVICE,
    STRICT_NAME,
    STRICT_POLICY,
    Person,
)
from keyturn.rules.directories import topology as topologies
from keyturn.rules.directories.proofs import Bind

T = TypeVar("T")

_MINUTE = 60_000
_DAY = 24 * 60 * _MINUTE
_NUMBERS = itertools.count(1)


class Stage(Protocol):
    """A domain to play on, with the people of keyturn.lab.people.

    Attributes:
        hosts: DNS names of the writable controllers, the PDC emulator first.
    """

    hosts: tuple[str, ...]

    def play(self, story: Callable[[Driver], Awaitable[T]]) -> T:
        """Run a story with a new driver, to its end."""
        ...

    def by_hand(self, host: str, person: Person, password: str) -> None:
        """An administrator sets a password there; blocking."""
        ...

    def spread(self, source: str, target: str, person: Person) -> None:
        """What `source` holds of somebody arrives at `target`; blocking."""
        ...


def fresh() -> str:
    """A password that nobody has had."""
    return f"Quiet-River-{next(_NUMBERS)}x"


async def guid_of(driver: Driver, host: str, person: Person) -> str:
    return (await driver.find(host, person.name)).guid


async def known(driver: Driver, host: str, person: Person) -> tuple[str, str]:
    """Guid, and a new password that was just set, unlocked."""
    guid, password = await guid_of(driver, host, person), fresh()
    await driver.apply(host, guid, Change(password, unlock=True))
    return guid, password


class Contract:
    """One controller."""

    def test_every_spelling_of_a_name_finds_the_same_account(self, stage: Stage) -> None:
        async def story(driver: Driver) -> None:
            host = stage.hosts[0]
            found = await driver.find(host, ALICE.name)
            assert (found.name, found.upn, found.display) == ("alice", ALICE.upn, ALICE.display)
            for name in ("ALICE", ALICE.upn, ALICE.upn.upper(), r"CORP\alice", r"corp\Alice"):
                assert (await driver.find(host, name)).guid == found.guid
            assert (await driver.look(host, found.guid)).guid == found.guid

        stage.play(story)

    @pytest.mark.parametrize(
        "name",
        ["nobody", "", "*", "ali*", "alice)(cn=*", r"OTHER\alice", "alice@other.test", "x" * 300,
         "alice@", "@", "\\", "(", "ali\\2ace", "\0"],
    )  # fmt: skip
    def test_what_is_no_account_is_not_found(self, stage: Stage, name: str) -> None:
        async def story(driver: Driver) -> None:
            with pytest.raises(NotFound):
                await driver.find(stage.hosts[0], name)

        stage.play(story)

    def test_an_unknown_guid_is_not_found(self, stage: Stage) -> None:
        async def story(driver: Driver) -> None:
            host = stage.hosts[0]
            for guid in ("00" * 16, "zz", "", "*"):
                with pytest.raises(NotFound):
                    await driver.look(host, guid)
                with pytest.raises(NotFound):
                    await driver.stamp(host, guid, "unicodePwd")
                with pytest.raises(NotFound):
                    await driver.apply(host, guid, Change(fresh()))
                with pytest.raises(NotFound):
                    await driver.try_password(host, guid, "whatever")

        stage.play(story)

    def test_a_controller_that_is_none_is_unreachable_by_name(self, stage: Stage) -> None:
        async def story(driver: Driver) -> None:
            guid = await guid_of(driver, stage.hosts[0], ALICE)
            calls = (
                driver.find("dc77.corp.example.test", "alice"),
                driver.look("dc77.corp.example.test", guid),
                driver.stamp("dc77.corp.example.test", guid, "unicodePwd"),
                driver.apply("dc77.corp.example.test", guid, Change(fresh())),
                driver.try_password("dc77.corp.example.test", guid, "whatever"),
                driver.topology("dc77.corp.example.test"),
            )
            for call in calls:
                with pytest.raises(Unreachable) as told:
                    await call
                assert told.value.cause == "name"
            seen = await driver.reachable([stage.hosts[0], "dc77.corp.example.test"])
            assert seen == {stage.hosts[0]: "", "dc77.corp.example.test": "name"}

        stage.play(story)

    def test_a_look_shows_the_policy_that_binds(self, stage: Stage) -> None:
        async def story(driver: Driver) -> None:
            usual = (await driver.find(stage.hosts[0], ALICE.name)).policy
            strict = (await driver.find(stage.hosts[0], FRANK.name)).policy
            assert usual is not None
            assert strict is not None
            assert (usual.source, strict.source) == ("domain", STRICT_NAME)
            for policy, wanted in ((usual, DOMAIN_POLICY), (strict, STRICT_POLICY)):
                assert policy.complexity == wanted.complexity
                assert policy.min_length == wanted.min_length
                assert policy.history == wanted.history
                assert policy.history_on_reset is False
                assert policy.min_age_ms == wanted.min_age_days * _DAY
                assert policy.max_age_ms == wanted.max_age_days * _DAY
                assert policy.lockout_threshold == wanted.threshold
                assert policy.lockout_ms == wanted.lockout_min * _MINUTE
                assert policy.observation_ms == wanted.lockout_min * _MINUTE

        stage.play(story)

    def test_a_set_password_works_and_its_stamp_is_one_higher_from_here(self, stage: Stage) -> None:
        async def story(driver: Driver) -> None:
            host = stage.hosts[0]
            here = topologies.by_host(await driver.topology(host), host)
            assert here is not None
            guid, password = await guid_of(driver, host, BOB), fresh()
            before = await driver.stamp(host, guid, "unicodePwd")
            await driver.apply(host, guid, Change(password))
            after = await driver.stamp(host, guid, "unicodePwd")
            assert after.version == before.version + 1
            assert after.origin == here.invocation
            assert after.usn > before.usn
            assert after.at >= before.at
            assert await driver.try_password(host, guid, password) is Bind.RIGHT
            view = await driver.look(host, guid)
            assert view.password_stamp == after
            assert view.password_set_at is not None
            assert view.password_expires_at is not None
            span = view.password_expires_at - view.password_set_at
            assert span == DOMAIN_POLICY.max_age_days * _DAY

        stage.play(story)

    def test_the_same_password_again_is_a_write_too(self, stage: Stage) -> None:
        async def story(driver: Driver) -> None:
            host = stage.hosts[0]
            guid, password = await known(driver, host, BOB)
            before = await driver.stamp(host, guid, "unicodePwd")
            await driver.apply(host, guid, Change(password))
            assert (await driver.stamp(host, guid, "unicodePwd")).version == before.version + 1

        stage.play(story)

    def test_one_change_is_one_write_of_all_its_parts(self, stage: Stage) -> None:
        async def story(driver: Driver) -> None:
            host = stage.hosts[0]
            guid, _password = await known(driver, host, CAROL)
            last = fresh()
            await driver.apply(host, guid, Change(last, unlock=True, must_change=True))
            view = await driver.look(host, guid)
            assert view.must_change
            assert view.password_set_at is None
            last_set = await driver.stamp(host, guid, "pwdLastSet")
            assert last_set.usn == view.password_stamp.usn
            assert await driver.try_password(host, guid, last) is Bind.RIGHT

        stage.play(story)

    def test_a_required_change_alone_leaves_the_password(self, stage: Stage) -> None:
        async def story(driver: Driver) -> None:
            host = stage.hosts[0]
            guid, password = await known(driver, host, CAROL)
            before = await driver.look(host, guid)
            assert not before.must_change
            await driver.apply(host, guid, Change(must_change=True))
            after = await driver.look(host, guid)
            assert after.must_change
            assert after.password_stamp == before.password_stamp
            required = await driver.stamp(host, guid, "pwdLastSet")
            await driver.apply(host, guid, Change(must_change=True))
            assert await driver.stamp(host, guid, "pwdLastSet") == required  # 0 over 0
            assert await driver.try_password(host, guid, password) is Bind.RIGHT

        stage.play(story)

    @pytest.mark.parametrize(
        ("person", "password", "reason", "data"),
        [
            (BOB, "aB1-x", "too_short", {"minimum": 10}),
            (FRANK, "Quiet-River-1", "too_short", {"minimum": 15}),
            (BOB, "quietriverquiet", "too_simple", {}),
            (BOB, "", "malformed", {}),
            (BOB, "Quiet\0River-1", "malformed", {}),
            (BOB, "Quiet\ud83dRiver-1", "malformed", {}),
        ],
    )
    def test_a_refused_password_changes_nothing(
        self, stage: Stage, person: Person, password: str, reason: str, data: dict[str, int]
    ) -> None:
        async def story(driver: Driver) -> None:
            host = stage.hosts[0]
            guid = await guid_of(driver, host, person)
            before = await driver.look(host, guid)
            with pytest.raises(Refused) as told:
                await driver.apply(host, guid, Change(password, unlock=True, must_change=True))
            assert (told.value.refusal.reason, told.value.refusal.data) == (reason, data)
            assert not password or password not in repr(told.value)
            assert await driver.look(host, guid) == before

        stage.play(story)

    def test_a_change_of_nothing_is_refused(self, stage: Stage) -> None:
        async def story(driver: Driver) -> None:
            guid = await guid_of(driver, stage.hosts[0], BOB)
            with pytest.raises(Refused):
                await driver.apply(stage.hosts[0], guid, Change())

        stage.play(story)

    @pytest.mark.parametrize(
        ("person", "word"),
        [(HEIDI, "domain_admins"), (GRACE, "admin_count"), (SERVICE, "service")],
    )
    def test_a_protected_account_is_shown_as_such_and_never_set(
        self, stage: Stage, person: Person, word: str
    ) -> None:
        async def story(driver: Driver) -> None:
            host = stage.hosts[0]
            before = await driver.find(host, person.name)
            assert before.protected == word
            for change in (Change(fresh()), Change(unlock=True), Change(must_change=True)):
                with pytest.raises(Refused) as told:
                    await driver.apply(host, before.guid, change)
                assert told.value.refusal.reason == "protected"
                assert told.value.refusal.data == {"why": word}
            assert await driver.find(host, person.name) == before

        stage.play(story)

    def test_a_wrong_password_costs_one_try_and_a_right_one_none(self, stage: Stage) -> None:
        async def story(driver: Driver) -> None:
            host = stage.hosts[0]
            guid, password = await known(driver, host, DAVE)
            assert await driver.try_password(host, guid, password) is Bind.RIGHT
            assert (await driver.look(host, guid)).bad_count == 0
            assert await driver.try_password(host, guid, "wrong") is Bind.WRONG
            seen = await driver.look(host, guid)
            assert seen.bad_count == 1
            assert seen.bad_at is not None

        stage.play(story)

    @pytest.mark.parametrize(
        "password",
        ["Gr\u00fc\u00dfe-\u0416\u5c71-1", " Quiet-River-9 ", 'Quiet"River\\9',
         "e\u0301-Quiet-River-9", "\U0001f600-Quiet-River-9", "Quiet\u00a0River-9\n",
         "(Quiet)*River=9,+<>#;"],
    )  # fmt: skip
    def test_a_password_is_set_and_tried_exactly_as_typed(
        self, stage: Stage, password: str
    ) -> None:
        async def story(driver: Driver) -> None:
            host = stage.hosts[0]
            guid = await guid_of(driver, host, DAVE)
            await driver.apply(host, guid, Change(password, unlock=True))
            assert await driver.try_password(host, guid, password) is Bind.RIGHT

        stage.play(story)

    def test_an_empty_password_is_never_tried(self, stage: Stage) -> None:
        async def story(driver: Driver) -> None:
            host = stage.hosts[0]
            guid, _password = await known(driver, host, DAVE)
            assert await driver.try_password(host, guid, "") is Bind.WRONG
            assert (await driver.look(host, guid)).bad_count == 0

        stage.play(story)

    def test_a_locked_account_says_nothing_until_it_is_unlocked(self, stage: Stage) -> None:
        async def story(driver: Driver) -> None:
            host = stage.hosts[0]
            guid, password = await known(driver, host, ERIN)
            before = await driver.look(host, guid)
            assert before.locked_until is None
            for _ in range(DOMAIN_POLICY.threshold):
                await driver.try_password(host, guid, "wrong")
            locked = await driver.look(host, guid)
            assert locked.locked_until is not None
            assert locked.locked_until > 0
            assert locked.lockout_stamp.version == before.lockout_stamp.version + 1
            assert await driver.try_password(host, guid, password) is Bind.SILENT
            await driver.apply(host, guid, Change(unlock=True))
            opened = await driver.look(host, guid)
            assert opened.locked_until is None
            assert opened.lockout_stamp.version == locked.lockout_stamp.version + 1
            assert opened.password_stamp == before.password_stamp
            await driver.apply(host, guid, Change(unlock=True))
            assert (await driver.look(host, guid)).lockout_stamp == opened.lockout_stamp
            assert await driver.try_password(host, guid, password) is Bind.RIGHT

        stage.play(story)

    def test_a_reset_without_unlock_leaves_the_lock(self, stage: Stage) -> None:
        async def story(driver: Driver) -> None:
            host = stage.hosts[0]
            guid, _password = await known(driver, host, ERIN)
            for _ in range(DOMAIN_POLICY.threshold):
                await driver.try_password(host, guid, "wrong")
            last = fresh()
            await driver.apply(host, guid, Change(last))
            assert await driver.try_password(host, guid, last) is Bind.SILENT
            await driver.apply(host, guid, Change(last, unlock=True))
            assert await driver.try_password(host, guid, last) is Bind.RIGHT

        stage.play(story)

    def test_what_stands_in_the_way_of_a_logon_does_not_hide_a_right_password(
        self, stage: Stage
    ) -> None:
        async def story(driver: Driver) -> None:
            host = stage.hosts[0]
            for person in (IVAN, MIA, LEO):
                guid, password = await known(driver, host, person)
                assert await driver.try_password(host, guid, password) is Bind.RIGHT
                assert await driver.try_password(host, guid, "wrong") is Bind.WRONG
            assert (await driver.find(host, IVAN.name)).disabled
            assert (await driver.find(host, MIA.name)).expired_account
            assert not (await driver.find(host, ALICE.name)).expired_account

        stage.play(story)

    def test_where_a_required_change_would_not_bind(self, stage: Stage) -> None:
        async def story(driver: Driver) -> None:
            host = stage.hosts[0]
            assert (await driver.find(host, ALICE.name)).must_change_binds == ""
            assert (await driver.find(host, JUDY.name)).must_change_binds == "never_expires"

        stage.play(story)

    def test_the_topology_lists_the_controllers(self, stage: Stage) -> None:
        async def story(driver: Driver) -> None:
            found = await driver.topology(stage.hosts[0])
            assert (found.domain, found.netbios) == ("corp.example.test", "CORP")
            assert found.base == "DC=corp,DC=example,DC=test"
            hosts = [controller.host for controller in topologies.writable(found)]
            assert hosts[0] == stage.hosts[0]
            assert sorted(hosts) == sorted(stage.hosts)
            assert topologies.left_over(found) == ()
            assert len({controller.invocation for controller in found.controllers}) == len(hosts)
            assert {site for link in found.links for site in link.sites} == {
                controller.site for controller in found.controllers
            }
            assert topologies.decode(topologies.encode(found)) == found

        stage.play(story)


class Several:
    """Three controllers."""

    def test_a_password_is_proved_elsewhere_only_once_it_has_arrived(self, stage: Stage) -> None:
        async def story(driver: Driver) -> None:
            first, *others = stage.hosts
            guid, password = await known(driver, first, ALICE)
            made = await driver.stamp(first, guid, "unicodePwd")
            for other in others:
                await asyncio.to_thread(stage.spread, first, other, ALICE)
                assert await driver.stamp(other, guid, "unicodePwd") == made
                assert await driver.try_password(other, guid, password) is Bind.RIGHT
                assert (await driver.look(other, guid)).bad_count == 0

        stage.play(story)

    def test_a_change_by_hand_elsewhere_shows_where_it_began(self, stage: Stage) -> None:
        async def story(driver: Driver) -> None:
            first, second = stage.hosts[:2]
            guid, _password = await known(driver, first, BOB)
            await asyncio.to_thread(stage.spread, first, second, BOB)
            before, theirs = await driver.stamp(first, guid, "unicodePwd"), fresh()
            await asyncio.to_thread(stage.by_hand, second, BOB, theirs)
            await asyncio.to_thread(stage.spread, second, first, BOB)
            after = await driver.stamp(first, guid, "unicodePwd")
            there = topologies.by_host(await driver.topology(first), second)
            assert there is not None
            assert after == replace(after, version=before.version + 1, origin=there.invocation)
            assert await driver.try_password(first, guid, theirs) is Bind.RIGHT

        stage.play(story)

    def test_wrong_passwords_are_counted_by_each_controller_alone(self, stage: Stage) -> None:
        async def story(driver: Driver) -> None:
            first, second = stage.hosts[:2]
            guid, _password = await known(driver, first, CAROL)
            await asyncio.to_thread(stage.spread, first, second, CAROL)
            there = (await driver.look(second, guid)).bad_count
            assert await driver.try_password(first, guid, "wrong") is Bind.WRONG
            assert (await driver.look(first, guid)).bad_count == 1
            assert (await driver.look(second, guid)).bad_count == there

        stage.play(story)
