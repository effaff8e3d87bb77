"""The language of the pages: what the browser asks for, and what was chosen in it."""

from __future__ import annotations

import json
import re
from contextlib import closing

import pytest

from keyturn.web.visit import local
from tests.unit.flows.house import EMAIL, PASSWORD, House
from tests.unit.web.browsing import Web, WebBrowser, open_web


def test_a_page_says_which_language_it_is_in_and_by_what_it_was_chosen(browser: WebBrowser) -> None:
    page = browser.get("/signin")
    assert page.header("content-language") == "en"
    assert page.header("vary") == "Accept-Language, Cookie"
    assert '<html lang="en"' in page.html


def test_a_choice_is_kept_and_leads_back_to_the_page(browser: WebBrowser) -> None:
    browser.get("/help?about=mail")
    answer = browser.post("/language", language="de", then="/help?about=mail")
    assert (answer.status, answer.location) == (303, "/help?about=mail")
    assert 'value="en" lang="en">English' in browser.get("/help?about=mail").html


@pytest.mark.parametrize(
    "then", ["//evil.test", "https://evil.test", "/\\evil.test", "", "x", "/ä"]
)
def test_a_choice_leads_nowhere_else(browser: WebBrowser, then: str) -> None:
    browser.get("/signin")
    answer = browser.post("/language", language="de", then=then)
    assert answer.location == "/"
    assert not local(then)


def test_a_language_that_is_not_there_cannot_be_chosen(browser: WebBrowser) -> None:
    browser.get("/signin")
    assert browser.post("/language", language="xx", then="/signin").status == 422


def test_a_browser_that_reads_german_gets_german(browser: WebBrowser) -> None:
    browser.reads = "de-AT,de;q=0.9,en;q=0.5"
    page = browser.get("/signin")
    assert page.header("content-language") == "de"
    assert '<html lang="de"' in page.html
    assert page.heading.startswith("Bei ")
    assert browser.post("/signin", identifier="x", password="wrong wrong").heading.startswith(
        "Dieser Name und dieses Passwort passen zu keinem Konto"
    )


def test_a_choice_goes_before_what_the_browser_asks_for(browser: WebBrowser) -> None:
    browser.reads = "de"
    browser.get("/signin")
    browser.post("/language", language="en", then="/signin")
    assert browser.get("/signin").header("content-language") == "en"


def test_the_tenants_language_is_for_browsers_that_ask_for_none_of_ours() -> None:
    with closing(House(language="de")) as house:
        page = open_web(house).browser(reads="fr").get("/signin")
    assert page.header("content-language") == "de"


def test_known_and_unknown_names_are_answered_alike_in_german_too(house: House, web: Web) -> None:
    house.user()
    answers = []
    for name in (EMAIL, "x" + EMAIL[1:]):
        browser = web.browser(reads="de")
        browser.get("/signin")
        answers.append(browser.post("/signin", identifier=name, password="wrong wrong"))
    known, unknown = answers
    assert (known.status, known.text) == (unknown.status, unknown.text)
    assert len(known.body) == len(unknown.body)


def test_a_lock_is_told_in_german_with_its_time(house: House, browser: WebBrowser) -> None:
    house.user()
    browser.reads = "de"
    for _ in range(5):
        browser.get("/signin")
        browser.post("/signin", identifier=EMAIL, password="wrong wrong")
    assert re.fullmatch(
        r"Ihr Konto ist gesperrt bis \d\d:\d\d Uhr GMT\. Noch 10 Minuten\.", browser.page.heading
    )


def test_who_signs_up_in_german_is_written_to_in_german(house: House, browser: WebBrowser) -> None:
    browser.reads = "de"
    browser.get("/signup")
    browser.post("/signup", name="Ada", email="ada@example.com", password=PASSWORD)
    found = house.write(lambda tx: tx.users.named(house.tenant.id, "ada@example.com"))
    assert found is not None
    assert found.language == "de"


def test_a_choice_while_signed_in_is_for_mails_too(house: House, browser: WebBrowser) -> None:
    user = house.user()
    browser.get("/signin")
    browser.post("/signin", identifier=EMAIL, password=PASSWORD)
    browser.follow()
    browser.post("/language", language="de", then="/account")
    stored = house.write(lambda tx: tx.users.get(house.tenant.id, user.id))
    assert stored is not None
    assert stored.language == "de"


def test_the_phone_app_is_in_the_language_of_the_phone(browser: WebBrowser) -> None:
    browser.reads = "de-DE"
    page = browser.get("/app/")
    assert '<html lang="de">' in page.html
    causes = json.loads(re.findall(r'id="causes">(.*?)</script>', page.html)[0])
    assert "Mitteilungen sind aus" in {cause["title"] for cause in causes}
    assert "Die Testmitteilung ist angekommen." in page.html
