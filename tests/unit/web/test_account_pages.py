"""One's own account, through pages alone."""

from __future__ import annotations

import re

import pyotp
import pytest

from keyturn.rules.accounts import User
from keyturn.rules.lockout import MINUTE
from tests.unit.flows.house import EMAIL, PASSWORD, House
from tests.unit.web.browsing import Page, Web, WebBrowser


@pytest.fixture
def user(house: House) -> User:
    return house.user()


@pytest.fixture
def ada(web: Web, user: User) -> WebBrowser:
    """Signed in."""
    return signed_in(web)


def signed_in(web: Web) -> WebBrowser:
    browser = web.browser()
    browser.get("/signin")
    assert browser.post("/signin", identifier=EMAIL, password=PASSWORD).location == "/account"
    browser.follow()
    return browser


def secret_on(page: Page) -> str:
    found = re.search(r'data-plain="([A-Z2-7]+)"', page.html)
    assert found
    return found[1]


def saved_codes(page: Page) -> list[str]:
    return re.findall(r"<li>([0-9A-Z]{4}(?:-[0-9A-Z]{4}){3})</li>", page.html)


def enrol(house: House, browser: WebBrowser) -> tuple[str, list[str]]:
    secret = secret_on(browser.get("/account/totp"))
    page = browser.post("/account/totp", code=house.code_of(secret))
    assert page.status == 200, page.text
    return secret, saved_codes(page)


def fresh(house: House, secret: str) -> str:
    """A code that was not used yet."""
    house.clock.move(30_000)
    return house.code_of(secret)


@pytest.mark.parametrize(
    "path",
    [
        "/account",
        "/account/phone",
        "/account/totp",
        "/account/recovery-codes",
        "/account/totp/remove",
    ],
)
def test_whoever_is_not_signed_in_is_led_to_the_sign_in_page(web: Web, path: str) -> None:
    assert web.browser().get(path).location == "/signin"
    assert web.request("GET", path).problem["code"] == "sign-in"


def test_the_account_shows_what_is_signed_in_and_ends_it(web: Web, ada: WebBrowser) -> None:
    other = signed_in(web)
    page = ada.get("/account")
    assert page.text.count("Firefox on Windows") == 4  # two sessions, two known browsers
    assert ada.post("/account/sessions/end", handle="others").location == "/account"
    assert other.get("/account").location == "/signin"
    assert ada.get("/account").status == 200


def test_one_session_can_be_ended_by_its_handle_and_nobody_elses(
    house: House, web: Web, ada: WebBrowser
) -> None:
    other = signed_in(web)
    handles = re.findall(r'name="handle" value="([^"]{43})"', ada.get("/account").html)
    assert len(handles) == 1
    assert ada.post("/account/sessions/end", handle=handles[0]).status == 303
    assert other.get("/account").location == "/signin"
    house.user("bob@northwind.test")
    bob = web.browser()
    bob.get("/signin")
    bob.post("/signin", identifier="bob@northwind.test", password=PASSWORD)
    user = user_of(house)
    session = house.write(lambda tx: tx.sessions.of_user(user.tenant_id, user.id))[0]
    bob.get("/account")
    assert bob.post("/account/sessions/end", handle=session.digest).status == 404
    assert ada.get("/account").status == 200


def user_of(house: House) -> User:
    found = house.write(lambda tx: tx.users.named(house.tenant.id, EMAIL))
    assert found
    return found


def test_a_known_browser_is_forgotten_by_its_id_and_never_all_by_none(
    house: House, web: Web, ada: WebBrowser
) -> None:
    signed_in(web)
    assert house.count("clients") == 2
    ada.get("/account")
    assert ada.post("/account/clients/forget", id="").status == 404
    assert house.count("clients") == 2
    ids = re.findall(r'name="id" value="([0-9a-z]{26})"', ada.get("/account").html)
    assert ada.post("/account/clients/forget", id=ids[0]).location == "/account"
    assert house.count("clients") == 1


def test_an_authenticator_is_scanned_confirmed_and_brings_recovery_codes_once(
    house: House, ada: WebBrowser
) -> None:
    page = ada.get("/account/totp")
    assert "<svg" in page.html
    assert "style=" not in page.html
    secret = secret_on(page)
    assert secret_on(ada.get("/account/totp")) == secret
    page = ada.post("/account/totp", code=house.code_of(secret))
    assert page.heading == "Save these 10 recovery codes now."
    codes = saved_codes(page)
    assert len(set(codes)) == 10
    assert page.header("cache-control") == "no-store"
    assert "All is well" in ada.get("/account").heading
    assert not any(code in ada.page.html for code in codes)


def test_a_wrong_code_of_the_authenticator_changes_nothing(house: House, ada: WebBrowser) -> None:
    ada.get("/account/totp")
    page = ada.post("/account/totp", code="000000")
    assert page.status == 422
    assert page.heading == "That is not the code."
    assert house.count("factors") == 0


def test_a_new_level_brings_a_new_session_and_the_old_one_is_dead(
    house: House, web: Web, ada: WebBrowser
) -> None:
    old = dict(ada.jar)
    enrol(house, ada)
    assert ada.cookie("session") != old[f"__Host-kt-session-{house.tenant.slug}"]
    thief = web.browser()
    thief.jar = old
    assert thief.get("/account").location == "/signin"


def prove(house: House, browser: WebBrowser, path: str, secret: str) -> Page:
    """Ten minutes later `path` asks for a proof; the page it goes on to."""
    house.clock.move(10 * MINUTE)
    assert browser.get(path).location == f"/account/proof?then={path}"
    assert "show that it is still you" in browser.follow().heading
    page = browser.post("/account/proof", then=path, code=fresh(house, secret), password="")
    assert page.location == path
    return browser.follow()


def test_another_authenticator_takes_the_place_of_the_first_only_after_a_proof(
    house: House, ada: WebBrowser
) -> None:
    secret, _ = enrol(house, ada)
    page = prove(house, ada, "/account/totp", secret)
    second = secret_on(page)
    assert second != secret
    assert ada.post("/account/totp", code="000000").status == 422
    assert ada.post("/account/totp", code=house.code_of(second)).location == "/account"


def test_removing_the_second_step_asks_first(house: House, ada: WebBrowser) -> None:
    secret, _ = enrol(house, ada)
    page = prove(house, ada, "/account/totp/remove", secret)
    assert "really want to take your authenticator app away" in page.heading
    assert house.count("factors") == 11
    assert ada.post("/account/totp/remove").location == "/account"
    assert house.count("factors") == 0


def test_without_a_proof_the_second_step_stays(house: House, ada: WebBrowser) -> None:
    enrol(house, ada)
    ada.get("/account")
    house.clock.move(10 * MINUTE)
    for path in ("/account/totp/remove", "/account/recovery-codes"):
        assert ada.post(path).location == f"/account/proof?then={path}"
    assert ada.post("/account/totp", code="1").location == "/account/proof?then=/account/totp"
    assert ada.post("/account/clients/trust").location == "/account/proof?then=/account"
    assert house.count("factors") == 11


def test_new_recovery_codes_kill_the_old_ones(house: House, web: Web, ada: WebBrowser) -> None:
    _, old = enrol(house, ada)
    ada.get("/account/recovery-codes")
    page = ada.post("/account/recovery-codes")
    new = saved_codes(page)
    assert len(new) == 10
    assert not set(new) & set(old)
    assert second_step(web, old[0]).status == 401
    assert second_step(web, new[0]).location == "/account"


def second_step(web: Web, code: str) -> Page:
    browser = web.browser()
    browser.get("/signin")
    assert browser.post("/signin", identifier=EMAIL, password=PASSWORD).location == (
        "/signin/second"
    )
    browser.follow()
    return browser.post("/signin/second", code=code)


def test_five_wrong_codes_lock_the_second_step_and_the_page_says_until_when(
    house: House, ada: WebBrowser
) -> None:
    enrol(house, ada)
    house.clock.move(10 * MINUTE)
    ada.get("/account/proof")
    for _ in range(4):
        assert ada.post("/account/proof", then="", code="000000", password="").status == 422
    page = ada.post("/account/proof", then="", code="000000", password="")
    assert page.status == 422
    assert "this step is locked until" in page.heading


def test_without_a_second_step_there_is_nothing_to_ask_for(ada: WebBrowser) -> None:
    assert ada.get("/account/totp/remove").location == "/account"
    assert ada.get("/account/recovery-codes").location == "/account"
    for path in ("/account/recovery-codes", "/account/totp/remove", "/account/clients/trust"):
        ada.get("/account")
        assert ada.post(path).location == "/account"


def test_frozen_changes_lead_back_to_the_account_that_explains_it(
    house: House, ada: WebBrowser, user: User
) -> None:
    enrol(house, ada)
    ada.get("/account")
    house.change(user, frozen_at=house.clock.now())
    for path in ("/account/totp", "/account/totp/remove", "/account/recovery-codes"):
        assert ada.get(path).location == "/account"
        ada.get("/account")
        code = {"code": "123456"} if path == "/account/totp" else {}
        assert ada.post(path, **code).location == "/account"
    assert "frozen" in ada.get("/account").heading


def test_a_browser_is_trusted_and_trusted_no_more(
    house: House, ada: WebBrowser, user: User
) -> None:
    enrol(house, ada)
    page = ada.get("/account")
    assert "Trust it" in page.text
    assert ada.post("/account/clients/trust").location == "/account"
    page = ada.get("/account")
    assert "needs no second step" in page.text
    (client,) = house.write(lambda tx: tx.clients.of_user(house.tenant.id, user.id))
    assert ada.post("/account/clients/distrust", id=client.id).location == "/account"
    assert "needs no second step" not in ada.get("/account").text
    assert ada.post("/account/clients/distrust", id="x").status == 404


def test_a_session_that_ended_meanwhile_leads_to_the_sign_in_page(
    house: House, ada: WebBrowser, user: User
) -> None:
    ada.get("/account")
    house.write(lambda tx: tx.sessions.end(user.tenant_id, user.id, None))
    assert ada.post("/account/totp", code="123456").location == "/signin"


def test_signing_out_ends_the_session_and_takes_the_cookie(ada: WebBrowser) -> None:
    kept = dict(ada.jar)
    ada.get("/account")
    assert ada.post("/signout").location == "/signin"
    assert ada.cookie("session") is None
    ada.jar = kept
    assert ada.get("/account").location == "/signin"


def test_the_qr_code_holds_the_address_that_an_authenticator_reads(
    house: House, ada: WebBrowser
) -> None:
    import segno

    page = ada.get("/account/totp")
    uri = house.parts.otp.uri(secret_on(page), EMAIL, "Northwind")
    assert pyotp.parse_uri(uri).issuer == "Northwind"
    drawn = re.search(r'<path[^>]* d="([^"]+)"', page.html.partition('class="qr"')[2])
    expected = re.search(
        r'd="([^"]+)"', segno.make(uri, error="m", micro=False).svg_inline(border=4, scale=4)
    )
    assert drawn
    assert expected
    assert drawn[1] == expected[1]
