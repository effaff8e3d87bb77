"""Forgotten password, through pages alone [A10]."""

from __future__ import annotations

import pytest

from keyturn.flows import inviting, staff
from keyturn.rules.accounts import UserState
from keyturn.rules.codes import RESEND_MS
from keyturn.rules.lockout import HOUR, MINUTE
from tests.unit.flows.house import EMAIL, PASSWORD, House, run
from tests.unit.web.browsing import Page, Web, WebBrowser

NEW = "a rather different phrase"


def forget(browser: WebBrowser, name: str = EMAIL) -> Page:
    browser.get("/recover")
    browser.post("/recover", identifier=name)
    return browser.follow()


def prove(house: House, browser: WebBrowser) -> Page:
    forget(browser)
    browser.post("/recover/code", code=house.last("recovery_code").code)
    return browser.follow()


def try_in(browser: WebBrowser, password: str) -> Page:
    browser.get("/signin")
    return browser.post("/signin", identifier=EMAIL, password=password)


def test_a_code_and_a_new_password_and_nobody_is_signed_in_by_it(house: House, web: Web) -> None:
    house.user()
    browser = web.browser()
    assert prove(house, browser).heading == "Choose your new password."
    assert browser.post("/recover/password", password=NEW).location == "/recover/done"
    browser.follow()
    assert browser.cookie("session") is None
    assert try_in(browser, PASSWORD).status == 401
    assert try_in(browser, NEW).location == "/account"


def test_during_a_lock_the_page_says_from_when_the_new_password_works(
    house: House, web: Web
) -> None:
    house.user()
    ada = web.browser()
    for _ in range(5):
        try_in(web.browser(), "wrong wrong")
    until = house.clock.now() + 10 * MINUTE
    house.clock.move(3 * MINUTE)
    prove(house, ada)
    ada.post("/recover/password", password=NEW)
    page = ada.follow()
    assert "new password works from" in page.heading
    assert str(until) in page.html
    assert try_in(ada, NEW).status == 401
    house.clock.move(7 * MINUTE)
    assert try_in(ada, NEW).location == "/account"


def test_pressing_forgot_again_goes_back_to_the_open_recovery(house: House, web: Web) -> None:
    house.user()
    ada = web.browser()
    forget(ada)
    assert ada.get("/recover").location == "/recover/code"
    assert len(house.outbox("recovery_code")) == 1


def test_a_second_step_is_asked_for_as_well(house: House, browser: WebBrowser) -> None:
    secret = house.totp(house.user())
    prove(house, browser)
    assert browser.get("/recover/password").location == "/recover/second"
    browser.follow()
    assert browser.post("/recover/second", code="000000").status == 401
    assert browser.post("/recover/second", code=house.code_of(secret)).location == (
        "/recover/password"
    )


def test_the_long_link_goes_on_in_the_browser_that_opened_it(house: House, web: Web) -> None:
    house.user()
    stranger, owner = web.browser(), web.browser()
    forget(stranger)
    token = house.last("recovery_code").token
    assert owner.get(f"/link/{token}").heading == "You are one step from a new password."
    assert owner.post(f"/link/{token}").location == "/recover/password"
    assert stranger.get("/recover/code").location == "/recover"
    assert "This link was used" in web.browser().get(f"/link/{token}").heading


@pytest.mark.parametrize(
    ("late", "said"), [(-1, "one step from"), (0, "This link ended"), (1, "This link ended")]
)
def test_a_dead_link_says_which(house: House, browser: WebBrowser, late: int, said: str) -> None:
    house.user()
    forget(browser)
    token = house.last("recovery_code").token
    house.clock.move(10 * MINUTE + late)
    assert said in browser.get(f"/link/{token}").heading


def test_a_newer_link_says_that_it_replaced_the_older(house: House, browser: WebBrowser) -> None:
    house.user()
    forget(browser)
    token = house.last("recovery_code").token
    house.clock.move(RESEND_MS)
    browser.post("/recover/resend")
    assert "A newer link was sent" in browser.get(f"/link/{token}").heading


def test_asking_too_soon_is_told_until_when(house: House, browser: WebBrowser) -> None:
    house.user()
    forget(browser)
    page = browser.post("/recover/resend")
    assert page.status == 429
    assert page.header("retry-after") == "60"


def test_a_network_that_asks_too_often_is_told_until_when(house: House, web: Web) -> None:
    house.limit(network_failures=1)
    web.site.parts = house.parts
    forget(web.browser(ip="203.0.113.9"))
    browser = web.browser(ip="203.0.113.9")
    browser.get("/recover")
    page = browser.post("/recover", identifier=EMAIL)
    assert page.status == 429
    assert page.header("retry-after") == str(HOUR // 1000)
    assert page.heading.startswith("Too much was asked for from your network.")


def test_a_password_that_cannot_be_used_says_why(house: House, browser: WebBrowser) -> None:
    house.user()
    prove(house, browser)
    page = browser.post("/recover/password", password="northwind-99")
    assert page.status == 422
    assert "easy to guess here" in page.text


def test_who_was_never_in_here_is_led_to_their_first_day(house: House, web: Web) -> None:
    ada = house.user(password=None, state=UserState.INVITED)
    chief = staff.on_the_host(house.browser().caller)
    run(inviting.invite(house.parts, chief, ada.id))
    house.clock.move(2 * HOUR)
    browser = web.browser()
    forget(browser)
    browser.post("/recover/code", code=house.last("first_code").code)
    page = browser.follow()
    assert page.heading == "Your account waits to be set up: do that now."
    onward = browser.post("/recover/first")
    assert (onward.location or "").startswith("/activate/")
    assert browser.follow().heading.startswith("You are a few steps from using your phone")
    assert browser.get("/recover/first").location == "/recover"
    assert browser.post("/recover/first").location == "/recover"


def test_whom_nobody_has_invited_is_told_so_after_the_code(house: House, web: Web) -> None:
    house.user(password=None, state=UserState.INVITED)
    browser = web.browser()
    forget(browser)
    browser.post("/recover/code", code=house.last("first_code").code)
    browser.follow()
    page = browser.post("/recover/first")
    assert page.status == 422
    assert "has to invite you" in page.heading


def test_a_link_of_a_moment_ago_is_looked_for_first(house: House, web: Web) -> None:
    ada = house.user(password=None, state=UserState.INVITED)
    chief = staff.on_the_host(house.browser().caller)
    run(inviting.invite(house.parts, chief, ada.id))
    browser = web.browser()
    forget(browser)
    browser.post("/recover/code", code=house.last("first_code").code)
    browser.follow()
    assert browser.post("/recover/first").status == 429
