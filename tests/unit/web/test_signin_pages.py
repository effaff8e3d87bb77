"""Signing in, through pages alone [A3] [A7]."""

from __future__ import annotations

import pytest

from keyturn.rules.accounts import UserState
from keyturn.rules.lockout import HOUR, MINUTE
from tests.unit.flows.house import EMAIL, PASSWORD, House
from tests.unit.web.browsing import Page, Web, WebBrowser


def sign_in(browser: WebBrowser, name: str = EMAIL, password: str = PASSWORD) -> Page:
    browser.get("/signin")
    return browser.post("/signin", identifier=name, password=password)


def test_a_right_name_and_password_lead_to_the_account(house: House, browser: WebBrowser) -> None:
    house.user()
    assert browser.get("/").location == "/signin"
    assert sign_in(browser).location == "/account"
    assert browser.follow().status == 200
    assert browser.get("/").location == "/account"


def test_a_wrong_password_is_answered_neutrally_and_helpfully(
    house: House, browser: WebBrowser
) -> None:
    house.user()
    page = sign_in(browser, password="wrong wrong")
    assert page.status == 401
    assert page.heading.startswith("That name and password do not match")
    assert "Which name works" in page.text
    assert f'value="{EMAIL}"' in page.html
    assert "wrong wrong" not in page.html


@pytest.mark.parametrize(("late", "status"), [(-1, 401), (0, 303), (1, 303)])
def test_five_wrong_passwords_lock_for_ten_minutes_and_the_page_counts_down(
    house: House, browser: WebBrowser, late: int, status: int
) -> None:
    house.user()
    for _ in range(4):
        sign_in(browser, password="wrong wrong")
    page = sign_in(browser, password="wrong wrong")
    assert page.heading.startswith("Your account is locked until")
    assert "That is 10 minutes." in page.heading
    assert f'data-until="{house.clock.now() + 10 * MINUTE}"' in page.html
    house.clock.move(10 * MINUTE + late)
    assert sign_in(browser).status == status


def test_the_right_password_is_not_told_apart_during_a_lock(house: House, web: Web) -> None:
    house.user()
    for _ in range(5):
        sign_in(web.browser(), password="wrong wrong")
    wrong, right = sign_in(web.browser(), password="wrong wrong"), sign_in(web.browser())
    assert (wrong.status, wrong.text) == (right.status, right.text)


def test_the_second_step_comes_between_password_and_account(
    house: House, browser: WebBrowser
) -> None:
    secret = house.totp(house.user())
    assert sign_in(browser).location == "/signin/second"
    assert browser.get("/account").location == "/signin"
    browser.get("/signin/second")
    page = browser.post("/signin/second", code="000000")
    assert page.status == 401
    assert browser.post("/signin/second", code=house.code_of(secret)).location == "/account"


def test_a_trusted_browser_is_not_asked_for_it_again(house: House, browser: WebBrowser) -> None:
    secret = house.totp(house.user())
    sign_in(browser)
    browser.follow()
    browser.post("/signin/second", code=house.code_of(secret), trust="1")
    browser.get("/account")
    browser.post("/signout")
    assert sign_in(browser).location == "/account"


def test_the_right_password_of_an_unverified_account_leads_to_its_code(
    house: House, browser: WebBrowser
) -> None:
    house.user(state=UserState.UNVERIFIED)
    assert sign_in(browser).location == "/signup/code"
    browser.follow()
    assert browser.post("/signup/code", code=house.last("verify_email").code).status == 303
    assert browser.get("/account").status == 200


def test_a_network_that_failed_too_often_is_put_off_whatever_the_name(
    house: House, web: Web
) -> None:
    house.limit(network_failures=3)
    web.site.parts = house.parts
    for number in range(3):
        sign_in(web.browser(ip="203.0.113.9"), name=f"p{number}@x.test")
    page = sign_in(web.browser(ip="203.0.113.9"), name="new@x.test")
    assert page.status == 429
    assert page.header("retry-after") == str(HOUR // 1000)
    assert page.heading.startswith("Too many sign-ins from your network")


@pytest.mark.parametrize(("name", "password"), [("", PASSWORD), (EMAIL, ""), ("  ", PASSWORD)])
def test_what_is_missing_is_said_and_nothing_is_tried(
    house: House, browser: WebBrowser, name: str, password: str
) -> None:
    page = sign_in(browser, name, password)
    assert page.status == 422
    assert house.count("lanes") == 0


def test_a_name_in_the_address_is_filled_in(browser: WebBrowser) -> None:
    page = browser.get("/signin", "name=%3Cb%3Eada")
    assert 'value="&lt;b&gt;ada"' in page.html
