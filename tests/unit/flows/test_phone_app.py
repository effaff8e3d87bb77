"""What a bound phone asks and does, and when it is not heard."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import pytest

from keyturn.flows import phone_app as flow
from keyturn.flows import signin
from keyturn.flows.phone_app import Account, LaneView, SignedIn, State, Trail
from keyturn.ports.phones import Kept
from keyturn.rules import lockout
from keyturn.rules.accounts import FactorKind, Role, User, UserState
from keyturn.rules.directories.things import LinkedAccount
from keyturn.rules.events import Event
from keyturn.rules.lockout import MINUTE, Lane
from keyturn.rules.phone_app import PhoneState
from keyturn.rules.phone_checks.seen import Seen
from keyturn.steps import offline_codes, second
from keyturn.steps.acts import begin, record
from keyturn.steps.phone_door import Refused, Said, Why, heard
from tests.unit.flows.agency import Agency
from tests.unit.flows.handsets import NAME, Handset, disable, enters, give, phones, reset, show
from tests.unit.flows.house import House, run

PIN, OTHER_PIN = "a" * 43, "b" * 43
Ask = Callable[[Handset], Coroutine[Any, Any, Any]]


def asks(name: str, *more: Any) -> Any:
    def one(phone: Handset) -> Coroutine[Any, Any, Any]:
        asked: Coroutine[Any, Any, Any] = getattr(flow, name)(
            phone.house.parts, phone.caller, phone.said(), *more
        )
        return asked

    return pytest.param(one, id=name)


READS = [asks("state"), asks("signed_in"), asks("happened", None), asks("checks", Seen())]
ENDS = [
    asks("end_session", "x" * 43), asks("end_sessions"), asks("forget_client", "x" * 26),
]  # fmt: skip
PROVED = [asks("unlock", PIN), asks("offline", PIN), asks("unbind", PIN)]
CHANGES = [*PROVED, asks("pin", OTHER_PIN, PIN)]


@pytest.fixture
def user(house: House) -> User:
    return house.user()


@pytest.fixture
def phone(house: House, user: User) -> Handset:
    """Ada's, with a PIN."""
    handset = Handset(house)
    handset.bind(user)
    assert run(flow.pin(house.parts, handset.caller, handset.said(), PIN, None)) is None
    return handset


def seen(phone: Handset) -> State:
    found = run(flow.state(phone.house.parts, phone.caller, phone.said()))
    assert isinstance(found, State)
    return found


def unlock(phone: Handset, proof: str | None = PIN) -> int | Refused:
    return run(flow.unlock(phone.house.parts, phone.caller, phone.said(), proof))


def lock(left: int = 5, *, until: int | None = None, **more: bool) -> Refused:
    data = {"set": True, "until": until, "closed": False, "left": left, "key": False}
    return Refused(Why.LOCK, {**data, **more})


@pytest.mark.parametrize("ask", [*READS, *ENDS, *CHANGES])
class TestWhoIsHeard:
    def test_a_number_is_good_once(self, phone: Handset, ask: Ask) -> None:
        phone.number_said -= 1
        assert run(ask(phone)) == Refused(Why.SEQUENCE)

    def test_not_after_reset_user(self, house: House, user: User, phone: Handset, ask: Ask) -> None:
        now = house.clock.now()
        house.write(lambda tx: reset(tx, user, now, house.random.id(now)))
        assert run(ask(phone)) == Refused(Why.UNBOUND, {"why": "revoked", "at": now})

    def test_not_after_another_phone_took_its_place(
        self, house: House, user: User, phone: Handset, ask: Ask
    ) -> None:
        Handset(house, "another key").bind(user)
        assert run(ask(phone)) == Refused(Why.UNBOUND, {"why": "stale", "at": house.clock.now()})

    def test_not_while_its_owner_is_disabled(
        self, house: House, user: User, phone: Handset, ask: Ask
    ) -> None:
        house.write(lambda tx: disable(tx, user, house.clock.now()))
        assert run(ask(phone)) == Refused(Why.ACCOUNT, {"state": "disabled"})

    def test_not_one_that_is_not_here(self, house: House, phone: Handset, ask: Ask) -> None:
        phone.browser.tenant = house.add_tenant("contoso")
        assert run(ask(phone)) == Refused(Why.SIGNATURE)


def test_a_phone_whose_owner_was_erased_is_nobodys(house: House, user: User) -> None:
    ghost = replace(user, id=house.random.id(0))
    said = Said(give(house, ghost).id, 1)
    act = begin(house.parts, house.browser().caller)
    assert house.write(lambda tx: heard(tx, act, said)) == Refused(Why.SIGNATURE)


@pytest.mark.parametrize("ask", CHANGES)
def test_a_freeze_forbids_what_gives_access(
    house: House, user: User, phone: Handset, ask: Ask
) -> None:
    house.change(user, frozen_at=5)
    assert run(ask(phone)) == Refused(Why.FROZEN, {"since": 5})


@pytest.mark.parametrize("ask", [*READS, *ENDS])
def test_and_nothing_else(house: House, user: User, phone: Handset, ask: Ask) -> None:
    house.change(user, frozen_at=5)
    assert not isinstance(run(ask(phone)), Refused)


class TestLock:
    @pytest.mark.parametrize("ask", PROVED)
    def test_what_changes_asks_for_it(self, house: House, user: User, ask: Ask) -> None:
        bare = Handset(house)
        bare.bind(user)
        assert run(ask(bare)) == lock(set=False)
        assert phones(house, user)[0].state is PhoneState.ACTIVE

    def test_without_it_the_app_hears_that_one_is_set(self, phone: Handset) -> None:
        assert unlock(phone, None) == lock()
        assert unlock(phone, OTHER_PIN) == lock(4)
        assert unlock(phone, None) == lock(4)

    def test_five_wrong_ones_lock_it_for_ten_minutes(
        self, house: House, user: User, phone: Handset
    ) -> None:
        for left in (4, 3, 2, 1):
            assert unlock(phone, OTHER_PIN) == lock(left)
        until = house.clock.now() + 10 * MINUTE
        assert unlock(phone, OTHER_PIN) == lock(0, until=until)
        assert unlock(phone) == lock(0, until=until)
        assert (seen(phone).lock_set, seen(phone).lock_until) == (True, until)
        failed = [e.facts for e in house.trail(user) if e.event is Event.APP_PIN_FAILED]
        assert [facts["until"] for facts in failed] == [None] * 4 + [until]
        house.clock.move(10 * MINUTE)
        assert unlock(phone) == 0

    def test_it_is_no_lock_of_the_account(self, house: House, user: User, phone: Handset) -> None:
        for _ in range(5):
            unlock(phone, OTHER_PIN)
        assert seen(phone).lanes == ()
        assert house.browser().sign_in() is not None
        assert house.outbox("lock_notice") == []

    def test_a_right_one_clears_the_streak(self, phone: Handset) -> None:
        for _ in range(4):
            unlock(phone, OTHER_PIN)
        assert unlock(phone) == 0
        assert unlock(phone, OTHER_PIN) == lock(4)

    def test_after_a_hundred_none_is_right(self, house: House, phone: Handset) -> None:
        house.set_lane("p:" + phone.id, Lane(total=99))
        assert unlock(phone, OTHER_PIN) == lock(0, closed=True)
        assert unlock(phone) == lock(0, closed=True)

    def test_another_pin_needs_the_old_one(self, house: House, user: User, phone: Handset) -> None:
        def choose(proof: str | None) -> Refused | None:
            asked = flow.pin(house.parts, phone.caller, phone.said(), OTHER_PIN, proof)
            return run(asked)

        assert choose(None) == lock()
        assert choose(OTHER_PIN) == lock(4)
        assert choose(PIN) is None
        assert unlock(phone) == lock(4)
        assert unlock(phone, OTHER_PIN) == 0
        changed = [e.facts["changed"] for e in house.trail(user) if e.event is Event.APP_PIN]
        assert changed == [False, True]

    def test_the_database_has_neither_pin_nor_secret(self, house: House, phone: Handset) -> None:
        secret = run(flow.offline(house.parts, phone.caller, phone.said(), PIN))
        kept = house.write(lambda tx: tx.phones.kept(house.tenant.id, phone.id))
        assert kept is not None
        assert kept.pin
        assert kept.offline
        dump = house.dump("phones", "audit")
        assert PIN not in dump
        assert str(secret) not in dump


class TestState:
    def test_how_things_stand(self, house: House, user: User, phone: Handset) -> None:
        found = seen(phone)
        assert found.phone == phones(house, user)[0]
        assert found.user == house.again(user)
        assert (found.locked_until, found.lanes) == (None, ())
        assert (found.lock_set, found.lock_until, found.offline) == (True, None, False)
        assert (found.waiting, found.checked_at, found.accounts) == (0, None, ())

    def test_every_lane_and_the_one_that_strangers_see(
        self, house: House, user: User, phone: Handset
    ) -> None:
        known = enters(house, user)
        client = next(iter(known.clients))
        house.browser().fail(5)
        house.set_lane("2:" + user.id, Lane(closed=True), user)
        until = house.clock.now() + lockout.DEFAULT.lock_ms
        found = seen(phone)
        assert found.locked_until == until
        assert set(found.lanes) == {
            LaneView("unknown", "", until, closed=False),
            LaneView("second", "", None, closed=True),
        }
        house.set_lane("c:" + client, Lane(), user)
        assert LaneView("client", "Firefox on Windows", None, closed=False) in seen(phone).lanes

    def test_accounts_in_directories(self, house: House, user: User, phone: Handset) -> None:
        there = Agency(house).directory
        account = LinkedAccount(
            user.tenant_id, there.id, user.id, "0" * 32, "ada", "ada@corp.example.test", 1
        )
        house.write(lambda tx: tx.directories.link(account))
        assert seen(phone).accounts == (Account(there, account),)

    def test_what_its_checks_said(self, house: House, phone: Handset) -> None:
        told = flow.checks(house.parts, phone.caller, phone.said(), Seen(permission="denied"))
        assert run(told) is None
        assert seen(phone).checked_at == house.clock.now()
        kept = house.write(lambda tx: tx.phones.checks(house.tenant.id, phone.id))
        assert kept is not None
        stored: Any = kept[0]
        assert stored["system"] == "other"
        found = stored["checks"]
        assert (found["notifications"], found["system"]) == ("denied", "untold")


class TestUnlock:
    def test_every_lane_opens_and_the_trail_says_by_whom(
        self, house: House, user: User, phone: Handset
    ) -> None:
        house.browser().fail(5)
        assert unlock(phone) == 1
        assert seen(phone).locked_until is None
        entry = house.trail(user)[-1]
        assert (entry.event, entry.actor_id) == (Event.USER_UNLOCKED, None)
        assert entry.facts == {"by": "app", "phone": phone.id, "lanes": 1}
        assert house.browser().sign_in() is not None


class TestOffline:
    def test_its_codes_are_a_second_step_once(
        self, house: House, user: User, phone: Handset
    ) -> None:
        secret = run(flow.offline(house.parts, phone.caller, phone.said(), PIN))
        assert isinstance(secret, str)
        assert seen(phone).offline
        act = begin(house.parts, house.browser().caller)
        kinds = house.write(lambda tx: second.methods(tx, act, user.id))
        assert set(kinds) == {FactorKind.TOTP, FactorKind.PUSH}

        def accept(code: str) -> bool:
            return house.write(lambda tx: offline_codes.accept(tx, act, user, code))

        assert not accept("000000")
        assert accept(house.code_of(secret))
        assert not accept(house.code_of(secret))
        assert accept(house.code_of(secret, 1))

    def test_a_new_secret_ends_the_old_one_and_is_told(
        self, house: House, user: User, phone: Handset
    ) -> None:
        first, second = (
            run(flow.offline(house.parts, phone.caller, phone.said(), PIN)) for _ in range(2)
        )
        assert isinstance(first, str)
        assert isinstance(second, str)
        act = begin(house.parts, house.browser().caller)
        codes = house.code_of(first), house.code_of(second)
        answers = [
            house.write(lambda tx, code=code: offline_codes.accept(tx, act, user, code))  # type: ignore[misc]
            for code in codes
        ]
        assert answers == [False, True]
        what = [letter.values["what"] for letter in house.outbox("app_changed")]
        assert what == ["bound", "offline"]

    def test_nobody_has_codes_without_a_phone_or_before_they_were_made(
        self, house: House, user: User, phone: Handset
    ) -> None:
        act, bob = begin(house.parts, house.browser().caller), house.user("bob@northwind.test")
        for one in (user, bob):
            assert not house.write(lambda tx, u=one: offline_codes.usable(tx, act, u.id))  # type: ignore[misc]
            assert not house.write(lambda tx, u=one: offline_codes.accept(tx, act, u, "000000"))  # type: ignore[misc]
        assert phone.id

    def test_they_die_with_the_phone(self, house: House, user: User, phone: Handset) -> None:
        secret = run(flow.offline(house.parts, phone.caller, phone.said(), PIN))
        now = house.clock.now()
        house.write(lambda tx: reset(tx, user, now, house.random.id(now)))
        act = begin(house.parts, house.browser().caller)
        code = house.code_of(str(secret))
        assert not house.write(lambda tx: offline_codes.accept(tx, act, user, code))

    def test_they_are_asked_for_at_sign_in(self, house: House, user: User, phone: Handset) -> None:
        secret = run(flow.offline(house.parts, phone.caller, phone.said(), PIN))
        browser = house.browser()
        pending = browser.sign_in()
        assert isinstance(pending, signin.SecondPending)
        assert FactorKind.TOTP in pending.methods
        assert isinstance(browser.second_step("000000"), signin.Wrong)
        assert isinstance(browser.second_step(house.code_of(str(secret))), signin.SignedIn)
        assert user.id

    def test_reset_user_does_not_take_them_for_another_second_step(
        self, house: House, user: User, phone: Handset
    ) -> None:
        """Else the password alone would open the account whose phone was taken away."""
        run(flow.offline(house.parts, phone.caller, phone.said(), PIN))
        act = begin(house.parts, house.browser().caller)
        kinds = house.write(lambda tx: second.methods(tx, act, user.id, phone=False))
        assert FactorKind.TOTP not in kinds


class TestSignedIn:
    def test_browsers_are_listed_and_ended(self, house: House, user: User, phone: Handset) -> None:
        for _ in range(3):
            enters(house, user)

        def listed() -> SignedIn:
            found = run(flow.signed_in(house.parts, phone.caller, phone.said()))
            assert isinstance(found, SignedIn)
            return found

        found = listed()
        assert (len(found.sessions), len(found.clients)) == (3, 3)
        one = found.sessions[0].digest
        ended = run(flow.end_session(house.parts, phone.caller, phone.said(), one))
        assert (ended, len(listed().sessions)) == (1, 2)
        client = listed().sessions[0].client_id
        assert client is not None
        forgotten = run(flow.forget_client(house.parts, phone.caller, phone.said(), client))
        assert (forgotten, len(listed().sessions), len(listed().clients)) == (1, 1, 2)
        assert run(flow.end_sessions(house.parts, phone.caller, phone.said())) == 1
        assert listed().sessions == ()
        assert house.again(user).epoch == user.epoch + 1

    def test_nobody_elses(self, house: House, phone: Handset) -> None:
        bob = house.user("bob@northwind.test")
        theirs = house.signed(house.browser(), bob).session.digest
        asked = flow.end_session(house.parts, phone.caller, phone.said(), theirs)
        assert run(asked) == 0


class TestHappened:
    def test_newest_first_in_pages(self, house: House, user: User, phone: Handset) -> None:
        staff = house.user("tom@northwind.test", role=Role.TECHNICIAN)

        def step(tx: Any) -> None:
            act = begin(house.parts, house.browser().caller, staff)
            for _ in range(flow.PAGE):
                record(tx, act, Event.USER_UNLOCKED, user)
            record(tx, act, Event.USER_CREATED, staff)

        house.write(step)

        def page(before: str | None) -> Trail:
            found = run(flow.happened(house.parts, phone.caller, phone.said(), before))
            assert isinstance(found, Trail)
            return found

        first = page(None)
        assert [one.event for one in first.entries] == [Event.USER_UNLOCKED] * flow.PAGE
        assert first.before == first.entries[-1].id
        second = page(first.before)
        assert second.before is None
        assert [str(one.event) for one in second.entries] == [
            "app.pin", "app.bound", "enrolment.scanned",
        ]  # fmt: skip


class TestUnbind:
    def test_the_phone_is_nobodys_and_the_owner_hears_of_it(
        self, house: House, user: User, phone: Handset
    ) -> None:
        assert run(flow.unbind(house.parts, phone.caller, phone.said(), PIN)) is None
        after = phones(house, user)[0]
        assert (after.state, after.ended_at) == (PhoneState.REVOKED, house.clock.now())
        assert house.write(lambda tx: tx.phones.kept(user.tenant_id, phone.id)) == Kept()
        assert house.again(user).state is UserState.ACTIVE
        letter = house.last("app_changed")
        assert (letter.values["what"], letter.values["phone"]) == ("unbound", NAME)
        assert house.events(user)[-1] == "app.unbound"

    def test_another_phone_can_be_bound_then(
        self, house: House, user: User, phone: Handset
    ) -> None:
        run(flow.unbind(house.parts, phone.caller, phone.said(), PIN))
        other = Handset(house, "another key")
        shown = show(house, user, "9999999999")
        other.scan(shown)
        other.say(shown)
        assert [one.state for one in phones(house, user)] == [
            PhoneState.ACTIVE, PhoneState.REVOKED,
        ]  # fmt: skip


def test_the_key_of_a_phone_is_its_tenants(house: House, phone: Handset) -> None:
    assert run(flow.key_of(house.parts, house.tenant.id, phone.id)) == phone.key
    assert run(flow.key_of(house.parts, "elsewhere", phone.id)) is None
