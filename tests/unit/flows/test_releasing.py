"""A number that somebody else holds: what staff see, and releasing it [B5]."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from keyturn.flows import casework as flow
from keyturn.flows import phone, releasing
from keyturn.flows.phone import InUse, Open, Proved
from keyturn.flows.releasing import Asked, Held, NotAllowed, NotAsked, NotFound, Released
from keyturn.ports.store import Tx
from keyturn.rules.access import Staff, Why
from keyturn.rules.accounts import Case, Role, User, UserState
from keyturn.rules.events import Event
from keyturn.rules.grants import Missing
from keyturn.rules.lockout import DAY
from keyturn.rules.proofs import Method
from keyturn.steps import casework, phone_proof
from keyturn.steps.acts import begin
from keyturn.steps.dossier import dossier
from keyturn.steps.evidence import Subject, collect
from tests.unit.flows.helpdesk import HelpDesk
from tests.unit.flows.house import Browser, House, run
from tests.unit.flows.test_words import words

MOBILE = "+447400123456"


@pytest.fixture
def ada(house: House) -> User:
    return house.user()


def holder(house: House, state: UserState = UserState.DISABLED, **fields: Any) -> User:
    return house.user("bob@northwind.test", state=state, phone=MOBILE, names=(MOBILE,), **fields)


def wants(browser: Browser, user: User) -> Any:
    """`user` offers the number."""
    signed = browser.house.signed(browser, user)
    return run(phone.offer(browser.house.parts, browser.caller, signed, MOBILE, insisted=False))


def desk(house: House, role: Role = Role.TECHNICIAN) -> Staff:
    me = house.user(f"{role}@northwind.test", role=role)
    return Staff(caller=house.browser().caller, user=me, role=role, level=2, fresh=True)


def clash(house: House, staff: Staff, user: User) -> Any:
    return run(releasing.clash_of(house.parts, staff, user.id))


def release(house: House, staff: Staff, user_id: str) -> Any:
    return run(releasing.release(house.parts, staff, user_id))


@pytest.mark.parametrize("state", [UserState.ACTIVE, UserState.DISABLED])
def test_staff_read_who_holds_a_number_and_in_which_state_the_person_does_not(
    house: House, browser: Browser, ada: User, state: UserState
) -> None:
    bob = holder(house, state)
    assert wants(browser, ada) == InUse()
    found = clash(house, desk(house), ada)
    assert (found.holder, found.same, found.at) == (bob, False, house.clock.now())
    assert MOBILE not in found.number
    entry = next(e for e in house.trail(ada) if e.event is Event.PHONE_HELD)
    assert entry.facts == {
        "holder": bob.id, "state": state, "phone": found.number, "proved": True,
    }  # fmt: skip


def test_who_wanted_no_number_has_no_clash(house: House, ada: User) -> None:
    assert clash(house, desk(house), ada) is None
    assert run(releasing.clash_of(house.parts, desk(house, Role.OWNER), "nobody")) is None


def test_a_number_that_is_somebodys_name_is_a_clash_too(
    house: House, browser: Browser, ada: User
) -> None:
    bob = house.user("bob@northwind.test", names=(MOBILE,))
    assert wants(browser, ada) == InUse()
    assert clash(house, desk(house), ada).holder == bob


def test_a_disabled_users_number_is_released_in_one_step_and_can_be_proved(
    house: House, browser: Browser, ada: User
) -> None:
    bob, staff = holder(house), desk(house)
    wants(browser, ada)
    assert release(house, staff, bob.id) == Released(house.again(bob))
    assert house.again(bob).phone is None
    assert house.again(bob).phone_verified_at is None
    entry = next(e for e in house.trail(bob) if e.event is Event.PHONE_RELEASED)
    assert staff.user
    assert entry.actor_id == staff.user.id
    assert [letter.message.address for letter in house.outbox("phone_gone")] == [MOBILE]
    assert house.last("phone_changed").values["what"] == "removed"
    assert clash(house, staff, ada).holder is None
    assert isinstance(wants(browser, ada), Open)
    code = house.last("verify_phone").code
    assert isinstance(
        run(phone.enter_code(house.parts, browser.caller, house.again(ada), code)), Proved
    )
    assert clash(house, staff, ada) is None


def test_an_active_users_number_is_not_staffs_to_give_away(house: House) -> None:
    bob = holder(house, UserState.ACTIVE)
    assert release(house, desk(house, Role.OWNER), bob.id) == Held()
    assert house.again(bob).phone == MOBILE


def test_nothing_happens_where_there_is_no_number(house: House) -> None:
    bob = house.user("bob@northwind.test", state=UserState.DISABLED)
    assert release(house, desk(house), bob.id) == Released(bob)
    assert house.outbox("phone_changed") == []


def test_an_auditor_releases_nothing_and_nobody_is_reached_beyond_the_wall(house: House) -> None:
    bob = holder(house)
    assert release(house, desk(house, Role.AUDITOR), bob.id) == NotAllowed(Why.NO_ROLE)
    staff = desk(house)
    other = house.user("eve@southbank.test", tenant=house.add_tenant("southbank"))
    for user_id in (other.id, house.tenant.id, "nobody"):
        assert release(house, staff, user_id) == NotFound()


def test_a_higher_roles_number_stays(house: House) -> None:
    boss = house.user("boss@northwind.test", state=UserState.DISABLED, role=Role.OWNER)
    assert release(house, desk(house), boss.id) == NotAllowed(Why.RANK)


# -- the same person's stale registration


def stale(house: House, state: UserState = UserState.DISABLED) -> User:
    """An older account with Ada's address."""
    old = holder(house, state)
    return house.change(old, email="ADA@northwind.test")


def mend(house: House, ada: User) -> User | None:
    act = begin(house.parts, house.browser().caller)
    return house.write(lambda tx: phone_proof.release_stale(tx, act, ada))


def test_ones_own_stale_registration_is_recognised_and_its_number_taken_back(
    house: House, browser: Browser, ada: User
) -> None:
    old = stale(house)
    wants(browser, ada)
    assert clash(house, desk(house), ada).same
    assert mend(house, ada) == house.again(old)
    assert house.again(old).phone is None
    assert isinstance(wants(browser, ada), Open)


def test_an_active_account_of_the_same_address_keeps_its_number(
    house: House, browser: Browser, ada: User
) -> None:
    stale(house, UserState.ACTIVE)
    wants(browser, ada)
    assert clash(house, desk(house), ada).same
    assert mend(house, ada) is None


def test_a_strangers_number_is_not_mended(house: House, browser: Browser, ada: User) -> None:
    assert mend(house, ada) is None
    bob = holder(house)
    wants(browser, ada)
    assert mend(house, ada) is None
    assert house.again(bob).phone == MOBILE


def test_an_address_that_nobody_proved_shows_nothing(
    house: House, browser: Browser, ada: User
) -> None:
    stale(house)
    wants(browser, ada)
    act = begin(house.parts, browser.caller)
    unproved = replace(ada, state=UserState.UNVERIFIED)
    found = house.write(lambda tx: phone_proof.clash(tx, act, unproved))
    assert found is not None
    assert not found.same


def test_who_was_erased_since_mends_nothing(house: House, browser: Browser, ada: User) -> None:
    old = stale(house)
    wants(browser, ada)
    house.write(lambda tx: tx.users.delete(house.tenant.id, old.id))
    assert clash(house, desk(house), ada).holder is None
    assert mend(house, ada) is None


def test_a_number_taken_while_its_code_was_on_the_way_is_a_clash_too(
    house: House, browser: Browser, ada: User
) -> None:
    other, bob = house.browser(), house.user("bob@northwind.test")
    wants(browser, ada)
    wants(other, bob)
    codes = [letter.code for letter in house.outbox("verify_phone")]
    run(phone.enter_code(house.parts, other.caller, bob, codes[1]))
    assert run(phone.enter_code(house.parts, browser.caller, ada, codes[0])) == InUse()
    assert clash(house, desk(house), ada).holder == house.again(bob)


def test_a_clash_is_noted_only_while_something_is_open(house: House, ada: User) -> None:
    act = begin(house.parts, house.browser().caller)
    house.write(lambda tx: phone_proof.note_clash(tx, act, ada, "phone"))
    assert clash(house, desk(house), ada) is None


def test_diagnosis_tells_staff_and_the_persons_own_data_name_nobody_else(
    house: House, browser: Browser, ada: User
) -> None:
    bob = holder(house)
    wants(browser, ada)
    act = begin(house.parts, browser.caller)
    facts = house.write(lambda tx: collect(tx, act, Subject(user=ada)))
    assert facts.value("phone.in_use") is True
    assert facts.value("phone.holder_state") == UserState.DISABLED
    case = Case(
        id=house.random.id(1), ref="KT-7F3K-2M", tenant_id=ada.tenant_id, user_id=ada.id,
        identifier=ada.email, state="open", contact="", note="", facts=facts.stored(),
    )  # fmt: skip
    house.write(lambda tx: tx.cases.add(case))
    release(house, desk(house), bob.id)
    for of, other in ((ada, bob), (bob, ada)):
        document: Any = house.write(lambda tx, of=of: dossier(tx, act, house_user(tx, of)))  # type: ignore[misc]
        text = json.dumps(document)
        assert other.id not in text
        assert "holder" not in text
        assert "phone.held" in text or of is bob
    known = house.write(lambda tx: dossier(tx, act, ada))["cases"]
    assert isinstance(known, list)
    assert known[0]["facts"]["known"]["phone.in_use"] is True


def house_user(tx: Tx, user: User) -> User:
    """As stored now."""
    found = tx.users.get(user.tenant_id, user.id)
    assert found is not None
    return found


def test_a_case_without_a_diagnosis_is_told_as_it_is(house: House, ada: User) -> None:
    act = begin(house.parts, house.browser().caller)
    case = Case(
        id=house.random.id(1), ref="KT-7F3K-2M", tenant_id=ada.tenant_id, user_id=ada.id,
        identifier=ada.email, state="closed", contact="", note="", facts={"cause": None},
    )  # fmt: skip
    house.write(lambda tx: tx.cases.add(case))
    told: Any = house.write(lambda tx: dossier(tx, act, ada))["cases"]
    assert told[0]["facts"] == {"cause": None}


# -- an active holder is asked


def ask(house: House, staff: Staff, user: User) -> Any:
    return run(releasing.ask_holder(house.parts, staff, user.id))


def test_an_active_holder_is_asked_and_decides(house: House, browser: Browser, ada: User) -> None:
    bob, me = holder(house, UserState.ACTIVE), desk(house)
    wants(browser, ada)
    assert clash(house, me, ada).asked_at is None
    answer = ask(house, me, ada)
    assert isinstance(answer, Asked)
    letter = house.last("number_wanted")
    said = words(house, letter)
    assert (letter.message.address, letter.values["ending"]) == (bob.email, MOBILE[-3:])
    assert ada.name not in said.replace(bob.name, "")
    assert ada.email not in said
    assert clash(house, me, ada).asked_at == house.clock.now()
    assert house.again(bob).phone == MOBILE  # nothing is taken
    assert ask(house, me, ada) == NotAsked()  # once a day
    house.clock.move(DAY)
    assert isinstance(ask(house, me, ada), Asked)
    [entry, _] = [e for e in house.trail(bob) if e.event is Event.PHONE_ASKED]
    assert entry.facts == {"for": ada.id}
    house.change(bob, phone=None, phone_verified_at=None)
    house.write(lambda tx: tx.users.drop_identifier(house.tenant.id, bob.id, MOBILE))
    assert ask(house, me, ada) == NotAsked()


def test_for_whom_it_was_is_not_in_the_holders_export(
    house: House, browser: Browser, ada: User
) -> None:
    bob, me = holder(house, UserState.ACTIVE), desk(house)
    wants(browser, ada)
    ask(house, me, ada)
    act = begin(house.parts, browser.caller)
    document = house.write(lambda tx: dossier(tx, act, bob))
    assert "phone.asked" in json.dumps(document, default=str)
    assert ada.id not in json.dumps(document, default=str)


def test_nobody_is_asked_where_there_is_no_clash_no_address_or_no_right(
    house: House, browser: Browser, ada: User
) -> None:
    me = desk(house)
    assert ask(house, me, ada) == NotAsked()
    bob = holder(house, UserState.DISABLED)
    wants(browser, ada)
    assert ask(house, me, ada) == NotAsked()  # release it instead
    house.change(bob, state=UserState.ACTIVE, email="")
    assert ask(house, me, ada) == NotAsked()
    assert ask(house, desk(house, Role.AUDITOR), ada) == NotAllowed(Why.NO_ROLE)
    nobody = run(releasing.ask_holder(house.parts, me, house.tenant.id))
    assert nobody == NotFound()
    assert house.outbox("number_wanted") == []


# -- in a case of the holder's


@pytest.fixture
def help_desk(house: House) -> HelpDesk:
    """Ada, who holds the number, calls."""
    return HelpDesk(house)


def in_case(help_desk: HelpDesk, by: Staff, ref: str) -> Any:
    return run(releasing.release_in_case(help_desk.house.parts, by, ref))


def test_the_holder_who_is_proved_gets_it_released_in_a_case(
    house: House, help_desk: HelpDesk
) -> None:
    tom = help_desk.staff("tom")
    ref = help_desk.case(tom)
    help_desk.push(tom, ref)
    help_desk.reads(tom, ref, Method.MAIL)
    number = house.again(help_desk.ada).phone or ""
    found = in_case(help_desk, tom, ref)
    assert isinstance(found, Released)
    assert (found.user.phone, found.user.phone_verified_at) == (None, None)
    assert house.write(lambda tx: tx.users.holder_of_phone(house.tenant.id, number)) is None
    assert help_desk.kinds(tom, ref)[-2:] == ["granted", "used"]
    entry = next(e for e in house.trail(help_desk.ada) if e.event is Event.PHONE_RELEASED)
    assert entry.facts["ref"] == ref
    letter = house.last("phone_changed")
    assert letter.values["what"] == "removed"
    assert letter.values["notme"]
    assert len(house.outbox("phone_gone")) == 1
    assert in_case(help_desk, tom, ref) == casework.NotFound()


def test_not_by_what_any_impostor_could_have(house: House, help_desk: HelpDesk) -> None:
    tom = help_desk.staff("tom")
    ref = help_desk.case(tom)
    lacks = [in_case(help_desk, tom, ref)]
    help_desk.reads(tom, ref, Method.TEXT)
    lacks.append(in_case(help_desk, tom, ref))
    help_desk.vouch(tom, ref, help_desk.staff("mia"))
    lacks.append(in_case(help_desk, tom, ref))
    assert [one.short.missing for one in lacks] == [
        (Missing.PROOF,), (Missing.UNRELAYED,), (Missing.BOUND,),
    ]  # fmt: skip
    assert house.again(help_desk.ada).phone is not None
    assert house.outbox("phone_changed") == []


def test_a_colleagues_number_asks_for_a_second_technician(help_desk: HelpDesk) -> None:
    house, chief = help_desk.house, help_desk.staff("cleo", Role.OWNER)
    house.write(lambda tx: tx.roles.grant(house.tenant.id, help_desk.ada.id, Role.TECHNICIAN))
    ref = help_desk.case(chief)
    help_desk.push(chief, ref)
    help_desk.reads(chief, ref, Method.MAIL)
    found = in_case(help_desk, chief, ref)
    assert found.short.missing == (Missing.SECOND,)


def test_not_while_changes_are_frozen_nor_in_another_ones_case(
    house: House, help_desk: HelpDesk
) -> None:
    tom, mia = help_desk.staff("tom"), help_desk.staff("mia")
    ref = help_desk.case(tom)
    assert isinstance(in_case(help_desk, mia, ref), casework.NotYours)
    assert in_case(help_desk, tom, "KT-0000") == casework.NotFound()
    aud = help_desk.staff("aud", Role.AUDITOR)
    assert in_case(help_desk, aud, ref) == casework.NotAllowed(Why.NO_ROLE)
    house.change(help_desk.ada, frozen_at=5)
    help_desk.push(tom, ref)
    help_desk.reads(tom, ref, Method.MAIL)
    assert in_case(help_desk, tom, ref) == releasing.Barred()


def test_a_case_about_nobody_releases_nothing(house: House, help_desk: HelpDesk) -> None:
    tom = help_desk.staff("tom")
    assert tom.user is not None
    case = Case(
        id=house.random.id(1), tenant_id=house.tenant.id, ref="KT-7777", user_id=None,
        identifier="nobody", contact="", note="", state="open", facts={}, created_at=1,
        closed_at=None,
    )  # fmt: skip
    house.write(lambda tx: tx.cases.add(case))
    run(flow.take(house.parts, tom, "KT-7777"))
    assert in_case(help_desk, tom, "KT-7777") == casework.NotFound()
