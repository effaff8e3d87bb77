"""Forgotten password."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from keyturn.flows import account, recovery, signup
from keyturn.flows.recovery import (
    LinkState,
    NotAName,
    NothingOpen,
    Open,
    Overloaded,
    Refused,
    TooMany,
    TooSoon,
)
from keyturn.flows.signin import SignedIn
from keyturn.flows.signin import Wrong as NotIn
from keyturn.rules.accounts import FactorKind, UserState
from keyturn.rules.codes import Expired, Replaced, Spent, Used, Wrong
from keyturn.rules.lockout import DAY, HOUR, MINUTE, SECOND, Lane, Locked
from keyturn.rules.passwords import PasswordFault, SpaceWarning
from tests.unit.flows.house import EMAIL, PASSWORD, Browser, House, run

NEW = "a wholly new one"


def begin(browser: Browser, typed: str = EMAIL) -> Any:
    return run(recovery.start(browser.house.parts, browser.caller, typed))


def enter(browser: Browser, code: str) -> Any:
    return run(recovery.enter_code(browser.house.parts, browser.caller, code))


def prove(browser: Browser, code: str) -> Any:
    return run(recovery.second_proof(browser.house.parts, browser.caller, code))


def choose(browser: Browser, password: str = NEW, *, spaces_meant: bool = False) -> Any:
    flow = recovery.set_password(
        browser.house.parts, browser.caller, password, spaces_meant=spaces_meant
    )
    return run(flow)


def recover(browser: Browser, password: str = NEW) -> Any:
    """The whole way, without a second step."""
    begin(browser)
    enter(browser, browser.house.last("recovery_code").code)
    return choose(browser, password)


def test_a_mailed_code_leads_to_a_new_password_that_works_at_once(
    house: House, browser: Browser
) -> None:
    ada = house.user()
    opened = begin(browser)
    assert isinstance(opened, Open)
    assert (opened.step, opened.typed, opened.again) == ("code", EMAIL, False)
    proved = enter(browser, house.last("recovery_code").code)
    assert isinstance(proved, Open)
    assert proved.step == "password"
    done = choose(browser)
    assert isinstance(done, Open)
    assert (done.step, done.works_from) == ("done", None)
    assert house.events(ada) == [
        "recovery.started", "code.sent", "recovery.proved", "sessions.ended", "recovery.done",
    ]  # fmt: skip
    assert browser.sign_in() == NotIn()
    assert isinstance(browser.sign_in(password=NEW), SignedIn)


def test_a_new_password_signs_nobody_in_and_ends_all_sessions(
    house: House, browser: Browser
) -> None:
    house.user()
    browser.sign_in()
    recover(house.browser())
    assert house.count("sessions") == 0
    assert run(account.authenticate(house.parts, browser.caller, browser.session or "")) is None


def test_second_steps_and_known_clients_stay(house: House, browser: Browser) -> None:
    ada = house.user()
    browser.sign_in()
    secret = house.totp(ada)
    other = house.browser()
    begin(other)
    enter(other, house.last("recovery_code").code)
    prove(other, house.code_of(secret))
    assert isinstance(choose(other), Open)
    assert house.count("clients") == 1
    assert house.count("factors") == 1


def test_the_owner_is_told_of_the_new_password_with_a_way_to_object(
    house: House, browser: Browser
) -> None:
    ada = house.user()
    recover(browser)
    told = house.last("password_changed")
    assert told.message.address == ada.email
    assert told.values["ip"] == browser.ip
    assert "/notme/" in told.values["notme"]


def test_what_cannot_be_a_name_is_told(browser: Browser) -> None:
    assert begin(browser, "\0") == NotAName()


def test_asking_again_goes_back_to_the_open_recovery(house: House, browser: Browser) -> None:
    house.user()
    opened = begin(browser)
    house.clock.move(5 * MINUTE)
    again = begin(browser, "somebody.else@northwind.test")
    assert isinstance(opened, Open)
    assert again == replace(opened, again=True)
    assert len(house.outbox()) == 1


def test_after_a_finished_recovery_a_new_one_can_begin(house: House, browser: Browser) -> None:
    house.user()
    recover(browser)
    again = begin(browser)
    assert isinstance(again, Open)
    assert (again.step, again.again) == ("code", False)


def test_giving_up_makes_room_for_another_name(house: House, browser: Browser) -> None:
    begin(browser, "typo@northwind.test")
    run(recovery.give_up(house.parts, browser.caller))
    run(recovery.give_up(house.parts, browser.caller))
    opened = begin(browser)
    assert isinstance(opened, Open)
    assert opened.typed == EMAIL


def test_what_is_open_is_known_until_it_ends(house: House, browser: Browser) -> None:
    house.user()
    assert run(recovery.current(house.parts, browser.caller)) == NothingOpen()
    opened = begin(browser)
    assert run(recovery.current(house.parts, browser.caller)) == opened
    house.clock.move(HOUR - 1)
    assert run(recovery.current(house.parts, browser.caller)) == opened
    house.clock.move(1)
    assert run(recovery.current(house.parts, browser.caller)) == NothingOpen()


@pytest.mark.parametrize(("wait", "refused"), [(HOUR - 1, True), (HOUR, False), (HOUR + 1, False)])
def test_a_network_begins_so_many_recoveries_an_hour(
    house: House, wait: int, refused: bool
) -> None:
    house.limit(network_failures=2)
    for n in (1, 2):
        assert isinstance(begin(house.browser(ip=f"198.51.100.{n}"), f"u{n}"), Open)
    until = house.clock.now() + HOUR
    assert begin(house.browser(ip="198.51.100.3"), "u3") == TooMany(until=until)
    house.clock.move(wait)
    assert isinstance(begin(house.browser(ip="198.51.100.4"), "u4"), TooMany) is refused


# -- nobody learns who exists


def test_known_and_unknown_names_look_and_cost_the_same(house: House) -> None:
    house.user("ada@northwind.test")
    house.user("dis@northwind.test", state=UserState.DISABLED)
    house.user("unv@northwind.test", state=UserState.UNVERIFIED)
    house.user("inv@northwind.test", state=UserState.INVITED)
    begin(house.browser(), "first@northwind.test")  # from here on the tenant has its counter
    tables = ("audit", "messages", "flows", "codes", "budgets")
    seen = []
    for name in ("ada", "dis", "unv", "inv", "nobody"):
        browser = house.browser()
        before = [house.count(t) for t in tables]
        story = []
        with house.statements() as statements:
            opened = begin(browser, f"{name}@northwind.test")
            story.append(replace(opened, typed=""))
            story.append(enter(browser, "123456"))
            house.clock.move(MINUTE)
            story.append(run(recovery.resend(house.parts, browser.caller)))
            story.extend(enter(browser, "x") for _ in range(6))
        grown = [house.count(t) - b for t, b in zip(tables, before, strict=True)]
        seen.append((grown, statements, _since(house.clock.now(), story)))
    assert all(one == seen[0] for one in seen)
    assert seen[0][2][-1] == "Spent()"


def _since(now: int, story: list[object]) -> list[str]:
    """What was answered, its moments counted back from now."""
    return [re.sub(r"\d{13}", lambda at: f"{now - int(at[0])} ago", repr(s)) for s in story]


def test_only_an_active_account_is_mailed(house: House) -> None:
    for name, state in (("dis", UserState.DISABLED), ("unv", UserState.UNVERIFIED)):
        house.user(f"{name}@northwind.test", state=state)
        begin(house.browser(), f"{name}@northwind.test")
        assert house.last("recovery_code").message.address is None
    begin(house.browser(), "nobody@northwind.test")
    assert house.last("recovery_code").message.address is None


def test_a_code_for_a_name_that_nobody_has_is_never_right(house: House, browser: Browser) -> None:
    begin(browser, "nobody@northwind.test")
    assert enter(browser, house.last("recovery_code").code) == Wrong(left=4)


def test_an_account_deleted_meanwhile_looks_like_nothing_to_resend(
    house: House, browser: Browser
) -> None:
    ada = house.user()
    begin(browser)
    house.clock.move(MINUTE)
    house.write(lambda tx: tx.users.delete(house.tenant.id, ada.id))
    assert run(recovery.resend(house.parts, browser.caller)) == NothingOpen()


# -- codes


@pytest.mark.parametrize(("wait", "right"), [(-1, True), (0, False), (1, False)])
def test_a_code_lives_for_ten_minutes(
    house: House, browser: Browser, wait: int, right: bool
) -> None:
    house.user()
    begin(browser)
    house.clock.move(10 * MINUTE + wait)
    answer = enter(browser, house.last("recovery_code").code)
    assert isinstance(answer, Open if right else Expired)


def test_another_code_can_be_asked_for_after_a_minute(house: House, browser: Browser) -> None:
    house.user()
    begin(browser)
    at = house.clock.now() + 60 * SECOND
    house.clock.move(60 * SECOND - 1)
    assert run(recovery.resend(house.parts, browser.caller)) == TooSoon(at=at)
    house.clock.move(1)
    run(recovery.resend(house.parts, browser.caller))
    earlier, later = house.outbox("recovery_code")
    assert enter(browser, earlier.code) == Replaced(at=at)
    assert enter(browser, "x") == Wrong(left=3)  # the older code was a try, too
    assert isinstance(enter(browser, later.code), Open)


def test_a_resend_without_a_recovery_does_nothing(house: House, browser: Browser) -> None:
    assert run(recovery.resend(house.parts, browser.caller)) == NothingOpen()
    assert enter(browser, "123456") == NothingOpen()


def test_a_resend_voids_only_its_own_flows_code(house: House, browser: Browser) -> None:
    house.user()
    other = house.browser()
    begin(browser)
    begin(other)
    house.clock.move(MINUTE)
    run(recovery.resend(house.parts, other.caller))
    assert isinstance(enter(browser, house.outbox("recovery_code")[0].code), Open)


def test_a_code_of_one_flow_does_not_answer_in_another(house: House, browser: Browser) -> None:
    house.user()
    begin(browser)
    code = house.last("recovery_code").code
    other = house.browser()
    begin(other)
    assert enter(other, code) == Wrong(left=4)
    assert enter(house.browser(), code) == NothingOpen()


def test_a_code_is_used_once_and_five_wrong_ones_spend_it(house: House, browser: Browser) -> None:
    house.user()
    begin(browser)
    for left in (4, 3, 2, 1, 0):
        assert enter(browser, "nonsense") == Wrong(left=left)
    assert enter(browser, house.last("recovery_code").code) == Spent()


@pytest.mark.parametrize("typed", [EMAIL, "nobody@northwind.test"])
def test_a_spent_budget_leaves_a_link_and_then_nothing(house: House, typed: str) -> None:
    house.user()
    shown = []
    for _ in range(7):
        opened = begin(house.browser(), typed)
        assert isinstance(opened, Open)
        assert opened.sent is not None
        shown.append((opened.sent.link_only, opened.sent.withheld_until))
    until = house.clock.now() + HOUR
    assert shown == [(False, None)] * 3 + [(True, None)] * 3 + [(True, until)]
    kinds = [letter.kind for letter in house.outbox()]
    assert kinds == ["recovery_code"] * 3 + ["recovery_link"] * 3
    assert "code" not in house.last("recovery_link").values
    house.clock.move(HOUR)
    opened = begin(house.browser(), typed)
    assert isinstance(opened, Open)
    assert opened.sent is not None
    assert not opened.sent.link_only


def test_a_withheld_mail_leaves_what_was_sent_before_as_it_is(
    house: House, browser: Browser
) -> None:
    house.user()
    begin(browser)
    for _ in range(5):
        begin(house.browser())
    house.clock.move(MINUTE)
    sent = run(recovery.resend(house.parts, browser.caller))
    assert not isinstance(sent, TooSoon | NothingOpen)
    assert sent.withheld_until is not None
    assert not sent.link_only
    assert isinstance(enter(browser, house.outbox("recovery_code")[0].code), Open)


def test_with_a_link_only_mail_no_digits_are_right(house: House) -> None:
    house.user()
    for _ in range(3):
        begin(house.browser())
    browser = house.browser()
    begin(browser)
    assert enter(browser, "000000") == Wrong(left=4)
    opened = run(recovery.current(house.parts, browser.caller))
    assert isinstance(opened, Open)
    assert opened.sent is not None
    assert opened.sent.link_only


def test_a_stranger_cannot_use_up_a_known_clients_recovery(house: House, browser: Browser) -> None:
    house.user()
    browser.sign_in()
    for _ in range(7):
        begin(house.browser())
    opened = begin(browser)
    assert isinstance(opened, Open)
    assert opened.sent is not None
    assert not opened.sent.link_only


@pytest.mark.parametrize("typed", [EMAIL, "nobody@northwind.test"])
def test_twenty_tries_at_codes_a_day_are_all_a_lane_has(house: House, typed: str) -> None:
    house.user()
    for _ in range(4):
        browser = house.browser()
        begin(browser, typed)
        for _ in range(5):
            enter(browser, "x")
        house.clock.move(HOUR)
    last = house.browser()
    begin(last, typed)
    assert enter(last, house.last("recovery_code").code) == Spent()
    house.clock.move(DAY)
    begin(last, typed)
    answer = enter(last, house.last("recovery_code").code)
    assert isinstance(answer, Open if typed == EMAIL else Wrong)


# -- no step is skipped


def test_a_password_cannot_be_set_before_the_code(house: House, browser: Browser) -> None:
    house.user()
    assert choose(browser) == NothingOpen()
    begin(browser)
    assert choose(browser) == NothingOpen()
    assert house.hasher.made == 1  # the one Ada was made with
    assert prove(browser, "123456") == NothingOpen()


def test_the_code_cannot_be_entered_again_after_it_was_right(
    house: House, browser: Browser
) -> None:
    house.user()
    begin(browser)
    code = house.last("recovery_code").code
    enter(browser, code)
    assert enter(browser, code) == NothingOpen()


def test_a_password_cannot_be_set_twice(house: House, browser: Browser) -> None:
    house.user()
    recover(browser)
    assert choose(browser, "yet another one") == NothingOpen()


def test_an_account_with_a_second_step_needs_it_too(house: House, browser: Browser) -> None:
    ada = house.user()
    secret = house.totp(ada)
    begin(browser)
    opened = enter(browser, house.last("recovery_code").code)
    assert isinstance(opened, Open)
    assert (opened.step, opened.methods) == ("second", (FactorKind.TOTP,))
    assert choose(browser) == NothingOpen()
    assert prove(browser, "nonsense") is None
    assert choose(browser) == NothingOpen()
    proved = prove(browser, house.code_of(secret))
    assert isinstance(proved, Open)
    assert proved.step == "password"
    done = choose(browser)
    assert isinstance(done, Open)
    assert done.step == "done"


def test_guesses_at_the_second_proof_lock_it(house: House, browser: Browser) -> None:
    house.totp(house.user())
    begin(browser)
    enter(browser, house.last("recovery_code").code)
    for _ in range(4):
        prove(browser, "nonsense")
    until = house.clock.now() + 10 * MINUTE
    assert prove(browser, "nonsense") == Locked(until=until)
    assert prove(browser, "nonsense") == Locked(until=until)


def test_a_recovery_overtaken_by_another_counts_no_more(house: House, browser: Browser) -> None:
    ada = house.user()
    begin(browser)
    enter(browser, house.last("recovery_code").code)
    recover(house.browser())
    hash_ = house.again(ada).password_hash
    assert choose(browser, "a strangers choice") == NothingOpen()
    assert house.again(ada).password_hash == hash_


def test_a_second_proof_overtaken_by_another_recovery_counts_no_more(
    house: House, browser: Browser
) -> None:
    ada = house.user()
    secret = house.totp(ada)
    begin(browser)
    enter(browser, house.last("recovery_code").code)
    house.change(ada, epoch=1)
    assert prove(browser, house.code_of(secret)) == NothingOpen()


def test_an_account_disabled_meanwhile_takes_no_new_password(
    house: House, browser: Browser
) -> None:
    ada = house.user()
    begin(browser)
    enter(browser, house.last("recovery_code").code)
    house.change(ada, state=UserState.DISABLED)
    assert choose(browser) == NothingOpen()
    assert house.again(ada).password_hash == ada.password_hash


# -- the new password


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("short", PasswordFault.TOO_SHORT),
        ("password1", PasswordFault.COMMON),
        ("northwind", PasswordFault.CONTEXT),
        ("ada@northwind.test", PasswordFault.CONTEXT),
    ],
)
def test_a_bad_password_is_refused_with_the_reason(
    house: House, browser: Browser, password: str, fault: PasswordFault
) -> None:
    house.user()
    answer = recover(browser, password)
    assert isinstance(answer, Refused)
    assert fault in [p.fault for p in answer.problems]
    assert isinstance(choose(browser), Open)


def test_a_space_at_the_end_is_asked_about_and_then_taken(house: House, browser: Browser) -> None:
    house.user()
    asked = recover(browser, NEW + " ")
    assert asked == Refused(problems=(), warnings=(SpaceWarning.ENDS,))
    assert isinstance(choose(browser, NEW + " ", spaces_meant=True), Open)
    assert isinstance(browser.sign_in(password=NEW + " "), SignedIn)


def test_a_full_hash_queue_is_told_and_changes_nothing(house: House, browser: Browser) -> None:
    ada = house.user()
    begin(browser)
    enter(browser, house.last("recovery_code").code)
    house.hasher.full = True
    assert choose(browser) == Overloaded(retry_after=1000)
    assert house.again(ada) == ada


# -- locks


def test_a_recovery_during_a_lock_leaves_its_end_and_tells_from_when_the_password_works(
    house: House, browser: Browser
) -> None:
    house.user()
    locked = browser.fail(5)
    assert isinstance(locked, Locked)
    house.clock.move(4 * MINUTE)
    done = recover(browser)
    assert isinstance(done, Open)
    assert done.works_from == locked.until
    house.clock.move(6 * MINUTE - 1)
    assert browser.sign_in(password=NEW) == locked
    house.clock.move(1)
    assert isinstance(browser.sign_in(password=NEW), SignedIn)


def test_a_lock_of_strangers_is_none_of_the_owners_browser(house: House, browser: Browser) -> None:
    house.user()
    browser.sign_in()
    house.browser().fail(5)
    done = recover(browser)
    assert isinstance(done, Open)
    assert done.works_from is None
    assert isinstance(browser.sign_in(password=NEW), SignedIn)


def test_a_recovery_opens_a_lane_that_a_hundred_failures_closed(
    house: House, browser: Browser
) -> None:
    ada = house.user()
    house.set_lane(f"u:{ada.id}", Lane(total=100, closed=True), ada)
    assert browser.sign_in() == NotIn()
    recover(browser)
    assert isinstance(browser.sign_in(password=NEW), SignedIn)


def test_a_recovery_does_not_open_the_lane_of_the_second_step(
    house: House, browser: Browser
) -> None:
    ada = house.user()
    (code, _) = house.saved_codes(ada)
    closed = Lane(total=100, closed=True)
    house.set_lane(f"2:{ada.id}", closed, ada)
    begin(browser)
    enter(browser, house.last("recovery_code").code)
    assert house.lane(f"2:{ada.id}").closed
    assert isinstance(prove(browser, code), Open)
    assert isinstance(choose(browser), Open)


def test_a_new_password_says_nothing_about_the_second_step(house: House, browser: Browser) -> None:
    ada = house.user()
    failed = Lane(failed=4, total=100, closed=True, last_failed=house.clock.now())
    house.set_lane(f"2:{ada.id}", failed, ada)
    recover(browser)
    assert house.lane(f"2:{ada.id}") == failed


def test_the_streak_begins_anew_with_the_new_password(house: House, browser: Browser) -> None:
    house.user()
    browser.fail(4)
    recover(browser)
    assert browser.fail(4) == NotIn()


# -- the long link


def test_opening_the_link_changes_nothing(house: House, browser: Browser) -> None:
    house.user()
    begin(browser)
    token = house.last("recovery_code").token
    for _ in range(2):
        seen = run(recovery.look_at_link(house.parts, house.browser().caller, token))
        assert seen == LinkState(verdict=None, known=True)
    assert isinstance(enter(browser, house.last("recovery_code").code), Open)


def test_the_link_goes_on_in_the_browser_that_follows_it_and_closes_the_other(
    house: House, browser: Browser
) -> None:
    house.user()
    stranger = house.browser()
    begin(stranger)
    letter = house.last("recovery_code")
    moved = run(recovery.follow_link(house.parts, browser.caller, letter.token))
    assert isinstance(moved, Open)
    assert moved.step == "password"
    assert run(recovery.current(house.parts, stranger.caller)) == NothingOpen()
    assert choose(stranger) == NothingOpen()
    assert isinstance(choose(browser), Open)


def test_the_link_counts_the_lock_that_its_own_browser_would_meet(
    house: House, browser: Browser
) -> None:
    house.user()
    browser.sign_in()
    stranger = house.browser()
    locked = stranger.fail(5)
    begin(stranger)
    token = house.last("recovery_code").token
    run(recovery.follow_link(house.parts, browser.caller, token))
    done = choose(browser)
    assert isinstance(locked, Locked)
    assert isinstance(done, Open)
    assert done.works_from is None


def test_with_scope_account_the_link_meets_the_accounts_lock() -> None:
    house = House(lockout_scope="account")
    house.user()
    browser = house.browser()
    locked = browser.fail(5)
    begin(browser)
    other = house.browser()
    run(recovery.follow_link(house.parts, other.caller, house.last("recovery_code").token))
    done = choose(other)
    assert isinstance(locked, Locked)
    assert isinstance(done, Open)
    assert done.works_from == locked.until
    house.close()


def test_a_link_works_once(house: House, browser: Browser) -> None:
    house.user()
    begin(browser)
    token, at = house.last("recovery_code").token, house.clock.now()
    run(recovery.follow_link(house.parts, browser.caller, token))
    house.clock.move(SECOND)
    assert run(recovery.follow_link(house.parts, browser.caller, token)) == Used(at=at)


def test_a_link_is_used_up_by_its_code(house: House, browser: Browser) -> None:
    house.user()
    begin(browser)
    letter = house.last("recovery_code")
    enter(browser, letter.code)
    verdict = run(recovery.follow_link(house.parts, browser.caller, letter.token))
    assert isinstance(verdict, Used)


@pytest.mark.parametrize(("wait", "live"), [(-1, True), (0, False), (1, False)])
def test_a_link_lives_for_ten_minutes(
    house: House, browser: Browser, wait: int, live: bool
) -> None:
    house.user()
    begin(browser)
    house.clock.move(10 * MINUTE + wait)
    token = house.last("recovery_code").token
    seen = run(recovery.look_at_link(house.parts, browser.caller, token))
    assert (seen.verdict is None) is live
    answer = run(recovery.follow_link(house.parts, browser.caller, token))
    assert isinstance(answer, Open if live else Expired)


def test_a_link_of_an_older_mail_is_replaced(house: House, browser: Browser) -> None:
    house.user()
    begin(browser)
    token = house.last("recovery_code").token
    house.clock.move(MINUTE)
    run(recovery.resend(house.parts, browser.caller))
    verdict = run(recovery.follow_link(house.parts, browser.caller, token))
    assert verdict == Replaced(at=house.clock.now())


def test_a_link_nobody_was_sent_is_nothing(house: House, browser: Browser) -> None:
    assert run(recovery.follow_link(house.parts, browser.caller, "made-up")) == NothingOpen()
    seen = run(recovery.look_at_link(house.parts, browser.caller, "made-up"))
    assert seen == LinkState(verdict=None, known=False)


def test_the_link_of_a_sign_up_is_none_of_a_recovery_and_is_not_used_up(
    house: House, browser: Browser
) -> None:
    run(signup.start(house.parts, browser.caller, "Ada", EMAIL, PASSWORD, spaces_meant=False))
    token = house.last("verify_email").token
    assert run(recovery.follow_link(house.parts, browser.caller, token)) == NothingOpen()
    assert not run(recovery.look_at_link(house.parts, browser.caller, token)).known
    answer = run(signup.follow_link(house.parts, browser.caller, token))
    assert isinstance(answer, signup.SignedIn)


def test_a_link_of_another_tenant_is_nothing_here(house: House, browser: Browser) -> None:
    house.user()
    begin(browser)
    elsewhere = house.browser(tenant=house.add_tenant("southbank"))
    token = house.last("recovery_code").token
    assert run(recovery.follow_link(house.parts, elsewhere.caller, token)) == NothingOpen()
