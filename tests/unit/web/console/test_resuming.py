"""Something dangerous, too long after the last proof: the second step, then just what was asked."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from keyturn.rules.accounts import Role, UserState
from keyturn.rules.lockout import MINUTE
from keyturn.steps.stepup import FRESH_MS
from tests.unit.flows.house import EMAIL, PASSWORD, House
from tests.unit.web.browsing import open_web
from tests.unit.web.console.desk import Office

RESUME = "/console/resume"
LIST = "/console/users/batches/list"
PROOF = f"/account/proof?then={RESUME}"


@pytest.fixture
def place() -> Iterator[Any]:
    """A manager's browser, signed in with both steps ten minutes ago; `code`: makes the next."""
    house = House()
    ada = house.user("bob@northwind.test", name="Ada <Lovelace>")
    secret = house.totp(house.user(role=Role.OWNER))
    browser = open_web(house).browser()
    browser.get("/signin")
    browser.post("/signin", identifier=EMAIL, password=PASSWORD)
    browser.get("/signin/second")
    browser.post("/signin/second", code=house.code_of(secret))
    house.clock.move(FRESH_MS)
    yield SimpleNamespace(
        house=house, ada=ada, browser=browser, code=lambda: house.code_of(secret),
        disable=f"/console/users/{ada.id}/disable",
    )  # fmt: skip
    house.close()


def prove(place: Any, then: str) -> Any:
    return place.browser.post("/account/proof", code=place.code(), then=then)


def test_what_was_asked_is_asked_once_more_after_the_second_step_and_done(place: Any) -> None:
    assert place.browser.post(place.disable).location == PROOF
    page = place.browser.get(PROOF)
    assert f'name="then" value="{RESUME}"' in page.html
    assert '/console/users">Leave it as it is' in page.html
    assert prove(place, RESUME).location == RESUME
    page = place.browser.get(RESUME)
    assert "Disable the account of Ada <Lovelace>?" in page.text
    assert "Ada <Lovelace>" not in page.html
    assert f'{place.disable}"' in page.html
    assert place.house.again(place.ada).state is UserState.ACTIVE  # looking does nothing
    place.browser.post(place.disable)
    assert place.house.again(place.ada).state is UserState.DISABLED


def test_nothing_that_was_typed_is_typed_again(place: Any) -> None:
    typed = 'Desk "1" <b>'
    assert place.browser.post("/console/keys", name=typed).location == PROOF
    prove(place, RESUME)
    page = place.browser.get(RESUME)
    assert "Make a key for a program?" in page.text
    assert 'name="name" value="Desk &#34;1&#34; &lt;b&gt;"' in page.html


def test_the_question_before_a_deed_comes_after_the_proof(place: Any) -> None:
    assert place.browser.get(place.disable).location == f"/account/proof?then={place.disable}"
    assert prove(place, place.disable).location == place.disable
    assert "Disable the account of" in place.browser.get(place.disable).text
    place.browser.post(place.disable)
    assert place.house.again(place.ada).state is UserState.DISABLED


def test_a_wrong_code_leads_nowhere(place: Any) -> None:
    place.browser.post(place.disable)
    place.browser.get(PROOF)
    assert place.browser.post("/account/proof", code="000000", then=RESUME).status == 422
    assert place.browser.post(place.disable).location == PROOF
    assert place.house.again(place.ada).state is UserState.ACTIVE


@pytest.mark.parametrize(
    "then",
    [
        "https://evil.test/", "//evil.test", "/console/users/../../signout", "/signout",
        "/console/resume?x=1", "/console/resume/", "/console/users/x/disable", "/console",
    ],
)  # fmt: skip
def test_a_proof_leads_to_no_address_of_a_strangers(place: Any, then: str) -> None:
    place.browser.get(PROOF)
    assert prove(place, then).location == "/account"


def test_what_is_not_dangerous_waits_for_nothing(place: Any) -> None:
    answer = place.browser.post(f"/console/users/{place.ada.id}/unlock")
    assert answer.location == f"/console/users/{place.ada.id}"


def test_with_nothing_kept_there_is_nothing_to_go_on_with(place: Any) -> None:
    assert place.browser.get(RESUME).location == "/console/users"


def test_a_colleague_at_the_same_browser_is_not_shown_it(office: Office) -> None:
    desk = office.desk(Role.OWNER)
    office.house.clock.move(FRESH_MS)
    assert desk.post("/console/keys", name="Desk").status_code == 303
    assert desk.get(RESUME).status_code == 200
    desk.sign_in(office.staff(Role.OWNER), 2)
    assert desk.get(RESUME).headers["location"].endswith("/console/users")


@pytest.mark.parametrize(("early", "status"), [(1, 200), (0, 303)])
def test_the_question_is_asked_for_ten_minutes_without_another_proof(
    office: Office, early: int, status: int
) -> None:
    desk, ada = office.desk(Role.MANAGER), office.house.user()
    office.house.clock.move(10 * MINUTE - early)
    assert desk.get(f"/console/users/{ada.id}/disable").status_code == status


def test_a_page_that_cannot_be_sent_again_says_what_is_missing(office: Office) -> None:
    desk = office.desk(Role.OWNER)
    desk.post("/console/keys", name="Desk")
    office.house.clock.move(FRESH_MS)
    assert "Make a key" in desk.get("/console/keys").text  # to look needs no proof


def test_many_are_listed_without_a_proof_and_begun_with_one(place: Any) -> None:
    listed = place.browser.post(LIST, act="disable", on="all", q="bob")
    here = listed.location.removeprefix("/t/northwind")
    assert "1 of 1 person will be disabled." in place.browser.get(here).text
    assert place.browser.post(f"{here}/start").location == PROOF
    assert "1 of 1 person will be disabled." in place.browser.get(here).text
    prove(place, RESUME)
    assert "Begin what the list shows" in place.browser.get(RESUME).text
    place.browser.post(f"{here}/start")
    assert "0 of 1 are disabled." in place.browser.get(here).text
