"""Every way in counts in the same place: pages, API, spellings, steps, links."""

from __future__ import annotations

import json

import pytest

from tests.unit.flows.house import EMAIL, PASSWORD, House
from tests.unit.web.api.calling import JSON, App
from tests.unit.web.browsing import Web, WebBrowser

SPELLINGS = (
    EMAIL, EMAIL.upper(), f"  {EMAIL} ", "Ada@Northwind.Test", "ａｄａ@northwind.test", "ada",
    "ADA", "+44 (0)7400 123456", "0044 7400 123456", "07400 123456", "+447400123456",
)  # fmt: skip


def attempt(web: Web, identifier: str, password: str = "wrong") -> int:
    """A try on the page, in a browser of its own."""
    browser = web.browser()
    browser.get("/signin")
    return browser.post("/signin", identifier=identifier, password=password).status


@pytest.mark.parametrize("last", SPELLINGS)
def test_all_spellings_and_both_doors_count_together(
    house: House, web: Web, app: App, last: str
) -> None:
    """Facebook (2016): the beta site took guesses at reset codes that the main site counted;
    and whoever counts by what was typed counts each spelling apart.
    """
    house.user(names=["ada", "+447400123456"], username="ada", phone="+447400123456")
    for identifier in (EMAIL.upper(), "ada"):
        attempt(web, identifier)
        app.call("POST", "/signin", identifier=identifier, password="wrong")
    locked = app.call("POST", "/signin", identifier=last, password="wrong")
    assert locked.code == "locked"
    for identifier in SPELLINGS:
        assert (
            app.call("POST", "/signin", identifier=identifier, password=PASSWORD).data["until"]
            == locked.data["until"]
        )
    assert len(house.hasher.compared) == 5


def test_one_request_is_one_try(house: House, app: App, browser: WebBrowser) -> None:
    """WordPress, XML-RPC system.multicall (2015): one request carried hundreds of guesses,
    and was counted once.
    """
    house.user()
    guesses = [{"identifier": EMAIL, "password": f"guess {n}"} for n in range(100)]
    bodies = (guesses, {"identifier": EMAIL, "password": [g["password"] for g in guesses]},
              {"calls": guesses})  # fmt: skip
    for body in bodies:
        reply = app.raw("POST", "/signin", json.dumps(body).encode(), [JSON])
        assert reply.status == 422
    assert house.hasher.compared == []


def test_an_authenticator_does_not_switch_the_counting_of_passwords_off(
    house: House, web: Web
) -> None:
    """Keycloak, CVE-2018-14657 (2018): with TOTP on, brute-force detection was off."""
    house.totp(house.user())
    assert [attempt(web, EMAIL) for _ in range(4)] == [401] * 4
    assert attempt(web, EMAIL) == 401
    attempt(web, EMAIL, PASSWORD)
    assert len(house.hasher.compared) == 5


def test_links_in_mails_cannot_be_guessed_and_their_codes_are_counted(
    house: House, app: App, web: Web
) -> None:
    """Nextcloud, CVE-2023-35172 (2023): reset links could be guessed without end."""
    house.user()
    app.call("POST", "/recovery", identifier=EMAIL)
    letter = house.last("recovery_code")
    assert len(letter.token) == 43  # 256 bits
    for n in range(50):
        page = web.request("GET", f"/link/{letter.token[:-2]}{n:02}")
        assert "not" in page.html or page.status == 404
    for _ in range(6):
        app.call("POST", "/recovery/code", code="000000")
    assert app.call("POST", "/recovery/code", code=letter.code).code == "code-spent"


def test_a_stranger_cannot_lock_the_owner_s_own_browser_out(house: House, web: Web) -> None:
    """The auctions of eBay (CWE-645): in the last minutes bidders locked the highest bidder's
    account by wrong passwords.
    """
    house.user()
    owner = web.browser()
    owner.get("/signin")
    owner.post("/signin", identifier=EMAIL, password=PASSWORD)
    owner.get("/account")
    owner.post("/signout")
    for _ in range(6):
        attempt(web, EMAIL)
    owner.get("/signin")
    assert owner.post("/signin", identifier=EMAIL, password=PASSWORD).location == "/account"
