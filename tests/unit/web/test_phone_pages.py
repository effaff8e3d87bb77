"""A phone number, through pages alone; what became of a text [A6]."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keyturn.rules.codes import RESEND_MS
from keyturn.rules.lockout import HOUR
from keyturn.rules.messages import MessageState
from tests.unit.flows.house import EMAIL, PASSWORD, House
from tests.unit.web.browsing import Page, Web, WebBrowser, open_web

MOBILE, LANDLINE, PREMIUM = "07400 123456", "020 7946 0100", "07700 900123"


@pytest.fixture
def ada(house: House, web: Web) -> WebBrowser:
    """Signed in."""
    house.user()
    return signed_in(web)


def signed_in(web: Web, email: str = EMAIL) -> WebBrowser:
    browser = web.browser()
    browser.get("/signin")
    assert browser.post("/signin", identifier=email, password=PASSWORD).location == "/account"
    return browser


def offer(browser: WebBrowser, number: str = MOBILE, **fields: str) -> Page:
    browser.get("/account/phone")
    return browser.post("/account/phone", number=number, **fields)


def test_a_number_is_proved_by_the_code_in_the_text(house: House, ada: WebBrowser) -> None:
    assert offer(ada).location == "/account/phone/code"
    ada.follow()
    code = house.last("verify_phone").code
    assert ada.post("/account/phone/code", code=code).location == "/welcome"
    assert "+447400123456" in ada.get("/account").text


def test_a_country_that_gets_no_texts_is_named_before_anything_is_sent() -> None:
    house = House(sms_countries=("GB", "IE"))
    house.user()
    page = offer(signed_in(open_web(house)), "+1 212 555 0123")
    assert page.status == 422
    assert page.heading == "Northwind sends no texts to numbers of that country."
    assert "It does take texts" not in page.text
    assert not house.outbox("verify_phone")
    house.close()


def test_a_landline_is_named_before_anything_is_sent_and_may_be_insisted_on(
    house: House, ada: WebBrowser
) -> None:
    page = offer(ada, LANDLINE)
    assert page.status == 422
    assert page.heading == f"{LANDLINE} looks like a landline, which cannot take a text."
    assert "authenticator app" in page.text
    assert "Text it anyway" in page.text
    assert house.outbox("verify_phone") == []
    assert ada.post("/account/phone", number=LANDLINE, insist="1").status == 303
    assert len(house.outbox("verify_phone")) == 1


def test_a_number_that_earns_money_cannot_be_insisted_on(house: House, ada: WebBrowser) -> None:
    page = offer(ada, PREMIUM, insist="1")
    assert page.status == 422
    assert "Text it anyway" not in page.text
    assert house.outbox("verify_phone") == []


def test_what_is_no_number_is_said_so(ada: WebBrowser) -> None:
    page = offer(ada, "call me")
    assert page.status == 422
    assert "cannot be a phone number" in page.heading


def test_a_number_in_use_is_refused_without_saying_whose_it_is(
    house: House, web: Web, ada: WebBrowser
) -> None:
    house.user("bob@northwind.test", phone="+447400123456", phone_verified_at=1)
    page = offer(ada)
    assert page.status == 409
    assert page.heading.startswith("This number cannot be used here.")
    assert "bob" not in page.html


@pytest.mark.parametrize(
    ("state", "heading", "said"),
    [
        (MessageState.SENT, "A text with a code went to", "Whether it arrived is not known."),
        (MessageState.DELIVERED, "A text with a code went to", "blocked senders"),
        (MessageState.BOUNCED, "could not be delivered", "use another number"),
        (MessageState.REJECTED, "could not be delivered", "was refused"),
        (MessageState.EXPIRED, "could not be delivered", "could not be reached"),
    ],
)
def test_the_page_tells_what_the_receipts_say_of_the_text_and_the_remedy(
    house: House, ada: WebBrowser, state: MessageState, heading: str, said: str
) -> None:
    offer(ada)
    message = house.last("verify_phone").message
    house.write(lambda tx: tx.messages.claim(house.clock.now(), 10))
    if state is MessageState.SENT:
        _sent(house)
    else:
        house.write(lambda tx: tx.messages.report(message.id, state, "", house.clock.now()))
    page = ada.get("/account/phone/code")
    assert heading in page.heading
    assert said in page.text


def _sent(house: House) -> None:
    taken = house.last("verify_phone").message
    sent = replace(taken, state=MessageState.SENT)
    assert house.write(lambda tx: tx.messages.settle(sent, taken.attempt))


def test_a_text_that_the_gateway_does_not_take_now_says_when_it_is_tried_again(
    house: House, ada: WebBrowser
) -> None:
    offer(ada)
    house.write(lambda tx: tx.messages.claim(house.clock.now(), 10))
    taken = house.last("verify_phone").message
    later = replace(taken, state=MessageState.QUEUED, run_at=house.clock.now() + 60_000)
    assert house.write(lambda tx: tx.messages.settle(later, taken.attempt))
    assert "The next try is at" in ada.get("/account/phone/code").text


@pytest.mark.parametrize(("late", "status"), [(-1, 429), (0, 303), (1, 303)])
def test_another_text_can_be_asked_for_after_a_minute(
    house: House, ada: WebBrowser, late: int, status: int
) -> None:
    offer(ada)
    ada.follow()
    house.clock.move(RESEND_MS + late)
    page = ada.post("/account/phone/resend")
    assert page.status == status
    assert (page.header("retry-after") is not None) is (status == 429)


def test_five_texts_an_hour_are_all_that_one_person_gets(house: House, ada: WebBrowser) -> None:
    for number in range(5):
        assert offer(ada, f"0740012345{number}").status == 303
        ada.follow()
        ada.post("/account/phone/restart")
    page = offer(ada, "07400123459")
    assert page.status == 429
    assert page.header("retry-after") == str(HOUR // 1000)


def test_another_number_can_be_typed_while_a_code_is_awaited(ada: WebBrowser) -> None:
    offer(ada)
    assert ada.get("/account/phone").location == "/account/phone/code"
    ada.follow()
    assert ada.post("/account/phone/restart").location == "/account/phone"
    assert ada.get("/account/phone/code").location == "/account/phone"


def test_a_wrong_code_is_said_to_be_wrong(house: House, ada: WebBrowser) -> None:
    offer(ada)
    ada.follow()
    right = house.last("verify_phone").code
    page = ada.post("/account/phone/code", code=str((int(right) + 1) % 1_000_000).zfill(6))
    assert page.status == 422
    assert "You have 4 tries left." in page.heading


def test_the_number_can_be_taken_away_again(house: House, ada: WebBrowser) -> None:
    offer(ada)
    ada.follow()
    ada.post("/account/phone/code", code=house.last("verify_phone").code)
    ada.get("/account")
    assert ada.post("/account/phone/remove").location == "/account"
    assert "No phone number" in ada.get("/account").text


def test_where_a_number_is_required_the_account_comes_after_it_and_there_is_no_way_around() -> None:
    house = House(phone="required")
    house.user()
    ada = signed_in(open_web(house))
    assert ada.get("/account").location == "/account/phone"
    page = ada.follow()
    assert page.heading == "Now add your phone number."
    assert "Not now" not in page.text
    assert ada.get("/welcome").location == "/account/phone"
    house.close()


def test_an_authenticator_stands_in_for_a_number_that_is_required() -> None:
    house = House(phone="required")
    secret = house.totp(house.user())
    ada = open_web(house).browser()
    ada.get("/signin")
    ada.post("/signin", identifier=EMAIL, password=PASSWORD)
    ada.follow()
    ada.post("/signin/second", code=house.code_of(secret))
    assert ada.get("/account").status == 200
    house.close()


def test_frozen_changes_are_explained_on_the_account_page(house: House, ada: WebBrowser) -> None:
    user = house.write(lambda tx: tx.users.named(house.tenant.id, EMAIL))
    ada.get("/account/phone")
    assert user is not None
    house.change(user, frozen_at=house.clock.now())
    assert ada.post("/account/phone", number=MOBILE).location == "/account"
    assert "frozen" in ada.follow().heading
    assert house.outbox("verify_phone") == []
