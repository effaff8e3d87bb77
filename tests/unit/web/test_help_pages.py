"""I still can't get in, through pages alone [A11] [A14]."""

from __future__ import annotations

import pytest

from keyturn.rules.lockout import HOUR
from tests.unit.flows.house import EMAIL, PASSWORD, House
from tests.unit.web.browsing import Page, Web, WebBrowser

CONTACT = "+44 20 7946 0100"


def ask(browser: WebBrowser, **fields: str) -> Page:
    browser.get("/help")
    given = {"identifier": EMAIL, "contact": "", "note": "", "about": "signin", **fields}
    return browser.post("/help", **given)


def test_a_case_is_opened_with_a_reference_and_the_contacts(
    house: House, browser: WebBrowser
) -> None:
    house.user()
    page = ask(browser, note="It says no.")
    assert page.status == 201
    assert "KT-" in page.text
    assert CONTACT in page.text
    assert house.count("cases") == 1


def test_a_stranger_hears_the_same_whether_the_name_exists_or_not(house: House, web: Web) -> None:
    house.user()
    browser = web.browser()
    browser.get("/signin")
    for _ in range(2):
        browser.post("/signin", identifier=EMAIL, password="wrong wrong")
    known, absent = ask(web.browser()), ask(web.browser(), identifier="nobody@northwind.test")
    assert "cannot say anything about an account" in known.text
    assert neutral(known) == neutral(absent)


def neutral(page: Page) -> str:
    return page.text.partition("What often helps")[2]


def test_somebody_who_proved_it_hears_what_keeps_them_out(house: House, web: Web) -> None:
    house.user()
    house.clock.move(HOUR)
    stranger = web.browser()
    for _ in range(5):
        stranger.get("/signin")
        stranger.post("/signin", identifier=EMAIL, password="wrong wrong")
    ada = web.browser()
    ada.get("/recover")
    ada.post("/recover", identifier=EMAIL)
    ada.follow()
    assert "cannot say anything" in ask(ada).text
    ada.get("/recover/code")
    ada.post("/recover/code", code=house.last("recovery_code").code)
    page = ask(ada)
    assert "What we found" in page.text
    assert "locked" in page.text.partition("What we found")[2]
    assert 'data-form="clock"' in page.html  # times are in the reader's own zone


def test_whoever_is_signed_in_is_asked_under_their_own_name(house: House, web: Web) -> None:
    house.user()
    ada = web.browser()
    ada.get("/signin")
    ada.post("/signin", identifier=EMAIL, password=PASSWORD)
    assert f'value="{EMAIL}"' in ada.get("/help").html
    assert "What we found" in ask(ada).text


@pytest.mark.parametrize(
    ("field", "value"),
    [("note", "my password is Sunflower77"), ("note", "the code 123456"),
     ("contact", "my password is Sunflower77")],
)  # fmt: skip
def test_a_secret_is_held_back_explained_and_not_stored_or_shown_again(
    house: House, browser: WebBrowser, field: str, value: str
) -> None:
    page = ask(browser, **{field: value})
    assert page.status == 422
    assert "so it was not sent" in page.heading
    assert value not in page.html
    assert house.count("cases") == 0


def test_what_was_written_is_kept_when_something_is_missing(browser: WebBrowser) -> None:
    page = ask(browser, identifier=" ", note="<b>since Monday</b>")
    assert page.status == 422
    assert "Please fill this in." in page.text
    assert "&lt;b&gt;since Monday&lt;/b&gt;" in page.html


def test_what_cannot_be_a_name_is_said_so(house: House, browser: WebBrowser) -> None:
    page = ask(browser, identifier="ada\r\nbyron")
    assert page.status == 422
    assert "cannot be a name here" in page.text
    assert house.count("cases") == 0


def test_ten_cases_an_hour_are_all_that_a_network_opens(browser: WebBrowser) -> None:
    for _ in range(10):
        assert ask(browser).status == 201
    page = ask(browser)
    assert page.status == 429
    assert page.header("retry-after") == str(HOUR // 1000)


@pytest.mark.parametrize("about", ["signin", "mail", "text", "second", "session", "page"])
def test_the_page_knows_what_the_page_before_it_was_about(browser: WebBrowser, about: str) -> None:
    page = browser.get("/help", f"about={about}&name=ada")
    assert f'<option value="{about}" selected>' in page.html
    assert 'value="ada"' in page.html


def test_what_the_form_does_not_offer_is_refused(house: House, browser: WebBrowser) -> None:
    assert browser.get("/help", "about=everything").status == 422
    assert ask(browser, about="everything").status == 422
    assert house.count("cases") == 0


def test_contacts_are_a_page_of_their_own(browser: WebBrowser) -> None:
    assert CONTACT in browser.get("/contact").text


@pytest.mark.parametrize(
    "path", ["/nowhere", "/link/x", "/notme/x", "/setup/x", "/contact", "/help"]
)
def test_every_dead_end_shows_how_to_reach_a_human(browser: WebBrowser, path: str) -> None:
    page = browser.get(path)
    assert CONTACT in page.text or '/help"' in page.html
    assert "/contact" in page.html
