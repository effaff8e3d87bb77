"""Creating an account, through pages alone."""

from __future__ import annotations

import pytest

from keyturn.rules.codes import LIFE_MS, RESEND_MS
from keyturn.rules.lockout import HOUR
from tests.unit.flows.house import EMAIL, PASSWORD, House
from tests.unit.web.browsing import Page, Web, WebBrowser, open_web


def sign_up(browser: WebBrowser, **fields: str) -> Page:
    browser.get("/signup")
    given = {"name": "Ada Byron", "email": EMAIL, "password": PASSWORD, **fields}
    return browser.post("/signup", **given)


def test_a_newcomer_signs_up_confirms_the_address_and_is_welcomed(
    house: House, browser: WebBrowser
) -> None:
    assert sign_up(browser).location == "/signup/code"
    assert EMAIL in browser.follow().heading
    assert browser.post("/signup/code", code=house.last("verify_email").code).status == 303
    assert browser.follow().heading == "You can add a phone number."
    assert browser.get("/welcome").heading == "Your account with Northwind is open."
    assert browser.get("/account").status == 200


def test_where_no_phone_is_asked_for_the_welcome_comes_at_once(house: House) -> None:
    offline = House(phone="off")
    browser = open_web(offline).browser()
    sign_up(browser)
    browser.follow()
    assert browser.post("/signup/code", code=offline.last("verify_email").code).location == (
        "/welcome"
    )
    assert browser.get("/account/phone").location == "/account"
    offline.close()


def test_the_page_that_promises_a_mail_names_its_sender_and_how_to_trust_it(
    browser: WebBrowser,
) -> None:
    sign_up(browser)
    text = browser.follow().text
    assert "account@northwind.test" in text
    assert "How to mark the sender as trusted" in text
    assert "junk or spam" in text


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", "", "Please fill this in."),
        ("name", "x" * 101, "too long: 100 characters"),
        ("name", "www.win-a-prize.test", "characters that a name cannot have"),
        ("email", "", "Please fill this in."),
        ("email", "ada", "not a complete e-mail address"),
        ("password", "short", "8 characters at least"),
        ("password", "password1", "Many people use this password"),
        ("password", "northwind-99", "“northwind”"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_the_rest_is_kept(
    house: House, browser: WebBrowser, field: str, value: str, said: str
) -> None:
    page = sign_up(browser, **{field: value})
    assert page.status == 422
    assert said in page.text
    assert page.html.count('aria-invalid="true"') == 1
    assert PASSWORD not in page.html
    assert house.count("flows") == 0


def test_a_space_at_the_end_of_a_password_is_asked_about_and_taken_if_meant(
    house: House, browser: WebBrowser
) -> None:
    page = sign_up(browser, password=PASSWORD + " ")
    assert page.status == 422
    assert "It ends with a space." in page.text
    page = browser.post("/signup", name="Ada", email=EMAIL, password=PASSWORD + " ", spaces="1")
    assert page.location == "/signup/code"


def test_a_wrong_code_says_how_many_tries_are_left_and_five_use_it_up(
    house: House, browser: WebBrowser
) -> None:
    sign_up(browser)
    browser.follow()
    right = house.last("verify_email").code
    wrong = "000000" if right != "000000" else "111111"
    for left in (4, 3, 2, 1, 0):
        page = browser.post("/signup/code", code=wrong)
        assert page.status == 422
        assert f"You have {left} tr" in page.heading
    assert "used up" in browser.post("/signup/code", code=right).heading


@pytest.mark.parametrize(("late", "status"), [(-1, 303), (0, 422), (1, 422)])
def test_a_code_ends_after_ten_minutes(
    house: House, browser: WebBrowser, late: int, status: int
) -> None:
    sign_up(browser)
    browser.follow()
    house.clock.move(LIFE_MS + late)
    assert browser.post("/signup/code", code=house.last("verify_email").code).status == status


@pytest.mark.parametrize(("late", "status"), [(-1, 429), (0, 303), (1, 303)])
def test_another_code_can_be_asked_for_after_a_minute(
    house: House, browser: WebBrowser, late: int, status: int
) -> None:
    sign_up(browser)
    browser.follow()
    house.clock.move(RESEND_MS + late)
    page = browser.post("/signup/resend")
    assert page.status == status
    assert page.header("retry-after") == ("1" if status == 429 else None)
    assert len(house.outbox("verify_email")) == (1 if status == 429 else 2)


def test_after_three_mails_in_an_hour_the_mail_brings_a_link_and_the_page_says_so(
    house: House, browser: WebBrowser
) -> None:
    sign_up(browser)
    browser.follow()
    for _ in range(3):
        house.clock.move(RESEND_MS)
        browser.post("/signup/resend")
    page = browser.follow()
    assert "A link went to" in page.heading
    assert 'name="code"' not in page.html
    assert house.outbox()[-1].kind == "verify_link"


def test_a_tenant_without_sign_up_says_so_and_how_to_reach_it() -> None:
    house = House(signup=False)
    browser = open_web(house).browser()
    page = browser.get("/signup")
    assert page.heading == "Northwind makes its accounts itself."
    assert "+44 20 7946 0100" in page.text
    browser.get("/signin")
    page = browser.post("/signup", name="Ada", email=EMAIL, password=PASSWORD)
    assert page.status == 403
    assert house.count("flows") == 0
    house.close()


def test_too_many_sign_ups_from_a_network_are_put_off_and_told_until_when(web: Web) -> None:
    ip = "203.0.113.9"
    for number in range(30):
        assert sign_up(web.browser(ip=ip), email=f"p{number}@x.test").status == 303
    page = sign_up(web.browser(ip=ip), email="late@x.test")
    assert page.status == 429
    assert page.header("retry-after") == str(HOUR // 1000)
    assert "your network" in page.heading


def test_the_link_in_the_mail_changes_nothing_until_its_button_is_pressed(
    house: House, browser: WebBrowser
) -> None:
    sign_up(browser)
    token = house.last("verify_email").token
    page = browser.get(f"/link/{token}")
    assert page.heading == "You are one step from an open account."
    assert not house.events().count("signup.verified")
    assert browser.post(f"/link/{token}").location == "/account/phone"
    assert browser.cookie("session")


def test_the_link_opens_the_account_in_no_other_browser(house: House, web: Web) -> None:
    sign_up(web.browser())
    token, other = house.last("verify_email").token, web.browser()
    assert "browser where you signed up" in other.get(f"/link/{token}").heading
    other.get("/signin")
    other.post(f"/link/{token}")
    assert other.cookie("session") is None
    assert not house.events().count("signup.verified")
