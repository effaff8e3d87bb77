"""Your phone, in the account, through pages alone."""

from __future__ import annotations

import pytest

from keyturn.flows import own_phone
from keyturn.rules.accounts import User
from keyturn.rules.enrolment import CODES, ScanCode
from keyturn.rules.lockout import MINUTE
from keyturn.web.pages import scanning
from tests.unit.flows.activations import bind, rows_of, scan
from tests.unit.flows.house import EMAIL, PASSWORD, House
from tests.unit.web.browsing import WebBrowser
from tests.unit.web.test_activation_pages import site_of


@pytest.fixture
def ada(house: House) -> User:
    return house.user()


@pytest.fixture
def browser(house: House, ada: User) -> WebBrowser:
    """Ada is signed in there."""
    there = site_of(house).browser()
    there.get("/signin")
    there.post("/signin", identifier=ada.email, password=PASSWORD)
    return there


def code_of(house: House, user: User) -> ScanCode:
    return house.write(lambda tx: rows_of(tx, user, house.clock.now())).codes[-1]


def added(house: House, browser: WebBrowser, user: User) -> None:
    browser.get("/account/app/add")
    assert browser.post("/account/app/add/show").location == "/account/app/add"
    bind(house, code_of(house, user))


def test_from_the_account_to_a_phone(house: House, browser: WebBrowser, ada: User) -> None:
    assert 'href="/account/app"' in browser.get("/account").html
    page = browser.get("/account/app")
    assert page.heading == "No phone answers for you yet."
    page = browser.get("/account/app/add")
    assert page.heading.startswith("Have your phone in your hand")
    browser.post("/account/app/add/show")
    assert browser.follow().heading == "Scan this with your phone’s camera."
    bind(house, code_of(house, ada))
    assert browser.get("/account/app/add").location == "/account/app"
    assert browser.follow().heading == (
        "Chrome on Android answers for you, but notifications do not reach it."
    )


def test_a_stranger_signs_in_first(house: House) -> None:
    house.user("eve@northwind.test")
    there = site_of(house).browser()
    for path in ("/account/app", "/account/app/add", "/account/app/remove"):
        assert there.get(path).location == "/signin"
    assert there.get("/account/app/add/events").location == "/signin"


def test_a_proof_comes_before_code_and_removal(
    house: House, browser: WebBrowser, ada: User
) -> None:
    added(house, browser, ada)
    house.clock.move(10 * MINUTE)
    for path in ("/account/app/add", "/account/app/remove"):
        house.clock.move(1)
        browser.get("/account/app/remove")
        answer = browser.get("/account/app/remove")
        assert answer.location == "/account/proof?then=/account/app/remove", path
    browser.get("/account")
    assert browser.post("/account/app/add").location == "/account/proof?then=/account/app/add"
    browser.get("/account")
    answer = browser.post("/account/app/remove")
    assert answer.location == "/account/proof?then=/account/app/remove"


def test_a_code_that_is_over_is_followed_by_a_proof_or_a_button(
    house: House, browser: WebBrowser
) -> None:
    browser.get("/account/app/add")
    browser.post("/account/app/add")
    house.clock.move(10 * MINUTE)
    answer = browser.get("/account/app/add")
    assert answer.location == "/account/proof?then=/account/app/add"
    browser.follow()
    assert (
        browser.post("/account/proof", password=PASSWORD, then="/account/app/add").location
        == "/account/app/add"
    )
    assert browser.follow().heading.startswith("That code ended at ")


def test_removal_asks_first(house: House, browser: WebBrowser, ada: User) -> None:
    assert browser.get("/account/app/remove").location == "/account/app"
    added(house, browser, ada)
    (code,) = house.saved_codes(ada, 1)
    then = "/account/app/remove"  # a phone is a second step, which this session has not shown
    assert browser.get(then).location == f"/account/proof?then={then}"
    browser.follow()
    assert browser.post("/account/proof", then=then, code=code, password="").location == then
    page = browser.get(then)
    assert page.heading == "Remove Chrome on Android from your account?"
    assert browser.post("/account/app/remove").location == "/account/app"
    assert browser.follow().heading == "No phone answers for you yet."


def test_an_hour_has_so_many_codes(house: House, browser: WebBrowser) -> None:
    browser.get("/account/app/add")
    for _ in range(CODES.limit):
        assert browser.post("/account/app/add").status == 303
    page = browser.post("/account/app/add")
    assert page.status == 429


def test_the_page_is_told_as_it_happens_until_the_session_ends(
    house: House, browser: WebBrowser, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert browser.get("/account/app/add/events").status == 404
    browser.get("/account/app/add")
    browser.post("/account/app/add")
    code = code_of(house, ada)
    ends = lambda: house.write(  # noqa: E731
        lambda tx: tx.sessions.end(ada.tenant_id, ada.id, None)
    )
    looks = iter([lambda: scan(house, code), ends])
    shown = scanning.code_shown

    def then(*args: object) -> object:
        found = shown(*args)  # type: ignore[arg-type]
        next(looks)()
        return found

    monkeypatch.setattr(scanning, "code_shown", then)
    told = browser.get("/account/app/add/events").html.split("\n\n")
    assert "Scan this with your phone’s camera." in told[0]
    assert "on your phone." in told[1]
    assert told[2].startswith("event: end")


def test_a_frozen_account_says_so(house: House, browser: WebBrowser, ada: User) -> None:
    added(house, browser, ada)
    house.change(ada, frozen_at=1)
    page = browser.get("/account/app")
    assert page.heading == "Changes to your account are frozen, so your phone stays as it is."
    assert "Remove…" not in page.text
    assert ada.email == EMAIL
    assert own_phone.KIND == "phone-app"
