"""Sign-up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from keyturn.flows import signup
from keyturn.flows.signin import AddressPending
from keyturn.flows.signin import SignedIn as In
from keyturn.flows.signup import (
    Confirmed,
    Elsewhere,
    LinkState,
    NothingOpen,
    Open,
    Overloaded,
    SignedIn,
    SignupClosed,
    TooMany,
    TooSoon,
    Unfit,
)
from keyturn.ports.store import Taken
from keyturn.rules.accounts import User, UserState
from keyturn.rules.codes import Expired, Replaced, Right, Spent, Used, Wrong
from keyturn.rules.identifiers import EmailFault, NameFault
from keyturn.rules.lockout import DAY, HOUR, MINUTE, SECOND
from keyturn.rules.passwords import PasswordFault, SpaceWarning
from tests.unit.flows.house import EMAIL, PASSWORD, Browser, House, run

NAME = "Ada Byron"


def begin(browser: Browser, email: str = EMAIL, password: str = PASSWORD, **more: Any) -> Any:
    given = {"spaces_meant": False, "name": NAME, **more}
    name = given.pop("name")
    return run(signup.start(browser.house.parts, browser.caller, name, email, password, **given))


def enter(browser: Browser, code: str) -> Any:
    return browser.keep(run(signup.enter_code(browser.house.parts, browser.caller, code)))


def named(house: House, email: str = EMAIL) -> User | None:
    return house.write(lambda tx: tx.users.named(house.tenant.id, email))


def test_the_code_from_the_mail_makes_the_account_active_and_signs_this_browser_in(
    house: House, browser: Browser
) -> None:
    opened = begin(browser)
    assert isinstance(opened, Open)
    made = named(house)
    assert made is not None
    assert made.state is UserState.UNVERIFIED
    answer = enter(browser, house.last("verify_email").code)
    assert isinstance(answer, SignedIn)
    assert answer.level == 1
    assert house.again(made).state is UserState.ACTIVE
    assert browser.session
    assert len(browser.clients) == 1
    assert house.events(made) == [
        "signup.started", "code.sent", "signup.verified", "signin.passed",
    ]  # fmt: skip


def test_until_the_code_is_entered_signing_in_says_so_to_who_knows_the_password(
    house: House, browser: Browser
) -> None:
    begin(browser)
    assert browser.sign_in() == AddressPending(email=EMAIL)
    assert len(house.outbox("verify_email")) == 1  # the flow open in this browser goes on
    assert isinstance(enter(browser, house.last("verify_email").code), SignedIn)
    assert isinstance(browser.sign_in(), In)


def test_signing_in_elsewhere_opens_a_sign_up_there(house: House, browser: Browser) -> None:
    begin(browser)
    other = house.browser()
    other.sign_in()
    assert isinstance(enter(other, house.last("verify_email").code), SignedIn)
    assert isinstance(enter(browser, house.outbox("verify_email")[0].code), Confirmed)


def test_all_that_is_wrong_with_a_form_is_told_at_once(house: House, browser: Browser) -> None:
    answer = begin(browser, "ada(at)northwind", " short", name="")
    assert isinstance(answer, Unfit)
    assert answer.name is not None
    assert answer.name.fault is NameFault.EMPTY
    assert answer.email is not None
    assert answer.email.fault is EmailFault.NO_AT
    assert [p.fault for p in answer.password] == [PasswordFault.TOO_SHORT]
    assert answer.warnings == (SpaceWarning.STARTS,)
    assert house.count("users") == 1
    assert house.hasher.made == 0


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("password1", PasswordFault.COMMON),
        ("adabyron", PasswordFault.CONTEXT),
        ("northwind1", PasswordFault.CONTEXT),
    ],
)
def test_common_and_known_words_are_no_passwords(
    browser: Browser, password: str, fault: PasswordFault
) -> None:
    answer = begin(browser, password=password)
    assert isinstance(answer, Unfit)
    assert fault in [p.fault for p in answer.password]


def test_a_space_at_the_end_is_asked_about_and_taken_when_meant(browser: Browser) -> None:
    asked = begin(browser, password=PASSWORD + " ")
    assert isinstance(asked, Unfit)
    assert asked.warnings == (SpaceWarning.ENDS,)
    assert isinstance(begin(browser, password=PASSWORD + " ", spaces_meant=True), Open)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Europe/London", "Europe/London"),
        ("America/Argentina/Ushuaia", "America/Argentina/Ushuaia"),
        ("", None),
        (None, None),
        ("../../etc/passwd", None),
        ("A" * 65, None),
    ],
)
def test_a_time_zone_is_kept_if_it_can_be_one(
    house: House, browser: Browser, given: str | None, kept: str | None
) -> None:
    begin(browser, timezone=given)
    made = named(house)
    assert made is not None
    assert made.timezone == kept


def test_a_tenant_that_makes_its_accounts_itself_takes_no_sign_ups() -> None:
    house = House(signup=False)
    assert begin(house.browser()) == SignupClosed()
    house.close()


def test_a_full_hash_queue_is_told_and_stores_nothing(house: House, browser: Browser) -> None:
    house.hasher.full = True
    assert begin(browser) == Overloaded(retry_after=1000)
    assert named(house) is None


@pytest.mark.parametrize(("wait", "open_"), [(HOUR - 1, False), (HOUR, True), (HOUR + 1, True)])
def test_a_network_may_begin_thirty_sign_ups_an_hour(house: House, wait: int, open_: bool) -> None:
    def attempt(n: int) -> Any:
        return begin(house.browser(ip=f"198.51.100.{n}"), f"u{n}@northwind.test")

    assert all(isinstance(attempt(n), Open) for n in range(30))
    made = house.hasher.made
    refused = attempt(30)
    assert refused == TooMany(until=house.clock.now() + HOUR)
    assert house.hasher.made == made
    house.clock.move(wait)
    assert isinstance(attempt(31), Open) is open_


def test_a_budget_spent_while_the_password_was_hashed_is_exact(
    house: House, browser: Browser
) -> None:
    async def others() -> None:
        for n in range(30):
            await signup.start(
                house.parts, browser.caller, NAME, f"u{n}@northwind.test", PASSWORD,
                spaces_meant=False,
            )  # fmt: skip

    house.hasher.during = others
    assert isinstance(begin(browser), TooMany)


# -- whose address it is


@pytest.mark.parametrize("state", [UserState.ACTIVE, UserState.DISABLED, UserState.INVITED])
def test_with_a_taken_address_all_looks_the_same_and_the_owner_gets_a_mail(
    house: House, browser: Browser, state: UserState
) -> None:
    ada = house.user(state=state)
    started: list[object] = []
    entered: list[object] = []
    for email in ("free@northwind.test", EMAIL):
        rows = [house.count(t) for t in ("audit", "messages", "flows", "codes")]
        hashes = house.hasher.made
        asking = house.browser()
        with house.statements() as statements:
            answer = begin(asking, email)
        grown = [
            b - a
            for a, b in zip(
                rows,
                [house.count(t) for t in ("audit", "messages", "flows", "codes")],
                strict=True,
            )
        ]
        assert isinstance(answer, Open)
        shown = replace(answer, email="")
        started.append((shown, sorted(statements), grown, house.hasher.made - hashes))
        with house.statements() as statements:
            verdict = enter(asking, "000000")
        assert verdict == Wrong(left=4)
        entered.append(statements)
    assert started[0] == started[1]
    assert entered[0] == entered[1]
    assert house.again(ada) == ada
    told = house.last("already_registered")
    assert told.message.address == EMAIL
    assert told.values["link"].endswith("/recover")
    assert house.count("users") == 3  # the decoy, Ada, and who has the free address


def test_the_digits_that_an_owner_is_not_told_can_never_be_right(
    house: House, browser: Browser
) -> None:
    house.user()
    begin(browser)
    assert enter(browser, house.last("already_registered").code) == Wrong(left=4)


def test_an_address_that_nobody_confirmed_gives_way_to_a_newer_sign_up(
    house: House, browser: Browser
) -> None:
    begin(browser)
    first, code = named(house), house.last("verify_email").code
    newer = house.browser()
    begin(newer, password="another good one")
    second = named(house)
    assert first is not None
    assert second is not None
    assert first.id != second.id
    assert house.write(lambda tx: tx.users.get(house.tenant.id, first.id)) is None
    assert enter(browser, code) == NothingOpen()
    assert isinstance(enter(newer, house.last("verify_email").code), SignedIn)


def test_a_sign_up_that_gave_way_is_sent_nothing_more(house: House, browser: Browser) -> None:
    begin(browser)
    begin(house.browser())
    house.clock.move(MINUTE)
    run(signup.resend(house.parts, browser.caller))
    assert house.outbox()[-1].message.address is None


def test_spellings_of_an_address_are_one(house: House, browser: Browser) -> None:
    begin(browser, "ADA@Northwind.Test")
    enter(browser, house.last("verify_email").code)
    begin(house.browser(), "ada@NORTHWIND.test")
    assert house.outbox("already_registered")


def test_an_address_taken_at_this_very_moment_is_found_at_the_second_look(
    house: House, browser: Browser
) -> None:
    write = house.store.write
    refusals = iter([True, False])

    async def write_or_lose(fn: Any) -> Any:
        if next(refusals):
            raise Taken("identifier")
        return await write(fn)

    house.store.write = write_or_lose  # type: ignore[method-assign]
    assert isinstance(begin(browser), Open)


# -- codes


def test_asking_again_within_a_minute_is_too_soon(house: House, browser: Browser) -> None:
    begin(browser)
    at = house.clock.now() + 60 * SECOND
    house.clock.move(60 * SECOND - 1)
    assert run(signup.resend(house.parts, browser.caller)) == TooSoon(at=at)
    house.clock.move(1)
    assert not isinstance(run(signup.resend(house.parts, browser.caller)), TooSoon)


def test_a_resent_code_replaces_the_earlier_one(house: House, browser: Browser) -> None:
    begin(browser)
    house.clock.move(MINUTE)
    run(signup.resend(house.parts, browser.caller))
    earlier, later = house.outbox("verify_email")
    assert enter(browser, earlier.code) == Replaced(at=house.clock.now())
    assert isinstance(enter(browser, later.code), SignedIn)


@pytest.mark.parametrize(("wait", "verdict"), [(-1, None), (0, Expired), (1, Expired)])
def test_a_code_lives_for_ten_minutes(
    house: House, browser: Browser, wait: int, verdict: Any
) -> None:
    begin(browser)
    house.clock.move(10 * MINUTE + wait)
    assert isinstance(enter(browser, house.last("verify_email").code), verdict or SignedIn)


def test_after_five_wrong_tries_the_code_is_spent(house: House, browser: Browser) -> None:
    begin(browser)
    code = house.last("verify_email").code
    wrong = f"{(int(code) + 1) % 10**6:06}"
    assert [enter(browser, wrong) for _ in range(5)] == [Wrong(left=n) for n in (4, 3, 2, 1, 0)]
    assert enter(browser, code) == Spent()


def test_a_code_is_typed_with_spaces_too(house: House, browser: Browser) -> None:
    begin(browser)
    code = house.last("verify_email").code
    assert isinstance(enter(browser, f" {code[:3]} {code[3:]} "), SignedIn)


def test_twenty_tries_a_day_are_all_an_address_has(house: House, browser: Browser) -> None:
    for _ in range(4):
        begin(browser)
        for _ in range(5):
            enter(browser, "x")
        house.clock.move(20 * MINUTE)
    begin(browser)
    assert enter(browser, house.last("verify_email").code) == Spent()
    house.clock.move(DAY)
    begin(browser)
    assert isinstance(enter(browser, house.last("verify_email").code), SignedIn)


@pytest.mark.parametrize("taken", [False, True])
def test_the_budget_of_an_address_is_one_for_all_who_sign_up_with_it(
    house: House, taken: bool
) -> None:
    if taken:
        house.user()
    shown = []
    for _ in range(7):
        answer = begin(house.browser())
        assert isinstance(answer, Open)
        assert answer.sent is not None
        shown.append((answer.sent.link_only, answer.sent.withheld_until))
    until = house.clock.now() + HOUR
    assert shown == [(False, None)] * 3 + [(True, None)] * 3 + [(True, until)]
    kinds = [letter.kind for letter in house.outbox()]
    if taken:
        assert kinds == ["already_registered"] * 6
    else:
        assert kinds == ["verify_email"] * 3 + ["verify_link"] * 3
        assert "code" not in house.outbox()[-1].values


def test_a_flow_is_open_for_an_hour(house: House, browser: Browser) -> None:
    begin(browser)
    house.clock.move(HOUR - 1)
    assert isinstance(run(signup.current(house.parts, browser.caller)), Open)
    house.clock.move(1)
    assert run(signup.current(house.parts, browser.caller)) == NothingOpen()
    assert run(signup.resend(house.parts, browser.caller)) == NothingOpen()


def test_nothing_is_open_in_another_browser(house: House, browser: Browser) -> None:
    begin(browser)
    other = house.browser()
    assert run(signup.current(house.parts, other.caller)) == NothingOpen()
    assert enter(other, house.last("verify_email").code) == NothingOpen()


def test_what_is_open_says_where_the_code_went(house: House, browser: Browser) -> None:
    opened = begin(browser)
    now = run(signup.current(house.parts, browser.caller))
    assert isinstance(now, Open)
    assert replace(now, mail=None) == opened
    assert opened.email == EMAIL


def test_a_right_code_does_not_sign_in_twice(house: House, browser: Browser) -> None:
    begin(browser)
    code = house.last("verify_email").code
    enter(browser, code)
    assert enter(browser, code) == NothingOpen()


# -- the long link


def test_opening_the_link_changes_nothing(house: House, browser: Browser) -> None:
    begin(browser)
    token = house.last("verify_email").token
    other = house.browser()
    for _ in range(2):
        state = run(signup.look_at_link(house.parts, other.caller, token))
        assert state == LinkState(verdict=None, known=True)
    made = named(house)
    assert made is not None
    assert made.state is UserState.UNVERIFIED


def test_the_link_in_the_same_browser_signs_in(house: House, browser: Browser) -> None:
    begin(browser)
    token = house.last("verify_email").token
    assert isinstance(run(signup.follow_link(house.parts, browser.caller, token)), SignedIn)


def test_the_link_in_another_browser_confirms_nothing_and_stays_good(
    house: House, browser: Browser
) -> None:
    # account pre-hijacking: a stranger signs up with the reader's address
    begin(browser)
    letter, other = house.last("verify_email"), house.browser()
    assert run(signup.follow_link(house.parts, other.caller, letter.token)) == Elsewhere()
    assert house.count("sessions") == 0
    made = named(house)
    assert made is not None
    assert made.state is UserState.UNVERIFIED
    assert isinstance(run(signup.follow_link(house.parts, browser.caller, letter.token)), SignedIn)


def test_a_link_works_once(house: House, browser: Browser) -> None:
    begin(browser)
    token, at = house.last("verify_email").token, house.clock.now()
    run(signup.follow_link(house.parts, browser.caller, token))
    house.clock.move(SECOND)
    assert run(signup.follow_link(house.parts, browser.caller, token)) == Used(at=at)
    seen = run(signup.look_at_link(house.parts, browser.caller, token))
    assert seen == LinkState(verdict=Used(at=at), known=True, here=True)


def test_a_link_of_a_replaced_mail_is_replaced(house: House, browser: Browser) -> None:
    begin(browser)
    token = house.last("verify_email").token
    house.clock.move(MINUTE)
    run(signup.resend(house.parts, browser.caller))
    verdict = run(signup.follow_link(house.parts, browser.caller, token))
    assert verdict == Replaced(at=house.clock.now())


def test_five_wrong_digits_do_not_kill_the_link(house: House, browser: Browser) -> None:
    begin(browser)
    for _ in range(5):
        enter(browser, "x")
    token = house.last("verify_email").token
    assert isinstance(run(signup.follow_link(house.parts, browser.caller, token)), SignedIn)


def test_a_link_nobody_was_sent_is_nothing(house: House, browser: Browser) -> None:
    assert run(signup.follow_link(house.parts, browser.caller, "made-up")) == NothingOpen()
    seen = run(signup.look_at_link(house.parts, browser.caller, "made-up"))
    assert seen == LinkState(verdict=None, known=False)


def test_a_link_of_a_sign_up_that_gave_way_is_nothing(house: House, browser: Browser) -> None:
    begin(browser)
    token = house.last("verify_email").token
    begin(house.browser())
    assert run(signup.follow_link(house.parts, browser.caller, token)) == NothingOpen()


def test_right_is_never_the_answer_itself(house: House, browser: Browser) -> None:
    begin(browser)
    assert not isinstance(enter(browser, house.last("verify_email").code), Right)


def test_a_page_without_any_code_sent_has_none_that_is_right(house: House) -> None:
    for _ in range(6):
        begin(house.browser())
    last = house.browser()
    begin(last)
    opened = run(signup.current(house.parts, last.caller))
    assert isinstance(opened, Open)
    assert opened.sent is None
    assert enter(last, "123456") == Spent()
