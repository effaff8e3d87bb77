"""The first owner, through pages alone."""

from __future__ import annotations

import re

import pytest

from keyturn.flows import owner
from keyturn.rules.lockout import HOUR
from tests.unit.flows.house import EMAIL, PASSWORD, House, run
from tests.unit.web.browsing import Page, WebBrowser


def link(house: House, *, break_glass: bool = False) -> str:
    made = run(owner.setup_link(house.parts, house.tenant, break_glass=break_glass))
    assert made
    return "/setup/" + made.rpartition("/")[2]


def become(browser: WebBrowser, path: str, **fields: str) -> Page:
    browser.get(path)
    return browser.post(path, **{"name": "Ada", "email": EMAIL, "password": PASSWORD, **fields})


def test_the_first_owner_sets_up_a_second_step_and_comes_to_the_console(
    house: House, browser: WebBrowser
) -> None:
    path = link(house)
    assert "no owner yet" in browser.get(path).heading
    assert become(browser, path).location == "/account/totp"
    page = browser.follow()
    secret = re.findall(r'data-plain="([A-Z2-7]+)"', page.html)[0]
    page = browser.post("/account/totp", code=house.code_of(secret))
    assert 'href="/console">I have saved them' in page.html


def test_the_link_works_once(house: House, browser: WebBrowser) -> None:
    path = link(house)
    become(browser, path)
    page = browser.get(path)
    assert page.status == 404
    assert "makes no owner" in page.heading


@pytest.mark.parametrize(("late", "status"), [(-1, 200), (0, 404), (1, 404)])
def test_the_link_lives_for_an_hour(
    house: House, browser: WebBrowser, late: int, status: int
) -> None:
    path = link(house)
    house.clock.move(HOUR + late)
    assert browser.get(path).status == status


def test_what_does_not_fit_is_said_beside_its_field_and_the_link_lives_on(
    house: House, browser: WebBrowser
) -> None:
    path = link(house)
    page = become(browser, path, password="short", email="ada")
    assert page.status == 422
    assert page.html.count('aria-invalid="true"') == 2
    assert browser.get(path).status == 200


def test_an_address_in_use_is_told_to_whoever_holds_the_link(
    house: House, browser: WebBrowser
) -> None:
    house.user()
    page = become(browser, link(house))
    assert page.status == 409
    assert "already in use here" in page.text


def test_break_glass_says_that_it_makes_one_more_owner(house: House, browser: WebBrowser) -> None:
    become(browser, link(house))
    assert browser.get(link(house, break_glass=True)).heading == "This link makes one more owner."


def test_a_form_for_a_dead_link_makes_nobody_an_owner(house: House, browser: WebBrowser) -> None:
    browser.get("/signin")
    page = browser.post("/setup/" + "a" * 43, name="Eve", email=EMAIL, password=PASSWORD)
    assert page.status == 404
    assert not house.write(lambda tx: tx.roles.any_owner())
