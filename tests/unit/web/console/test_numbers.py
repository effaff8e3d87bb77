"""A phone number that somebody else holds, in the console [B5]."""

from __future__ import annotations

import pytest

from keyturn.flows import phone
from keyturn.flows.policies import Changed
from keyturn.rules.accounts import Role, User, UserState
from keyturn.rules.events import Event
from tests.unit.flows.house import run
from tests.unit.flows.rings import Ring
from tests.unit.web.console.desk import Office, heading

MOBILE, BOB = "+447400123456", "bob@northwind.test"


def wanted(
    office: Office, state: UserState, email: str = "bob@northwind.test"
) -> tuple[User, User]:
    """Ada, who wanted a number, and Bob, who holds it."""
    house = office.house
    ada = house.user(name="Ada Byron")
    bob = house.user(BOB, name="Bob Holder", state=state, phone=MOBILE, names=(MOBILE,))
    bob = house.change(bob, email=email)
    browser = house.browser()
    signed = house.signed(browser, ada)
    run(phone.offer(house.parts, browser.caller, signed, MOBILE, insisted=False))
    return ada, bob


def words(office: Office, ada: User, role: Role = Role.TECHNICIAN) -> str:
    text = office.desk(role).get(f"/console/users/{ada.id}").text
    return " ".join(text.partition("c-number")[2].partition("</section>")[0].split())


def test_the_page_says_who_holds_the_number_and_how_it_comes_free(office: Office) -> None:
    ada, bob = wanted(office, UserState.DISABLED)
    said = words(office, ada)
    assert f'/console/users/{bob.id}">Bob Holder</a>' in said
    assert "that account is disabled" in said
    assert f"/console/users/{bob.id}/number" in said
    assert "/number" not in words(office, ada, Role.AUDITOR)


def test_an_active_holder_is_not_to_be_released(office: Office) -> None:
    ada, bob = wanted(office, UserState.ACTIVE)
    assert "Bob Holder takes it off in their own account" in words(office, ada)
    assert "When Bob Holder calls, a case of theirs releases it" in words(office, ada)
    assert "Open a case for them" in words(office, ada)
    assert "Open a case for them" not in words(office, ada, Role.AUDITOR)
    case = office.desk(Role.TECHNICIAN).post("/console/cases", name=BOB, contact="", words="")
    assert case.status_code == 303
    desk = office.desk(Role.OWNER)
    assert "Release number" not in desk.get(f"/console/users/{bob.id}").text
    answer = desk.post(f"/console/users/{bob.id}/number")
    assert answer.status_code == 409
    assert heading(answer) == "This number belongs to an account that is in use."
    assert office.house.again(bob).phone == MOBILE


def test_ones_own_stale_registration_is_told_as_such(office: Office) -> None:
    ada, _ = wanted(office, UserState.DISABLED, "ADA@northwind.test")
    assert "the same person’s stale registration" in words(office, ada)


def test_release_asks_first_and_the_page_then_says_that_it_is_free(office: Office) -> None:
    ada, bob = wanted(office, UserState.DISABLED)
    desk = office.desk(Role.TECHNICIAN)
    asked = desk.get(f"/console/users/{bob.id}/number")
    assert heading(asked) == "Release the phone number of Bob Holder?"
    assert office.house.again(bob).phone == MOBILE
    desk.post(f"/console/users/{bob.id}/number")
    assert office.house.again(bob).phone is None
    assert "phone.released" in office.house.events(bob)
    assert "Nobody has it any more" in words(office, ada)
    assert "Wanted a phone number that another has" in desk.get(f"/console/users/{ada.id}").text


@pytest.mark.parametrize(("role", "status"), [(Role.AUDITOR, 403), (Role.TECHNICIAN, 404)])
def test_who_may_not_and_who_is_not_there(office: Office, role: Role, status: int) -> None:
    _, bob = wanted(office, UserState.DISABLED)
    target = bob.id if role is Role.AUDITOR else "0" * 26
    assert office.desk(role).post(f"/console/users/{target}/number").status_code == status
    assert Event.PHONE_RELEASED not in office.house.events(bob)


def test_an_active_holder_is_asked_from_the_page_of_who_wants_the_number(office: Office) -> None:
    ada, bob = wanted(office, UserState.ACTIVE)
    desk = office.desk(Role.TECHNICIAN)
    assert "Ask the holder" in desk.get(f"/console/users/{ada.id}").text
    assert desk.post(f"/console/users/{ada.id}/ask-holder").status_code == 303
    assert office.house.last("number_wanted").message.user_id == bob.id
    assert "They were asked" in desk.get(f"/console/users/{ada.id}").text
    assert desk.post(f"/console/users/{ada.id}/ask-holder").status_code == 409
    auditor = office.desk(Role.AUDITOR)
    assert "Ask the holder" not in auditor.get(f"/console/users/{ada.id}").text


def elsewhere(office: Office) -> User:
    """Ada, who wanted a number that somebody at another customer of the provider's has."""
    house = office.house
    ring = Ring(house)
    here = house.tenant
    ring.link(here)
    for tenant in (here, ring.south):
        assert isinstance(run(ring.say(tenant)), Changed)
    browser, eve = ring.person(ring.south, "eve")
    ring.proves(browser, eve)
    ada = house.user(name="Ada Byron")
    assert ring.wants(house.browser(), ada) == phone.InUse()
    return ada


def test_of_another_customers_the_page_says_neither_where_nor_who(office: Office) -> None:
    ada = elsewhere(office)
    said = words(office, ada, Role.OWNER)
    assert "Held elsewhere" in said
    assert "Another customer of your provider’s had it then." in said
    assert "From a disabled account the staff there release it." in said
    for hidden in ("eve", "Eve", "south", "South", "Free now", "/number", "Ask the holder"):
        assert hidden not in said
