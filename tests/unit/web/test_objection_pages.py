"""This wasn't me, through pages alone."""

from __future__ import annotations

import pytest

from keyturn.rules.lockout import DAY
from tests.unit.flows.house import EMAIL, House
from tests.unit.web.browsing import Web, WebBrowser


@pytest.fixture
def token(house: House, web: Web) -> str:
    """Of the link in the notice of a new password that somebody else set."""
    house.user()
    stranger = web.browser()
    stranger.get("/recover")
    stranger.post("/recover", identifier=EMAIL)
    stranger.follow()
    stranger.post("/recover/code", code=house.last("recovery_code").code)
    stranger.follow()
    stranger.post("/recover/password", password="another long password")
    return house.last("password_changed").token


def test_opening_the_link_changes_nothing_and_its_button_stops_everything(
    house: House, web: Web, token: str
) -> None:
    thief, owner = web.browser(), web.browser()
    thief.get("/signin")
    thief.post("/signin", identifier=EMAIL, password="another long password")
    page = owner.get(f"/notme/{token}")
    assert page.heading == "If it was not you, stop it here."
    assert thief.get("/account").status == 200
    page = owner.post(f"/notme/{token}")
    assert page.status == 200
    assert "KT-" in page.text
    assert "+44 20 7946 0100" in page.text
    assert thief.get("/account").location == "/signin"


def test_pressing_it_twice_shows_the_same_case(house: House, web: Web, token: str) -> None:
    owner = web.browser()
    owner.get(f"/notme/{token}")
    form = owner.token
    first = owner.post(f"/notme/{token}")
    again = owner.post(f"/notme/{token}", csrf=form)
    assert first.text == again.text
    assert house.count("cases") == 1
    assert "already reported" in owner.get(f"/notme/{token}").heading


@pytest.mark.parametrize(("late", "said"), [(-1, "stop it here"), (0, "ended at"), (1, "ended at")])
def test_the_link_lives_for_seven_days(
    house: House, browser: WebBrowser, token: str, late: int, said: str
) -> None:
    house.clock.move(7 * DAY + late)
    assert said in browser.get(f"/notme/{token}").heading


def test_a_link_that_no_notice_carried_says_so(browser: WebBrowser) -> None:
    page = browser.get("/notme/" + "a" * 43)
    assert page.status == 404
    assert "belongs to nothing" in page.heading
    assert "Tell support" in page.text


def test_a_link_that_was_sent_for_something_else_is_left_as_it_is(
    house: House, browser: WebBrowser
) -> None:
    house.user()
    browser.get("/recover")
    browser.post("/recover", identifier=EMAIL)
    token = house.last("recovery_code").token
    assert browser.get(f"/notme/{token}").status == 404
    browser.get("/signin")
    browser.post(f"/notme/{token}")
    assert browser.get(f"/link/{token}").status == 200
