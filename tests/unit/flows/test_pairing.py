"""Setting up a device, from the label to the first day; and who tries it besides its owner."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from keyturn.flows import objection, pairing, presence
from keyturn.flows import staff as staffing
from keyturn.flows.device_beats import Beat, Met, PairedTo, Waiting
from keyturn.flows.objection import Stopped
from keyturn.flows.pairing import (
    Busy,
    Frozen,
    Hidden,
    NoDigits,
    NoLabel,
    NotFound,
    NothingOpen,
    ProofNeeded,
    Released,
    SignedOut,
    TooMany,
    Unknown,
    View,
)
from keyturn.rules.accounts import User
from keyturn.rules.budgets import DEVICE_LABELS
from keyturn.rules.callers import Caller
from keyturn.rules.devices import WAIT_MS, Held
from keyturn.rules.events import Event
from keyturn.rules.lockout import HOUR, MINUTE
from keyturn.rules.networks import Kind, Range, Verdict
from keyturn.rules.pairing import LIFE_MS, TRIES, Ended, Missing, State
from keyturn.steps.phone_door import Refused, Why
from tests.unit.flows.cameras import ELSEWHERE, HOME, Camera, Owner, Shelf, setup_of
from tests.unit.flows.house import House, Letter, run

VPN = Range(Kind.VPN, "Example VPN")


@pytest.fixture
def shelf(house: House) -> Shelf:
    return Shelf(house)


@pytest.fixture
def ada(house: House) -> User:
    return house.user()


@pytest.fixture
def eve(house: House) -> User:
    return house.user("eve@northwind.test")


def active(house: House, camera: Camera) -> Any:
    found = house.write(lambda tx: tx.devices.active(camera.device.tenant_id, [camera.device.id]))
    return found.get(camera.device.id)


def letter_to(house: House, user: User) -> Letter:
    theirs = [one for one in house.outbox("device_changed") if one.message.user_id == user.id]
    return theirs[-1]


class TestAtHome:
    def test_label_hello_press(self, house: House, shelf: Shelf, ada: User) -> None:
        camera, owner = shelf.camera(), Owner(house, ada)
        assert camera.hello() == Waiting()
        began = owner.start(camera)
        assert began.missing == (Missing.HELLO,)
        met = camera.hello()
        assert isinstance(met, Met)
        assert met.missing == (Missing.PRESS,)
        assert owner.sees().judged.verdict is Verdict.SAME
        assert isinstance(camera.press(), PairedTo)
        done = owner.sees()
        assert (done.setup.state, done.missing) == (State.DONE, ())
        (own,) = owner.devices()
        assert (own.device, own.seen_at) == (camera.device, None)
        assert camera.hello() == PairedTo(own.pairing.id, house.clock.now())
        letter = house.last("device_changed")
        assert letter.values["what"] == "paired"
        assert letter.values["ip"] == HOME
        assert Event.DEVICE_PAIRED in house.events(ada)

    def test_its_secret_is_told_until_it_says_that_it_has_it(
        self, house: House, shelf: Shelf, ada: User
    ) -> None:
        camera = shelf.paired(ada, old=False)
        assert len(camera.secret) == 32
        kept, camera.secret = camera.secret, ""
        camera.beat()
        assert camera.secret == kept
        assert camera.beat().secret is None
        camera.secret = ""
        assert camera.beat().secret is None

    def test_a_lost_answer_to_the_press_changes_nothing(
        self, house: House, shelf: Shelf, ada: User
    ) -> None:
        camera = shelf.camera()
        Owner(house, ada).start(camera)
        met = camera.hello()
        first = camera.press(met.setup_id)
        assert camera.press(met.setup_id) == first

    def test_everything_within_ten_minutes(self, house: House, shelf: Shelf, ada: User) -> None:
        camera, owner = shelf.camera(), Owner(house, ada)
        owner.start(camera)
        met = camera.hello()
        house.clock.move(LIFE_MS)
        assert camera.press(met.setup_id) == Refused(Why.OVER)
        assert camera.hello() == Waiting()
        assert owner.sees().setup.ended is Ended.EXPIRED
        assert owner.again() == NothingOpen()
        house.clock.move(HOUR)
        assert owner.sees() == NothingOpen()

    def test_nobody_who_is_signed_out_sees_or_does_anything(
        self, house: House, shelf: Shelf, ada: User
    ) -> None:
        camera, owner = shelf.camera(), Owner(house, ada)
        owner.start(camera)
        house.write(lambda tx: tx.sessions.end(ada.tenant_id, ada.id, None))
        assert owner.sees() == NothingOpen()
        assert isinstance(owner.again(), SignedOut)
        assert isinstance(owner.start(camera), SignedOut)

    def test_beginning_and_giving_back_need_a_proof_of_just_now(
        self, house: House, shelf: Shelf, ada: User
    ) -> None:
        camera, owner = shelf.paired(ada), Owner(house, ada)
        house.clock.move(10 * MINUTE)
        assert isinstance(owner.start(shelf.camera()), ProofNeeded)
        assert isinstance(owner.releases(camera.pairing_id), ProofNeeded)

    def test_a_frozen_account_changes_nothing(self, house: House, shelf: Shelf, ada: User) -> None:
        camera, owner = shelf.camera(), Owner(house, ada)
        owner.start(camera)
        met = camera.hello()
        house.write(lambda tx: tx.users.save(replace(ada, frozen_at=house.clock.now())))
        assert isinstance(owner.start(camera), Frozen)
        assert camera.press(met.setup_id) == Waiting()
        assert setup_of(house, ada).ended is Ended.USER
        assert active(house, camera) is None

    def test_it_is_given_up(self, house: House, shelf: Shelf, ada: User) -> None:
        camera, owner = shelf.camera(), Owner(house, ada)
        owner.start(camera)
        gone = run(pairing.give_up(house.parts, owner.caller, owner.signed))
        assert isinstance(gone, View)
        assert gone.setup.ended is Ended.NEWER
        assert run(pairing.give_up(house.parts, owner.caller, owner.signed)) == NothingOpen()

    def test_one_at_a_time_the_newer_in_the_place_of_the_older(
        self, house: House, shelf: Shelf, ada: User
    ) -> None:
        first, second, owner = shelf.camera(), shelf.camera(), Owner(house, ada)
        owner.start(first)
        met = first.hello()
        house.clock.move(1)
        owner.start(second)
        assert first.press(met.setup_id) == Refused(Why.OVER)
        assert isinstance(second.press(), PairedTo)
        house.clock.move(1)
        assert isinstance(owner.start(second), View)

    def test_whoever_is_gone_meanwhile_sets_nothing_up(
        self, house: House, shelf: Shelf, ada: User
    ) -> None:
        camera, owner = shelf.camera(), Owner(house, ada)
        owner.start(camera)
        met = camera.hello()
        house.write(lambda tx: tx.users.delete(ada.tenant_id, ada.id))
        assert camera.hello() == Waiting()
        assert camera.press(met.setup_id) == Refused(Why.OVER)

    def test_nobody_s_page_shows_nothing(self, house: House, ada: User) -> None:
        assert Owner(house, ada).sees() == NothingOpen()


class TestLabels:
    def test_one_that_can_be_none_is_no_try(self, house: House, shelf: Shelf, ada: User) -> None:
        camera, owner = shelf.camera(), Owner(house, ada)
        camera.label = "ABCD"
        for _ in range(DEVICE_LABELS.limit + 1):
            assert owner.start(camera) == NoLabel()
        assert camera.hello() == Refused(Why.UNKNOWN)

    def test_one_that_nobody_has_and_one_of_another_tenant_are_the_same(
        self, house: House, shelf: Shelf, ada: User
    ) -> None:
        there = Shelf(house, house.add_tenant("contoso")).camera()
        owner = Owner(house, ada)
        assert owner.start(there) == Unknown()
        there.label = house.random.letters(16)
        assert owner.start(there) == Unknown()
        assert there.hello() == Refused(Why.UNKNOWN)
        assert there.press("0" * 26) == Refused(Why.UNKNOWN)

    def test_a_device_of_another_tenant_says_nothing_here(
        self, house: House, shelf: Shelf, ada: User
    ) -> None:
        """Two tenants have a device with the same label; each is its own."""
        mine = shelf.camera()
        other = house.add_tenant("contoso")
        theirs = Shelf(house, other).camera(mine.label)
        Owner(house, ada).start(mine)
        assert theirs.hello() == Waiting()
        met = mine.hello()
        assert theirs.press(met.setup_id) == Refused(Why.OVER)
        assert active(house, theirs) is None

    def test_ten_an_hour(self, house: House, shelf: Shelf, ada: User) -> None:
        camera, owner = shelf.camera(), Owner(house, ada)
        camera.label = house.random.letters(16)
        for _ in range(DEVICE_LABELS.limit):
            assert owner.start(camera) == Unknown()
        assert owner.start(camera) == TooMany(house.clock.now() + HOUR)


class TestNetworks:
    def test_a_vpn_is_refused_with_its_name_before_anything_is_looked_for(
        self, house: House, shelf: Shelf, ada: User
    ) -> None:
        shelf.knows({ELSEWHERE: VPN})
        camera = shelf.camera()
        camera.label = "ABCD"
        assert Owner(house, ada, ELSEWHERE).start(camera) == Hidden(VPN)
        (refused,) = [one for one in house.trail(ada) if one.event is Event.DEVICE_REFUSED]
        assert refused.facts == {
            "why": "vpn", "kind": "vpn", "network": "Example VPN",
        }  # fmt: skip

    def test_one_that_is_switched_on_meanwhile_holds_it_up_until_it_is_off(
        self, house: House, shelf: Shelf, ada: User
    ) -> None:
        shelf.knows({ELSEWHERE: VPN})
        camera, owner = shelf.camera(), Owner(house, ada)
        owner.start(camera)
        owner.ip = ELSEWHERE
        owner.again()
        met = camera.press()
        assert met.missing == (Missing.VPN, Missing.DIGITS)
        owner.types(met.digits)
        assert active(house, camera) is None
        owner.ip = HOME
        assert owner.again().setup.state is State.DONE

    def test_other_networks_are_told_and_go_on_by_what_the_device_shows(
        self, house: House, shelf: Shelf, ada: User
    ) -> None:
        camera, owner = shelf.camera(), Owner(house, ada, ELSEWHERE)
        owner.start(camera)
        met = camera.press()
        assert met.missing == (Missing.DIGITS,)
        view = owner.sees()
        assert view.judged.verdict is Verdict.DIFFERENT
        assert owner.types("12") == NoDigits()
        wrong = "000000" if met.digits != "000000" else "111111"
        assert owner.types(wrong).left == TRIES - 1
        assert owner.types(met.digits).setup.state is State.DONE
        assert isinstance(camera.hello(), PairedTo)

    def test_three_wrong_digits_end_it(self, house: House, shelf: Shelf, ada: User) -> None:
        camera, owner = shelf.camera(), Owner(house, ada, ELSEWHERE)
        owner.start(camera)
        met = camera.press()
        wrong = "000000" if met.digits != "000000" else "111111"
        views = [owner.types(wrong) for _ in range(TRIES)]
        assert views[-1].setup.ended is Ended.DIGITS
        assert owner.types(met.digits) == NothingOpen()
        assert active(house, camera) is None

    def test_after_set_up_a_vpn_is_no_hindrance(
        self, house: House, shelf: Shelf, ada: User
    ) -> None:
        camera = shelf.paired(ada)
        shelf.knows({ELSEWHERE: VPN, HOME: VPN})
        camera.ip = ELSEWHERE
        assert isinstance(camera.beat(), Beat)
        owner = Owner(house, ada, ELSEWHERE)
        assert [one.pairing.id for one in owner.devices()] == [camera.pairing_id]
        assert isinstance(owner.releases(camera.pairing_id), Released)


class TestAttacks:
    def test_a_photographed_label_alone_gets_nothing(
        self, house: House, shelf: Shelf, ada: User, eve: User
    ) -> None:
        """Eve has the label's code and waits; Ada's device speaks up, and is not pressed."""
        camera, thief = shelf.camera(), Owner(house, eve, ELSEWHERE)
        thief.start(camera)
        camera.hello()
        thief.types(setup_of(house, eve).digits)
        assert thief.sees().missing == (Missing.PRESS,)
        assert active(house, camera) is None

    def test_nor_with_a_press_that_she_does_not_see(
        self, house: House, shelf: Shelf, eve: User
    ) -> None:
        camera, thief = shelf.camera(), Owner(house, eve, ELSEWHERE)
        thief.start(camera)
        assert isinstance(camera.press(), Met)
        assert active(house, camera) is None

    def test_whoever_comes_second_is_told_that_it_is_busy(
        self, house: House, shelf: Shelf, ada: User, eve: User
    ) -> None:
        camera = shelf.camera()
        first = Owner(house, eve).start(camera)
        answer = Owner(house, ada).start(camera)
        assert answer == Busy(first.setup.expires_at)
        house.clock.move(LIFE_MS)
        owner = Owner(house, ada)
        assert isinstance(owner.start(camera), View)

    def test_a_program_with_the_label_moves_nothing_that_is_somebody_s(
        self, house: House, shelf: Shelf, ada: User, eve: User
    ) -> None:
        camera = shelf.paired(ada)
        thief = Owner(house, eve)
        thief.start(camera)
        program = Camera(house, camera.device, camera.label, "another key")
        assert program.hello() == Refused(Why.TAKEN)
        setup = setup_of(house, eve)
        assert program.press(setup.id, long=True) == Refused(Why.OVER)
        camera.hello()
        assert program.press(setup.id, long=True) == Refused(Why.TAKEN)
        assert active(house, camera).user_id == ada.id

    def test_a_press_of_another_setup_presses_nothing(
        self, house: House, shelf: Shelf, ada: User
    ) -> None:
        camera, owner = shelf.camera(), Owner(house, ada)
        owner.start(camera)
        old = camera.hello()
        house.clock.move(1)
        owner.start(camera)
        camera.hello()
        assert camera.press(old.setup_id) == Refused(Why.OVER)
        assert active(house, camera) is None

    def test_a_reset_ends_what_was_begun(self, house: House, shelf: Shelf, ada: User) -> None:
        camera, owner = shelf.camera(), Owner(house, ada)
        owner.start(camera)
        met = camera.hello()
        house.write(lambda tx: tx.users.save(replace(ada, epoch=ada.epoch + 1)))
        assert camera.press(met.setup_id) == Waiting()
        assert active(house, camera) is None


class TestChangingHands:
    def test_a_short_press_takes_it_from_nobody_and_ten_seconds_do(
        self, house: House, shelf: Shelf, ada: User, eve: User
    ) -> None:
        camera = shelf.paired(ada)
        buyer = Owner(house, eve)
        assert buyer.start(camera).another
        met = camera.press()
        assert met.missing == (Missing.LONG,)
        assert isinstance(camera.press(long=True), PairedTo)
        assert Owner(house, ada).devices() == []
        new = active(house, camera)
        assert (new.user_id, new.paired_at) == (eve.id, house.clock.now())
        passed = letter_to(house, ada)
        assert (passed.values["what"], passed.values["ip"]) == ("passed", "")
        assert passed.values["client"] == ""

    def test_the_old_owner_s_pairing_is_over_and_tells_nothing_of_the_new(
        self, house: House, shelf: Shelf, ada: User, eve: User
    ) -> None:
        camera = shelf.paired(ada)
        old = camera.copied()
        Owner(house, eve).start(camera)
        camera.press(long=True)
        at = house.clock.now()
        assert old.beat() == Refused(Why.UNBOUND, {"why": "passed", "at": at})

    def test_an_objection_within_a_day_makes_it_nobody_s(
        self, house: House, shelf: Shelf, ada: User, eve: User
    ) -> None:
        camera = shelf.paired(ada)
        Owner(house, eve).start(camera)
        camera.press(long=True)
        house.clock.move(WAIT_MS - 1)
        letter = letter_to(house, ada)
        browser = house.browser()
        done = run(objection.confirm(house.parts, browser.caller, letter.token))
        assert isinstance(done, Stopped)
        assert active(house, camera) is None
        assert camera.beat().data["why"] == str(Held.OBJECTED)
        assert letter_to(house, eve).values["what"] == "objected"

    def test_and_later_it_stays_the_buyer_s(
        self, house: House, shelf: Shelf, ada: User, eve: User
    ) -> None:
        camera = shelf.paired(ada)
        Owner(house, eve).start(camera)
        camera.press(long=True)
        house.clock.move(WAIT_MS)
        letter = letter_to(house, ada)
        run(objection.confirm(house.parts, house.browser().caller, letter.token))
        assert active(house, camera).user_id == eve.id

    def test_the_same_owner_sets_it_up_anew_by_a_short_press(
        self, house: House, shelf: Shelf, ada: User
    ) -> None:
        camera = shelf.paired(ada)
        Owner(house, ada).start(camera)
        assert isinstance(camera.press(), PairedTo)
        assert active(house, camera).former == ""
        assert [letter.values["what"] for letter in house.outbox("device_changed")] == [
            "paired", "paired",
        ]  # fmt: skip

    def test_given_back_any_key_will_do(
        self, house: House, shelf: Shelf, ada: User, eve: User
    ) -> None:
        camera = shelf.paired(ada)
        owner = Owner(house, ada)
        assert isinstance(owner.releases(camera.pairing_id), Released)
        assert owner.releases(camera.pairing_id) == NotFound()
        assert owner.releases("nothing") == NotFound()
        camera.key = "a new one"
        shelf.paired(eve, camera)
        assert Owner(house, eve).releases(camera.pairing_id).pairing.state is Held.RELEASED

    def test_nobody_gives_back_what_is_another_s(
        self, house: House, shelf: Shelf, ada: User, eve: User
    ) -> None:
        camera = shelf.paired(ada)
        assert Owner(house, eve).releases(camera.pairing_id) == NotFound()
        assert active(house, camera) is not None

    def test_an_erased_owner_hears_nothing_and_holds_nothing(
        self, house: House, shelf: Shelf, ada: User, eve: User
    ) -> None:
        camera = shelf.paired(ada)
        at = staffing.on_the_host(Caller(house.tenant, "", (), "", "host"))
        assert run(presence.devices_of(house.parts, at, ada.id))
        house.write(lambda tx: tx.users.delete(ada.tenant_id, ada.id))
        Owner(house, eve).start(camera)
        assert isinstance(camera.press(long=True), PairedTo)
        assert active(house, camera).user_id == eve.id
