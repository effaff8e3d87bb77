"""Activation in a browser: the link, the number, the code to scan, done [B5, B6]."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from keyturn.flows import activating
from keyturn.flows.activating import (
    Ask,
    AskCode,
    AskNumber,
    Bound,
    Capped,
    Closed,
    Gone,
    InUse,
    Later,
    NotANumber,
    NoText,
    NotSent,
    PhonesOff,
    Scan,
    Seen,
    Sent,
    TextSent,
    TooSoon,
    Unknown,
)
from keyturn.ports.store import Taken
from keyturn.rules import enrolment_address
from keyturn.rules.accounts import User, UserState
from keyturn.rules.activation import AGAIN, LIFE_MS, LinkState, WayOn
from keyturn.rules.budgets import SMS_PER_USER
from keyturn.rules.codes import RESEND_MS, Wrong
from keyturn.rules.enrolment import CODES, MISMATCHES, CodeState
from keyturn.rules.lockout import DAY, HOUR, MINUTE
from keyturn.rules.matching import Ended
from keyturn.steps import showing
from tests.unit.flows.activations import (
    bind,
    current,
    go_on,
    invited,
    link_for,
    look,
    reset,
    rows_of,
    say,
    scan,
    shown,
    spoil,
)
from tests.unit.flows.house import Browser, House, run

MOBILE, LANDLINE = "+447400123456", "+442079460100"


@pytest.fixture
def plain() -> Iterator[House]:
    """A tenant that takes no phone numbers."""
    built = House(phone="off")
    yield built
    built.close()


def offer(browser: Browser, number: str = MOBILE, *, insisted: bool = False) -> Any:
    return run(activating.offer(browser.house.parts, browser.caller, number, insisted=insisted))


def enter(browser: Browser, code: str) -> Any:
    return run(activating.enter_code(browser.house.parts, browser.caller, code))


def texted(house: House) -> str:
    return house.last("verify_phone").code


def again(browser: Browser, token: str) -> Any:
    return run(activating.again(browser.house.parts, browser.caller, token))


def new_code(browser: Browser) -> Any:
    return run(activating.new_code(browser.house.parts, browser.caller))


def scanning(house: House) -> tuple[User, Browser, str]:
    """Ada, whose browser shows a code, and her link's token."""
    ada, browser = invited(house), house.browser()
    token = link_for(house, ada)
    assert isinstance(go_on(browser, token), Scan)
    return ada, browser, token


# -- the link


def test_a_look_changes_nothing_and_says_what_the_link_is_worth(house: House) -> None:
    token = link_for(house, invited(house))
    before = house.dump("flows", "activation_links", "scan_codes", "audit")
    seen = look(house.browser(), token)
    assert seen.standing.state is LinkState.OPEN
    assert seen.ways == (WayOn.GO_ON,)
    assert seen.address == "a•••@n•••.test"
    assert house.dump("flows", "activation_links", "scan_codes", "audit") == before


def test_an_unknown_link_takes_the_same_statements(house: House) -> None:
    token = link_for(house, invited(house))
    with house.statements() as known:
        look(house.browser(), token)
    with house.statements() as unknown:
        assert look(house.browser(), "x" * 43) == Unknown()
    assert known == unknown
    assert go_on(house.browser(), "x" * 43) == Unknown()
    assert again(house.browser(), "x" * 43) == Unknown()


def test_a_link_of_another_tenant_is_unknown(house: House) -> None:
    token = link_for(house, invited(house))
    there = house.browser(tenant=house.add_tenant("southbank"))
    assert look(there, token) == Unknown()
    assert go_on(there, token) == Unknown()


@pytest.mark.parametrize("late", [0, 1])
def test_a_link_lives_48_hours_to_the_millisecond(plain: House, late: int) -> None:
    token = link_for(plain, invited(plain))
    plain.clock.move(LIFE_MS - 1 + late)
    answer = go_on(plain.browser(), token)
    assert isinstance(answer, Seen if late else Scan)


def test_who_began_in_time_may_finish(plain: House) -> None:
    _, browser, token = scanning(plain)
    plain.clock.move(LIFE_MS - HOUR)
    assert isinstance(go_on(browser, token), Scan)
    plain.clock.move(2 * HOUR)
    assert look(browser, token).standing.state is LinkState.EXPIRED
    assert isinstance(new_code(browser), Scan)
    bind(plain, shown(browser).code)
    assert isinstance(current(browser), Bound)


def test_a_used_link_says_when_and_that_the_app_is_the_way(plain: House) -> None:
    _, browser, token = scanning(plain)
    bind(plain, shown(browser).code)
    seen = look(plain.browser(), token)
    assert (seen.standing.state, seen.standing.at) == (LinkState.USED, plain.clock.now())
    assert seen.ways == (WayOn.APP, WayOn.ASK)
    assert isinstance(again(browser, token), NotSent)


def test_a_replaced_link_tells_when_the_newer_one_was_made(plain: House) -> None:
    ada = invited(plain)
    token = link_for(plain, ada)
    plain.clock.move(HOUR)
    link_for(plain, ada)
    seen = look(plain.browser(), token)
    assert seen.standing.state is LinkState.REPLACED
    assert seen.newest_at == plain.clock.now()
    assert isinstance(go_on(plain.browser(), token), Seen)


def test_an_expired_link_mails_a_new_one_with_one_tap(plain: House) -> None:
    token = link_for(plain, invited(plain))
    plain.clock.move(LIFE_MS)
    assert WayOn.AGAIN in look(plain.browser(), token).ways
    assert isinstance(again(plain.browser(), token), Sent)
    fresh = plain.last("activation")
    assert fresh.message.address == "ada@northwind.test"
    assert again(plain.browser(), token) == Later(plain.clock.now() + RESEND_MS)
    assert isinstance(go_on(plain.browser(), fresh.token), Scan)


def test_a_day_has_so_many_new_links(plain: House) -> None:
    token = link_for(plain, invited(plain))
    for _ in range(AGAIN.limit):
        plain.clock.move(RESEND_MS)
        assert isinstance(again(plain.browser(), token), Sent)
    plain.clock.move(RESEND_MS)
    assert isinstance(again(plain.browser(), token), Later)


def test_a_disabled_user_is_told_to_ask(plain: House) -> None:
    ada = invited(plain)
    token = link_for(plain, ada)
    plain.change(ada, state=UserState.DISABLED)
    assert look(plain.browser(), token).ways == (WayOn.ASK,)
    assert isinstance(go_on(plain.browser(), token), Seen)


def test_nothing_is_added_while_changes_are_frozen(plain: House) -> None:
    ada, browser, token = scanning(plain)
    plain.change(ada, frozen_at=plain.clock.now())
    seen = look(plain.browser(), token)
    assert (seen.frozen, seen.ways) == (True, (WayOn.ASK,))
    assert isinstance(go_on(plain.browser(), token), Seen)
    assert current(browser) == Closed()
    assert new_code(browser) == Closed()


def test_a_mailbox_alone_adds_no_phone_to_an_account_with_a_second_step(plain: House) -> None:
    ada = plain.user()
    plain.totp(ada)
    token = link_for(plain, ada)
    seen = go_on(plain.browser(), token)
    assert isinstance(seen, Seen)
    assert seen.sign_in
    assert plain.count("scan_codes") == 0


def test_a_mailbox_alone_replaces_no_phone(plain: House) -> None:
    """The link is open, and a phone was bound in another way since."""
    ada, browser, token = scanning(plain)
    code = shown(browser).code
    other = replace(code, id=plain.random.id(3), flow_id="1" * 26, link=0)
    plain.write(lambda tx: _add(tx, ada, other, plain.clock.now()))
    bind(plain, other)
    seen = look(plain.browser(), token)
    assert (seen.standing.state, seen.ways) == (LinkState.OPEN, (WayOn.APP, WayOn.ASK))
    assert isinstance(go_on(plain.browser(), token), Seen)
    assert current(browser) == Closed()


def _add(tx: Any, user: User, code: Any, now: int) -> None:
    rows = rows_of(tx, user, now)
    tx.phones.save(rows, replace(rows, codes=(*rows.codes, code)))


def test_another_browser_takes_over_and_the_first_has_nothing_open(plain: House) -> None:
    _, first, token = scanning(plain)
    code = shown(first).code
    second = plain.browser()
    assert isinstance(go_on(second, token), Scan)
    assert current(first) == Gone()
    assert scan(plain, code) == Ended.NEWER
    third = plain.browser()
    assert isinstance(go_on(third, token), Scan)
    assert (current(first), current(second)) == (Gone(), Gone())
    bind(plain, shown(third).code)
    assert isinstance(current(third), Bound)


def test_reset_user_ends_what_was_begun_and_its_new_link_begins_anew(plain: House) -> None:
    ada, browser, token = scanning(plain)
    code = shown(browser).code
    fresh = reset(plain, ada)
    assert current(browser) == Closed()
    assert new_code(browser) == Closed()
    assert scan(plain, code) == Ended.RESET
    assert look(browser, token).standing.state is LinkState.REPLACED
    assert isinstance(go_on(browser, fresh), Scan)


# -- the number


def test_the_number_comes_first_and_the_code_after_it(house: House, browser: Browser) -> None:
    ada = invited(house)
    assert go_on(browser, link_for(house, ada)) == AskNumber(required=False)
    assert current(browser) == AskNumber(required=False)
    assert offer(browser, "07400 123456").number == MOBILE
    waiting = current(browser)
    assert isinstance(waiting, AskCode)
    assert waiting.open.number == MOBILE
    assert isinstance(enter(browser, "000000"), Wrong)
    assert isinstance(enter(browser, texted(house)), Scan)
    assert house.again(ada).phone == MOBILE
    assert house.again(ada).state is UserState.INVITED


def test_a_number_that_was_proved_is_not_asked_for_again(house: House, browser: Browser) -> None:
    ada = invited(house, phone=MOBILE, phone_verified_at=1, names=(MOBILE,))
    assert isinstance(go_on(browser, link_for(house, ada)), Scan)


def test_a_number_may_be_left_out_where_it_is_optional(house: House, browser: Browser) -> None:
    go_on(browser, link_for(house, invited(house)))
    offer(browser)
    assert isinstance(run(activating.leave_out(house.parts, browser.caller)), Scan)
    code = shown(browser).code
    assert isinstance(run(activating.leave_out(house.parts, browser.caller)), Scan)
    assert shown(browser).code == code


def test_a_number_that_is_required_cannot_be_left_out() -> None:
    house = House(phone="required")
    browser = house.browser()
    go_on(browser, link_for(house, invited(house)))
    answer = run(activating.leave_out(house.parts, browser.caller))
    assert answer == AskNumber(required=True)
    assert house.count("scan_codes") == 0
    assert isinstance(new_code(browser), AskNumber)
    house.close()


def test_a_landline_is_named_before_anything_is_sent(house: House, browser: Browser) -> None:
    go_on(browser, link_for(house, invited(house)))
    assert isinstance(offer(browser, LANDLINE), Ask)
    assert offer(browser, "12") == NotANumber()
    assert house.outbox("verify_phone") == []
    assert not isinstance(offer(browser, LANDLINE, insisted=True), Ask)
    assert len(house.outbox("verify_phone")) == 1


def test_a_tenant_without_phones_takes_none(plain: House) -> None:
    assert offer(plain.browser()) == PhonesOff()


def test_a_number_in_use_is_refused_and_another_may_follow(house: House, browser: Browser) -> None:
    house.user("bob@northwind.test", phone=MOBILE, names=(MOBILE,))
    ada = invited(house)
    go_on(browser, link_for(house, ada))
    assert offer(browser) == InUse()
    assert "phone.held" in house.events(ada)
    run(activating.another_number(house.parts, browser.caller))
    assert current(browser) == AskNumber(required=False)


def test_a_number_taken_while_its_code_was_on_the_way_is_refused(
    house: House, browser: Browser
) -> None:
    ada = invited(house)
    go_on(browser, link_for(house, ada))
    offer(browser)
    house.user("bob@northwind.test", phone=MOBILE, names=(MOBILE,))
    assert enter(browser, texted(house)) == InUse()
    assert "phone.held" in house.events(ada)
    assert isinstance(current(browser), AskCode)
    run(activating.another_number(house.parts, browser.caller))
    assert current(browser) == AskNumber(required=False)


def test_another_text_after_a_minute_and_within_the_caps(house: House, browser: Browser) -> None:
    go_on(browser, link_for(house, invited(house)))
    resend = lambda: run(activating.resend(house.parts, browser.caller))  # noqa: E731
    assert resend() == Gone()
    offer(browser)
    assert isinstance(resend(), TooSoon)
    for _ in range(SMS_PER_USER.limit - 1):
        house.clock.move(RESEND_MS)
        assert isinstance(resend(), TextSent)
    house.clock.move(RESEND_MS)
    assert isinstance(resend(), NoText)
    assert isinstance(offer(browser, "+447400123457"), NoText)


def test_nothing_is_open_in_a_browser_that_followed_no_link(house: House) -> None:
    browser = house.browser()
    parts, caller = house.parts, browser.caller
    assert offer(browser) == Gone()
    assert enter(browser, "123456") == Gone()
    assert run(activating.resend(parts, caller)) == Gone()
    assert run(activating.leave_out(parts, caller)) == Gone()
    assert new_code(browser) == Gone()
    run(activating.another_number(parts, caller))
    assert current(browser) == Gone()


def test_a_number_taken_after_all_was_closed_is_refused_too(house: House) -> None:
    write = house.store.write

    async def lose(_fn: object) -> None:
        house.store.write = write  # type: ignore[method-assign]
        raise Taken("phone")

    house.store.write = lose  # type: ignore[assignment, method-assign]
    assert enter(house.browser(), "123456") == InUse()
    assert "phone.held" not in house.events()


def test_a_code_without_a_number_says_what_is_next(house: House, browser: Browser) -> None:
    go_on(browser, link_for(house, invited(house)))
    assert enter(browser, "123456") == AskNumber(required=False)


# -- the code to scan


def test_the_same_code_is_there_when_the_page_is_opened_again(plain: House) -> None:
    _, browser, _ = scanning(plain)
    first = shown(browser)
    assert first == shown(browser)
    assert plain.count("scan_codes") == 1
    assert first.secret not in plain.dump("flows", "scan_codes", "audit")
    assert first.letters.replace("-", "") not in plain.dump("flows", "scan_codes", "audit")


def test_the_page_shows_a_number_once_it_was_scanned_and_then_that_it_is_done(
    plain: House,
) -> None:
    _, browser, _ = scanning(plain)
    code = shown(browser).code
    scan(plain, code)
    assert shown(browser).code.state is CodeState.SCANNED
    assert say(plain, code, code.number) is None
    assert current(browser) == Bound(
        user=plain.again(invited_user(plain)), phone="Chrome on Android", directories=()
    )


def invited_user(house: House) -> User:
    found = house.write(lambda tx: tx.users.named(house.tenant.id, "ada@northwind.test"))
    assert found is not None
    return found


def test_a_newer_code_ends_the_one_before(plain: House) -> None:
    _, browser, _ = scanning(plain)
    old = shown(browser).code
    assert isinstance(new_code(browser), Scan)
    assert shown(browser).code.id != old.id
    assert scan(plain, old) == Ended.NEWER


def test_a_code_ends_by_itself_after_ten_minutes(plain: House) -> None:
    _, browser, _ = scanning(plain)
    plain.clock.move(10 * MINUTE)
    code = shown(browser).code
    assert (code.state, code.ended) == (CodeState.OVER, Ended.EXPIRED)


def test_an_hour_has_so_many_codes(plain: House) -> None:
    _, browser, _ = scanning(plain)
    for _ in range(CODES.limit - 1):
        assert isinstance(new_code(browser), Scan)
    assert new_code(browser) == Capped(plain.clock.now() + HOUR, numbers=False)


def test_after_wrong_numbers_somebody_has_to_look(plain: House) -> None:
    ada, browser, _ = scanning(plain)
    spoil(plain, shown(browser).code)
    assert shown(browser).code.ended is Ended.NUMBER
    spend = lambda tx: tx.budgets.spend(ada.tenant_id, ada.id, plain.clock.now(), MISMATCHES)  # noqa: E731
    for _ in range(MISMATCHES.limit):
        assert isinstance(new_code(browser), Scan)
        plain.write(spend)
    assert new_code(browser) == Capped(plain.clock.now() + DAY, numbers=True)


def test_the_numbers_are_two_digits_without_a_leading_nought(plain: House) -> None:
    _, browser, _ = scanning(plain)
    seen = set()
    for _ in range(CODES.limit - 1):
        new_code(browser)
        seen.add(shown(browser).code.number)
    assert len(seen) > 10
    assert all(10 <= int(number) <= 99 for number in seen)


def test_five_wrong_letters_leave_the_camera(plain: House) -> None:
    _, browser, _ = scanning(plain)
    assert not shown(browser).tried_out
    code = replace(shown(browser).code, tries=5)
    plain.write(lambda tx: _put(tx, code, plain.clock.now()))
    assert shown(browser).tried_out


def _put(tx: Any, code: Any, now: int) -> None:
    rows = tx.phones.held(code.tenant_id, code.user_id, now)
    codes = tuple(code if one.id == code.id else one for one in rows.codes)
    tx.phones.save(rows, replace(rows, codes=codes))


def test_the_address_is_what_the_app_reads(plain: House) -> None:
    _, browser, _ = scanning(plain)
    found = shown(browser)
    address = showing.address(plain.parts, plain.tenant, found, b"k" * 32)
    base, _, fragment = address.partition("#")
    assert base == f"https://id.test/t/{plain.tenant.slug}/app/"
    content = enrolment_address.read(fragment)
    assert isinstance(content, enrolment_address.Content)
    assert content.code_id.lower() == found.code.id
    assert content.secret == found.secret
    assert content.installation == enrolment_address.installation_pin(b"k" * 32)
    assert content.directories == enrolment_address.directories_pin({})
