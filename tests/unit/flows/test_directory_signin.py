"""Signing in with a directory password: the person's side, known and absent names alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from keyturn.flows import directory_signin as flow
from keyturn.flows.directory_signin import (
    AddressPending,
    Barred,
    Full,
    Gone,
    MustChange,
    NoAgent,
    NotAName,
    NotSealed,
    Off,
    SecondPending,
    SignedIn,
    TooMany,
    Trouble,
    Waiting,
    Wrong,
)
from keyturn.rules.accounts import FactorKind, Role, User, UserState
from keyturn.rules.directories.signins.answers import STEP_MS
from keyturn.rules.directories.signins.tries import SEAL_MS
from keyturn.rules.directories.things import How
from keyturn.rules.lockout import HOUR
from keyturn.steps import guesses, sessions
from keyturn.steps.acts import begin
from tests.unit.flows.agency import Agency
from tests.unit.flows.guessers import WINDOW_MS
from tests.unit.flows.house import EMAIL, Browser, House, run
from tests.unit.flows.visitors import Visitors

DOMAIN = "corp.example.test"


@pytest.fixture
def visitors(house: House) -> Visitors:
    return Visitors(house)


@pytest.fixture
def browser(house: House) -> Browser:
    return house.browser()


def facts(house: House, event: str, user: User | None = None) -> list[dict[str, object]]:
    return [dict(row.facts) for row in house.trail(user) if row.event == event]


# -- what the page needs


def test_the_page_offers_the_directories_that_are_switched_on(house: House) -> None:
    visitors = Visitors(house)
    other = Agency(house, "another.example.test")
    found = run(flow.ways(house.parts, house.browser().caller))
    assert [one.name for one in found] == [DOMAIN]
    visitors.switch(visitors.directory.id, other.directory.id)
    found = run(flow.ways(house.parts, house.browser().caller))
    assert [one.name for one in found] == ["another.example.test", DOMAIN]


def test_a_page_is_told_whom_to_seal_to(visitors: Visitors, browser: Browser) -> None:
    found = run(flow.begin(visitors.house.parts, browser.caller, visitors.directory.id))
    assert isinstance(found, flow.Begun)
    assert found.identity == visitors.directory.identity
    assert [one.agent_id for one in found.recipients] == [visitors.guessers.agent.id]
    assert found.expires_at == visitors.stored(found.try_id).expires_at


def test_what_is_off_or_elsewhere_is_not_begun(visitors: Visitors, browser: Browser) -> None:
    house = visitors.house
    elsewhere = Agency(house, "other.example.test", house.add_tenant("other")).directory.id
    visitors.switch(elsewhere)
    for wanted in (visitors.directory.id, elsewhere, "nothing"):
        assert run(flow.begin(house.parts, browser.caller, wanted)) == Off()


def test_silent_agents_are_told_whatever_the_name(visitors: Visitors, browser: Browser) -> None:
    visitors.house.clock.move(HOUR)
    found = run(flow.begin(visitors.house.parts, browser.caller, visitors.directory.id))
    assert found == NoAgent()


def test_a_directory_whose_identity_is_not_known_has_nobody(house: House) -> None:
    visitors = Visitors(house)
    fresh = Agency(house, "fresh.example.test").directory.id
    visitors.switch(fresh)
    assert run(flow.begin(house.parts, house.browser().caller, fresh)) == NoAgent()


def test_one_network_opens_so_many_pages_and_no_more(house: House) -> None:
    house.limit(network_failures=1)
    visitors = Visitors(house)
    browser = house.browser()
    for _ in range(flow.PAGES_PER_FAILURE):
        visitors.begun(browser)
    found = run(flow.begin(house.parts, browser.caller, visitors.directory.id))
    assert found == TooMany(house.clock.now() + HOUR)


# -- a right password


@pytest.mark.parametrize(
    "typed", [EMAIL, "ADA", "corp\\ada", "ada@corp.example.test", "Ada.Byron@corp.example.test"]
)
def test_a_right_password_signs_in_by_every_name(
    visitors: Visitors, browser: Browser, typed: str
) -> None:
    user = visitors.person(name="Ada", upn="ada.byron@corp.example.test")
    answer = visitors.signs_in(browser, typed)
    assert isinstance(answer, SignedIn)
    assert (answer.user.id, answer.level) == (user.id, 1)
    passed = facts(visitors.house, "signin.passed", user)
    assert passed == [{"level": 1, "new_client": True, "by": "directory"}]


def test_a_second_step_follows_as_always(visitors: Visitors, browser: Browser) -> None:
    house, user = visitors.house, visitors.person()
    secret = house.totp(user)
    answer = visitors.signs_in(browser)
    assert isinstance(answer, SecondPending)
    assert answer.methods == (FactorKind.TOTP,)
    assert isinstance(browser.second_step(house.code_of(secret), trust=True), SignedIn)
    assert facts(house, "signin.passed", user)[-1]["by"] == "directory"
    again = visitors.signs_in(browser)
    assert isinstance(again, SignedIn)
    assert again.level == 1


def test_a_trusted_browser_is_no_second_step_of_staff(visitors: Visitors, browser: Browser) -> None:
    house, user = visitors.house, visitors.person(role=Role.TECHNICIAN)
    secret = house.totp(user)
    visitors.signs_in(browser)
    browser.second_step(house.code_of(secret), trust=True)
    assert isinstance(visitors.signs_in(browser), SecondPending)


def test_who_never_confirmed_the_address_does_so_first(
    visitors: Visitors, browser: Browser
) -> None:
    visitors.person(state=UserState.UNVERIFIED)
    assert visitors.signs_in(browser) == AddressPending(EMAIL)
    assert [letter.kind for letter in visitors.house.outbox()] == ["verify_email"]


@pytest.mark.parametrize("reason", ["must_change", "password_expired"])
def test_a_password_that_has_run_out_lets_nobody_in(
    visitors: Visitors, browser: Browser, reason: str
) -> None:
    visitors.person()
    assert visitors.signs_in(browser, reason=reason) == MustChange(DOMAIN, offered=False)
    assert visitors.house.count("sessions") == 0


@pytest.mark.parametrize("reason", ["disabled", "account_expired", "hours", "workstation"])
def test_what_the_directory_refuses_is_told_to_who_gave_the_right_password(
    visitors: Visitors, browser: Browser, reason: str
) -> None:
    visitors.person()
    assert visitors.signs_in(browser, reason=reason) == Barred(DOMAIN, reason)
    assert visitors.house.count("sessions") == 0


# -- anything else


def test_nothing_is_told_before_its_moment_and_then_once(
    visitors: Visitors, browser: Browser
) -> None:
    visitors.person()
    attempt = visitors.tried(browser, EMAIL, "wrong", "wrong")
    assert visitors.now(browser, attempt) == Waiting()
    visitors.house.clock.move(STEP_MS - 1)
    assert visitors.now(browser, attempt) == Waiting()
    visitors.house.clock.move(1)
    assert visitors.now(browser, attempt) == Wrong()
    assert visitors.now(browser, attempt) == Gone()


def test_an_answer_is_told_to_the_browser_that_asked(visitors: Visitors, browser: Browser) -> None:
    visitors.person()
    attempt = visitors.tried(browser, EMAIL, "right")
    assert visitors.answer(visitors.house.browser(), attempt) == Gone()
    assert visitors.house.count("sessions") == 0
    assert isinstance(visitors.now(browser, attempt), SignedIn)


def test_the_answer_may_come_between_look_and_write(
    visitors: Visitors, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitors.person()
    attempt = visitors.tried(browser, EMAIL, "right")
    visitors.house.clock.move(STEP_MS)
    look = visitors.house.parts.store.read

    async def slowly(fn: Callable[..., object]) -> object:
        found = await look(fn)
        monkeypatch.undo()
        assert isinstance(await flow.answer(parts, browser.caller, attempt), SignedIn)
        return found

    parts = visitors.house.parts
    monkeypatch.setattr(visitors.house.store, "read", slowly)
    assert run(flow.answer(parts, browser.caller, attempt)) == Gone()
    assert visitors.house.count("sessions") == 1


def test_what_was_not_handed_in_has_no_answer(visitors: Visitors, browser: Browser) -> None:
    assert visitors.now(browser, visitors.begun(browser)) == Gone()
    assert visitors.now(browser, "nothing") == Gone()


def test_nothing_could_be_asked_is_told_as_that(visitors: Visitors, browser: Browser) -> None:
    visitors.person()
    attempt = visitors.asked(browser, EMAIL)
    visitors.guessers.said(visitors.stored(attempt), "", "unreachable")
    assert visitors.answer(browser, attempt) == Trouble("unreachable")


@pytest.mark.parametrize("typed", ["", "   ", "\u200b"])
def test_what_is_no_name_is_nobodys(visitors: Visitors, browser: Browser, typed: str) -> None:
    assert visitors.submit(browser, visitors.begun(browser), typed) == NotAName()


def test_what_is_not_sealed_is_not_taken(visitors: Visitors, browser: Browser) -> None:
    assert visitors.submit(browser, visitors.begun(browser), EMAIL, ()) == NotSealed()


def test_too_many_are_put_off(
    visitors: Visitors, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guesses, "WAITING", 0)
    assert visitors.submit(browser, visitors.begun(browser), EMAIL) == Full()


def test_a_page_that_was_open_too_long_begins_again(visitors: Visitors, browser: Browser) -> None:
    attempt = visitors.begun(browser)
    visitors.house.clock.move(SEAL_MS)
    visitors.agency.beat(visitors.guessers.agent)
    assert visitors.submit(browser, attempt, EMAIL) == Gone()


def test_an_attempt_of_another_browser_or_of_nobody_is_gone(
    visitors: Visitors, browser: Browser
) -> None:
    attempt = visitors.begun(visitors.house.browser())
    assert visitors.submit(browser, attempt, EMAIL) == Gone()
    assert visitors.submit(browser, "nothing", EMAIL) == Gone()


def test_a_name_of_two_accounts_is_nobodys(visitors: Visitors, browser: Browser) -> None:
    visitors.person(name="ada")
    visitors.person("eve@northwind.test", name="Ada")
    attempt = visitors.asked(browser, "ada")
    assert visitors.stored(attempt).guid == ""


@pytest.mark.parametrize("state", [UserState.DISABLED, UserState.INVITED])
def test_who_may_not_sign_in_is_not_even_tried(
    visitors: Visitors, browser: Browser, state: UserState
) -> None:
    visitors.person(state=state)
    assert visitors.stored(visitors.asked(browser, EMAIL)).guid == ""


def _disabled(visitors: Visitors, user: User) -> None:
    visitors.house.change(user, state=UserState.DISABLED)


def _objected(visitors: Visitors, user: User) -> None:
    act = begin(visitors.house.parts, visitors.house.browser().caller)
    visitors.house.write(lambda tx: sessions.end_all(tx, act, user, "objection"))


def _unlinked(visitors: Visitors, user: User) -> None:
    there = visitors.directory
    visitors.house.write(lambda tx: tx.directories.unlink(there.tenant_id, there.id, user.id))


def _relinked(visitors: Visitors, user: User) -> None:
    there = visitors.directory
    other = visitors.house.user("eve@northwind.test")
    account = replace(visitors.link(user), user_id=other.id)
    visitors.house.write(lambda tx: tx.directories.unlink(there.tenant_id, there.id, user.id))
    visitors.house.write(lambda tx: tx.directories.link(account))


def _by_address(visitors: Visitors, user: User) -> None:
    """Unlinked by staff, and linked anew by what the account says of itself: its address."""
    account = replace(visitors.link(user), how=How.MAIL)
    visitors.house.write(lambda tx: tx.directories.link(account))


def _off(visitors: Visitors, _user: User) -> None:
    visitors.switch()


@pytest.mark.parametrize("between", [_disabled, _objected, _unlinked, _relinked, _by_address, _off])
@pytest.mark.parametrize("reason", ["", "must_change", "hours"])
def test_what_changed_since_it_was_tried_lets_nobody_in(
    visitors: Visitors, browser: Browser, between: Callable[[Visitors, User], None], reason: str
) -> None:
    user = visitors.person()
    attempt = visitors.tried(browser, EMAIL, "right", reason)
    between(visitors, user)
    assert visitors.answer(browser, attempt) == Wrong()
    assert visitors.house.count("sessions") == 0
    last = facts(visitors.house, "signin.directory")[-1]
    assert (last["bind"], last["reason"]) == ("", "changed")


# -- known and absent alike


WHO: dict[str, Callable[[Visitors], object]] = {
    "wrong": lambda v: v.person(),
    "absent": lambda _v: None,
    "unlinked": lambda v: v.house.user(EMAIL),
    "by address": lambda v: _by_address(v, v.house.user(EMAIL)),
    "disabled": lambda v: v.person(state=UserState.DISABLED),
    "invited": lambda v: v.person(state=UserState.INVITED),
    "elsewhere": lambda v: Visitors(v.house, "other.example.test").person(),
}


def _trip(who: str) -> tuple[object, ...]:
    """What a stranger meets, and what the database is asked meanwhile."""
    house = House()
    try:
        visitors, browser = Visitors(house), house.browser()
        WHO[who](visitors)
        visitors.switch(visitors.directory.id)
        tables = ("audit", "directory_tries", "flows", "messages", "budgets")
        before = [house.count(table) for table in tables]
        attempt = visitors.begun(browser)
        with house.statements() as asked:
            answers: list[object] = [visitors.submit(browser, attempt, EMAIL)]
        answers.append(visitors.now(browser, attempt))
        one = visitors.stored(attempt)
        visitors.guessers.asked(one)
        visitors.guessers.said(one, "wrong", "wrong")
        house.clock.move(STEP_MS)
        with house.statements() as told:
            answers.append(visitors.now(browser, attempt))
        rows = [house.count(table) - was for table, was in zip(tables, before, strict=True)]
        return answers, list(asked), list(told), rows
    finally:
        house.close()


@pytest.mark.parametrize("who", [who for who in WHO if who != "wrong"])
def test_everybody_takes_the_same_trip(who: str) -> None:
    assert _trip(who) == _trip("wrong")


# -- what it costs, and who hears of it


def test_a_wrong_one_is_paid_by_an_unknown_network(visitors: Visitors, browser: Browser) -> None:
    house = visitors.house
    visitors.person()
    house.limit(network_failures=1)
    assert visitors.signs_in(browser, bind="wrong", reason="wrong") == Wrong()
    parts = house.parts
    attempt = visitors.begun(browser)
    sealed = flow.submit(parts, browser.caller, attempt, "nobody@northwind.test", ())
    answer = run(sealed)
    assert isinstance(answer, TooMany)
    assert house.clock.now() < answer.until <= house.clock.now() + HOUR


def test_a_known_browser_pays_nothing(visitors: Visitors, browser: Browser) -> None:
    house = visitors.house
    visitors.person()
    assert isinstance(visitors.signs_in(browser), SignedIn)
    house.limit(network_failures=1)
    for _ in range(2):
        assert visitors.signs_in(browser, bind="wrong", reason="wrong") == Wrong()


@pytest.mark.parametrize(("bind", "reason"), [("right", ""), ("", "unreachable")])
def test_a_right_one_and_one_that_nobody_could_ask_cost_nothing(
    visitors: Visitors, browser: Browser, bind: str, reason: str
) -> None:
    visitors.person()
    visitors.house.limit(network_failures=1)
    for _ in range(2):
        visitors.tried(browser, EMAIL, bind, reason)


def test_every_try_leaves_a_row_with_where_it_came_from(
    visitors: Visitors, browser: Browser
) -> None:
    user = visitors.person()
    visitors.tried(browser, EMAIL, "wrong", "wrong")
    (row,) = [row for row in visitors.house.trail(user) if row.event == "signin.directory"]
    assert (row.ip, row.client) == (browser.ip, "Firefox on Windows")
    assert row.facts == {
        "directory": visitors.directory.id, "bind": "wrong", "reason": "wrong",
    }  # fmt: skip


def test_who_runs_out_is_told_once_a_window(visitors: Visitors, browser: Browser) -> None:
    house, user = visitors.house, visitors.person()
    for _ in range(2):
        visitors.signs_in(browser, bind="wrong", reason="wrong")
    assert not house.outbox("directory_spent")
    visitors.tried(browser, EMAIL, "wrong", "wrong")
    until = house.clock.now() + WINDOW_MS
    notice = house.last("directory_spent")
    assert notice.message.address == EMAIL
    assert notice.values == {
        "until": until, "client": "Firefox on Windows", "ip": browser.ip, "directory": DOMAIN,
    }  # fmt: skip
    assert facts(house, "signin.spent", user) == [
        {"directory": visitors.directory.id, "until": until}
    ]
    visitors.tried(browser, EMAIL, "wrong", "wrong")
    assert len(house.outbox("directory_spent")) == 1
    assert facts(house, "signin.directory", user)[-1]["reason"] == "spent"


def test_a_right_one_at_last_is_no_reason_to_write(visitors: Visitors, browser: Browser) -> None:
    visitors.person()
    for _ in range(2):
        visitors.tried(browser, EMAIL, "wrong", "wrong")
    visitors.tried(browser, EMAIL, "right")
    assert not visitors.house.outbox("directory_spent")


def test_at_most_three_such_mails_a_day(visitors: Visitors, browser: Browser) -> None:
    visitors.person()
    for _ in range(4):
        for _ in range(3):
            visitors.tried(browser, EMAIL, "wrong", "wrong")
        visitors.house.clock.move(WINDOW_MS)
        visitors.agency.beat(visitors.guessers.agent)
        visitors.agency.beat(visitors.guessers.agent)
    assert len(visitors.house.outbox("directory_spent")) == 3
    assert len(facts(visitors.house, "signin.spent")) == 4


def test_hammering_a_spent_name_does_not_fill_the_trail(
    visitors: Visitors, browser: Browser
) -> None:
    visitors.person()
    for _ in range(25):
        visitors.tried(browser, EMAIL, "wrong", "wrong")
    reasons = [each["reason"] for each in facts(visitors.house, "signin.directory")]
    assert reasons.count("spent") == 20


def test_a_name_that_nobody_has_leaves_the_same_for_nobody(
    visitors: Visitors, browser: Browser
) -> None:
    for _ in range(5):
        visitors.tried(browser, "nobody@northwind.test", "wrong", "no_such_user")
    house = visitors.house
    (notice,) = house.outbox("directory_spent")
    assert (notice.message.user_id, notice.message.address) == (None, None)
    (row,) = [row for row in house.trail() if row.event == "signin.spent"]
    assert row.user_id is None


def test_who_was_erased_meanwhile_leaves_nothing(visitors: Visitors, browser: Browser) -> None:
    user = visitors.person()
    attempt = visitors.asked(browser, EMAIL)
    one = visitors.stored(attempt)
    visitors.guessers.asked(one)
    house = visitors.house
    house.write(lambda tx: tx.users.delete(house.tenant.id, user.id))
    visitors.guessers.said(one, "wrong", "wrong")
    assert not facts(house, "signin.directory")
