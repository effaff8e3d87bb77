"""Pages that wait for a mail say what became of it, and tell strangers nothing by it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from keyturn.ports.store import Tx
from keyturn.rules.accounts import UserState
from keyturn.rules.messages import MessageState
from tests.unit.flows.house import EMAIL, PASSWORD, House
from tests.unit.web.browsing import Page, Web, WebBrowser, open_web

ABSENT = "no@northwind.test"


def become(house: House, state: MessageState, detail: str) -> None:
    """What became of every mail under way."""

    def step(tx: Tx) -> None:
        for message in tx.messages.claim(house.clock.now(), 50):
            tx.messages.settle(replace(message, state=state, detail=detail), message.attempt)

    house.write(step)


def sign_up(browser: WebBrowser, email: str = EMAIL) -> None:
    browser.get("/signup")
    browser.post("/signup", name="Ada Byron", email=email, password=PASSWORD)


def forget(browser: WebBrowser, name: str = EMAIL) -> None:
    browser.get("/recover")
    browser.post("/recover", identifier=name)


@pytest.mark.parametrize(
    ("state", "detail", "heading", "said"),
    [
        (MessageState.BOUNCED, "550 5.1.1 unknown user", "could not be delivered to", "mailbox"),
        (MessageState.REJECTED, "552 5.2.2 over quota", "could not be delivered to", "is full"),
        (MessageState.EXPIRED, "4.4.1 timed out", "could not be delivered to", "given up"),
        (MessageState.DEFERRED, "451 4.7.1 greylisted", "A code went to", "again and again"),
        (MessageState.DELIVERED, "2.0.0", "A code went to", "spam folder"),
        (MessageState.RELAYED, "2.0.0", "A code went to", "gives no receipts"),
        (MessageState.SENT, "250 OK", "A code went to", "Whether it arrived is not known"),
    ],
)
def test_a_sign_up_says_what_became_of_its_mail(
    house: House, browser: WebBrowser, state: MessageState, detail: str, heading: str, said: str
) -> None:
    sign_up(browser)
    become(house, state, detail)
    page = browser.get("/signup/code")
    assert heading in page.heading
    assert "What is known of the mail" in page.text
    assert said in page.text
    assert detail not in page.text  # the far side's words are for staff


@pytest.mark.parametrize("state", list(UserState))
def test_a_sign_ups_mail_tells_not_whether_the_address_has_an_account(
    house: House, web: Web, state: UserState
) -> None:
    house.user(EMAIL, state=state)
    pages = []
    for email in (EMAIL, ABSENT):
        browser = web.browser()
        sign_up(browser, email)
        become(house, MessageState.BOUNCED, "550 5.1.1 unknown user")
        pages.append(bare(browser.get("/signup/code"), email))
    assert pages[0] == pages[1]


def bare(page: Page, name: str) -> str:
    """A page without what is declared to differ."""
    return page.html.replace(name, "NAME").replace(_csrf(page), "CSRF")


def _csrf(page: Page) -> str:
    return page.html.partition('name="csrf" value="')[2].partition('"')[0]


@pytest.mark.parametrize("state", [s for s in MessageState if s is not MessageState.SENDING])
def test_a_stranger_learns_nothing_from_a_recoverys_mail(
    house: House, web: Web, state: MessageState
) -> None:
    house.user()
    pages = []
    for name in (EMAIL, ABSENT):
        browser = web.browser()
        forget(browser, name)
        become(house, state, "550 5.1.1 unknown user")
        pages.append(bare(browser.get("/recover/code"), name))
    assert pages[0] == pages[1]
    assert "What is known of the mail" not in pages[0]


def test_the_owners_own_browser_hears_that_the_mail_came_back(house: House, web: Web) -> None:
    house.user()
    browser = web.browser()
    browser.get("/signin")
    browser.post("/signin", identifier=EMAIL, password=PASSWORD)
    forget(browser)
    become(house, MessageState.BOUNCED, "550 5.1.1 unknown user")
    page = browser.get("/recover/code")
    assert page.heading == "The mail with your code could not be delivered."
    assert "a•••@n•••.test came back" in page.text


@pytest.mark.parametrize(("email", "warned"), [("a@Corp.test", True), ("a@home.test", False)])
def test_a_circular_address_is_told_at_sign_up_with_the_ways_out(email: str, warned: bool) -> None:
    house = House(directory_domains=("corp.test",))
    browser = open_web(house).browser()
    sign_up(browser, email)
    text = browser.get("/signup/code").text
    assert ("Use an address of your own" in text) is warned
    assert ("add a phone number afterwards" in text) is warned
    house.close()


def test_where_no_phone_is_taken_none_is_offered_as_a_way_back() -> None:
    house = House(directory_domains=("corp.test",), phone="off")
    browser = open_web(house).browser()
    sign_up(browser, "a@corp.test")
    text = browser.get("/signup/code").text
    assert "Use an address of your own" in text
    assert "phone number" not in text
    house.close()


@pytest.mark.parametrize("known", [True, False])
def test_a_recovery_warns_of_a_circular_address_by_what_was_typed_alone(known: bool) -> None:
    house = House(directory_domains=("corp.test",))
    if known:
        house.user("a@corp.test")
    browser = open_web(house).browser()
    forget(browser, "a@corp.test")
    assert "open with the password you have lost" in browser.get("/recover/code").text
    house.close()


def test_a_recovery_by_another_name_has_the_same_advice_folded() -> None:
    house = House(directory_domains=("corp.test",))
    browser = open_web(house).browser()
    forget(browser, "ada")
    text = browser.get("/recover/code").text
    assert "The mailbox needs that same password" in text
    assert "open with the password you have lost" not in text
    house.close()


def account(house: House, web: Web, email: str = EMAIL) -> Page:
    """The account page, after a mail went to its address."""
    browser = web.browser()
    browser.get("/signin")
    browser.post("/signin", identifier=email, password=PASSWORD)
    return browser.get("/account")


@pytest.mark.parametrize(
    ("state", "heading", "said"),
    [
        (MessageState.BOUNCED, "Our mails do not reach ada@northwind.test.", "no such mailbox"),
        (MessageState.DEFERRED, "Your account is open with a password alone.", "Put off by"),
        (MessageState.DELIVERED, "Your account is open with a password alone.", "Codes and"),
    ],
)
def test_the_account_page_says_whether_mails_arrive(
    house: House, web: Web, state: MessageState, heading: str, said: str
) -> None:
    house.user()
    forget(web.browser())
    become(house, state, "550 5.1.1 unknown user" if state is MessageState.BOUNCED else "4.7.1")
    page = account(house, web)
    assert page.heading == heading
    assert said in page.text


def test_a_mail_to_an_earlier_address_says_nothing_of_the_present_one(
    house: House, web: Web
) -> None:
    ada = house.user()
    forget(web.browser())
    become(house, MessageState.BOUNCED, "550 5.1.1 unknown user")
    house.change(ada, email="ada@elsewhere.test")
    assert "do not reach" not in account(house, web).text


@pytest.mark.parametrize(
    ("fields", "asked"),
    [({}, True), ({"phone": "+447400123456", "phone_verified_at": 1}, False)],
)
def test_a_circular_address_is_asked_beforehand_for_another_way(
    fields: dict[str, Any], asked: bool
) -> None:
    house = House(directory_domains=("northwind.test",))
    secret = house.totp(house.user(**fields))
    browser = open_web(house).browser()
    browser.get("/signin")
    browser.post("/signin", identifier=EMAIL, password=PASSWORD)
    browser.follow()
    browser.post("/signin/second", code=house.code_of(secret))
    page = browser.get("/account")
    assert page.heading.startswith("Your mailbox may open only") is asked
    assert ("Use an address outside" in page.text) is asked
    assert "This mailbox may open only with the password you could lose." in page.text
    house.close()


def test_the_page_of_a_new_address_says_that_its_mail_came_back() -> None:
    house = House(directory_domains=("corp.test",))
    house.user()
    browser = open_web(house).browser()
    browser.get("/signin")
    browser.post("/signin", identifier=EMAIL, password=PASSWORD)
    browser.get("/account/email")
    browser.post("/account/email", email="new@corp.test")
    become(house, MessageState.BOUNCED, "550 5.1.1 unknown user")
    page = browser.get("/account/email/code")
    assert page.heading == "The mail could not be delivered to new@corp.test."
    assert "no such mailbox exists" in page.text
    assert "This mailbox may open only with the password you could lose." in page.text
    house.close()
