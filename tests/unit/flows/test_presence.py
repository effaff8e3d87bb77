"""Presence: a caller at their device; and those who are at another one, or were once."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import delete

from keyturn.adapters.sql.device_tables import devices
from keyturn.adapters.sql.store import engine_of
from keyturn.flows import presence
from keyturn.flows.device_beats import Pressed
from keyturn.flows.presence import (
    Asked,
    Given,
    Locked,
    Method,
    NotAllowed,
    NotFound,
    NotNow,
    NotYours,
    Often,
    Proof,
    Released,
    Wrong,
)
from keyturn.flows.staff import on_the_host
from keyturn.ports.store import Tx
from keyturn.rules.access import Staff
from keyturn.rules.access import Why as Hindered
from keyturn.rules.accounts import Case, Role, User, UserState
from keyturn.rules.cases import reference
from keyturn.rules.devices import SILENT_MS, WAIT_MS, Pairing
from keyturn.rules.events import Event
from keyturn.rules.lockout import MINUTE, Lane
from keyturn.rules.presence import ASKED, ASKED_MS, LIFE_MS, Ended, No, State
from keyturn.rules.verified import PROOF_MS
from keyturn.steps import device_codes
from keyturn.steps.acts import begin
from keyturn.steps.dossier import dossier, moment
from keyturn.steps.phone_door import Refused, Why
from tests.unit.flows.cameras import Camera, Owner, Shelf
from tests.unit.flows.house import House, run
from tests.unit.flows.test_verifying import staff_of

BUTTON, CODE = Method


@pytest.fixture
def shelf(house: House) -> Shelf:
    return Shelf(house)


@pytest.fixture
def ada(house: House) -> User:
    return house.user()


@pytest.fixture
def camera(shelf: Shelf, ada: User) -> Camera:
    """Ada's, for a day."""
    return shelf.paired(ada)


@pytest.fixture
def tom(house: House) -> Staff:
    """A technician."""
    return staff_of(house, "tom@northwind.test", name="Tom")


def asks(
    house: House, by: Staff, user: User, camera: Camera, method: Method = BUTTON, case: str = ""
) -> Any:
    return run(presence.start(house.parts, by, user.id, camera.pairing_id, method, case))


def seen(house: House, by: Staff, challenge_id: str) -> Any:
    return run(presence.look(house.parts, by, challenge_id))


def proofs(house: House, by: Staff, user: User) -> Any:
    return run(presence.proofs(house.parts, by, user.id))


def reads(house: House, by: Staff, asked: Asked, code: str) -> Any:
    return run(presence.read_out(house.parts, by, asked.one.id, code))


class TestButton:
    def test_asked_shown_pressed_proved(
        self, house: House, ada: User, camera: Camera, tom: Staff
    ) -> None:
        asked = asks(house, tom, ada, camera)
        assert isinstance(asked, Asked)
        assert camera.beat().asks == asked.one
        assert camera.wanted() == asked.one
        house.clock.move(7)
        assert camera.pressed(asked.one.id) == Pressed()
        assert camera.beat().asks is None
        found = seen(house, tom, asked.one.id)
        now = house.clock.now()
        assert found.proof == Proof(
            challenge_id=asked.one.id, tenant_id=ada.tenant_id, user_id=ada.id, epoch=ada.epoch,
            pairing_id=camera.pairing_id, method=BUTTON, subject=tom.user.id if tom.user else "",
            case="", at=now, until=now + PROOF_MS, relayed=False,
        )  # fmt: skip
        assert proofs(house, tom, ada) == [found.proof]
        assert house.events(ada)[-2:] == [Event.PRESENCE_ASKED, Event.PRESENCE_PROVED]
        house.clock.move(PROOF_MS)
        assert proofs(house, tom, ada) == []

    def test_nobody_presses(self, house: House, ada: User, camera: Camera, tom: Staff) -> None:
        asked = asks(house, tom, ada, camera)
        house.clock.move(LIFE_MS)
        for _ in range(2):
            assert seen(house, tom, asked.one.id).one.ended is Ended.EXPIRED
        failed = [one for one in house.trail(ada) if one.event is Event.PRESENCE_FAILED]
        assert [one.facts["why"] for one in failed] == ["expired"]
        assert camera.pressed(asked.one.id) == Refused(Why.OVER, {"why": "expired"})

    def test_it_is_pressed_while_its_end_is_written(
        self, house: House, ada: User, camera: Camera, tom: Staff
    ) -> None:
        asked = asks(house, tom, ada, camera)
        house.clock.move(LIFE_MS)
        camera.pressed(asked.one.id)
        assert seen(house, tom, asked.one.id).one.ended is Ended.EXPIRED
        assert Event.PRESENCE_FAILED not in house.events(ada)

    def test_a_replayed_press_proves_nothing_more(
        self, house: House, ada: User, camera: Camera, tom: Staff
    ) -> None:
        asked = asks(house, tom, ada, camera)
        said = camera.said
        camera.pressed(asked.one.id, said)
        assert camera.pressed(asked.one.id, said) == Refused(Why.SEQUENCE)
        assert camera.pressed(asked.one.id) == Refused(Why.OVER, {"why": "given"})
        house.clock.move(PROOF_MS)
        again = asks(house, tom, ada, camera)
        assert camera.pressed(asked.one.id) == Refused(Why.OVER, {"why": "given"})
        assert seen(house, tom, again.one.id).one.state is State.WAITING

    def test_a_neighbour_s_device_is_no_device_of_theirs(
        self, house: House, shelf: Shelf, ada: User, camera: Camera, tom: Staff
    ) -> None:
        neighbour = house.user("ned@northwind.test")
        theirs = shelf.paired(neighbour)
        assert asks(house, tom, ada, theirs) == NotFound()
        asked = asks(house, tom, ada, camera)
        assert theirs.beat().asks is None
        assert theirs.pressed(asked.one.id) == Refused(Why.UNKNOWN)
        assert theirs.pressed("0" * 26) == Refused(Why.UNKNOWN)
        assert proofs(house, tom, ada) == []

    def test_a_device_of_yesterday_proves_nothing_yet(
        self, house: House, shelf: Shelf, ada: User, tom: Staff
    ) -> None:
        fresh = shelf.paired(ada, old=False)
        house.clock.move(WAIT_MS - 1)
        assert asks(house, tom, ada, fresh) == NotNow(No.FRESH, house.clock.now() + 1)
        house.clock.move(1)
        assert isinstance(asks(house, tom, ada, fresh), Asked)

    def test_one_that_is_given_back_meanwhile_proves_nothing(
        self, house: House, ada: User, camera: Camera, tom: Staff
    ) -> None:
        asked = asks(house, tom, ada, camera)
        Owner(house, ada).releases(camera.pairing_id)
        assert camera.pressed(asked.one.id).why is Why.UNBOUND
        assert asks(house, tom, ada, camera) == NotNow(No.PAIRING, None)

    @pytest.mark.parametrize("change", [{"epoch": 9}, {"state": UserState.DISABLED}])
    def test_an_account_that_changed_meanwhile(
        self, house: House, ada: User, camera: Camera, tom: Staff, change: dict[str, Any]
    ) -> None:
        asked = asks(house, tom, ada, camera)
        house.write(lambda tx: tx.users.save(replace(ada, **change)))
        assert camera.pressed(asked.one.id) == Refused(Why.OVER, {"why": "user"})
        assert seen(house, tom, asked.one.id).one.ended is Ended.USER

    def test_the_newest_question_counts(
        self, house: House, ada: User, camera: Camera, tom: Staff
    ) -> None:
        first = asks(house, tom, ada, camera)
        house.clock.move(1)
        second = asks(house, tom, ada, camera)
        assert seen(house, tom, first.one.id).one.ended is Ended.NEWER
        assert camera.beat().asks == second.one

    def test_five_in_fifteen_minutes(
        self, house: House, ada: User, camera: Camera, tom: Staff
    ) -> None:
        start = house.clock.now()
        for _ in range(ASKED):
            assert isinstance(asks(house, tom, ada, camera), Asked)
            house.clock.move(1)
        assert asks(house, tom, ada, camera) == Often(start + ASKED_MS)


class TestOwner:
    def test_whose_data_are_taken_out_reads_what_was_asked_at_their_device(
        self, house: House, tom: Staff, ada: User, camera: Camera
    ) -> None:
        asked = asks(house, tom, ada, camera)
        assert camera.pressed(asked.one.id) == Pressed()
        act = begin(house.parts, house.browser().caller)
        document: Any = house.write(lambda tx: dossier(tx, act, ada))
        (told,) = document["device_questions"]
        assert told == {
            "method": "button", "state": "given", "case": "", "ended": None,
            "made_at": moment(asked.one.made_at), "answered_at": moment(house.clock.now()),
        }  # fmt: skip
        assert "tom@" not in json.dumps(document)


class TestCode:
    def test_read_out_and_typed(self, house: House, ada: User, camera: Camera, tom: Staff) -> None:
        asked = asks(house, tom, ada, camera, CODE)
        assert camera.beat().asks is None
        code = camera.code()
        assert reads(house, tom, asked, f"{code[:3]} {code[3:]}") == Given()
        (proof,) = proofs(house, tom, ada)
        assert (proof.method, proof.relayed) == (CODE, True)
        assert reads(house, tom, asked, code) == NotFound()

    def test_a_code_is_used_once(self, house: House, ada: User, camera: Camera, tom: Staff) -> None:
        code = camera.code()
        assert reads(house, tom, asks(house, tom, ada, camera, CODE), code) == Given()
        house.clock.move(1)
        assert reads(house, tom, asks(house, tom, ada, camera, CODE), code) == Wrong(4)

    def test_the_one_before_and_the_one_after_count_and_an_old_one_does_not(
        self, house: House, ada: User, camera: Camera, tom: Staff
    ) -> None:
        asked, old = asks(house, tom, ada, camera, CODE), camera.code()
        house.clock.move(30_000)
        assert reads(house, tom, asked, old) == Given()
        old = camera.code()
        house.clock.move(90_000)
        asked = asks(house, tom, ada, camera, CODE)
        assert reads(house, tom, asked, old) == Wrong(4)

    def test_five_wrong_lock_the_method_for_ten_minutes_and_the_button_not(
        self, house: House, ada: User, camera: Camera, tom: Staff
    ) -> None:
        asked = asks(house, tom, ada, camera, CODE)
        answers = [reads(house, tom, asked, "000000") for _ in range(5)]
        until = house.clock.now() + 10 * MINUTE
        assert answers == [Wrong(4), Wrong(3), Wrong(2), Wrong(1), Locked(until)]
        assert seen(house, tom, asked.one.id).one.ended is Ended.WRONG
        assert reads(house, tom, asked, camera.code()) == NotFound()
        assert asks(house, tom, ada, camera, CODE) == Locked(until)
        assert isinstance(asks(house, tom, ada, camera), Asked)
        (theirs,) = run(presence.devices_of(house.parts, tom, ada.id))
        assert theirs.locked == Locked(until)
        house.clock.move(10 * MINUTE)
        assert isinstance(asks(house, tom, ada, camera, CODE), Asked)

    def test_a_hundred_wrong_in_a_row_close_it_until_the_device_is_set_up_anew(
        self, house: House, ada: User, camera: Camera, tom: Staff
    ) -> None:
        asked = asks(house, tom, ada, camera, CODE)
        stored(house, camera, Lane(failed=4, total=99, last_failed=house.clock.now()))
        assert reads(house, tom, asked, "000000") == Locked(None)
        assert asks(house, tom, ada, camera, CODE) == Locked(None)

    def test_no_code_is_compared_while_the_method_is_locked(
        self, house: House, ada: User, camera: Camera, tom: Staff
    ) -> None:
        asked = asks(house, tom, ada, camera, CODE)
        until = house.clock.now() + MINUTE
        stored(house, camera, Lane(locked_until=until, total=5))
        assert reads(house, tom, asked, camera.code()) == Locked(until)

    def test_nothing_is_right_of_a_device_whose_rows_are_gone(
        self, house: House, ada: User, camera: Camera, tom: Staff
    ) -> None:
        gone = replace(the(camera), id="0" * 26)

        def step(tx: Tx) -> Any:
            return device_codes.enter(tx, begin(house.parts, tom.caller), gone, "000000")

        assert house.write(step) == Wrong(4)

    def test_a_neighbour_s_code_is_wrong(
        self, house: House, shelf: Shelf, ada: User, camera: Camera, tom: Staff
    ) -> None:
        theirs = shelf.paired(house.user("ned@northwind.test"))
        asked = asks(house, tom, ada, camera, CODE)
        assert reads(house, tom, asked, theirs.code()) == Wrong(4)

    def test_it_is_given_back_between_question_and_code(
        self, house: House, ada: User, camera: Camera, tom: Staff
    ) -> None:
        asked, code = asks(house, tom, ada, camera, CODE), camera.code()
        Owner(house, ada).releases(camera.pairing_id)
        assert reads(house, tom, asked, code) == NotFound()
        assert seen(house, tom, asked.one.id).one.ended is Ended.PAIRING

    def test_codes_are_for_whoever_asked_and_for_codes(
        self, house: House, ada: User, camera: Camera, tom: Staff
    ) -> None:
        other = staff_of(house, "tim@northwind.test", name="Tim")
        asked = asks(house, tom, ada, camera, CODE)
        assert reads(house, other, asked, camera.code()) == NotFound()
        pressed = asks(house, tom, ada, camera)
        assert reads(house, tom, pressed, camera.code()) == NotFound()


class TestWho:
    def test_only_whoever_asked_sees_it(
        self, house: House, ada: User, camera: Camera, tom: Staff
    ) -> None:
        other = staff_of(house, "tim@northwind.test", name="Tim")
        asked = asks(house, tom, ada, camera)
        camera.pressed(asked.one.id)
        assert seen(house, other, asked.one.id) == NotFound()
        assert proofs(house, other, ada) == []
        assert seen(house, tom, "none") == NotFound()

    def test_an_auditor_and_a_command_ask_nobody(
        self, house: House, ada: User, camera: Camera, tom: Staff
    ) -> None:
        auditor = staff_of(house, "amy@northwind.test", Role.AUDITOR)
        assert asks(house, auditor, ada, camera) == NotAllowed(Hindered.NO_ROLE)
        asked = asks(house, tom, ada, camera, CODE)
        demoted = replace(tom, role=Role.AUDITOR)
        assert reads(house, demoted, asked, camera.code()) == NotAllowed(Hindered.NO_ROLE)
        host = on_the_host(tom.caller)
        assert asks(house, host, ada, camera) == NotAllowed(Hindered.NO_ROLE)
        assert proofs(house, host, ada) == []

    def test_a_technician_s_own_rank_is_as_high_as_it_goes(
        self, house: House, shelf: Shelf, tom: Staff
    ) -> None:
        owner = house.user("olga@northwind.test", role=Role.OWNER)
        assert asks(house, tom, owner, shelf.paired(owner)) == NotAllowed(Hindered.RANK)

    def test_in_a_case_that_is_not_the_technician_s_or_of_somebody_else(
        self, house: House, ada: User, camera: Camera, tom: Staff
    ) -> None:
        case = opened(house, ada)
        assert asks(house, tom, ada, camera, case=case.ref) == NotYours("")
        other = opened(house, house.user("ned@northwind.test"))
        assert asks(house, tom, ada, camera, case=other.ref) == NotFound()
        assert asks(house, tom, ada, camera, case="none") == NotFound()

    def test_nobody_of_this_tenant(
        self, house: House, ada: User, camera: Camera, tom: Staff
    ) -> None:
        there = house.add_tenant("contoso")
        stranger = replace(ada, id=house.tenant.id)
        assert asks(house, tom, stranger, camera) == NotFound()
        assert asks(house, tom, replace(ada, id="x"), camera) == NotFound()
        away = replace(tom, caller=replace(tom.caller, tenant=there))
        assert asks(house, away, ada, camera) == NotFound()
        assert run(presence.devices_of(house.parts, away, ada.id)) == []
        assert proofs(house, tom, stranger) == []

    def test_a_silent_device_is_told_as_such(
        self, house: House, ada: User, camera: Camera, tom: Staff
    ) -> None:
        camera.beat()
        house.clock.move(SILENT_MS - 1)
        (theirs,) = run(presence.devices_of(house.parts, tom, ada.id))
        assert not theirs.silent
        house.clock.move(1)
        assert asks(house, tom, ada, camera).of.silent

    def test_nothing_is_shown_of_what_is_gone(
        self, house: House, ada: User, camera: Camera, tom: Staff
    ) -> None:
        asked = asks(house, tom, ada, camera)
        with engine_of(house.store).begin() as connection:
            connection.execute(delete(devices))
        assert run(presence.devices_of(house.parts, tom, ada.id)) == []
        assert seen(house, tom, asked.one.id) == NotFound()

    def test_staff_release_a_lost_one_and_its_owner_hears(
        self, house: House, ada: User, camera: Camera, tom: Staff
    ) -> None:
        def release(by: Staff, user_id: str, pairing_id: str) -> Any:
            return run(presence.release(house.parts, by, user_id, pairing_id))

        auditor = staff_of(house, "amy@northwind.test", Role.AUDITOR)
        refused = NotAllowed(Hindered.NO_ROLE)
        assert release(auditor, ada.id, camera.pairing_id) == refused
        assert release(tom, house.user("ned@northwind.test").id, camera.pairing_id) == NotFound()
        assert release(tom, ada.id, camera.pairing_id) == Released(ada.id)
        assert release(tom, ada.id, camera.pairing_id) == NotFound()
        assert run(presence.devices_of(house.parts, tom, ada.id)) == []
        assert house.last("device_changed").values["what"] == "released"


def the(camera: Camera) -> Pairing:
    found = camera.house.write(
        lambda tx: tx.devices.pairing(camera.device.tenant_id, camera.pairing_id)
    )
    assert found is not None
    return found


def stored(house: House, camera: Camera, lane: Lane) -> None:
    """What has become of the codes that were typed."""
    tenant_id, key = camera.device.tenant_id, device_codes.lane_key(the(camera))

    def step(tx: Tx) -> None:
        tx.lanes.lock(tenant_id, key, house.clock.now())
        tx.lanes.save(tenant_id, key, lane, None)

    house.write(step)


def opened(house: House, user: User) -> Case:
    case = Case(
        id=house.random.id(house.clock.now()), ref=reference(house.random.letters(6)),
        tenant_id=user.tenant_id, user_id=user.id, identifier=user.email, state="open",
        contact=user.email, note="", facts={}, created_at=house.clock.now(),
    )  # fmt: skip
    house.write(lambda tx: tx.cases.add(case))
    return case
