"""Showing once more that it is oneself; a new password; another address: through pages."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keyturn.ports.secrets import Busy
from keyturn.rules.accounts import User
from keyturn.rules.lockout import HOUR, MINUTE
from tests.unit.flows.house import EMAIL, PASSWORD, House
from tests.unit.web.browsing import Web, WebBrowser

NEW = "a wholly new password"


@pytest.fixture
def user(house: House) -> User:
    return house.user()


@pytest.fixture
def ada(house: House, web: Web, user: User) -> WebBrowser:
    """Signed in ten minutes ago."""
    browser = web.browser()
    browser.get("/signin")
    browser.post("/signin", identifier=EMAIL, password=PASSWORD)
    browser.follow()
    house.clock.move(10 * MINUTE)
    return browser


def prove(browser: WebBrowser, then: str, password: str = PASSWORD) -> object:
    browser.get(f"/account/proof?then={then}")
    return browser.post("/account/proof", then=then, code="", password=password).location


def test_the_password_leads_on_to_what_was_wanted(ada: WebBrowser) -> None:
    assert ada.get("/account/email").location == "/account/proof?then=/account/email"
    page = ada.follow()
    assert "show that it is still you" in page.heading
    assert 'name="password"' in page.html
    assert 'name="code"' not in page.html
    assert prove(ada, "/account/email") == "/account/email"
    assert ada.get("/account/proof?then=/account/email").location == "/account/email"


@pytest.mark.parametrize(
    "then",
    ["//evil.test", "https://evil.test", "/account/../console", "/console", "/account//evil", "",
     "/account\\evil", "/accountevil"],
)  # fmt: skip
def test_a_proof_leads_nowhere_but_to_the_account(ada: WebBrowser, then: str) -> None:
    assert prove(ada, then) == "/account"


def test_a_wrong_password_is_told_and_five_lock(ada: WebBrowser) -> None:
    ada.get("/account/proof")
    page = ada.post("/account/proof", then="/account/email", code="", password="nonsense")
    assert page.status == 422
    assert "not the password" in page.heading
    for _ in range(4):
        page = ada.post("/account/proof", then="/account/email", code="", password="nonsense")
    assert "locked until" in page.heading
    assert 'value="/account/email"' in page.html  # what was wanted is not forgotten


def test_a_session_that_ended_meanwhile_leads_to_sign_in(
    house: House, ada: WebBrowser, user: User
) -> None:
    ada.get("/account/proof")
    house.write(lambda tx: tx.sessions.end(user.tenant_id, user.id, None))
    assert ada.post("/account/proof", then="", code="", password=PASSWORD).location == "/signin"


async def _busy() -> None:
    raise Busy(retry_after=700)


def test_a_busy_server_says_when_to_ask_again(house: House, ada: WebBrowser) -> None:
    ada.get("/account/proof")
    house.hasher.during = _busy
    page = ada.post("/account/proof", then="", code="", password=PASSWORD)
    assert (page.status, page.header("retry-after")) == (503, "1")
    ada.get("/account/password")
    house.hasher.during = _busy
    assert ada.post("/account/password", current=PASSWORD, password=NEW, spaces="").status == 503


# -- a new password


def test_a_new_password_needs_no_proof_but_the_old_one(house: House, ada: WebBrowser) -> None:
    assert "Choose a new password" in ada.get("/account/password").heading
    page = ada.post("/account/password", current=PASSWORD, password=NEW, spaces="")
    assert "works from now on" in page.heading
    assert ada.get("/account").status == 200
    assert house.last("password_changed").message.address == EMAIL


def test_what_is_wrong_with_it_is_said_beside_the_field(ada: WebBrowser) -> None:
    ada.get("/account/password")
    page = ada.post("/account/password", current="nonsense", password=NEW, spaces="")
    assert "not your password as it is now" in page.heading
    page = ada.post("/account/password", current=PASSWORD, password="short", spaces="")
    assert "8 characters at least" in page.text
    page = ada.post("/account/password", current=PASSWORD, password=PASSWORD, spaces="")
    assert "the password you have now" in page.text
    page = ada.post("/account/password", current=PASSWORD, password=NEW + " ", spaces="")
    assert "It ends with a space" in page.text
    assert PASSWORD not in page.html
    page = ada.post("/account/password", current=PASSWORD, password=NEW + " ", spaces="1")
    assert page.status == 200


def test_guessing_the_old_password_locks(ada: WebBrowser) -> None:
    ada.get("/account/password")
    for _ in range(5):
        ada.post("/account/password", current="nonsense", password=NEW, spaces="")
    assert "locked until" in ada.page.heading


def test_with_a_second_step_the_form_comes_after_it(
    house: House, ada: WebBrowser, user: User
) -> None:
    secret = house.totp(user)
    ada.get("/account")
    assert ada.get("/account/password").location == "/account/proof?then=/account/password"
    ada.get("/account")
    page = ada.post("/account/password", current=PASSWORD, password=NEW, spaces="")
    assert page.location == "/account/proof?then=/account/password"
    page = ada.follow()
    assert 'name="code"' in page.html
    ada.post("/account/proof", then="/account/password", code=house.code_of(secret), password="")
    assert "Choose a new password" in ada.follow().heading


def test_without_a_password_recovery_gives_one(house: House, ada: WebBrowser, user: User) -> None:
    ada.get("/account")
    house.change(user, password_hash=None)
    assert ada.get("/account/password").location == "/recover"
    ada.get("/account")
    page = ada.post("/account/password", current="x", password=NEW, spaces="")
    assert page.location == "/recover"


# -- a code by text


@pytest.fixture
def texted(house: House, user: User) -> User:
    """Ada, whose tenant takes texts as a second step."""
    policy = replace(house.tenant.policy, sms_second=True)
    house.write(lambda tx: tx.tenants.update(replace(house.tenant, policy=policy)))
    return house.change(user, phone="+447400123456", phone_verified_at=house.clock.now())


def test_a_text_is_asked_for_and_typed_at_sign_in(house: House, web: Web, texted: User) -> None:
    browser = web.browser()
    browser.get("/signin")
    browser.post("/signin", identifier=EMAIL, password=PASSWORD)
    page = browser.follow()
    assert "Text me a code" in page.text
    assert browser.post("/signin/second/text").location == "/signin/second"
    page = browser.follow()
    assert "the number that ends in 456" in page.text
    assert "is on its way" in browser.post("/signin/second/text").heading
    code = house.last("second_code").code
    assert browser.post("/signin/second", code=code, trust="").location == "/account"


def test_who_gave_no_password_gets_no_text(house: House, web: Web, texted: User) -> None:
    browser = web.browser()
    browser.get("/signin")
    assert browser.post("/signin/second/text").location == "/signin/second"
    assert browser.post("/recover/second/text").location == "/recover/second"
    assert not house.outbox("second_code")


def test_texts_that_are_spent_say_until_when(house: House, web: Web, texted: User) -> None:
    browser = web.browser()
    for _ in range(5):
        browser.get("/signin")
        browser.post("/signin", identifier=EMAIL, password=PASSWORD)
        browser.follow()
        browser.post("/signin/second/text")
        house.clock.move(MINUTE)
    browser.get("/signin/second")
    page = browser.post("/signin/second/text")
    assert (page.status, "No more codes can be sent" in page.heading) == (429, True)


def test_a_text_goes_on_with_a_recovery(house: House, web: Web, texted: User) -> None:
    browser = web.browser()
    browser.get("/recover")
    browser.post("/recover", identifier=EMAIL)
    browser.follow()
    browser.post("/recover/code", code=house.last("recovery_code").code)
    assert "code that we text you" in browser.follow().heading
    assert browser.post("/recover/second/text").location == "/recover/second"
    browser.follow()
    assert browser.post("/recover/second/text").status == 429
    code = house.last("second_code").code
    assert browser.post("/recover/second", code=code).location == "/recover/password"


def test_a_text_proves_before_a_change(house: House, ada: WebBrowser, texted: User) -> None:
    page = ada.get("/account/proof?then=/account/email")
    assert "Text me a code" in page.text
    answer = ada.post("/account/proof/text", then="/account/email")
    assert answer.location == "/account/proof?then=/account/email"
    assert "ends in 456" in ada.follow().text
    assert ada.post("/account/proof/text", then="/account/email").status == 429
    code = house.last("second_code").code
    page = ada.post("/account/proof", then="/account/email", code=code, password="")
    assert page.location == "/account/email"


# -- another address


def offer(browser: WebBrowser, email: str) -> None:
    prove(browser, "/account/email")
    browser.get("/account/email")
    assert browser.post("/account/email", email=email).location == "/account/email/code"
    browser.follow()


def test_another_address_is_proved_by_the_code_in_the_mail(
    house: House, ada: WebBrowser, user: User
) -> None:
    offer(ada, "ada@new.test")
    assert ada.get("/account/email").location == "/account/email/code"
    page = ada.follow()
    assert "A code went to ada@new.test" in page.heading
    assert "not the code" in ada.post("/account/email/code", code="nonsense").heading
    code = house.last("verify_address").code
    assert ada.post("/account/email/code", code=code).location == "/account"
    assert "ada@new.test" in ada.follow().text
    assert house.again(user).email == "ada@new.test"
    assert ada.get("/account/email/code").location == "/account/email"


def test_what_cannot_be_the_address_is_said(house: House, ada: WebBrowser) -> None:
    prove(ada, "/account/email")
    ada.get("/account/email")
    page = ada.post("/account/email", email="ada@")
    assert (page.status, "not a complete e-mail address" in page.text) == (422, True)
    assert "the address you have now" in ada.post("/account/email", email=EMAIL).text
    for n in range(5):
        ada.post("/account/email", email=f"ada{n}@new.test")
        ada.get("/account/email/code")
        ada.post("/account/email/restart")
        ada.get("/account/email")
    assert "No more codes" in ada.post("/account/email", email="ada@new.test").heading


def test_another_code_comes_after_a_minute(house: House, ada: WebBrowser) -> None:
    offer(ada, "ada@new.test")
    assert "is on its way" in ada.post("/account/email/resend").heading
    for _ in range(4):
        house.clock.move(MINUTE)
        ada.get("/account/email/code")
        assert ada.post("/account/email/resend").location == "/account/email/code"
    house.clock.move(MINUTE)
    ada.get("/account/email/code")
    assert "No more codes" in ada.post("/account/email/resend").heading


def test_an_address_that_somebody_proved_meanwhile_is_not_taken(
    house: House, ada: WebBrowser
) -> None:
    offer(ada, "ada@new.test")
    house.user("ada@new.test")
    page = ada.post("/account/email/code", code=house.last("verify_address").code)
    assert (page.status, "cannot be used here" in page.heading) == (409, True)


def test_what_ran_out_begins_again(house: House, ada: WebBrowser) -> None:
    offer(ada, "ada@new.test")
    house.clock.move(HOUR)
    for path, fields in (("code", {"code": "123456"}), ("resend", {})):
        assert ada.post(f"/account/email/{path}", **fields).location == "/account/email"


def test_frozen_changes_lead_back_to_the_account(house: House, ada: WebBrowser, user: User) -> None:
    offer(ada, "ada@new.test")
    house.change(user, frozen_at=house.clock.now())
    for path, fields in (("/code", {"code": "123456"}), ("/resend", {}), ("", {"email": "a@b.cd"})):
        ada.get("/account/email/code")
        assert ada.post(f"/account/email{path}", **fields).location == "/account"
