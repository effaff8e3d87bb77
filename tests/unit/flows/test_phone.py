"""A phone number, proved by a text."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from keyturn.flows import phone
from keyturn.flows.phone import (
    Ask,
    Capped,
    Frozen,
    InUse,
    NotANumber,
    NothingOpen,
    Open,
    PhonesOff,
    ProofNeeded,
    Proved,
    SignedOut,
    TextState,
    TooSoon,
)
from keyturn.flows.signin import SignedIn
from keyturn.ports.store import Taken, Tx
from keyturn.rules.accounts import User, UserState
from keyturn.rules.budgets import SMS_ENTERED
from keyturn.rules.codes import Expired, Replaced, Spent
from keyturn.rules.lockout import DAY, HOUR, MINUTE, SECOND
from keyturn.rules.messages import MessageState
from keyturn.rules.phones import Alternative
from tests.unit.flows.house import Browser, House, run

MOBILE, OTHER, LANDLINE = "+447400123456", "+447400123457", "+442079460100"


def offer(browser: Browser, user: User, number: str = MOBILE, *, insisted: bool = False) -> Any:
    signed = browser.house.signed(browser, user)
    return run(phone.offer(browser.house.parts, browser.caller, signed, number, insisted=insisted))


def remove(browser: Browser, user: User) -> Any:
    signed = browser.house.signed(browser, user)
    return run(phone.remove(browser.house.parts, browser.caller, signed))


def enter(browser: Browser, user: User, code: str) -> Any:
    return run(phone.enter_code(browser.house.parts, browser.caller, user, code))


def current(browser: Browser, user: User) -> Any:
    return run(phone.current(browser.house.parts, browser.caller, user))


def prove(browser: Browser, user: User, number: str = MOBILE) -> User:
    """The whole way."""
    offer(browser, user, number)
    proved = enter(browser, user, browser.house.last("verify_phone").code)
    assert isinstance(proved, Proved)
    return proved.user


def test_the_code_in_the_text_proves_the_number_which_then_signs_in(
    house: House, browser: Browser
) -> None:
    ada = house.user()
    opened = offer(browser, ada, "07400 123 456")
    assert isinstance(opened, Open)
    assert opened.number == MOBILE
    text = house.last("verify_phone")
    assert (text.message.channel, text.message.address) == ("sms", MOBILE)
    proved = enter(browser, ada, text.code)
    assert proved == Proved(user=house.again(ada))
    assert house.again(ada).phone == MOBILE
    assert house.again(ada).phone_verified_at == house.clock.now()
    assert isinstance(browser.sign_in(MOBILE), SignedIn)
    assert "phone.proved" in house.events(ada)


def test_the_owner_is_told_with_the_numbers_end_only(house: House, browser: Browser) -> None:
    prove(browser, house.user())
    told = house.last("phone_changed").values
    assert (told["what"], told["ending"]) == ("added", "456")
    assert "/notme/" in told["notme"]


def test_what_is_no_number_is_told(house: House, browser: Browser) -> None:
    assert offer(browser, house.user(), "12") == NotANumber()


def test_texts_go_only_to_countries_that_the_tenant_serves() -> None:
    house = House(sms_countries=("US",))
    browser = house.browser()
    asked = offer(browser, house.user(), MOBILE, insisted=True)
    assert asked == Ask("abroad", False, (Alternative.OTHER_NUMBER, Alternative.AUTHENTICATOR))
    assert not house.outbox()
    house.close()


def test_a_code_that_was_entered_speaks_for_its_destination(house: House, browser: Browser) -> None:
    ada = house.user()
    offer(browser, ada)
    enter(browser, ada, house.last("verify_phone").code)
    counted = house.write(
        lambda tx: tx.budgets.look(house.tenant.id, MOBILE[:-4] + "····", SMS_ENTERED)
    )
    assert counted is not None


def test_a_landline_is_named_before_anything_is_sent_and_may_be_insisted_on(
    house: House, browser: Browser
) -> None:
    ada = house.user()
    asked = offer(browser, ada, LANDLINE)
    assert asked == Ask("landline", True, (Alternative.OTHER_NUMBER, Alternative.AUTHENTICATOR))
    assert not house.outbox()
    assert isinstance(offer(browser, ada, LANDLINE, insisted=True), Open)


def test_a_number_of_no_known_line_is_never_sent_to(house: House, browser: Browser) -> None:
    answer = offer(browser, house.user(), "+447700900123", insisted=True)
    assert isinstance(answer, Ask)
    assert not house.outbox()


def test_a_tenant_without_phones_takes_none() -> None:
    house = House(phone="off")
    assert offer(house.browser(), house.user()) == PhonesOff()
    house.close()


@pytest.mark.parametrize("state", [UserState.ACTIVE, UserState.DISABLED])
def test_a_number_that_somebody_else_proved_cannot_be_used(
    house: House, browser: Browser, state: UserState
) -> None:
    house.user("bob@northwind.test", state=state, phone=MOBILE, names=(MOBILE,))
    assert offer(browser, house.user()) == InUse()
    assert not house.outbox()


def test_a_number_by_which_somebody_else_is_called_cannot_be_used(
    house: House, browser: Browser
) -> None:
    house.user("bob@northwind.test", names=(MOBILE,))
    assert offer(browser, house.user()) == InUse()


def test_the_same_number_in_another_tenant_is_no_hindrance(house: House, browser: Browser) -> None:
    house.user(tenant=house.add_tenant("southbank"), phone=MOBILE, names=(MOBILE,))
    assert isinstance(offer(browser, house.user()), Open)


def test_of_two_who_prove_one_number_the_first_gets_it(house: House, browser: Browser) -> None:
    ada, bob, other = house.user(), house.user("bob@northwind.test"), house.browser()
    offer(browser, ada)
    offer(other, bob)
    codes = [letter.code for letter in house.outbox("verify_phone")]
    assert isinstance(enter(other, bob, codes[1]), Proved)
    assert enter(browser, ada, codes[0]) == InUse()
    assert house.again(ada).phone is None


def test_a_number_taken_at_this_very_moment_cannot_be_used(house: House, browser: Browser) -> None:
    ada = house.user()
    offer(browser, ada)
    write = house.store.write

    async def lose(_fn: object) -> None:
        house.store.write = write  # type: ignore[method-assign]
        raise Taken("phone")

    code = house.last("verify_phone").code
    house.store.write = lose  # type: ignore[assignment, method-assign]
    assert enter(browser, ada, code) == InUse()


def test_a_changed_number_leaves_the_old_one_free(house: House, browser: Browser) -> None:
    ada = prove(browser, house.user())
    ada = prove(browser, ada, OTHER)
    assert ada.phone == OTHER
    assert house.last("phone_changed").values["what"] == "changed"
    assert house.write(lambda tx: tx.users.named(house.tenant.id, MOBILE)) is None
    assert isinstance(offer(house.browser(), house.user("bob@northwind.test")), Open)


def test_ones_own_number_can_be_proved_again(house: House, browser: Browser) -> None:
    ada = prove(browser, house.user())
    house.clock.move(MINUTE)
    assert prove(browser, ada).phone_verified_at == house.clock.now()


def test_a_removed_number_is_nobodys_name(house: House, browser: Browser) -> None:
    ada = prove(browser, house.user())
    removed = remove(browser, ada)
    assert isinstance(removed, User)
    assert (removed.phone, removed.phone_verified_at) == (None, None)
    assert house.last("phone_changed").values["what"] == "removed"
    assert house.events(ada)[-1] == "phone.removed"
    assert not isinstance(house.browser().sign_in(MOBILE), SignedIn)


def test_removing_no_number_changes_nothing(house: House, browser: Browser) -> None:
    ada = house.user()
    assert remove(browser, ada) == ada
    assert not house.outbox()


def test_the_number_that_was_is_told_once(house: House, browser: Browser) -> None:
    ada = prove(browser, house.user())
    house.clock.move(MINUTE)
    prove(browser, ada, OTHER)
    (told,) = house.outbox("phone_gone")
    assert (told.message.channel, told.message.address) == ("sms", MOBILE)
    remove(browser, house.again(ada))
    assert [letter.message.address for letter in house.outbox("phone_gone")] == [MOBILE, OTHER]


@pytest.mark.parametrize("change", ["offer", "remove"])
def test_a_session_that_did_not_prove_itself_changes_no_number(
    house: House, browser: Browser, change: str
) -> None:
    ada = prove(browser, house.user())
    signed = house.signed(browser, ada, level=1)
    house.clock.move(10 * MINUTE)
    parts, caller = house.parts, browser.caller
    flow: Any = (
        phone.offer(parts, caller, signed, OTHER, insisted=False)
        if change == "offer"
        else phone.remove(parts, caller, signed)
    )
    assert run(flow) == ProofNeeded(methods=("password",))
    assert house.again(ada).phone == MOBILE


# -- caps


def test_a_person_gets_five_texts_an_hour(house: House, browser: Browser) -> None:
    ada = house.user()
    for n in range(5):
        assert isinstance(offer(browser, ada, f"+4474001234{n:02}"), Open)
    until = house.clock.now() + HOUR
    for _ in range(2):
        assert offer(browser, ada) == Capped(until=until, cause="user")
    assert len(house.outbox("verify_phone")) == 5
    assert house.events(ada).count("sms.capped") == 1
    house.clock.move(HOUR)
    assert isinstance(offer(browser, ada), Open)


def test_a_number_gets_five_texts_a_day(house: House) -> None:
    for n in range(5):
        offer(house.browser(), house.user(f"u{n}@northwind.test"))
    until = house.clock.now() + DAY
    bob = house.user("bob@northwind.test")
    assert offer(house.browser(), bob) == Capped(until=until, cause="number")
    assert len(house.outbox("verify_phone")) == 5


def test_a_tenant_sends_so_many_texts_a_day_and_the_first_refused_raises_an_alarm(
    house: House, browser: Browser
) -> None:
    house.limit(sms_per_day=1)
    ada = house.user()
    offer(browser, ada)
    until = house.clock.now() + DAY
    for number in (OTHER, "+447400123458"):
        assert offer(browser, ada, number) == Capped(until=until, cause="tenant")
    alarms = [e for e in house.trail(ada) if e.event == "sms.capped"]
    assert [a.facts for a in alarms] == [{"cause": "tenant", "until": until}]


def test_nobody_can_ask_of_one_number_after_the_other_who_has_it(
    house: House, browser: Browser
) -> None:
    house.user("bob@northwind.test", phone=MOBILE, names=(MOBILE,))
    ada = house.user()
    for _ in range(5):
        assert offer(browser, ada) == InUse()
    assert isinstance(offer(browser, ada), Capped)


def test_a_resend_pays_from_the_same_budgets(house: House, browser: Browser) -> None:
    ada = house.user()
    offer(browser, ada)
    for _ in range(4):
        house.clock.move(MINUTE)
        assert not isinstance(run(phone.resend(house.parts, browser.caller, ada)), Capped)
    house.clock.move(MINUTE)
    assert isinstance(run(phone.resend(house.parts, browser.caller, ada)), Capped)


# -- codes


def test_another_text_can_be_asked_for_after_a_minute(house: House, browser: Browser) -> None:
    ada = house.user()
    offer(browser, ada)
    at = house.clock.now() + 60 * SECOND
    house.clock.move(60 * SECOND - 1)
    assert run(phone.resend(house.parts, browser.caller, ada)) == TooSoon(at=at)
    house.clock.move(1)
    run(phone.resend(house.parts, browser.caller, ada))
    earlier, later = house.outbox("verify_phone")
    assert enter(browser, ada, earlier.code) == Replaced(at=at)
    assert isinstance(enter(browser, ada, later.code), Proved)


@pytest.mark.parametrize(("wait", "right"), [(-1, True), (0, False), (1, False)])
def test_a_code_lives_for_ten_minutes(
    house: House, browser: Browser, wait: int, right: bool
) -> None:
    ada = house.user()
    offer(browser, ada)
    house.clock.move(10 * MINUTE + wait)
    code = house.last("verify_phone").code
    assert isinstance(enter(browser, ada, code), Proved if right else Expired)


def test_twenty_guesses_a_day_are_all_a_person_has(house: House, browser: Browser) -> None:
    ada = house.user()
    for n in range(4):
        offer(browser, ada, f"+4474001234{n:02}")
        for _ in range(5):
            enter(browser, ada, "x")
    offer(browser, ada)
    assert enter(browser, ada, house.last("verify_phone").code) == Spent()


def test_without_an_open_flow_there_is_nothing_to_enter_or_resend(
    house: House, browser: Browser
) -> None:
    ada = house.user()
    assert enter(browser, ada, "123456") == NothingOpen()
    assert run(phone.resend(house.parts, browser.caller, ada)) == NothingOpen()
    assert current(browser, ada) == NothingOpen()


def test_a_flow_is_its_owners_even_in_a_shared_browser(house: House, browser: Browser) -> None:
    ada, bob = house.user(), house.user("bob@northwind.test")
    offer(browser, ada)
    code = house.last("verify_phone").code
    assert current(browser, bob) == NothingOpen()
    assert enter(browser, bob, code) == NothingOpen()
    run(phone.give_up(house.parts, browser.caller, bob))
    assert isinstance(enter(browser, ada, code), Proved)


def test_a_flow_given_up_is_over(house: House, browser: Browser) -> None:
    ada = house.user()
    offer(browser, ada)
    run(phone.give_up(house.parts, browser.caller, ada))
    assert current(browser, ada) == NothingOpen()


# -- what became of the text


@pytest.mark.parametrize("state", [MessageState.DELIVERED, MessageState.BOUNCED])
def test_the_page_can_tell_what_became_of_the_last_text(
    house: House, browser: Browser, state: MessageState
) -> None:
    ada = house.user()
    opened = offer(browser, ada)
    assert current(browser, ada) == opened
    now = house.clock.now()
    assert opened.text == TextState(state=MessageState.QUEUED, detail="", at=now)
    message = house.last("verify_phone").message
    sent = replace(message, state=MessageState.SENT, attempt=1, detail="0: Accepted")

    def deliver(tx: Tx) -> None:
        (claimed,) = tx.messages.claim(now, 1)
        assert tx.messages.settle(sent, claimed.attempt)

    house.write(deliver)
    seen = current(browser, ada)
    assert seen.text == TextState(state=MessageState.SENT, detail="0: Accepted", at=now)
    house.clock.move(SECOND)
    later = house.clock.now()
    house.write(lambda tx: tx.messages.report(message.id, state, "words", later))
    seen = current(browser, ada)
    assert seen.text == TextState(state=state, detail="words", at=later)


def test_a_text_whose_record_is_gone_is_not_known(house: House, browser: Browser) -> None:
    ada = house.user()
    offer(browser, ada)

    def forget(tx: Tx) -> None:
        flow = tx.flows.open(house.tenant.id, browser.caller.browser, "phone", house.clock.now())
        assert flow is not None
        tx.flows.save(replace(flow, data={**flow.data, "message": "gone"}))

    house.write(forget)
    assert current(browser, ada).text is None


# -- who may


def test_while_changes_are_frozen_no_number_changes(house: House, browser: Browser) -> None:
    ada = prove(browser, house.user())
    offer(browser, ada, OTHER)
    code = house.last("verify_phone").code
    frozen = house.change(ada, frozen_at=house.clock.now())
    answer = Frozen(since=house.clock.now())
    assert offer(browser, frozen, "+447400123458") == answer
    assert run(phone.resend(house.parts, browser.caller, frozen)) == answer
    assert enter(browser, frozen, code) == answer
    assert remove(browser, frozen) == answer
    assert house.again(ada).phone == MOBILE


@pytest.mark.parametrize("change", [{"epoch": 1}, {"state": UserState.DISABLED}])
def test_who_was_signed_out_meanwhile_changes_nothing(
    house: House, browser: Browser, change: dict[str, Any]
) -> None:
    ada = house.user()
    house.change(ada, **change)
    assert offer(browser, ada) == SignedOut()
    assert not house.outbox()


def test_who_is_gone_changes_nothing(house: House, browser: Browser) -> None:
    ada = house.user()
    signed = house.signed(browser, ada)
    house.write(lambda tx: tx.users.delete(house.tenant.id, ada.id))
    flow = phone.offer(house.parts, browser.caller, signed, MOBILE, insisted=False)
    assert run(flow) == SignedOut()
