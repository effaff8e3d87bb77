"""A code by text as the second step, where the tenant turns it on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from keyturn.flows import proof, recovery, signin, texting
from keyturn.flows.proof import Proved
from keyturn.flows.signin import NothingPending, SecondPending, SignedIn, Wrong
from keyturn.flows.texting import Capped, NoTexts, Texted, TooSoon
from keyturn.rules.accounts import FactorKind, Role, User, UserState
from keyturn.rules.lockout import HOUR, MINUTE, Locked
from tests.unit.flows.house import EMAIL, Browser, House, run

MOBILE = "+447400123456"


@pytest.fixture
def house() -> Iterator[House]:
    """A tenant that takes texts as a second step."""
    built = House(sms_second=True)
    yield built
    built.close()


@pytest.fixture
def ada(house: House) -> User:
    return house.user(phone=MOBILE, phone_verified_at=house.clock.now())


def text(browser: Browser, kind: str = "signin") -> Any:
    return run(texting.for_flow(browser.house.parts, browser.caller, kind))


def pending(browser: Browser) -> Any:
    return run(signin.pending(browser.house.parts, browser.caller))


def test_the_code_in_the_text_is_the_second_step(house: House, browser: Browser, ada: User) -> None:
    asked = browser.sign_in()
    assert isinstance(asked, SecondPending)
    assert asked.methods == (FactorKind.SMS,)
    sent = text(browser)
    assert isinstance(sent, Texted)
    assert (sent.ending, sent.resend_at) == ("456", house.clock.now() + MINUTE)
    assert pending(browser).texted == sent
    letter = house.last("second_code")
    assert (letter.message.channel, letter.message.address) == ("sms", MOBILE)
    assert isinstance(browser.second_step(letter.code), SignedIn)
    assert house.events(ada)[-1] == "signin.passed"
    assert letter.code not in house.dump("codes", "flows", "audit", "messages")


def test_it_works_once(house: House, browser: Browser, ada: User) -> None:
    browser.sign_in()
    text(browser)
    code = house.last("second_code").code
    browser.second_step(code)
    browser.sign_in()
    assert browser.second_step(code) == Wrong()


def test_it_works_in_the_browser_that_asked_alone(
    house: House, browser: Browser, ada: User
) -> None:
    browser.sign_in()
    text(browser)
    thief = house.browser()
    thief.sign_in()
    assert thief.second_step(house.last("second_code").code) == Wrong()


@pytest.mark.parametrize(("late", "works"), [(-1, True), (0, False), (1, False)])
def test_it_lives_for_ten_minutes(
    house: House, browser: Browser, ada: User, *, late: int, works: bool
) -> None:
    began = house.clock.now()
    browser.sign_in()
    text(browser)
    code = house.last("second_code").code
    house.clock.move(5 * MINUTE)
    browser.sign_in()  # the sign-in itself waits ten minutes as well
    house.clock.move(began + 10 * MINUTE + late - house.clock.now())
    assert isinstance(browser.second_step(code), SignedIn) is works


def test_guessing_locks_the_second_step_whatever_it_is_guessed_by(
    house: House, browser: Browser, ada: User
) -> None:
    browser.sign_in()
    for _ in range(4):
        text(browser)
        assert browser.second_step("nonsense") == Wrong()
        house.clock.move(MINUTE)
    text(browser)
    until = house.clock.now() + 10 * MINUTE
    assert browser.second_step("nonsense") == Locked(until=until)
    assert browser.second_step(house.last("second_code").code) == Locked(until=until)


def test_another_text_comes_after_a_minute_and_replaces_the_first(
    house: House, browser: Browser, ada: User
) -> None:
    browser.sign_in()
    text(browser)
    first = house.last("second_code").code
    assert text(browser) == TooSoon(at=house.clock.now() + MINUTE)
    house.clock.move(MINUTE)
    assert isinstance(text(browser), Texted)
    assert browser.second_step(first) == Wrong()
    assert isinstance(browser.second_step(house.last("second_code").code), SignedIn)


def test_texts_are_capped(house: House, browser: Browser, ada: User) -> None:
    for _ in range(5):
        browser.sign_in()
        assert isinstance(text(browser), Texted)
        house.clock.move(MINUTE)
    assert isinstance(text(browser), Capped)
    assert len(house.outbox("second_code")) == 5


def test_who_shares_a_browser_gets_a_code_of_their_own(
    house: House, browser: Browser, ada: User
) -> None:
    house.user("bob@northwind.test", phone="+447400123457", phone_verified_at=1)
    browser.sign_in()
    text(browser)
    code = house.last("second_code").code
    browser.sign_in("bob@northwind.test")
    assert pending(browser).texted is None
    assert browser.second_step(code) == Wrong()
    text(browser)
    assert house.last("second_code").message.address == "+447400123457"


def test_a_number_that_changed_meanwhile_proves_nothing(
    house: House, browser: Browser, ada: User
) -> None:
    browser.sign_in()
    text(browser)
    house.change(ada, phone="+447400123457")
    assert browser.second_step(house.last("second_code").code) == Wrong()


def test_nothing_is_texted_before_the_password_was_right(
    house: House, browser: Browser, ada: User
) -> None:
    assert text(browser) == NoTexts()
    browser.sign_in(EMAIL, "not the password")
    assert text(browser) == NoTexts()
    run(recovery.start(house.parts, browser.caller, EMAIL))
    assert text(browser, "recovery") == NoTexts()  # the mail comes first
    assert pending(browser) == NothingPending()
    assert not house.outbox("second_code")


@pytest.mark.parametrize("change", [{"epoch": 1}, {"state": UserState.DISABLED}])
def test_nothing_is_texted_to_whom_something_has_overtaken(
    house: House, browser: Browser, ada: User, change: dict[str, Any]
) -> None:
    browser.sign_in()
    house.change(ada, **change)
    assert text(browser) == NoTexts()


def test_an_unproved_number_is_no_second_step(house: House, browser: Browser) -> None:
    house.user(phone=MOBILE)
    assert isinstance(browser.sign_in(), SignedIn)


def test_where_the_tenant_does_not_take_texts_they_are_none(browser: Browser) -> None:
    plain = House()
    plain.user(phone=MOBILE, phone_verified_at=1)
    other = plain.browser()
    assert isinstance(other.sign_in(), SignedIn)
    assert run(texting.for_flow(plain.parts, other.caller, "signin")) == NoTexts()
    plain.close()


def test_staff_cannot_use_texts(house: House, browser: Browser) -> None:
    olga = house.user(phone=MOBILE, phone_verified_at=1, role=Role.TECHNICIAN)
    assert isinstance(browser.sign_in(), SignedIn)
    house.totp(olga)
    asked = browser.sign_in()
    assert isinstance(asked, SecondPending)
    assert asked.methods == (FactorKind.TOTP,)
    assert pending(browser).methods == (FactorKind.TOTP,)
    assert text(browser) == NoTexts()


def test_a_recovery_goes_on_after_the_text(house: House, browser: Browser, ada: User) -> None:
    parts, caller = house.parts, browser.caller
    run(recovery.start(parts, caller, EMAIL))
    opened = run(recovery.enter_code(parts, caller, house.last("recovery_code").code))
    assert isinstance(opened, recovery.Open)
    assert (opened.step, opened.methods, opened.texted) == ("second", (FactorKind.SMS,), None)
    sent = text(browser, "recovery")
    current = run(recovery.current(parts, caller))
    assert isinstance(current, recovery.Open)
    assert current.texted == sent
    done = run(recovery.second_proof(parts, caller, house.last("second_code").code))
    assert isinstance(done, recovery.Open)
    assert done.step == "password"


def test_a_text_proves_before_a_change(house: House, browser: Browser, ada: User) -> None:
    signed = house.signed(browser, ada, level=1)
    house.clock.move(HOUR)
    parts, caller = house.parts, browser.caller
    needed = run(proof.methods(parts, caller, signed))
    assert (needed.methods, needed.texted) == (("sms",), None)
    sent = run(texting.for_proof(parts, caller, signed))
    assert run(proof.methods(parts, caller, signed)).texted == sent
    proved = run(proof.by_code(parts, caller, signed, house.last("second_code").code))
    assert isinstance(proved, Proved)


def test_whose_session_ended_gets_no_text(house: House, browser: Browser, ada: User) -> None:
    signed = house.signed(browser, ada)
    house.write(lambda tx: tx.sessions.end(ada.tenant_id, ada.id, None))
    assert run(texting.for_proof(house.parts, browser.caller, signed)) == NoTexts()
