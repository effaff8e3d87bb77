"""The language of the pages: what the browser asks for, and what was chosen in it."""

from __future__ import annotations

import pytest

from keyturn.web.visit import local
from tests.unit.web.browsing import WebBrowser


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
