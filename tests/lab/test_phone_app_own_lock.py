"""The phone's own lock in a real Chromium, with the authenticator that its DevTools can pretend to
be: chosen instead of the app's PIN, asked for each thing, and what is said when it does not open.

The door is played (played_door.py), its judge is the real one.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from keyturn.rules.lockout import MINUTE
from tests.lab.handset import ALL, PIN, Phone, watched
from tests.lab.looking import Eye
from tests.lab.played_door import NUMBER, PlayedDoor, Refusal
from tests.lab.served import eventually
from tests.lab.test_passkeys import Token


@pytest.fixture
def eye(stage: tuple[Eye, PlayedDoor]) -> Iterator[Eye]:
    with watched(*stage) as seeing:
        yield seeing


@pytest.fixture
def phone(eye: Eye, door: PlayedDoor) -> Iterator[Phone]:
    """Bound, with a PIN; its platform has no lock."""
    phone = Phone(eye, *ALL).bind(door)
    yield phone
    phone.leave()


@pytest.fixture
def token(phone: Phone) -> Token:
    """Its platform has one, and its owner's finger is on it."""
    return Token(phone.person)


def settings(phone: Phone) -> Phone:
    return phone.open().heading("All is well").press("This phone").press("Finger, face")


def turned_on(phone: Phone) -> Phone:
    """All the way to the lock that opens the app."""
    settings(phone).heading("Use this phone\u2019s own lock").press("Use this phone\u2019s lock")
    phone.heading("type your PIN").pin()
    return phone.heading("does what the PIN does")


def test_it_is_turned_on_by_the_pin_and_opens_what_it_was_asked_for(
    phone: Phone, token: Token, door: PlayedDoor
) -> None:
    settings(phone).heading("instead of the PIN").see("own-lock")
    phone.press("Use this phone\u2019s lock").heading("To use this phone").see("own-lock-pin")
    phone.pin("999999").told("Tries left: 4").pin().heading("does what the PIN does")
    phone.see("own-lock-on")
    assert [held["isResidentCredential"] for held in token.credentials] == [False]
    door.state["locked_until"] = door.now() + 6 * MINUTE
    phone.open().press("Unlock").heading("Your account is open again")
    assert door.said("lock-ask") == [{"does": "unlock"}]
    assert set(door.said("unlock")[-1]["proof"]) == {"key"}


def test_a_sign_in_is_approved_by_its_number_and_the_finger(
    phone: Phone, token: Token, door: PlayedDoor
) -> None:
    turned_on(phone)
    door.ask("second", "Firefox on Windows")
    phone.open().heading("Are you signing in").fill("The two digits", NUMBER)
    phone.press("Yes, it is me").heading("You said that it is you")
    assert door.said("lock-ask")[-1] == {"does": "answer", "about": "q1"}
    assert token.id


def test_another_finger_opens_nothing_and_the_pin_does(
    phone: Phone, token: Token, door: PlayedDoor
) -> None:
    turned_on(phone)
    token.recognises(owner=False)
    door.state["locked_until"] = door.now() + 6 * MINUTE
    phone.open().press("Unlock").heading("show that it is you").told("did not say that it is you")
    phone.see("own-lock-refused")
    assert door.said("unlock") == []
    phone.press("Type the PIN instead").heading("type your PIN").pin()
    phone.heading("Your account is open again")


def test_what_the_server_does_not_believe_is_said(
    phone: Phone, token: Token, door: PlayedDoor
) -> None:
    turned_on(phone)
    door.state["locked_until"] = door.now() + 6 * MINUTE
    door.refusals["unlock"] = Refusal("lock", set=True, until=None, left=5, key=True)
    phone.open().press("Unlock").heading("show that it is you").told("That took too long")
    door.refusals.clear()
    phone.press("Show that it is me").heading("Your account is open again")
    assert token.id


def test_a_key_that_the_server_forgot_leads_to_the_pin(
    phone: Phone, token: Token, door: PlayedDoor
) -> None:
    turned_on(phone)
    door.state["locked_until"] = door.now() + 6 * MINUTE
    phone.open().heading("Your account is locked")
    door.state["lock"]["key"] = False
    phone.press("Unlock").heading("type your PIN").told("opens the app no more").pin()
    phone.heading("Your account is open again")
    settings(phone).heading("instead of the PIN")
    assert token.id


def test_it_is_turned_off_and_a_new_pin_chosen_by_itself(
    phone: Phone, token: Token, door: PlayedDoor
) -> None:
    turned_on(phone).press("Back to my account").press("This phone").press("Change the PIN")
    phone.heading("Choose a PIN").fill("New PIN", "735294").fill("Once more", "735294")
    phone.press("Keep this PIN").heading("All is well")
    assert set(door.said("pin")[-1]["proof"]) == {"key"}
    settings(phone).press("The PIN alone, please").heading("instead of the PIN")
    assert door.said("lock-ask")[-1] == {"does": "lock-forget"}
    assert token.id
    assert door.pins
    assert PIN


def test_what_was_made_too_late_is_made_again(phone: Phone, token: Token, door: PlayedDoor) -> None:
    door.refusals["lock-key"] = Refusal("key")
    settings(phone).press("Use this phone\u2019s lock").pin().told("That took too long")
    door.refusals.clear()
    phone.press("Use this phone\u2019s lock").pin().heading("does what the PIN does")
    assert len(token.credentials) >= 1


def test_nobody_there_makes_no_key(phone: Phone, token: Token, door: PlayedDoor) -> None:
    token.recognises(owner=False)
    settings(phone).press("Use this phone\u2019s lock").told("did not say that it is you")
    assert door.said("lock-key") == []


def test_a_phone_without_a_lock_says_why_it_is_not_offered(phone: Phone) -> None:
    settings(phone).heading("no lock that the app could use").see("own-lock-none")
    assert phone.person.seek("Use this phone").count() == 0


def test_a_browser_without_it_says_so(phone: Phone) -> None:
    phone.lacks("globalThis.PublicKeyCredential")
    settings(phone).heading("This browser cannot use")


def test_setting_up_offers_it_where_there_is_one(eye: Eye, door: PlayedDoor) -> None:
    phone = Phone(eye, *ALL)
    Token(phone.person)
    phone.open(door.link.partition("/app/")[2]).press("Check my phone").heading("can do all")
    phone.press("Go on").fill("The two digits on the page", NUMBER).press("Go on")
    phone.heading("Choose a PIN").fill("New PIN", PIN).fill("Once more", PIN).press("Keep this PIN")
    phone.heading("on its way")
    eventually(lambda: door.said("test-push") or None)
    phone.push({"v": 1, "kind": "test", "id": "m1"})
    phone.heading("This phone is ready").see("ready-with-lock")
    expect(phone.person.seek("Use this phone\u2019s lock")).to_be_visible()
    phone.press("Use this phone\u2019s lock").heading("instead of the PIN")
    phone.leave()
