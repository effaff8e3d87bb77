"""The phone's answer as the second step, through pages."""

from __future__ import annotations

import re

import pytest

from keyturn.rules.approvals import ASKED, LIFE_MS, Kind
from keyturn.rules.lockout import MINUTE
from keyturn.rules.phone_app import PhoneState
from keyturn.steps import questions
from keyturn.steps.acts import begin
from keyturn.steps.questions import Wanted
from tests.unit.flows.house import EMAIL, PASSWORD, House
from tests.unit.flows.pockets import APPROVE, NAME, Pocket, rebound
from tests.unit.web.browsing import Page, Web, WebBrowser
from tests.unit.web.test_directory_pages import events

PATH = "/signin/second/phone"


@pytest.fixture
def pocket(house: House) -> Pocket:
    return Pocket(house, house.user())


@pytest.fixture
def ada(web: Web, pocket: Pocket) -> WebBrowser:
    """Before her second step."""
    return before_second(web)


def before_second(web: Web) -> WebBrowser:
    browser = web.browser()
    browser.get("/signin")
    assert browser.post("/signin", identifier=EMAIL, password=PASSWORD).location == "/signin/second"
    browser.follow()
    return browser


def asks(browser: WebBrowser, **fields: str) -> Page:
    browser.post(PATH, **fields)
    return browser.follow()


def number(page: Page) -> str:
    found = re.search(r'class="matching"[^>]*>(\d\d)<', page.html)
    assert found is not None
    return found[1]


def test_the_page_offers_the_phone(ada: WebBrowser) -> None:
    assert ada.page.heading == "One more step: ask your phone."
    assert f'action="{PATH}"' in ada.page.html


def test_the_page_shows_the_number_and_signs_in_by_it(ada: WebBrowser, pocket: Pocket) -> None:
    page = asks(ada)
    (shown,) = pocket.waiting()
    assert page.heading == "Type this number on your phone."
    assert number(page) == shown.one.number
    assert NAME in page.text
    assert f'data-watch="{PATH}/events"' in page.html
    assert 'http-equiv="refresh" content="3"' in page.html
    pocket.approves()
    page = ada.get(PATH)
    assert page.heading == "Your phone said yes."
    assert "data-watch=" not in page.html
    assert ada.post(f"{PATH}/done").location == "/account"
    assert ada.cookie("session")


def test_looking_changes_nothing(ada: WebBrowser, pocket: Pocket) -> None:
    asks(ada)
    pocket.approves()
    for _ in range(3):
        ada.get(PATH)
    assert ada.cookie("session") is None


def test_trust_is_carried_along(ada: WebBrowser, web: Web, pocket: Pocket) -> None:
    asks(ada, trust="1")
    pocket.approves()
    page = ada.get(PATH, "trust=1")
    assert 'name="trust" value="1"' in page.html
    ada.post(f"{PATH}/done", trust="1")
    ada.follow()
    ada.post("/signout")
    ada.get("/signin")
    assert ada.post("/signin", identifier=EMAIL, password=PASSWORD).location == "/account"


def test_what_is_not_approved_leads_back_to_the_question(ada: WebBrowser) -> None:
    asks(ada)
    ada.get("/signin/second")
    assert ada.post(f"{PATH}/done").location == PATH
    assert ada.cookie("session") is None


def test_each_end_is_told(ada: WebBrowser, house: House, pocket: Pocket) -> None:
    asks(ada)
    pocket.denies()
    assert ada.get(PATH).heading == "The phone said no. Nobody gets in by this question."
    page = asks(ada)
    one = pocket.waiting()[0].one
    for tries in ("2 tries are left", "1 try is left"):
        pocket.says(one, APPROVE, str(109 - int(one.number)))
        assert tries in ada.get(PATH).text
    pocket.says(one, APPROVE, str(109 - int(one.number)))
    assert ada.get(PATH).heading.startswith("Three wrong numbers were typed")
    asks(ada)
    house.clock.move(LIFE_MS)
    page = ada.get(PATH)
    assert page.heading == "Your phone did not answer within a minute."
    assert "Ask the phone again" in page.text
    assert 'href="/signin/second"' in page.html


def test_one_that_was_replaced_says_so(ada: WebBrowser, web: Web, pocket: Pocket) -> None:
    asks(ada)
    asks(before_second(web))
    assert ada.get(PATH).heading.startswith("Something newer was asked of the phone")


def test_without_a_question_the_page_leads_to_the_second_steps(ada: WebBrowser, web: Web) -> None:
    assert ada.get(PATH).location == "/signin/second"
    stranger = web.browser()
    stranger.get("/signin")
    assert stranger.get(PATH).location == "/signin/second"
    stranger.get("/signin")
    assert stranger.post(PATH).location == PATH
    assert stranger.follow().status == 200
    assert stranger.page.heading != "Type this number on your phone."


def test_who_asks_too_often_is_told_until_when(web: Web, pocket: Pocket) -> None:
    for _ in range(ASKED):
        asks(before_second(web))
    browser = before_second(web)
    page = browser.post(PATH)
    assert page.status == 429
    assert page.heading.startswith("Your phone was asked so often")
    assert page.header("retry-after") == str(15 * 60)


def test_support_comes_first(ada: WebBrowser, house: House, pocket: Pocket) -> None:
    act = begin(house.parts, house.browser().caller)
    wanted = Wanted(Kind.CALLER, "t" * 26, "Tom", "Northwind")
    house.write(lambda tx: questions.ask(tx, act, pocket.user.id, wanted))
    page = ada.post(PATH)
    assert page.status == 429
    assert page.heading.startswith("Support is asking your phone something")


def test_a_phone_that_is_gone_is_told(ada: WebBrowser, house: House, pocket: Pocket) -> None:
    house.totp(pocket.user)
    rebound(pocket, PhoneState.REVOKED)
    page = ada.post(PATH)
    assert page.heading == "No phone is bound to this account any more. Use another way."


def test_a_sign_in_that_has_ended_begins_again(ada: WebBrowser, house: House) -> None:
    house.clock.move(10 * MINUTE)
    assert ada.post(PATH).location == PATH
    assert ada.follow().heading != ""
    assert ada.post(f"{PATH}/done").location == PATH


def test_the_stream_ends_with_the_answer(ada: WebBrowser, pocket: Pocket) -> None:
    asks(ada)
    pocket.approves()
    shown, end = events(ada.get(f"{PATH}/events"))
    assert shown[0] == "shown"
    assert "data-go" in shown[1]
    assert end == ("end", "")


def test_a_stream_of_nothing_ends(ada: WebBrowser, web: Web) -> None:
    assert events(ada.get(f"{PATH}/events")) == [("pause", "")]


def test_a_form_from_elsewhere_asks_nobody(ada: WebBrowser, pocket: Pocket) -> None:
    assert ada.post(PATH, csrf="x").status == 403
    assert pocket.waiting() == ()


# -- in recovery


def recovering(browser: WebBrowser, house: House) -> None:
    browser.get("/recover")
    browser.post("/recover", identifier=EMAIL)
    browser.follow()
    browser.post("/recover/code", code=house.last("recovery_code").code)
    assert browser.follow().heading == "This account has a second step: ask your phone."


def test_a_recovery_goes_on_by_the_phone(web: Web, house: House, pocket: Pocket) -> None:
    browser, path = web.browser(), "/recover/second/phone"
    recovering(browser, house)
    browser.post(path)
    assert browser.follow().heading == "Type this number on your phone."
    browser.get("/recover/second")
    assert browser.post(f"{path}/done").location == path
    pocket.approves()
    assert events(browser.get(f"{path}/events"))[-1] == ("end", "")
    browser.get(path)
    assert browser.post(f"{path}/done").location == "/recover/password"


def test_a_recovery_that_asks_too_often_is_told(web: Web, house: House, pocket: Pocket) -> None:
    browser, path = web.browser(), "/recover/second/phone"
    recovering(browser, house)
    for _ in range(ASKED):
        browser.post(path)
        browser.get("/recover/second")
    assert browser.post(path).status == 429
    assert browser.page.heading.startswith("Your phone was asked so often")


# -- before a change


def test_a_change_is_proved_by_the_phone(ada: WebBrowser, house: House, pocket: Pocket) -> None:
    asks(ada)
    pocket.approves()
    ada.get(PATH)
    ada.post(f"{PATH}/done")
    house.clock.move(10 * MINUTE)
    path, then = "/account/proof/phone", "/account/email"
    assert ada.get(then).location == f"/account/proof?then={then}"
    page = ada.follow()
    assert f'action="{path}"' in page.html
    assert 'name="code"' not in page.html
    ada.post(path, then=then)
    assert ada.follow().heading == "Type this number on your phone."
    assert ada.post(f"{path}/done", then=then).location == f"{path}?then=%2Faccount%2Femail"
    ada.follow()
    pocket.approves()
    assert events(ada.get(f"{path}/events", "then=%2Faccount%2Femail"))[-1] == ("end", "")
    ada.get(path, "then=%2Faccount%2Femail")
    assert ada.post(f"{path}/done", then=then).location == then
    assert "e-mail" in ada.follow().text


def test_a_proof_that_asks_too_often_is_told(ada: WebBrowser, house: House, pocket: Pocket) -> None:
    asks(ada)
    pocket.approves()
    ada.get(PATH)
    ada.post(f"{PATH}/done")
    house.clock.move(16 * MINUTE)
    for _ in range(ASKED):
        ada.get("/account/proof", "then=/account")
        ada.post("/account/proof/phone", then="/account")
        ada.follow()
    ada.get("/account/proof", "then=/account")
    page = ada.post("/account/proof/phone", then="/account")
    assert (page.status, page.heading[:29]) == (429, "Your phone was asked so often")


def test_codes_and_phones_stand_side_by_side(web: Web, house: House, pocket: Pocket) -> None:
    house.totp(pocket.user)
    page = before_second(web).page
    assert page.heading == "One more step: ask your phone, or type a code."
    assert 'name="code"' in page.html
