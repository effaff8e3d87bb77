"""A case: what a stranger is told, what a person is told, what is kept and what is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from keyturn.flows import recovery
from keyturn.flows.support import HeldBack, NotAName, Opened, TooMany, open_case
from keyturn.rules.accounts import Case, User, UserState
from keyturn.rules.budgets import CASE_MAILS, CASES
from keyturn.rules.cases import SecretKind, parse_reference
from keyturn.rules.diagnosis import Symptom, Voice, restored, words
from keyturn.rules.events import Event
from keyturn.rules.lockout import DAY, HOUR, MINUTE
from tests.unit.flows.house import EMAIL, PASSWORD, Browser, House, run

ABSENT = "nobody@here.test"


def ask(
    browser: Browser, typed: str = EMAIL, contact: str = "", note: str = "", **more: Any
) -> Any:
    """Fill the form in."""
    return run(open_case(browser.house.parts, browser.caller, typed, contact, note, **more))


def opened(browser: Browser, typed: str = EMAIL, **more: Any) -> Opened:
    """Fill the form in, and a case is opened."""
    answer = ask(browser, typed, **more)
    assert isinstance(answer, Opened)
    return answer


def kept(house: House, ref: str) -> Case:
    """A case as stored."""
    found = house.write(lambda tx: tx.cases.get(house.tenant.id, ref))
    assert found is not None
    return found


def spoken(answer: Opened) -> list[tuple[str, str]]:
    """What is said of each finding."""
    told = [words(finding, answer.voice) for finding in answer.diagnosis.findings]
    return [(w.what, w.do) for w in told]


def recovered(browser: Browser, house: House) -> None:
    """A recovery in this browser, past its code."""
    run(recovery.start(house.parts, browser.caller, EMAIL))
    run(recovery.enter_code(house.parts, browser.caller, house.last("recovery_code").code))


# -- what is kept


def test_a_case_keeps_what_was_said_and_what_was_seen(house: House, browser: Browser) -> None:
    ada = house.user()
    browser.fail(5)
    answer = opened(browser, contact="+44 7400 123456, after five", note="it says no")
    case = kept(house, answer.ref)
    assert parse_reference(answer.ref) == case.ref
    assert (case.user_id, case.identifier, case.state) == (ada.id, EMAIL, "open")
    assert (case.contact, case.note) == ("+44 7400 123456, after five", "it says no")
    facts = restored(case.facts)
    assert facts.time("lane.unknown.locked_until") == house.clock.now() + 10 * MINUTE
    last = house.trail(ada)[-1]
    assert (last.event, last.facts) == (Event.CASE_OPENED, {"ref": case.ref, "proved": False})


def test_what_was_written_is_cut_to_what_is_stored(house: House, browser: Browser) -> None:
    case = kept(house, opened(browser, contact="c" * 300, note="n" * 3000).ref)
    assert (len(case.contact), len(case.note)) == (254, 2000)


def test_a_reference_is_not_given_twice(
    house: House, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = iter(["AAAAAA", "AAAAAA", "BBBBBB"])
    monkeypatch.setattr(house.random, "letters", lambda _count: next(drawn))
    assert [opened(browser).ref, opened(browser).ref] == ["KT-AAAA-AA", "KT-BBBB-BB"]


def test_the_door_may_tell_what_the_browser_was_last_shown(house: House, browser: Browser) -> None:
    case = kept(house, opened(browser, refused="locked").ref)
    assert restored(case.facts).word("here.refused") == "locked"


# -- what is held back


@pytest.mark.parametrize(
    ("note", "kind"),
    [
        ("my password is hunter2!", SecretKind.PASSWORD),
        ("the code 123456 does not work", SecretKind.CODE),
        ("I typed 7F3K-2MQX-04RT-9WVH", SecretKind.RECOVERY_CODE),
    ],
)
def test_a_note_that_looks_like_a_secret_is_held_back_and_stored_nowhere(
    house: House, browser: Browser, note: str, kind: SecretKind
) -> None:
    assert ask(browser, note=note) == HeldBack("note", kind)
    assert (house.count("cases"), house.count("audit")) == (0, 0)


def test_a_contact_may_hold_a_short_number_but_no_password(house: House, browser: Browser) -> None:
    assert isinstance(ask(browser, contact="extension 123456"), Opened)
    held = ask(browser, contact="password: hunter2!")
    assert held == HeldBack("contact", SecretKind.PASSWORD)


@pytest.mark.parametrize("typed", ["", "\0", "x" * 300])
def test_what_cannot_be_a_name_is_said_to_be_none(browser: Browser, typed: str) -> None:
    assert ask(browser, typed) == NotAName()


# -- the stranger


def test_a_stranger_hears_the_same_of_every_name(house: House) -> None:
    """Also what a lock is concerned: absent names are locked in the same way."""
    prepare: dict[str, Callable[[str], object]] = {
        EMAIL: house.user,
        "off@northwind.test": lambda e: house.user(e, state=UserState.DISABLED),
        "new@northwind.test": lambda e: house.user(e, state=UserState.UNVERIFIED),
        ABSENT: lambda _: None,
    }
    heard = []
    for name, make in prepare.items():
        make(name)
        browser = house.browser()
        browser.fail(5, name)
        answer = opened(browser, name)
        assert answer.voice is Voice.STRANGER
        heard.append((spoken(answer), answer.diagnosis))
    assert all(one == heard[0] for one in heard)
    assert heard[0][0]


@pytest.mark.parametrize("symptom", Symptom)
def test_a_stranger_hears_something_of_every_symptom(browser: Browser, symptom: Symptom) -> None:
    assert spoken(opened(browser, ABSENT, symptom=symptom))


def test_names_that_exist_and_names_that_do_not_cost_the_same_statements(house: House) -> None:
    ada = house.user(phone="+447400123456")
    house.totp(ada)
    house.user("new@northwind.test", state=UserState.UNVERIFIED)
    for _ in range(2):
        run(recovery.start(house.parts, house.browser().caller, EMAIL))
        house.browser().fail(4)
    seen = []
    for name in (EMAIL, "new@northwind.test", ABSENT):
        browser = house.browser()
        with house.statements() as statements:
            opened(browser, name)
        seen.append(list(statements))
    assert seen[0] == seen[1] == seen[2]


def test_both_leave_rows_of_the_same_kind_and_size(house: House) -> None:
    house.user("someone@here.tst")
    for name in ("someone@here.tst", ABSENT):
        before = [house.count(table) for table in ("messages", "audit", "cases", "budgets")]
        opened(house.browser(), name)
        after = [house.count(table) for table in ("messages", "audit", "cases", "budgets")]
        assert [b - a for a, b in zip(before, after, strict=True)] == [1, 1, 1, 2]
    known, absent = house.outbox("case_opened")
    assert len(known.message.sealed) == len(absent.message.sealed)
    assert (known.message.address, absent.message.address) == ("someone@here.tst", None)


def test_a_recovery_that_waits_for_its_code_proves_nothing(house: House, browser: Browser) -> None:
    house.user()
    run(recovery.start(house.parts, browser.caller, EMAIL))
    assert opened(browser).voice is Voice.STRANGER


def test_a_proof_of_one_account_says_nothing_of_another(house: House, browser: Browser) -> None:
    house.user()
    house.user("bo@northwind.test")
    recovered(browser, house)
    assert opened(browser, "bo@northwind.test").voice is Voice.STRANGER
    assert opened(browser, ABSENT).voice is Voice.STRANGER


def test_another_browser_has_proved_nothing(house: House, browser: Browser) -> None:
    house.user()
    recovered(browser, house)
    assert opened(house.browser()).voice is Voice.STRANGER


# -- the person


def test_whoever_proved_the_address_hears_what_keeps_them_out(
    house: House, browser: Browser
) -> None:
    ada = house.user()
    browser.fail(5)
    recovered(browser, house)
    answer = opened(browser)
    assert answer.voice is Voice.PERSON
    assert answer.diagnosis.findings[0].cause.startswith("lock")
    assert answer.diagnosis.cannot_see is not None
    assert house.trail(ada)[-1].facts["proved"] is True


@pytest.mark.parametrize("factor", [True, False])
def test_a_recovery_proves_at_every_step_after_its_code(
    house: House, browser: Browser, factor: bool
) -> None:
    ada = house.user()
    if factor:
        house.totp(ada)
    recovered(browser, house)
    assert opened(browser).voice is Voice.PERSON
    if not factor:
        run(recovery.set_password(house.parts, browser.caller, PASSWORD, spaces_meant=False))
        assert opened(browser).voice is Voice.PERSON


def test_somebody_signed_in_is_the_person_for_their_own_name_only(
    house: House, browser: Browser
) -> None:
    ada = house.user()
    house.user("bo@northwind.test")
    assert opened(browser, signed_in=ada).voice is Voice.PERSON
    assert opened(browser, "bo@northwind.test", signed_in=ada).voice is Voice.STRANGER


def test_no_decoy_can_be_proved(house: House, browser: Browser) -> None:
    """A session of the decoy cannot be; if it could, it would open nothing."""
    house.user()
    decoy = house.write(lambda tx: tx.users.get(house.tenant.id, house.tenant.id))
    assert isinstance(decoy, User)
    assert opened(browser, ABSENT, signed_in=decoy).voice is Voice.STRANGER


# -- mails and budgets


@pytest.mark.parametrize(
    ("state", "mailed"),
    [
        (UserState.ACTIVE, True),
        (UserState.DISABLED, True),
        (UserState.UNVERIFIED, False),
        (UserState.INVITED, False),
    ],
)
def test_the_owner_is_told_where_the_address_is_known_to_be_theirs(
    house: House, browser: Browser, state: UserState, mailed: bool
) -> None:
    house.user(state=state)
    ref = opened(browser).ref
    letter = house.last("case_opened")
    assert letter.message.address == (EMAIL if mailed else None)
    assert letter.values["ref"] == ref


@pytest.mark.parametrize("typed", [EMAIL, ABSENT])
def test_nobodys_mailbox_is_flooded(house: House, typed: str) -> None:
    house.user()
    for _ in range(CASE_MAILS.limit + 2):
        opened(house.browser(), typed)
    assert len(house.outbox("case_opened")) == CASE_MAILS.limit
    assert house.count("cases") == CASE_MAILS.limit + 2
    house.clock.move(DAY)
    opened(house.browser(), typed)
    assert len(house.outbox("case_opened")) == CASE_MAILS.limit + 1


@pytest.mark.parametrize(("early", "refused"), [(1, True), (0, False)])
def test_a_network_opens_so_many_cases_an_hour(house: House, early: int, refused: bool) -> None:
    began = house.clock.now()
    for number in range(CASES.limit):
        opened(house.browser(ip="192.0.2.9"), f"somebody{number}@here.test")
    house.clock.move(HOUR - early)
    answer = ask(house.browser(ip="192.0.2.200"), ABSENT)
    assert answer == TooMany(began + HOUR) if refused else isinstance(answer, Opened)
    assert isinstance(ask(house.browser(ip="192.0.3.9"), ABSENT), Opened)


def test_cases_of_two_tenants_are_apart(house: House) -> None:
    elsewhere = house.add_tenant("elsewhere")
    house.user()
    ref = opened(house.browser(tenant=elsewhere)).ref
    assert house.write(lambda tx: tx.cases.get(house.tenant.id, ref)) is None
    there = house.write(lambda tx: tx.cases.get(elsewhere.id, ref))
    assert there is not None
    assert there.user_id is None
