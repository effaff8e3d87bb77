"""Somebody who was invited, never activated and cannot get in finds the way by themselves; a
stranger sees the same as ever.
"""

from __future__ import annotations

from typing import Any

import pytest

from keyturn.flows import activating, inviting, recovery, staff, support
from keyturn.flows.activating import AskNumber
from keyturn.flows.inviting import Sent
from keyturn.flows.recovery import Handed, Later, NothingOpen, NotSent, Open
from keyturn.rules.accounts import User, UserState
from keyturn.rules.codes import RESEND_MS, Wrong
from keyturn.rules.diagnosis import Voice
from keyturn.rules.lockout import DAY, HOUR
from keyturn.steps.invitations import Bar
from tests.unit.flows.house import EMAIL, Browser, House, run
from tests.unit.flows.test_recovery import begin, enter
from tests.unit.flows.test_words import words
from tests.unit.steps.test_invitations import bind


@pytest.fixture
def ada(house: House) -> User:
    """Invited three days ago; the link is dead."""
    user = house.user(password=None, state=UserState.INVITED)
    chief = staff.on_the_host(house.browser().caller)
    assert isinstance(run(inviting.invite(house.parts, chief, user.id)), Sent)
    house.clock.move(3 * DAY)
    return user


def first_day(browser: Browser) -> Any:
    return run(recovery.first_day(browser.house.parts, browser.caller))


def proved(house: House, browser: Browser) -> Open:
    """The mailed code is entered."""
    begin(browser)
    opened = enter(browser, house.last("first_code").code)
    assert isinstance(opened, Open)
    return opened


def test_the_code_leads_to_setting_up_the_phone(house: House, browser: Browser, ada: User) -> None:
    opened = proved(house, browser)
    assert opened.step == "first"
    handed = first_day(browser)
    assert isinstance(handed, Handed)
    going_on = run(activating.go_on(house.parts, browser.caller, handed.token))
    assert isinstance(going_on, AskNumber)
    assert isinstance(run(recovery.current(house.parts, browser.caller)), recovery.NothingOpen)
    assert len(house.outbox("activation")) == 1  # no second mail: it is followed at once
    assert house.events(ada)[-4:] == [
        "code.sent", "recovery.proved", "activation.again", "activation.begun",
    ]  # fmt: skip
    assert handed.token not in house.dump("activation_links", "audit", "messages", "flows")


def test_its_mail_speaks_of_setting_up_and_not_of_a_password(
    house: House, browser: Browser, ada: User
) -> None:
    begin(browser)
    letter = house.last("first_code")
    assert letter.message.user_id == ada.id
    said = words(house, letter)
    assert "set up" in said
    assert "new password" not in said
    for _ in range(3):
        house.clock.move(RESEND_MS)
        run(recovery.resend(house.parts, browser.caller))
    link = house.last("first_link")
    followed = run(recovery.follow_link(house.parts, browser.caller, link.token))
    assert isinstance(followed, Open)
    assert followed.step == "first"


def test_a_stranger_sees_the_same_as_ever(house: House, ada: User) -> None:
    seen = []
    for name in (EMAIL, "absent@northwind.test"):
        stranger = house.browser()
        with house.statements() as statements:
            opened = begin(stranger, name)
        assert isinstance(opened, Open)
        answer = enter(stranger, "000000")
        assert isinstance(answer, Wrong)
        seen.append((list(statements), opened.step, opened.sent, answer))
    first, second = seen
    assert first[0] == second[0]
    assert first[1:] == second[1:]
    assert isinstance(first_day(house.browser()), NothingOpen)
    assert house.again(ada).state is UserState.INVITED


def test_no_password_can_be_set_before(house: House, browser: Browser, ada: User) -> None:
    proved(house, browser)
    answer = run(
        recovery.set_password(house.parts, browser.caller, "a wholly new one", spaces_meant=False)
    )
    assert isinstance(answer, NothingOpen)
    assert house.again(ada).password_hash is None


def test_where_nobody_asks_by_themselves_nothing_is_mailed() -> None:
    house = House(activation_again=False)
    house.user(password=None, state=UserState.INVITED)
    begin(house.browser())
    assert [letter.message.address for letter in house.outbox("first_code")] == [None]
    house.close()


def test_whom_staff_never_invited_or_no_more_is_not_let_in(house: House, browser: Browser) -> None:
    house.user(password=None, state=UserState.INVITED)
    proved(house, browser)
    assert first_day(browser) == NotSent(Bar.WITHDRAWN)
    assert isinstance(run(recovery.current(house.parts, browser.caller)), Open)


def test_a_link_of_a_moment_ago_comes_first_and_there_are_few(
    house: House, browser: Browser, ada: User
) -> None:
    chief = staff.on_the_host(browser.caller)
    proved(house, browser)
    run(inviting.invite(house.parts, chief, ada.id))
    early = first_day(browser)
    assert early == Later(house.clock.now() + RESEND_MS)
    for _ in range(3):
        house.clock.move(2 * HOUR)
        proved(house, browser)
        assert isinstance(first_day(browser), Handed)
    house.clock.move(2 * HOUR)
    proved(house, browser)
    assert isinstance(first_day(browser), Later)


def test_who_has_come_meanwhile_has_no_first_day(house: House, browser: Browser, ada: User) -> None:
    proved(house, browser)
    bind(house, ada)
    house.change(ada, state=UserState.ACTIVE)
    assert isinstance(first_day(browser), NothingOpen)


def test_a_case_says_what_it_is_to_whom_has_proved_the_address(
    house: House, browser: Browser, ada: User
) -> None:
    proved(house, browser)
    opened = run(support.open_case(house.parts, browser.caller, EMAIL, "by phone", "I am new"))
    assert isinstance(opened, support.Opened)
    assert opened.voice is Voice.PERSON
    assert opened.diagnosis.findings[0].cause == "signin.invited"
    stranger = run(support.open_case(house.parts, house.browser().caller, EMAIL, "", ""))
    assert isinstance(stranger, support.Opened)
    assert stranger.voice is Voice.STRANGER
