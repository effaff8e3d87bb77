"""Passkeys on pages: questions as JSON, answers as ordinary forms."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from keyturn.demo.play.authenticator import PRESENT, VERIFIED, Authenticator
from keyturn.rules.accounts import User
from keyturn.rules.lockout import MINUTE
from keyturn.rules.passkeys import ASKED, MOST
from keyturn.steps.stepup import FRESH_MS
from tests.unit.flows.hands import enrolled, kept, token
from tests.unit.flows.house import EMAIL, PASSWORD, House
from tests.unit.web.browsing import Page, WebBrowser


@pytest.fixture
def ada(house: House) -> User:
    """Somebody with a password."""
    return house.user()


@pytest.fixture
def held(house: House, ada: User) -> Authenticator:
    """Her authenticator, with one passkey."""
    return enrolled(house, ada)[0]


def question(browser: WebBrowser, path: str) -> Any:
    """What the page's script fetches; the browser stays on its page."""
    standing = browser.page
    page = browser.post(path + "/options")
    browser.page = standing
    assert page.header("content-type") == "application/json", page
    assert page.header("cache-control") == "no-store"
    return json.loads(page.body)


def use(browser: WebBrowser, held: Authenticator, path: str, **fields: str) -> Page:
    """Press the button: a passkey answers."""
    answer = held.get(question(browser, path))
    return browser.post(path, credential=json.dumps(answer), **fields)


def make(browser: WebBrowser, held: Authenticator) -> Page:
    """Press the button: a passkey is made."""
    answer = held.create(question(browser, "/account/passkeys"))
    return browser.post("/account/passkeys", credential=json.dumps(answer))


def signed_in(browser: WebBrowser, held: Authenticator) -> WebBrowser:
    """Somebody who signed in by their passkey."""
    browser.get("/signin")
    page = use(browser, held, "/signin/passkey")
    assert page.location == "/account", page.text
    return browser


def second_step(browser: WebBrowser) -> WebBrowser:
    """Somebody whose password was right."""
    browser.get("/signin")
    browser.post("/signin", identifier=EMAIL, password=PASSWORD)
    browser.follow()
    return browser


# -- signing in


def test_a_passkey_signs_in_from_the_sign_in_page(browser: WebBrowser, held: Authenticator) -> None:
    signed_in(browser, held)
    assert browser.cookie("session")
    assert browser.cookie("client")
    assert browser.get("/account").status == 200


def test_the_form_is_hidden_until_a_script_finds_that_it_can_be_filled_in(
    browser: WebBrowser,
) -> None:
    page = browser.get("/signin")
    form = re.search(r'<form[^>]*action="/signin/passkey"[^>]*>', page.html)
    assert form
    assert " hidden" in form[0]
    assert 'autocomplete="username webauthn"' in page.html
    assert '<script type="module" src="/static/passkeys.js?v=test">' in page.html


def test_a_passkey_of_nobody_is_refused_in_one_neutral_way(
    house: House, browser: WebBrowser, ada: User, held: Authenticator
) -> None:
    browser.get("/signin")
    first = use(browser, replace(held, flags=PRESENT), "/signin/passkey")
    house.write(lambda tx: tx.passkeys.remove(ada.tenant_id, ada.id, None))
    browser.get("/signin")
    second = use(browser, held, "/signin/passkey")
    assert (first.status, second.status) == (401, 401)
    assert first.body == second.body
    assert second.heading == "That passkey does not open an account here."


@pytest.mark.parametrize("sent", ["", "no json", "[" * 5000, "{}", '{"type": "public-key"}'])
def test_what_is_no_passkey_is_refused_in_the_same_way(browser: WebBrowser, sent: str) -> None:
    browser.get("/signin")
    page = browser.post("/signin/passkey", credential=sent)
    assert page.status == 401
    assert page.heading == "That passkey does not open an account here."


def test_a_locked_page_says_to_everybody_that_a_passkey_opens_the_account(
    browser: WebBrowser, held: Authenticator
) -> None:
    for name in (EMAIL, "nobody@northwind.test"):
        browser.get("/signin")
        for _ in range(5):
            browser.post("/signin", identifier=name, password="wrong")
        assert "If you have a passkey, it opens your account even now." in browser.page.text
    assert use(browser, held, "/signin/passkey").location == "/account"


def test_a_network_that_failed_too_often_waits(
    house: House, browser: WebBrowser, held: Authenticator
) -> None:
    house.limit(network_failures=10)
    browser.web.site.parts = house.parts
    browser.get("/signin")
    for _ in range(10):
        use(browser, replace(held, flags=PRESENT), "/signin/passkey")
    page = use(browser, held, "/signin/passkey")
    assert page.status == 429
    assert page.header("retry-after") == "3600"


def test_a_network_that_asked_too_often_is_asked_nothing(house: House, browser: WebBrowser) -> None:
    now = house.clock.now()
    network = browser.ip.rpartition(".")[0] + ".0/24"
    for _ in range(ASKED.limit):
        house.write(lambda tx: tx.budgets.spend(house.tenant.id, network, now, ASKED))
    browser.get("/signin")
    assert browser.post("/signin/passkey/options").status == 429


@pytest.mark.parametrize(
    "path",
    ["/signin/passkey", "/signin/second/passkey", "/recover/second/passkey",
     "/account/proof/passkey", "/account/passkeys"],
)  # fmt: skip
def test_no_other_site_asks_or_answers(browser: WebBrowser, path: str) -> None:
    browser.get("/signin")
    for address in (path, path + "/options"):
        assert browser.post(address, csrf="another").status == 403
        assert browser.post(address, origin="https://evil.test").status == 403


@pytest.mark.parametrize(
    "path",
    ["/signin/second/passkey", "/recover/second/passkey", "/account/proof/passkey",
     "/account/passkeys"],
)  # fmt: skip
def test_whoever_has_not_come_so_far_is_asked_nothing(browser: WebBrowser, path: str) -> None:
    browser.get("/signin")
    page = browser.post(path + "/options")
    assert (page.status, page.body) == (409, b"")


# -- the second step


def test_a_passkey_is_the_second_step(browser: WebBrowser, held: Authenticator) -> None:
    second_step(browser)
    assert browser.page.heading == "One more step: use your passkey, or type a code."
    page = use(browser, held, "/signin/second/passkey", trust="1")
    assert page.location == "/account"
    again = browser.web.browser(jar={k: v for k, v in browser.jar.items() if "session" not in k})
    again.get("/signin")
    page = again.post("/signin", identifier=EMAIL, password=PASSWORD)
    assert page.location == "/account"


def test_a_refused_passkey_says_so_and_the_code_is_still_there(
    house: House, browser: WebBrowser, ada: User, held: Authenticator
) -> None:
    code = house.saved_codes(ada)[0]
    second_step(browser)
    page = use(browser, replace(held, flags=VERIFIED), "/signin/second/passkey")
    assert (page.status, page.heading) == (401, "That passkey was not accepted.")
    assert browser.post("/signin/second/passkey", credential="no json").status == 401
    assert browser.post("/signin/second", code=code).location == "/account"


def test_five_refused_passkeys_lock_the_step(
    house: House, browser: WebBrowser, held: Authenticator
) -> None:
    second_step(browser)
    bad = replace(held, flags=VERIFIED)
    for _ in range(5):
        use(browser, bad, "/signin/second/passkey")
    assert browser.page.status == 401
    assert "is locked until" in browser.page.heading
    house.clock.move(10 * MINUTE)
    assert use(second_step(browser), held, "/signin/second/passkey").location == "/account"


def test_a_second_step_nobody_waits_for_begins_anew(browser: WebBrowser) -> None:
    browser.get("/signin")
    page = browser.post("/signin/second/passkey", credential="{}")
    assert page.location == "/signin"


# -- recovery


def recovering(house: House, browser: WebBrowser) -> WebBrowser:
    """Somebody who typed the mailed code."""
    browser.get("/recover")
    browser.post("/recover", identifier=EMAIL)
    browser.follow()
    browser.post("/recover/code", code=house.last("recovery_code").code)
    browser.follow()
    return browser


def test_a_passkey_is_the_second_proof_of_a_recovery(
    house: House, browser: WebBrowser, held: Authenticator
) -> None:
    recovering(house, browser)
    assert "use your passkey, or type a code" in browser.page.heading
    page = use(browser, held, "/recover/second/passkey")
    assert page.location == "/recover/password"


def test_a_recovery_goes_no_further_with_a_refused_passkey(
    house: House, browser: WebBrowser, held: Authenticator
) -> None:
    recovering(house, browser)
    bad = replace(held, flags=VERIFIED)
    page = use(browser, bad, "/recover/second/passkey")
    assert (page.status, page.heading) == (401, "That passkey was not accepted.")
    assert browser.post("/recover/second/passkey", credential="no json").status == 401
    for _ in range(4):
        page = use(browser, bad, "/recover/second/passkey")
    assert "is locked until" in page.heading


def test_without_a_recovery_a_second_proof_leads_to_its_beginning(browser: WebBrowser) -> None:
    browser.get("/signin")
    assert browser.post("/recover/second/passkey", credential="{}").location == "/recover"


# -- one's own


def test_the_first_passkey_is_made_and_recovery_codes_are_shown(
    house: House, browser: WebBrowser, ada: User
) -> None:
    browser.get("/signin")
    browser.post("/signin", identifier=EMAIL, password=PASSWORD)
    browser.get("/account/passkeys/new")
    held = token()
    page = make(browser, held)
    assert page.status == 200
    assert len(re.findall(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}", page.text)) == 10
    assert "Firefox on Windows" in browser.get("/account").text
    signed_in(browser.web.browser(), held)
    browser.get("/account/passkeys/new")
    assert make(browser, held).location == "/account"
    assert len(kept(house, ada)) == 2


def test_whoever_was_signed_in_for_a_while_proves_themselves_first(
    house: House, browser: WebBrowser, held: Authenticator
) -> None:
    signed_in(browser, held)
    house.clock.move(FRESH_MS)
    page = browser.get("/account/passkeys/new")
    assert page.location == "/account/proof?then=/account/passkeys/new"
    browser.get("/account/proof", "then=/account/passkeys/new")
    path = "/account/proof/passkey"
    page = use(browser, replace(held, flags=PRESENT), path, then="/account/passkeys/new")
    assert (page.status, page.heading) == (422, "That passkey was not accepted.")
    assert browser.post(path, credential="x", then="/account").status == 422
    page = use(browser, held, path, then="/account/passkeys/new")
    assert page.location == "/account/passkeys/new"
    assert browser.get("/account/passkeys/new").status == 200


def test_a_proof_leads_nowhere_but_to_the_account(
    house: House, browser: WebBrowser, held: Authenticator
) -> None:
    signed_in(browser, held)
    house.clock.move(FRESH_MS)
    browser.get("/account/proof")
    page = use(browser, held, "/account/proof/passkey", then="//evil.test")
    assert page.location == "/account"


def test_five_refused_proofs_lock(house: House, browser: WebBrowser, held: Authenticator) -> None:
    signed_in(browser, held)
    house.clock.move(FRESH_MS)
    browser.get("/account/proof")
    for _ in range(5):
        use(browser, replace(held, flags=PRESENT), "/account/proof/passkey", then="")
    assert "is locked until" in browser.page.heading


def test_what_is_no_new_passkey_is_told(
    house: House, browser: WebBrowser, ada: User, held: Authenticator
) -> None:
    signed_in(browser, held)
    browser.get("/account/passkeys/new")
    page = browser.post("/account/passkeys", credential="no json")
    assert (page.status, page.heading) == (422, "That passkey was not accepted.")
    browser.get("/account/passkeys/new")
    page = make(browser, replace(held, origin="https://evil.test"))
    assert (page.status, page.heading) == (422, "That passkey was not accepted.")
    browser.get("/account/passkeys/new")
    answer = token().create(question(browser, "/account/passkeys"))
    (mine,) = kept(house, ada)
    twin = replace(mine, id=house.random.id(1), credential_id=answer["id"])
    house.write(lambda tx: tx.passkeys.add(twin))
    page = browser.post("/account/passkeys", credential=json.dumps(answer))
    assert (page.status, page.heading) == (422, "That passkey is in use here already.")


def test_a_full_account_says_so(
    house: House, browser: WebBrowser, ada: User, held: Authenticator
) -> None:
    signed_in(browser, held)
    browser.get("/account/passkeys/new")
    answer = held.create(question(browser, "/account/passkeys"))
    (mine,) = kept(house, ada)
    for number in range(MOST - 1):
        more = replace(mine, id=house.random.id(1), credential_id=f"c{number}")
        house.write(lambda tx, more=more: tx.passkeys.add(more))  # type: ignore[misc]
    assert browser.post("/account/passkeys/options").status == 409
    browser.get("/account/passkeys/new")
    page = browser.post("/account/passkeys", credential=json.dumps(answer))
    assert page.heading.startswith(f"You have {MOST} passkeys")


def test_a_passkey_is_renamed(
    house: House, browser: WebBrowser, ada: User, held: Authenticator
) -> None:
    signed_in(browser, held)
    path = f"/account/passkeys/{kept(house, ada)[0].id}/rename"
    assert browser.get(path).status == 200
    page = browser.post(path, name="a" * 61)
    assert (page.status, page.heading) == (422, "A name has 1 to 60 characters, in one line.")
    assert browser.post(path, name="Blue <key>").location == "/account"
    assert "Blue &lt;key&gt;" in browser.get("/account").html


def test_a_passkey_is_removed_after_a_question(
    house: House, browser: WebBrowser, ada: User, held: Authenticator
) -> None:
    signed_in(browser, held)
    path = f"/account/passkeys/{kept(house, ada)[0].id}/remove"
    page = browser.get(path)
    assert page.heading == "Do you really want to remove “Firefox on Windows”?"
    assert "It is your only second step" in page.text
    assert browser.post(path).location == "/account"
    assert kept(house, ada) == []
    browser.get("/account")
    assert browser.post(path).status == 404


def test_removing_needs_a_proof_and_leads_back(
    house: House, browser: WebBrowser, ada: User, held: Authenticator
) -> None:
    signed_in(browser, held)
    path = f"/account/passkeys/{kept(house, ada)[0].id}/remove"
    browser.get("/account")
    house.clock.move(FRESH_MS)
    assert browser.get(path).location == f"/account/proof?then={path}"
    assert browser.post(path).location == f"/account/proof?then={path}"
    browser.get("/account/proof", f"then={path}")
    assert use(browser, held, "/account/proof/passkey", then=path).location == path
    assert len(kept(house, ada)) == 1


def test_nobody_reaches_somebody_elses_passkey(
    house: House, browser: WebBrowser, ada: User, held: Authenticator
) -> None:
    eve = house.user("eve@northwind.test")
    enrolled(house, eve, typed="eve@northwind.test")
    signed_in(browser, held)
    for act in ("rename", "remove"):
        path = f"/account/passkeys/{kept(house, eve)[0].id}/{act}"
        assert browser.get(path).status == 404
        browser.get("/account")
        assert browser.post(path, **({"name": "x"} if act == "rename" else {})).status == 404


def test_while_changes_are_frozen_the_account_page_says_why(
    house: House, browser: WebBrowser, ada: User, held: Authenticator
) -> None:
    signed_in(browser, held)
    (mine,) = kept(house, ada)
    house.change(ada, frozen_at=house.clock.now())
    assert browser.get("/account/passkeys/new").location == "/account"
    page = browser.get("/account")
    assert "Add a passkey" not in page.text
    rename = f"/account/passkeys/{mine.id}/rename"
    assert browser.post(rename, name="Mine").location == "/account"
    assert browser.post("/account/passkeys/options").status == 409
    browser.get("/account")
    assert browser.post("/account/proof/passkey/options").status == 409
    browser.get("/account")
    sent = json.dumps(held.get({"challenge": "AAAA", "rpId": "id.test", "allowCredentials": []}))
    assert browser.post("/account/proof/passkey", credential=sent, then="").location == "/account"


def test_a_copied_passkey_is_shown_as_refused(
    house: House, browser: WebBrowser, ada: User, held: Authenticator
) -> None:
    signed_in(browser, held)
    held.held[0].count = 0
    other = browser.web.browser()
    other.get("/signin")
    assert use(other, held, "/signin/passkey").status == 401
    page = browser.get("/account")
    assert "A copy of it was used" in page.text
    assert "Refused" in page.text
