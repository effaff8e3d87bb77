"""Activation, through pages alone: the link, the number, the code to scan, done [B5, B6]."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from keyturn.flows.policies import Changed
from keyturn.rules.accounts import User, UserState
from keyturn.rules.activation import LIFE_MS
from keyturn.rules.enrolment import CODES, ScanCode
from keyturn.rules.lockout import HOUR, MINUTE
from keyturn.web.pages import scanning
from tests.unit.flows.activations import (
    bind,
    invited,
    link_for,
    reset,
    rows_of,
    scan,
    spoil,
)
from tests.unit.flows.house import House, run
from tests.unit.flows.rings import Ring
from tests.unit.web.browsing import Page, Web, WebBrowser, open_web

MOBILE, LANDLINE = "07400 123456", "020 7946 0100"


class Notary:
    """An installation's key."""

    def __init__(self) -> None:
        self.key = Ed25519PrivateKey.from_private_bytes(b"k" * 32)

    @property
    def server_key(self) -> bytes:
        return self.key.public_key().public_bytes_raw()

    def certified(self, *_: object) -> bool:
        return False


@pytest.fixture
def plain() -> Iterator[House]:
    """A tenant that takes no phone numbers."""
    built = House(phone="off")
    yield built
    built.close()


def site_of(house: House) -> Web:
    web = open_web(house)
    web.site.notary = Notary
    return web


def follow(browser: WebBrowser, token: str) -> Page:
    """Open the link, and press its button."""
    browser.get(f"/activate/{token}")
    assert browser.post(f"/activate/{token}").location == "/activation"
    return browser.follow()


def scanning_page(house: House) -> tuple[User, WebBrowser, Page]:
    ada, browser = invited(house), site_of(house).browser()
    return ada, browser, follow(browser, link_for(house, ada))


def code_of(house: House, user: User) -> ScanCode:
    """The newest code that a page shows to this user."""
    return house.write(lambda tx: rows_of(tx, user, house.clock.now())).codes[-1]


# -- the link


def test_opening_a_link_changes_nothing_and_the_button_goes_on(plain: House) -> None:
    token = link_for(plain, invited(plain))
    browser = site_of(plain).browser()
    page = browser.get(f"/activate/{token}")
    assert page.heading == "You are a few steps from using your phone with Northwind."
    assert "a•••@n•••.test" in page.text
    assert plain.count("flows") == 0
    assert browser.post(f"/activate/{token}").location == "/activation"
    assert browser.follow().heading == "Scan this with your phone’s camera."


@pytest.mark.parametrize("token", ["x" * 43, "short"])
def test_an_unknown_link_has_its_own_page(plain: House, token: str) -> None:
    browser = site_of(plain).browser()
    page = browser.get(f"/activate/{token}")
    assert (page.status, page.heading) == (404, "This link belongs to nobody here.")
    browser.get("/signin")
    assert browser.post(f"/activate/{token}").status == 404
    browser.get("/signin")
    assert browser.post(f"/activate/{token}/again").status == 404
    assert "+44 20 7946 0100" in page.text


def test_an_expired_link_says_when_and_mails_a_new_one_with_one_tap(plain: House) -> None:
    token = link_for(plain, invited(plain))
    plain.clock.move(LIFE_MS)
    browser = site_of(plain).browser()
    page = browser.get(f"/activate/{token}")
    assert page.heading.startswith("This link ended at ")
    assert browser.post(f"/activate/{token}").location == f"/activate/{token}"
    assert browser.post(f"/activate/{token}/again").location == f"/activate/{token}"
    assert browser.follow().heading.startswith("A newer link was mailed at ")
    page = browser.post(f"/activate/{token}/again")
    assert page.status == 429
    assert page.heading.startswith("A link is on its way.")
    assert len(plain.outbox("activation")) == 2
    fresh = plain.last("activation").token
    assert follow(browser, fresh).heading == "Scan this with your phone’s camera."


def test_where_the_tenant_does_not_want_it_there_is_whom_to_ask() -> None:
    house = House(phone="off", activation_again=False)
    token = link_for(house, invited(house))
    house.clock.move(LIFE_MS)
    browser = site_of(house).browser()
    page = browser.get(f"/activate/{token}")
    assert "Mail me a new link" not in page.text
    assert "+44 20 7946 0100" in page.text
    browser.get("/signin")
    assert browser.post(f"/activate/{token}/again").location == f"/activate/{token}"
    assert len(house.outbox("activation")) == 1
    house.close()


def test_a_used_link_says_when_and_that_the_app_is_the_way(plain: House) -> None:
    ada, browser = invited(plain), site_of(plain).browser()
    token = link_for(plain, ada)
    follow(browser, token)
    bind(plain, code_of(plain, ada))
    page = browser.get(f"/activate/{token}")
    assert page.heading.startswith("Your phone was added with this link at ")
    assert "Open the app" in page.text


def test_a_withdrawn_link_and_a_disabled_account_name_support(plain: House) -> None:
    ada = invited(plain)
    token = link_for(plain, ada)
    plain.change(ada, state=UserState.DISABLED)
    page = site_of(plain).browser().get(f"/activate/{token}")
    assert page.heading == "No phone can be added to this account now."
    assert "+44 20 7946 0100" in page.text


def test_a_frozen_account_says_so(plain: House) -> None:
    ada = invited(plain)
    token = link_for(plain, ada)
    plain.change(ada, frozen_at=1)
    page = site_of(plain).browser().get(f"/activate/{token}")
    assert page.heading.startswith("Changes to your account are frozen")


def test_an_account_with_a_second_step_signs_in_first(plain: House) -> None:
    ada = plain.user()
    plain.totp(ada)
    token = link_for(plain, ada)
    browser = site_of(plain).browser()
    page = browser.get(f"/activate/{token}")
    assert page.heading.startswith("Your account has a second step already")
    browser.get("/signin")
    assert browser.post(f"/activate/{token}").location == f"/activate/{token}"


# -- the number


def test_from_the_link_to_the_number_to_the_code(house: House) -> None:
    _, browser, page = scanning_page(house)
    assert page.heading == "What is the number of your mobile phone?"
    assert browser.post("/activation/number", number=MOBILE).location == "/activation"
    page = browser.follow()
    assert "+447400123456" in page.heading
    assert browser.post("/activation/code", code="000000").status == 422
    code = house.last("verify_phone").code
    assert browser.post("/activation/code", code=code).location == "/activation"
    assert browser.follow().heading == "Scan this with your phone’s camera."


def test_a_landline_is_named_beforehand(house: House) -> None:
    _, browser, _ = scanning_page(house)
    page = browser.post("/activation/number", number=LANDLINE)
    assert page.status == 422
    assert page.heading == f"{LANDLINE} looks like a landline, which cannot take a text."
    assert house.outbox("verify_phone") == []
    page = browser.post("/activation/number", number="call me")
    assert "cannot be a phone number" in page.heading
    assert browser.post("/activation/number", number=LANDLINE, insist="1").status == 303


def test_a_clash_is_the_same_page_whoever_holds_the_number(house: House) -> None:
    pages = []
    for state in (UserState.ACTIVE, UserState.DISABLED):
        bob = house.user(
            f"bob-{state}@northwind.test", state=state, phone="+447400123456",
            names=("+447400123456",),
        )  # fmt: skip
        ada, browser = invited(house, email=f"{state}@northwind.test"), site_of(house).browser()
        follow(browser, link_for(house, ada))
        page = browser.post("/activation/number", number=MOBILE)
        pages.append((page.status, page.text))
        house.change(bob, phone=None)
        house.write(
            lambda tx, bob=bob: tx.users.drop_identifier(  # type: ignore[misc]
                bob.tenant_id, bob.id, "+447400123456"
            )
        )
    ring = Ring(house)
    ring.link(house.tenant)
    for tenant in (house.tenant, ring.south):
        assert isinstance(run(ring.say(tenant)), Changed)
    ring.proves(*ring.person(ring.south))
    ada, browser = invited(house, email="elsewhere@northwind.test"), site_of(house).browser()
    follow(browser, link_for(house, ada))
    page = browser.post("/activation/number", number=MOBILE)
    pages.append((page.status, page.text))
    assert pages[0] == pages[1] == pages[2]
    assert pages[0][0] == 409
    assert "This number cannot be used here." in pages[0][1]
    assert "Go on without a number" in pages[0][1]


def test_a_number_that_was_taken_meanwhile_asks_for_another(house: House) -> None:
    _, browser, _ = scanning_page(house)
    browser.post("/activation/number", number=MOBILE)
    browser.follow()
    house.user("bob@northwind.test", phone="+447400123456", names=("+447400123456",))
    page = browser.post("/activation/code", code=house.last("verify_phone").code)
    assert (page.status, page.heading) == (
        409, "This number cannot be used here. Use another one, or ask Northwind for help."
    )  # fmt: skip


def test_another_text_another_number_or_none(house: House) -> None:
    _, browser, _ = scanning_page(house)
    browser.post("/activation/number", number=MOBILE)
    browser.follow()
    assert browser.post("/activation/resend").status == 429
    house.clock.move(MINUTE)
    assert browser.post("/activation/resend").location == "/activation"
    for _ in range(3):
        house.clock.move(MINUTE)
        browser.post("/activation/resend")
    house.clock.move(MINUTE)
    page = browser.post("/activation/resend")
    assert (page.status, "No more codes" in page.heading) == (429, True)
    browser.post("/activation/restart")
    assert browser.follow().heading == "What is the number of your mobile phone?"
    page = browser.post("/activation/number", number=MOBILE)
    assert (page.status, "No more codes" in page.heading) == (429, True)
    assert browser.post("/activation/skip").location == "/activation"
    assert browser.follow().heading == "Scan this with your phone’s camera."
    # pages that are open in another tab lead on
    assert browser.post("/activation/code", code="123456").location == "/activation"
    assert browser.post("/activation/resend").location == "/activation"
    assert browser.post("/activation/number", number="12").location == "/activation"


def test_a_number_that_is_required_cannot_be_left_out() -> None:
    house = House(phone="required")
    _, browser, page = scanning_page(house)
    assert "Go on without" not in page.text
    browser.post("/activation/skip")
    assert browser.follow().heading == "What is the number of your mobile phone?"
    house.close()


# -- the code to scan


def test_the_code_stands_in_the_page_alone(plain: House) -> None:
    _, browser, page = scanning_page(plain)
    assert "<svg" in page.html
    address = re.search(r'href="(https://id\.test/[^"]*/app/#1\.[^"]+)"', page.html)
    assert address
    assert page.header("cache-control") == "no-store"
    assert 'rel="noopener noreferrer"' in page.html
    assert re.search(r"[0-9A-Z]{4}-[0-9A-Z]{3}-[0-9A-Z]{3}", page.text)
    assert browser.get("/activation").html == page.html


def test_the_page_shows_the_number_then_that_it_is_done(plain: House) -> None:
    ada, browser, _ = scanning_page(plain)
    code = code_of(plain, ada)
    scan(plain, code)
    page = browser.get("/activation")
    number = re.fullmatch(r"Type (\d\d) on your phone\.", page.heading)
    assert number
    assert '<svg class="icon"' in page.html
    assert "/app/#" not in page.html
    bind(plain, code)
    page = browser.get("/activation")
    assert page.heading == "Chrome on Android is yours here now."
    assert "Choose a password" in page.text


def test_what_ended_a_code_is_told_and_a_new_one_is_a_button_away(plain: House) -> None:
    ada, browser, _ = scanning_page(plain)
    spoil(plain, code_of(plain, ada))
    page = browser.get("/activation")
    assert page.heading == "Three wrong numbers were typed, so that code is over."
    assert "data-watch" not in page.html
    assert browser.post("/activation/show").location == "/activation"
    assert browser.follow().heading == "Scan this with your phone’s camera."
    plain.clock.move(10 * MINUTE)
    assert browser.get("/activation").heading.startswith("That code ended at ")


def test_an_hour_has_so_many_codes(plain: House) -> None:
    ada, browser, _ = scanning_page(plain)
    for _ in range(CODES.limit - 1):
        assert browser.post("/activation/show").status == 303
    page = browser.post("/activation/show")
    assert (page.status, page.heading) == (429, "Scan this with your phone’s camera.")
    assert "Many codes were shown: the next can be at " in page.text
    plain.clock.move(10 * MINUTE)
    browser.get("/signin")
    page = browser.post("/activation/show")
    assert page.heading.startswith("Many codes were shown already: the next can be at ")
    browser.get("/signin")
    plain.change(ada, frozen_at=1)
    assert browser.post("/activation/show").location == "/activation"


def test_a_code_that_could_not_be_made_is_asked_for_again(plain: House) -> None:
    ada = invited(plain)
    token = link_for(plain, ada)
    browser = site_of(plain).browser()
    plain.write(
        lambda tx: [
            tx.budgets.spend(ada.tenant_id, ada.id, plain.clock.now(), CODES)
            for _ in range(CODES.limit)
        ]
    )
    assert follow(browser, token).heading.startswith("Have your phone in your hand")
    page = browser.post("/activation/show")
    assert (page.status, page.heading[:29]) == (429, "Many codes were shown already")
    browser.get("/signin")
    plain.clock.move(HOUR)
    browser.post("/activation/show")
    assert browser.follow().heading == "Scan this with your phone’s camera."


def test_reset_user_ends_the_page_and_says_so(plain: House) -> None:
    ada, browser, _ = scanning_page(plain)
    reset(plain, ada)
    page = browser.get("/activation")
    assert (page.status, page.heading) == (404, "What you began here does not count any more.")
    browser.get("/signin")
    assert browser.post("/activation/show").location == "/activation"


def test_where_nothing_is_open_the_page_says_so(plain: House) -> None:
    browser = site_of(plain).browser()
    page = browser.get("/activation")
    assert (page.status, page.heading) == (404, "Nothing is open in this browser.")
    assert browser.get("/activation/events").status == 404


def test_a_server_that_signs_nothing_shows_no_code(plain: House) -> None:
    token = link_for(plain, invited(plain))
    browser = open_web(plain).browser()
    browser.get(f"/activate/{token}")
    browser.post(f"/activate/{token}")
    assert browser.follow().status == 404


# -- as it happens


def test_the_page_is_told_of_the_scan_and_of_the_end(
    plain: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, browser, _ = scanning_page(plain)
    code = code_of(plain, ada)
    looks = iter([lambda: scan(plain, code), lambda: bind(plain, code)])
    shown = scanning.code_shown

    def then(*args: object) -> object:
        found = shown(*args)  # type: ignore[arg-type]
        next(looks)()
        return found

    monkeypatch.setattr(scanning, "code_shown", then)
    page = browser.get("/activation/events")
    assert page.header("content-type") == "text/event-stream"
    told = page.html.split("\n\n")
    assert "Scan this with your phone’s camera." in told[0]
    assert re.search(r"Type \d\d on your phone\.", told[1])
    assert told[2].startswith("event: end")
