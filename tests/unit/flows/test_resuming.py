"""A form that was sent too late after the last proof is kept for whoever sent it."""

from __future__ import annotations

from keyturn.flows import resuming
from keyturn.flows.resuming import Asked
from keyturn.rules.access import Staff
from keyturn.rules.accounts import Role, User
from keyturn.steps.stepup import FRESH_MS
from tests.unit.flows.house import Browser, House, run

FIELDS = {"name of it": "Desk at the door", "answer": "gone for good"}


def staff(house: House, browser: Browser, role: Role = Role.MANAGER) -> Staff:
    """Somebody of this role at this browser."""
    return Staff(browser.caller, house.user(f"{role}@northwind.test", role=role), role, 2)


def keep(house: House, by: Staff, about: str = "", path: str = "/console/keys") -> None:
    run(resuming.keep(house.parts, by, path, FIELDS, about))


def kept(house: House, by: Staff) -> Asked | None:
    return run(resuming.kept(house.parts, by))


def test_a_form_comes_back_as_it_was_for_ten_minutes(house: House, browser: Browser) -> None:
    me = staff(house, browser)
    assert kept(house, me) is None
    keep(house, me)
    house.clock.move(FRESH_MS - 1)
    assert kept(house, me) == kept(house, me) == Asked("/console/keys", FIELDS, None)
    house.clock.move(1)
    assert kept(house, me) is None


def test_nothing_that_was_typed_can_be_read_in_the_store(house: House, browser: Browser) -> None:
    keep(house, staff(house, browser))
    found = house.dump("flows")
    assert "/console/keys" in found
    assert not [each for pair in FIELDS.items() for each in pair if each in found]


def test_it_names_the_user_whom_it_is_about_and_nobody_of_another_tenant(
    house: House, browser: Browser
) -> None:
    me, ada = staff(house, browser), house.user()
    other = house.user("eve@fabrikam.test", tenant=house.add_tenant("fabrikam"))
    known: dict[str, User | None] = {
        ada.id: ada, other.id: None, house.tenant.id: None, "nobody": None,
    }  # fmt: skip
    for about, subject in known.items():
        keep(house, me, about)
        assert kept(house, me) == Asked("/console/keys", FIELDS, subject)


def test_the_last_one_alone_is_kept(house: House, browser: Browser) -> None:
    me = staff(house, browser)
    keep(house, me)
    keep(house, me, path="/console/directories")
    found = kept(house, me)
    assert found
    assert found.path == "/console/directories"


def test_neither_another_browser_nor_another_person_gets_it(house: House, browser: Browser) -> None:
    me = staff(house, browser)
    keep(house, me)
    elsewhere = Staff(house.browser().caller, me.user, me.role, 2)
    assert kept(house, elsewhere) is None
    assert kept(house, staff(house, browser, Role.OWNER)) is None
    assert kept(house, Staff(browser.caller, None, Role.OWNER, 2)) is None
    assert kept(house, me) is not None


def test_what_somebody_without_an_account_left_is_nobodys(house: House, browser: Browser) -> None:
    host = Staff(browser.caller, None, Role.OWNER, 2)
    keep(house, host)
    assert kept(house, host) is None
