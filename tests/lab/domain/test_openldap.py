"""The OpenLDAP driver on a real slapd: who is there, what binds, what is refused and locked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator

import pytest

from keyturn.agent.directories.openldap import OpenLdap
from keyturn.agent.ports import Change, NotFound, Refused, Unreachable
from keyturn.lab.certificates import Shown
from keyturn.lab.openldap import HOST, Options
from keyturn.lab.openldap_people import (
    ALICE,
    BASE,
    BOB,
    CAROL,
    DAVE,
    DEFAULT,
    ERIN,
    FRANK,
    HEIDI,
    IVAN,
    MIA,
    PEOPLE,
    SERVICE,
    STRICT,
    VICTOR,
    Person,
    person_ldif,
)
from keyturn.rules.directories import topology as topologies
from keyturn.rules.directories.answers import Tried
from keyturn.rules.directories.proofs import Bind, Verdict, settle_flag
from tests.lab.openldaps import Stage, guid_of, known, lock, now, slapd
from tests.unit.agent.directories.contract import fresh

pytestmark = pytest.mark.lab

_MINUTE, _DAY = 60_000, 86_400_000


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with slapd() as running:
        yield Stage(running)


# --- who is there


def test_uid_mail_and_our_own_name_find_an_account(stage: Stage) -> None:
    async def story(driver: OpenLdap) -> None:
        found = await driver.find(HOST, ALICE.name)
        assert (found.name, found.display, found.dn) == ("alice", ALICE.display, ALICE.dn)
        assert len(found.guid) == 32
        for name in ("ALICE", "alice@example.test", "Alice@Example.test"):
            assert (await driver.find(HOST, name)).guid == found.guid
        assert (await driver.look(HOST, found.guid)).guid == found.guid
        assert (await driver.find(HOST, SERVICE)).protected == "service"

    stage.play(story)


@pytest.mark.parametrize(
    "name",
    ["nobody", "", "*", "ali*", "alice)(cn=*", "*)(uid=*", "alice@other.test", "x" * 300, "@", "\\",
     "(", "ali\\2ace", "\0", "keyturn", ALICE.dn, f"{ALICE.dn})(uid=*", "alice\0", "uid=alice"],
)  # fmt: skip
def test_what_is_no_account_is_not_found(stage: Stage, name: str) -> None:
    async def story(driver: OpenLdap) -> None:
        with pytest.raises(NotFound):
            await driver.find(HOST, name)

    stage.play(story)


def test_an_unknown_id_is_not_found(stage: Stage) -> None:
    async def story(driver: OpenLdap) -> None:
        for guid in ("00" * 16, "zz", "", "*", "*)(uid=*"):
            for call in (
                driver.look(HOST, guid),
                driver.stamp(HOST, guid, "unicodePwd"),
                driver.apply(HOST, guid, Change(fresh())),
                driver.try_password(HOST, guid, "whatever"),
            ):
                with pytest.raises(NotFound):
                    await call

    stage.play(story)


def test_a_name_that_needs_escaping_everywhere(stage: Stage) -> None:
    odd = Person("odd(1)\\2c*,x", "Oz Om", "Quiet-Odd-11")
    dn = f"uid=odd(1)\\5c2c*\\2cx,{PEOPLE}"
    stage.slapd.apply(person_ldif(odd).replace(f"dn: {odd.dn}", f"dn: {dn}"))

    async def story(driver: OpenLdap) -> None:
        view = await driver.find(HOST, odd.name)
        assert view.name == odd.name
        assert await driver.try_password(HOST, view.guid, odd.password) is Bind.RIGHT
        password = fresh()
        await driver.apply(HOST, view.guid, Change(password))
        assert await driver.try_password(HOST, view.guid, password) is Bind.RIGHT

    stage.play(story)


def test_two_of_a_mail_address_are_none(stage: Stage) -> None:
    for name in ("twin1", "twin2"):
        text = person_ldif(Person(name, "Twin Twin", "Quiet-Twin-11"))
        stage.slapd.apply(text.replace(f"{name}@example.test", "twins@example.test"))

    async def story(driver: OpenLdap) -> None:
        with pytest.raises(NotFound):
            await driver.find(HOST, "twins@example.test")

    stage.play(story)


# --- what binds


def test_a_look_shows_the_policy_that_binds(stage: Stage) -> None:
    async def story(driver: OpenLdap) -> None:
        usual = (await driver.find(HOST, ALICE.name)).policy
        strict = (await driver.find(HOST, FRANK.name)).policy
        assert usual is not None
        assert strict is not None
        assert (usual.source, strict.source) == ("domain", "strict")
        for policy, wanted in ((usual, DEFAULT), (strict, STRICT)):
            assert policy.min_length == wanted.min_length
            assert (policy.history, policy.history_on_reset) == (wanted.history, True)
            assert policy.min_age_ms == wanted.min_age_days * _DAY
            assert policy.max_age_ms == wanted.max_age_days * _DAY
            assert policy.lockout_threshold == wanted.failures
            assert policy.lockout_ms == wanted.lockout_min * _MINUTE
            assert policy.observation_ms == wanted.lockout_min * _MINUTE

    stage.play(story)


def test_a_policy_that_nobody_names_or_that_is_not_there_is_not_guessed(stage: Stage) -> None:
    async def story(driver: OpenLdap) -> None:
        assert (await driver.find(HOST, ALICE.name)).policy is None

    stage.play(story, policy="")
    stage.play(story, policy=f"cn=nothing,{BASE}")
    stage.play(story, policy=BASE)


# --- a new password


def test_a_set_password_works_and_its_stamp_is_later(stage: Stage) -> None:
    async def story(driver: OpenLdap) -> None:
        guid, password = await guid_of(driver, BOB), fresh()
        before = await driver.stamp(HOST, guid, "unicodePwd")
        await driver.apply(HOST, guid, Change(password))
        after = await driver.stamp(HOST, guid, "unicodePwd")
        assert after.version > before.version
        assert (after.origin, after.usn) == ("", 0)
        assert abs(after.at - now()) < 3_000
        assert await driver.tried(HOST, guid, password) == Tried(Bind.RIGHT, "")
        assert await driver.try_password(HOST, guid, BOB.password) is Bind.WRONG
        view = await driver.look(HOST, guid)
        assert view.password_stamp == after
        assert view.password_set_at == after.at
        assert view.password_expires_at == after.at + DEFAULT.max_age_days * _DAY

    stage.play(story)


def test_two_changes_never_share_a_stamp(stage: Stage) -> None:
    async def story(driver: OpenLdap) -> None:
        guid = await guid_of(driver, BOB)
        seen = []
        for _ in range(3):
            await driver.apply(HOST, guid, Change(fresh()))
            seen.append((await driver.stamp(HOST, guid, "unicodePwd")).version)
        assert seen == sorted(set(seen))

    stage.play(story)


@pytest.mark.parametrize(
    "password",
    ["Gr\u00fc\u00dfe-\u0416\u5c71-12", " Quiet-River-9 ", 'Quiet"River\\9',
     "e\u0301-Quiet-River-9", "\U0001f600-Quiet-River-9", "Quiet\u00a0River-9\n",
     "(Quiet)*River=9,+<>#;"],
)  # fmt: skip
def test_a_password_is_set_and_tried_exactly_as_typed(stage: Stage, password: str) -> None:
    async def story(driver: OpenLdap) -> None:
        guid = await guid_of(driver, DAVE)
        await driver.apply(HOST, guid, Change(password, unlock=True))
        assert await driver.try_password(HOST, guid, password) is Bind.RIGHT
        assert await driver.try_password(HOST, guid, password.strip() + "x") is Bind.WRONG

    stage.play(story)


def test_no_password_is_stored_as_it_is(stage: Stage) -> None:
    import base64

    async def story(driver: OpenLdap) -> None:
        guid, _password = await known(driver, DAVE)
        await driver.apply(HOST, guid, Change(fresh(), must_change=True))

    stage.play(story)
    (stored,) = stage.slapd.read(DAVE.dn, "userPassword")["userPassword:"]
    assert base64.b64decode(stored).startswith(b"{SSHA}")


@pytest.mark.parametrize(
    ("person", "password", "reason", "data"),
    [
        (BOB, "aB1-x", "too_short", {"minimum": 10}),
        (FRANK, "Quiet-River-1", "too_young", {"min_age_ms": _DAY}),
        (BOB, "", "malformed", {}),
        (BOB, "Quiet\0River-1", "malformed", {}),
        (BOB, "Quiet\ud83dRiver-1", "malformed", {}),
        (VICTOR, "Quiet-River-12", "no_right", {}),
        (IVAN, "Quiet-River-12", "protected", {"why": "locked_by_hand"}),
        (HEIDI, "Quiet-River-12", "protected", {"why": "named"}),
    ],
)
def test_a_refused_password_changes_nothing(
    stage: Stage, person: Person, password: str, reason: str, data: dict[str, int],
    record_property: Callable[..., None],
) -> None:  # fmt: skip
    async def story(driver: OpenLdap) -> None:
        guid = await guid_of(driver, person)
        before = await driver.look(HOST, guid)
        for change in (Change(password, unlock=True), Change(password)):
            with pytest.raises(Refused) as told:
                await driver.apply(HOST, guid, change)
            refusal = told.value.refusal
            assert (refusal.reason, refusal.data) == (reason, data)
            assert not password or password not in repr(told.value)
            record_property("says", f"OpenLDAP, {reason}: {refusal.diagnostic}")
        assert await driver.look(HOST, guid) == before

    stage.play(story)


def test_what_is_in_the_history_is_refused(stage: Stage) -> None:
    async def story(driver: OpenLdap) -> None:
        guid, first = await known(driver, CAROL)
        second = fresh()
        await driver.apply(HOST, guid, Change(second))
        before = await driver.look(HOST, guid)
        for old in (first, second):
            with pytest.raises(Refused) as told:
                await driver.apply(HOST, guid, Change(old))
            assert (told.value.refusal.reason, told.value.refusal.data) == (
                "used_before", {"history": DEFAULT.history},
            )  # fmt: skip
        assert await driver.look(HOST, guid) == before

    stage.play(story)


def test_a_long_strict_password_is_too_young_until_it_must_be_changed(stage: Stage) -> None:
    """Whoever must change a password may do so at once: slapd asks for no age then."""

    async def story(driver: OpenLdap) -> None:
        guid = await guid_of(driver, FRANK)
        with pytest.raises(Refused) as told:
            await driver.apply(HOST, guid, Change("Quiet-River-And-Forest-1"))
        assert told.value.refusal.reason == "too_young"
        await driver.apply(HOST, guid, Change(must_change=True))
        with pytest.raises(Refused) as told:
            await driver.apply(HOST, guid, Change("Quiet-River-1"))
        assert told.value.refusal.data == {"minimum": STRICT.min_length}
        await driver.apply(HOST, guid, Change("Quiet-River-And-Forest-1"))

    stage.play(story)


# --- locks


def test_a_locked_account_says_nothing_until_it_is_unlocked(stage: Stage) -> None:
    async def story(driver: OpenLdap) -> None:
        guid, password = await known(driver, ERIN)
        before = await driver.look(HOST, guid)
        assert (before.locked_until, before.bad_count) == (None, 0)
        await driver.tried(HOST, guid, "wrong")
        assert (await driver.look(HOST, guid)).bad_count == 1
        await driver.apply(HOST, guid, Change(unlock=True))  # nothing is locked: nothing is sent
        await lock(driver, guid)
        locked = await driver.look(HOST, guid)
        assert locked.locked_until is not None
        assert abs(locked.locked_until - now() - DEFAULT.lockout_min * _MINUTE) < 5_000
        assert locked.lockout_stamp != before.lockout_stamp
        assert await driver.tried(HOST, guid, password) == Tried(Bind.SILENT, "locked")
        assert await driver.tried(HOST, guid, "wrong") == Tried(Bind.SILENT, "locked")
        await driver.apply(HOST, guid, Change(unlock=True))
        opened = await driver.look(HOST, guid)
        assert (opened.locked_until, opened.bad_count) == (None, 0)
        assert opened.lockout_stamp.version > locked.lockout_stamp.version
        assert opened.password_stamp == before.password_stamp
        done = settle_flag(locked.lockout_stamp, opened.lockout_stamp, "", still=True)
        assert done is Verdict.DONE
        await driver.apply(HOST, guid, Change(unlock=True))
        assert (await driver.look(HOST, guid)).lockout_stamp == opened.lockout_stamp
        assert await driver.tried(HOST, guid, password) == Tried(Bind.RIGHT, "")

    stage.play(story)


def test_a_new_password_ends_a_lock(stage: Stage) -> None:
    async def story(driver: OpenLdap) -> None:
        guid, _password = await known(driver, ERIN)
        await lock(driver, guid)
        last = fresh()
        await driver.apply(HOST, guid, Change(last))
        assert (await driver.look(HOST, guid)).locked_until is None
        assert await driver.tried(HOST, guid, last) == Tried(Bind.RIGHT, "")

    stage.play(story)


def test_slapd_that_says_locked_is_understood_as_well() -> None:
    with slapd(Options(says_locked=True)) as running:

        async def story(driver: OpenLdap) -> None:
            guid, password = await known(driver, ERIN)
            await lock(driver, guid)
            connection = await driver._service.bare(HOST)
            answer = await connection.attempt(ERIN.dn, password)
            assert (answer.result, answer.error) == (49, 1)
            connection.close()

        Stage(running).play(story)


def test_what_was_locked_by_hand_stays_locked(stage: Stage) -> None:
    async def story(driver: OpenLdap) -> None:
        view = await driver.find(HOST, IVAN.name)
        assert (view.locked_until, view.disabled, view.protected) == (0, True, "locked_by_hand")
        for change in (Change(fresh()), Change(unlock=True), Change(must_change=True)):
            with pytest.raises(Refused) as told:
                await driver.apply(HOST, view.guid, change)
            assert told.value.refusal.data == {"why": "locked_by_hand"}
        assert await driver.tried(HOST, view.guid, IVAN.password) == Tried(Bind.SILENT, "locked")

    stage.play(story)


def test_an_account_that_has_ended_is_not_tried(stage: Stage) -> None:
    async def story(driver: OpenLdap) -> None:
        view = await driver.find(HOST, MIA.name)
        assert view.expired_account
        assert await driver.try_password(HOST, view.guid, MIA.password) is Bind.SILENT
        assert not (await driver.find(HOST, ALICE.name)).expired_account

    stage.play(story)


def test_a_wrong_password_costs_one_try_and_a_right_one_none(stage: Stage) -> None:
    async def story(driver: OpenLdap) -> None:
        guid, password = await known(driver, DAVE)
        assert await driver.try_password(HOST, guid, password) is Bind.RIGHT
        assert (await driver.look(HOST, guid)).bad_count == 0
        assert await driver.try_password(HOST, guid, "") is Bind.WRONG
        assert (await driver.look(HOST, guid)).bad_count == 0
        assert await driver.try_password(HOST, guid, "wrong") is Bind.WRONG
        seen = await driver.look(HOST, guid)
        assert seen.bad_count == 1
        assert seen.bad_at is not None
        assert abs(seen.bad_at - now()) < 5_000

    stage.play(story)


# --- what cannot be reached, each with its own cause


def test_the_agents_own_password_is_wrong(stage: Stage) -> None:
    async def story(driver: OpenLdap) -> None:
        for _ in range(8):
            with pytest.raises(Unreachable) as told:
                await driver.topology(HOST)
            assert told.value.cause == "credentials"
            assert "Wrong" not in str(told.value)

    stage.play(story, password="Wrong-Wrong-1")
    failures = stage.slapd.read(SERVICE, "pwdFailureTime").get("pwdFailureTime", [])
    assert len(failures) == 1  # not locked out by trying


def test_a_base_that_may_not_be_read_is_not_taken_for_an_empty_one(stage: Stage) -> None:
    async def story(driver: OpenLdap) -> None:
        for call in (driver.find(HOST, "alice"), driver.topology(HOST)):
            with pytest.raises(Unreachable) as told:
                await call
            assert told.value.cause == "credentials"

    stage.play(story, base="dc=other,dc=test")


def test_what_is_no_name_is_told_at_once(stage: Stage) -> None:
    for wrong in ({"base": "nonsense"}, {"policy": "x"}, {"protected": ("y",)}, {"account": "z"}):
        with pytest.raises(ValueError, match=r"^(nonsense|x|y|z)$"):
            OpenLdap(stage.settings(**wrong), now)


def test_tls_is_refused_with_its_own_cause() -> None:
    with slapd() as running:
        stage = Stage(running)

        async def cause(driver: OpenLdap) -> str:
            return (await driver.reachable([HOST]))[HOST]

        found = {}
        for shown in (Shown.GOOD, Shown.OTHER_CA, Shown.OTHER_NAME, Shown.EXPIRED):
            running.restart(shown)
            found[shown] = stage.play(cause)
        running.stop()
        assert stage.play(cause) == "refused"
        assert found == {
            Shown.GOOD: "",
            Shown.OTHER_CA: "tls_ca",
            Shown.OTHER_NAME: "tls_name",
            Shown.EXPIRED: "tls_expired",
        }


def test_the_topology_is_what_is_known_of_providers(stage: Stage) -> None:
    async def story(driver: OpenLdap) -> None:
        found = await driver.topology(HOST)
        assert (found.domain, found.base, found.vendor) == ("corp.example.test", BASE, "OpenLDAP")
        hosts = [one.host for one in topologies.writable(found)]
        assert hosts == [HOST, "ldap2.corp.example.test"]
        assert topologies.decode(topologies.encode(found)) == found

    stage.play(story, servers=(HOST, "ldap2.corp.example.test"))


# --- what an administrator may have set up otherwise


def test_where_passwords_may_be_managed_the_policy_does_not_bind() -> None:
    """As the documentation warns; what is told stays true: no refusal, and the password works."""
    with slapd(Options(agent="manage")) as running:

        async def story(driver: OpenLdap) -> None:
            guid = await guid_of(driver, BOB)
            await driver.apply(HOST, guid, Change("aB1-x"))
            assert (await driver.look(HOST, guid)).must_change  # pwdMustChange, by slapd itself
            assert await driver.tried(HOST, guid, "aB1-x") == Tried(Bind.RIGHT, "must_change")

        Stage(running).play(story)


def test_many_at_once_share_few_connections_and_threads(
    stage: Stage, record_property: Callable[..., None]
) -> None:
    async def story(driver: OpenLdap) -> None:
        guid = await guid_of(driver, ALICE)
        start = time.perf_counter()
        views = await asyncio.gather(*(driver.look(HOST, guid) for _ in range(60)))
        took = (time.perf_counter() - start) * 1000
        assert len({view.guid for view in views}) == 1
        record_property("says", f"OpenLDAP: 60 looks at once in {took:.0f} ms")

    stage.play(story)
