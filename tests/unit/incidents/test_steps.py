"""No step can be skipped, and nothing begun by a stranger becomes somebody's account."""

from __future__ import annotations

import pytest

from keyturn.flows import owner as owners
from keyturn.rules.accounts import UserState
from tests.unit.flows.house import EMAIL, PASSWORD, House, run
from tests.unit.incidents.doors import paths
from tests.unit.web.api.calling import App
from tests.unit.web.browsing import Web, WebBrowser

#: pages that show one's account or what staff see; whatever is added to them is tried
INSIDE = sorted(path for path in paths("GET") if path.startswith(("/account", "/console")))


@pytest.mark.parametrize("path", INSIDE)
def test_with_the_password_alone_no_page_behind_the_second_step_opens(
    house: House, browser: WebBrowser, path: str
) -> None:
    """Nextcloud, CVE-2024-37313 (2024): under some circumstances the second factor could be
    passed by once the password was right.
    """
    house.totp(house.user())
    browser.get("/signin")
    assert browser.post("/signin", identifier=EMAIL, password=PASSWORD).location == "/signin/second"
    assert browser.cookie("session") is None
    assert browser.get(path).location == "/signin"


def test_with_the_password_alone_no_operation_answers(house: House, app: App) -> None:
    """Nextcloud, CVE-2024-37313 (2024), at the API."""
    house.totp(house.user())
    reply = app.call("POST", "/signin", identifier=EMAIL, password=PASSWORD)
    assert reply.step == "second_factor"
    assert "session" not in str(reply.data.get("signed_in"))
    for method, path in (("GET", "/account"), ("GET", "/session"), ("POST", "/account/totp")):
        assert app.call(method, path).code == "sign-in"


@pytest.mark.parametrize("empty", ["", " ", "000000", "null", "-", "0" * 64])
def test_a_step_is_not_passed_by_sending_nothing(
    house: House, browser: WebBrowser, empty: str
) -> None:
    """authentik, CVE-2026-49448 (2026): an empty POST went past a stage of a flow."""
    house.totp(house.user())
    browser.get("/signin")
    browser.post("/signin", identifier=EMAIL, password=PASSWORD)
    browser.follow()
    assert browser.post("/signin/second", code=empty).status in {401, 422}
    assert browser.get("/account").location == "/signin"
    browser.get("/recover")
    browser.post("/recover", identifier=EMAIL)
    browser.follow()
    assert browser.post("/recover/code", code=empty).status == 422
    assert browser.get("/recover/password").location == "/recover/code"


def test_a_recovery_goes_through_every_step_in_order(house: House, browser: WebBrowser) -> None:
    """authentik, CVE-2026-49448 (2026): stages of a flow could be passed by; here the forms
    of later steps are sent first.
    """
    user = house.user()
    secret = house.totp(user)
    browser.get("/recover")
    browser.post("/recover", identifier=EMAIL)
    browser.follow()
    for path in ("/recover/password", "/recover/second"):
        assert browser.get(path).location == "/recover/code"
    before = house.again(user).password_hash
    browser.get("/recover/code")
    assert browser.post("/recover/password", password="another long one").location is not None
    assert house.again(user).password_hash == before
    browser.get("/recover/code")
    browser.post("/recover/code", code=house.last("recovery_code").code)
    browser.follow()
    assert browser.post("/recover/password", password="another long one").location is not None
    assert house.again(user).password_hash == before
    assert browser.get("/recover/done").location == "/recover/second"
    browser.get("/recover/second")
    browser.post("/recover/second", code=house.code_of(secret))
    browser.follow()
    assert browser.post("/recover/password", password="another long one").location == (
        "/recover/done"
    )


def test_the_first_owner_is_made_once_and_never_again_without_the_host(
    house: House, web: Web
) -> None:
    """authentik, CVE-2023-46249 (2023): with the first administrator deleted, the page that
    sets one up was open again to anybody.
    """
    made = str(run(owners.setup_link(house.parts, house.tenant, break_glass=False)))
    path = "/setup/" + made.rpartition("/")[2]
    first, thief = web.browser(), web.browser()
    first.get(path)
    fields = {"name": "Ada", "email": EMAIL, "password": PASSWORD}
    assert first.post(path, **fields).location == "/account/totp"
    user = house.write(lambda tx: tx.users.named(house.tenant.id, EMAIL))
    assert user is not None
    house.change(user, state=UserState.DISABLED)
    page = thief.get(path)
    assert "<form" not in page.html.partition("<main")[2].partition("</main>")[0]
    thief.get("/signin")
    page = thief.post(path, **{**fields, "email": "eve@northwind.test"})
    assert page.location != "/account/totp"
    assert house.write(lambda tx: tx.users.named(house.tenant.id, "eve@northwind.test")) is None
    assert run(owners.setup_link(house.parts, house.tenant, break_glass=False)) is None


def sign_up(browser: WebBrowser, password: str) -> None:
    browser.get("/signup")
    assert browser.post("/signup", name="Ada", email=EMAIL, password=password).status == 303


def test_the_owner_of_an_address_does_not_confirm_a_stranger_s_account(
    house: House, web: Web
) -> None:
    """Account pre-hijacking (Sudhodanan and Paverd, Microsoft, 2022): the attacker signs up
    with the victim's address and a password of their own; the victim follows the link.
    """
    thief, victim = web.browser(), web.browser()
    sign_up(thief, "the thief's own long one")
    link = "/link/" + house.last("verify_email").token
    victim.get(link)
    victim.post(link)
    user = house.write(lambda tx: tx.users.named(house.tenant.id, EMAIL))
    assert user is not None
    assert user.state is UserState.UNVERIFIED
    thief.get("/signin")
    thief.post("/signin", identifier=EMAIL, password="the thief's own long one")
    assert thief.get("/account").location == "/signin"


def test_the_real_owner_s_sign_up_takes_the_place_of_a_stranger_s(house: House, web: Web) -> None:
    """Account pre-hijacking (2022), unexpired session: the stranger's password, session and
    code stayed good after the owner had made the account theirs.
    """
    thief, victim = web.browser(), web.browser()
    sign_up(thief, "the thief's own long one")
    stranger_s = house.last("verify_email").code
    sign_up(victim, PASSWORD)
    victim.follow()
    assert victim.post("/signup/code", code=house.last("verify_email").code).status == 303
    assert victim.get("/account").status in {200, 303}
    thief.get("/signup/code")
    thief.post("/signup/code", code=stranger_s)
    assert thief.get("/account").location == "/signin"
    thief.get("/signin")
    page = thief.post("/signin", identifier=EMAIL, password="the thief's own long one")
    assert page.status == 401
