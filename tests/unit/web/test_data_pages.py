"""Your data: the file, the deletion, the link that keeps the account."""

from __future__ import annotations

import json

import pytest

from keyturn.rules.accounts import Role
from keyturn.steps.erasure import WAIT_MS
from keyturn.steps.stepup import FRESH_MS
from tests.unit.flows.house import EMAIL, PASSWORD, House
from tests.unit.web.browsing import Web, WebBrowser


@pytest.fixture
def ada(house: House, web: Web) -> WebBrowser:
    """Ada, signed in."""
    house.user(EMAIL, PASSWORD)
    browser = web.browser()
    browser.get("/signin")
    assert browser.post("/signin", identifier=EMAIL, password=PASSWORD).location
    return browser


def kept(ada: WebBrowser, house: House) -> str:
    """Delete the account; the path of the link that keeps it."""
    assert "for good?" in ada.get("/account/delete").text
    done = ada.post("/account/delete")
    assert done.status == 200
    assert EMAIL in done.text
    return "/keep/" + house.last("erase_asked").token


def test_the_account_page_leads_to_both(ada: WebBrowser) -> None:
    text = ada.get("/account").html
    assert "/account/data" in text
    assert "/account/delete" in text


def test_the_file_is_saved_and_never_shown_as_a_page(ada: WebBrowser) -> None:
    assert "A file of everything" in ada.get("/account/data").text
    answer = ada.post("/account/data")
    headers = dict(answer.headers)
    assert headers["content-disposition"] == 'attachment; filename="northwind-data.json"'
    assert headers["content-type"] == "application/json"
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert json.loads(answer.html)["account"]["email"] == EMAIL


@pytest.mark.parametrize("path", ["/account/data", "/account/delete"])
def test_both_ask_for_a_proof_and_come_back(ada: WebBrowser, house: House, path: str) -> None:
    house.clock.move(FRESH_MS)
    ada.get("/account/data")
    assert ada.post(path).location == f"/account/proof?then={path}"
    ada.get("/account/proof", f"then={path}")
    assert ada.post("/account/proof", password=PASSWORD, then=path).location == path
    ada.get(path)
    assert ada.post(path).status == 200


def test_nobody_gets_either_without_a_session(web: Web) -> None:
    stranger = web.browser()
    for path in ("/account/data", "/account/delete"):
        assert stranger.get(path).location == "/signin"


def test_after_it_was_asked_for_nobody_is_signed_in(ada: WebBrowser, house: House) -> None:
    kept(ada, house)
    assert ada.get("/account").location == "/signin"


def test_the_link_asks_first_and_keeps_the_account(ada: WebBrowser, house: House) -> None:
    path = kept(ada, house)
    elsewhere = ada.web.browser()
    for _ in range(2):  # opening changes nothing
        assert "Keep my account" in elsewhere.get(path).text
    for _ in range(2):  # pressed again it says the same
        assert "Your account stays" in elsewhere.post(path).text
        elsewhere.get("/signin")
    assert "called off" in elsewhere.get(path).text
    ada.get("/signin")
    assert ada.post("/signin", identifier=EMAIL, password=PASSWORD).location == "/account"


def test_a_link_that_is_late_or_unknown_says_so(ada: WebBrowser, house: House) -> None:
    path = kept(ada, house)
    house.clock.move(WAIT_MS)
    elsewhere = ada.web.browser()
    assert "Too late" in elsewhere.get(path).text
    elsewhere.get("/signin")
    assert "Too late" in elsewhere.post(path).text
    for wrong in ("/keep/short", "/keep/" + "x" * 43):
        assert elsewhere.get(wrong).status == 404
        elsewhere.get("/signin")
        assert elsewhere.post(wrong).status == 404


def test_the_last_owner_is_told_what_to_do_first(house: House, web: Web) -> None:
    house.user(EMAIL, PASSWORD, role=Role.OWNER)
    browser = web.browser()
    browser.get("/signin")
    browser.post("/signin", identifier=EMAIL, password=PASSWORD)
    assert "only owner" in browser.get("/account/delete").text
    refused = browser.post("/account/delete")
    assert refused.status == 409
    assert "only owner" in refused.text
