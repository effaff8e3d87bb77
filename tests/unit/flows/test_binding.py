"""A phone scans, or its owner types; the number; bound. And whoever may not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keyturn.flows import binding
from keyturn.flows.binding import Bound, Offer
from keyturn.ports.phones import Kept
from keyturn.rules import enrolment
from keyturn.rules.accounts import User, UserState
from keyturn.rules.binding import Rows
from keyturn.rules.codes import TRIES
from keyturn.rules.enrolment import LIFE_MS, NUMBER_MS, TYPED_UNKNOWN, CodeState
from keyturn.rules.phone_app import PhoneState
from keyturn.steps.phone_door import Refused, Why
from tests.unit.flows.agency import Agency
from tests.unit.flows.handsets import (
    NAME,
    WRONG,
    Handset,
    disable,
    give,
    invite,
    phones,
    reset,
    show,
    stored,
)
from tests.unit.flows.house import House, run

OTHER = "key of another phone"


@pytest.fixture
def user(house: House) -> User:
    return house.user(state=UserState.INVITED, password=None)


@pytest.fixture
def phone(house: House) -> Handset:
    return Handset(house)


def over(why: str) -> Refused:
    return Refused(Why.OVER, {"why": why})


class TestScan:
    def test_it_is_offered_the_account_and_what_it_is_to_trust(
        self, house: House, user: User, phone: Handset
    ) -> None:
        agency = Agency(house)
        agency.first()  # the directory has told its identity
        offer = phone.scan(show(house, user))
        assert isinstance(offer, Offer)
        assert (offer.user.id, offer.left) == (user.id, 3)
        assert offer.ends_at == house.clock.now() + NUMBER_MS
        assert [one.id for one in offer.directories] == [agency.directory.id]
        assert house.events(user)[-1] == "enrolment.scanned"

    def test_a_directory_without_an_identity_is_left_out(
        self, house: House, user: User, phone: Handset
    ) -> None:
        Agency(house)
        offer = phone.scan(show(house, user))
        assert isinstance(offer, Offer)
        assert offer.directories == ()

    def test_the_same_phone_again_is_the_same_scan(
        self, house: House, user: User, phone: Handset
    ) -> None:
        shown = show(house, user)
        assert phone.scan(shown) == phone.scan(shown)
        assert house.events(user).count("enrolment.scanned") == 1

    def test_another_phone_hears_that_it_is_taken_and_the_trail_shows_it(
        self, house: House, user: User, phone: Handset
    ) -> None:
        shown = show(house, user)
        phone.scan(shown)
        assert Handset(house, OTHER).scan(shown) == Refused(Why.TAKEN)
        assert stored(house, shown.code.id).key == phone.key
        assert house.trail(user)[-1].facts == {"why": "taken"}

    def test_the_trail_does_not_grow_without_end(
        self, house: House, user: User, phone: Handset
    ) -> None:
        shown, other = show(house, user), Handset(house, OTHER)
        phone.scan(shown)
        for _ in range(binding.REFUSED_ROWS.limit + 3):
            other.scan(shown)
        assert house.events(user).count("enrolment.failed") == binding.REFUSED_ROWS.limit

    @pytest.mark.parametrize("why", ["id", "secret", "tenant"])
    def test_who_does_not_know_it_hears_the_same_after_the_same_work(
        self, house: House, user: User, phone: Handset, why: str
    ) -> None:
        shown = show(house, user)
        known = {"secret": house.random.token(16)}
        with house.statements() as first:
            assert phone.scan(shown, **known) == Refused(Why.UNKNOWN)
        if why == "tenant":
            phone.browser.tenant = house.add_tenant("contoso")
        asked = {"id": {"code_id": house.random.id(0)}, "secret": known, "tenant": {}}[why]
        with house.statements() as second:
            assert phone.scan(shown, **asked) == Refused(Why.UNKNOWN)
        assert first == second
        assert stored(house, shown.code.id).state is CodeState.WAITING

    def test_ten_minutes_and_no_longer(self, house: House, user: User, phone: Handset) -> None:
        shown = show(house, user)
        house.clock.move(LIFE_MS - 1)
        assert isinstance(phone.scan(shown), Offer)
        late = show(house, user)
        house.clock.move(LIFE_MS)
        assert phone.scan(late) == over("expired")
        assert stored(house, late.code.id).state is CodeState.OVER

    def test_one_whose_user_was_erased_is_unknown(self, house: House, phone: Handset) -> None:
        ghost = replace(house.user(), id=house.random.id(0))
        shown = show(house, ghost)
        assert phone.scan(shown) == Refused(Why.UNKNOWN)
        assert phone.type_in(shown.letters) == Refused(Why.UNKNOWN)
        assert phone.type_in(shown.letters[:-1] + "0") == Refused(Why.WRONG)
        assert phone.say(shown) == Refused(Why.SIGNATURE)

    def test_a_frozen_account_gets_no_phone(
        self, house: House, user: User, phone: Handset
    ) -> None:  # fmt: skip
        shown = show(house, user)
        house.change(user, frozen_at=5)
        assert phone.scan(shown) == Refused(Why.FROZEN, {"since": 5})
        house.change(user, frozen_at=None)
        phone.scan(shown)
        house.change(user, frozen_at=7)
        assert phone.say(shown) == Refused(Why.FROZEN, {"since": 7})
        assert phones(house, user) == []


class TestType:
    def test_ten_letters_stand_in_for_the_scan(
        self, house: House, user: User, phone: Handset
    ) -> None:
        shown = show(house, user)
        assert isinstance(phone.type_in(" 7f3k-abc-def "), Offer)
        assert stored(house, shown.code.id).key == phone.key
        assert house.trail(user)[-1].facts == {"code": shown.code.id, "typed": True}

    def test_typed_again_by_the_same_phone_they_are_the_same(
        self, house: House, user: User, phone: Handset
    ) -> None:
        """The answer was lost: the phone must not hear that it mistyped."""
        shown = show(house, user)
        first = phone.type_in(shown.letters)
        assert phone.type_in(shown.letters) == first
        assert Handset(house, OTHER).type_in(shown.letters) == Refused(Why.TAKEN)

    @pytest.mark.parametrize("typed", ["", "7F3K", "7F3K-ABC-DEFG", "7F3K-ABC-DE!", "ü" * 10])
    def test_what_can_be_no_letters_is_no_try(
        self, house: House, user: User, phone: Handset, typed: str
    ) -> None:
        shown = show(house, user)
        assert phone.type_in(typed) == Refused(Why.LETTERS)
        assert stored(house, shown.code.id).tries == 0

    def test_wrong_ones_count_until_they_are_spent_and_it_can_still_be_scanned(
        self, house: House, user: User, phone: Handset
    ) -> None:
        shown = show(house, user)
        wrong = shown.letters[:-1] + "0"
        for _ in range(TRIES - 1):
            assert phone.type_in(wrong) == Refused(Why.WRONG)
        assert phone.type_in(wrong) == Refused(Why.SPENT)
        assert phone.type_in(shown.letters) == Refused(Why.SPENT)
        assert house.events(user).count("enrolment.failed") == TRIES
        assert isinstance(phone.scan(shown), Offer)

    def test_wrong_ones_do_not_tell_that_it_was_scanned(
        self, house: House, user: User, phone: Handset
    ) -> None:
        shown = show(house, user)
        phone.scan(shown)
        other = Handset(house, OTHER)
        assert other.type_in(shown.letters[:-1] + "0") == Refused(Why.WRONG)
        assert stored(house, shown.code.id).tries == 0

    def test_of_two_codes_that_are_called_alike_the_right_one_is_found(
        self, house: House, user: User, phone: Handset
    ) -> None:
        bob = house.user("bob@northwind.test")
        shown = [show(house, user), show(house, bob, "7F3K000000")]
        offer = phone.type_in("7F3K000000")
        assert isinstance(offer, Offer)
        assert offer.user.id == bob.id
        assert phone.type_in("7F3K111111") == Refused(Why.WRONG)
        assert [stored(house, one.code.id).tries for one in shown] == [1, 0]

    def test_a_network_that_guesses_waits_whatever_it_types(self, house: House, user: User) -> None:
        shown, ip = show(house, user), "198.51.100.7"
        for _ in range(TYPED_UNKNOWN.limit):
            assert Handset(house, ip=ip).type_in("0000000000") == Refused(Why.WRONG)
        until = house.clock.now() + TYPED_UNKNOWN.window_ms
        refused = Refused(Why.TOO_MANY, {"until": until})
        for typed in ("0000000000", shown.letters):
            assert Handset(house, ip=ip).type_in(typed) == refused
        assert isinstance(Handset(house, ip="203.0.113.9").type_in(shown.letters), Offer)

    def test_another_tenants_letters_name_nothing(self, house: House, phone: Handset) -> None:
        other = house.add_tenant("contoso")
        show(house, house.user("eve@contoso.test", tenant=other))
        assert phone.type_in("7F3K-ABC-DEF") == Refused(Why.WRONG)


class TestNumber:
    def test_the_right_one_binds(self, house: House, user: User, phone: Handset) -> None:
        link = invite(house, user)
        shown = show(house, user, link=link.number)
        phone.scan(shown)
        answer = phone.say(shown, " 4２ ")
        assert isinstance(answer, Bound)
        assert answer.phone == phones(house, user)[0]
        assert (answer.phone.name, answer.phone.key) == (NAME, phone.key)
        assert house.again(user).state is UserState.ACTIVE
        used = house.write(lambda tx: tx.phones.link(user.tenant_id, link.digest))
        assert used is not None
        assert used.used_at == house.clock.now()

    def test_the_owner_hears_of_it_and_can_object(
        self, house: House, user: User, phone: Handset
    ) -> None:
        phone.bind(user)
        letter = house.last("app_changed")
        assert (letter.values["what"], letter.values["phone"]) == ("bound", NAME)
        assert letter.token
        assert house.trail(user)[-1].facts == {
            "phone": phone.id, "name": NAME, "replaced": False,
        }  # fmt: skip

    def test_sessions_stay(self, house: House, user: User, phone: Handset) -> None:
        browser = house.browser()
        house.signed(browser, user)
        phone.bind(user)
        assert len(house.write(lambda tx: tx.sessions.of_user(user.tenant_id, user.id))) == 1

    def test_said_again_it_is_the_same_phone(
        self, house: House, user: User, phone: Handset
    ) -> None:
        shown = show(house, user)
        phone.scan(shown)
        assert phone.say(shown) == phone.say(shown, WRONG)
        assert len(phones(house, user)) == 1
        assert len(house.outbox("app_changed")) == 1
        offer = phone.scan(shown)
        assert isinstance(offer, Offer)
        assert offer.ends_at == house.clock.now()

    def test_said_again_when_it_is_bound_no_more_it_tells_why(
        self, house: House, user: User, phone: Handset
    ) -> None:
        shown = show(house, user)
        phone.scan(shown)
        phone.say(shown)
        now = house.clock.now()
        house.write(lambda tx: reset(tx, user, now, house.random.id(now)))
        assert phone.say(shown) == Refused(Why.UNBOUND, {"why": "revoked", "at": now})

    def test_the_phone_before_it_is_stale_and_keeps_no_secrets(
        self, house: House, user: User, phone: Handset
    ) -> None:
        old = give(house, user)
        kept = Kept(pin="p", offline="o", used=5)
        house.write(lambda tx: tx.phones.keep(user.tenant_id, old.id, kept))
        phone.bind(user)
        assert [one.state for one in phones(house, user)] == [PhoneState.ACTIVE, PhoneState.STALE]
        assert house.write(lambda tx: tx.phones.kept(user.tenant_id, old.id)) == Kept()
        assert house.trail(user)[-1].facts["replaced"] is True

    @pytest.mark.parametrize("typed", ["", "4", "420", "4x", "forty-two"])
    def test_what_can_be_no_number_is_no_try(
        self, house: House, user: User, phone: Handset, typed: str
    ) -> None:
        shown = show(house, user)
        phone.scan(shown)
        assert phone.say(shown, typed) == Refused(Why.NUMBER)
        assert stored(house, shown.code.id).wrong == 0

    def test_three_wrong_ones_end_it_and_are_counted_for_the_page(
        self, house: House, user: User, phone: Handset
    ) -> None:
        shown = show(house, user)
        phone.scan(shown)
        answers = [phone.say(shown, WRONG) for _ in range(3)]
        left = [Refused(Why.WRONG, {"left": n}) for n in (2, 1)]
        assert answers == [*left, over("number")]
        assert phone.say(shown) == over("number")
        spent = house.write(
            lambda tx: tx.budgets.look(user.tenant_id, user.id, enrolment.MISMATCHES)
        )
        assert spent is not None
        assert spent.count == 1
        assert phones(house, user) == []
        assert house.events(user).count("enrolment.failed") == 3

    def test_another_phone_cannot_say_it(self, house: House, user: User, phone: Handset) -> None:
        shown = show(house, user)
        phone.scan(shown)
        assert Handset(house, OTHER).say(shown) == Refused(Why.TAKEN)

    def test_before_a_scan_nobody_can(self, house: House, user: User, phone: Handset) -> None:
        assert phone.say(show(house, user)) == Refused(Why.SIGNATURE)

    def test_no_such_code(self, house: House, user: User, phone: Handset) -> None:
        shown = show(house, user)
        phone.browser.tenant = house.add_tenant("contoso")
        assert phone.say(shown) == Refused(Why.SIGNATURE)

    def test_it_has_five_minutes_of_its_own(self, house: House, user: User, phone: Handset) -> None:
        shown = show(house, user)
        house.clock.move(LIFE_MS - 1)
        phone.scan(shown)
        house.clock.move(NUMBER_MS)
        assert phone.say(shown) == over("expired")

    def test_a_link_that_holds_no_more_binds_nothing(
        self, house: House, user: User, phone: Handset
    ) -> None:
        link = invite(house, user)
        shown = show(house, user, link=link.number)
        phone.scan(shown)
        newer = replace(link, id=house.random.id(1), number=2, digest="newer")
        rows = Rows(user, links=(link,))
        house.write(lambda tx: tx.phones.save(rows, replace(rows, links=(link, newer))))
        assert phone.say(shown) == over("link")
        assert phones(house, user) == []

    def test_an_account_that_changed_since_binds_nothing(
        self, house: House, user: User, phone: Handset
    ) -> None:
        shown = show(house, user)
        phone.scan(shown)
        house.change(user, epoch=user.epoch + 1)
        assert phone.say(shown) == over("user")

    def test_after_reset_user_or_disabling_it_tells_which(
        self, house: House, user: User, phone: Handset
    ) -> None:
        now = house.clock.now()
        first, bob = show(house, user), house.user("bob@northwind.test")
        second = show(house, bob, "8888888888")
        phone.scan(first)
        phone.scan(second)
        house.write(lambda tx: reset(tx, user, now, house.random.id(now)))
        house.write(lambda tx: disable(tx, bob, now))
        assert phone.say(first) == over("reset")
        assert phone.say(second) == over("disabled")
        assert phone.scan(first) == over("reset")


class TestKey:
    def test_of_the_phone_that_scanned(self, house: House, user: User, phone: Handset) -> None:
        shown = show(house, user)
        here = house.tenant.id
        assert run(binding.key_of(house.parts, here, shown.code.id)) is None
        phone.scan(shown)
        assert run(binding.key_of(house.parts, here, shown.code.id)) == phone.key
        assert run(binding.key_of(house.parts, "elsewhere", shown.code.id)) is None
