"""Activation in many browsers at one moment, on both databases: exactly one outcome."""

from __future__ import annotations

from collections.abc import Coroutine, Iterator
from dataclasses import replace
from typing import Any

import pytest

from keyturn.adapters.sql import open_store
from keyturn.adapters.sql.schema import complete
from keyturn.adapters.sql.store import engine_of
from keyturn.adapters.system import SystemRandom
from keyturn.flows import activating
from keyturn.flows.activating import Gone, InUse, Later, Scan, Seen, Sent
from keyturn.rules.accounts import User, UserState
from keyturn.rules.codes import RESEND_MS
from keyturn.rules.enrolment import CodeState
from keyturn.steps import invitations
from keyturn.steps.acts import begin
from tests.unit.flows.activations import current, go_on, link_for, newest, rows_of, shown
from tests.unit.flows.house import Browser, House, together

ROUNDS = 10
CROWD = 6
MOBILE = "+4474001234{:02d}"


def opened(store_url: str, **policy: Any) -> House:
    """A house in a database that other tests use as well."""
    built, random = House(), SystemRandom()  # ids that no other test of this database has
    built.store.close()
    built.store = open_store(store_url)
    complete().create_all(engine_of(built.store))
    built.random = random  # type: ignore[assignment]
    built.parts = replace(built.parts, store=built.store, random=random)
    built.tenant = built.add_tenant(f"t{random.digits(12)}", **policy)
    return built


@pytest.fixture
def plain(store_url: str) -> Iterator[House]:
    """A tenant that takes no phone numbers."""
    built = opened(store_url, phone="off")
    yield built
    built.close()


@pytest.fixture
def numbered(store_url: str) -> Iterator[House]:
    """A tenant that wants a phone number."""
    built = opened(store_url)
    yield built
    built.close()


def person(house: House) -> User:
    email = f"ada{house.random.digits(12)}@northwind.test"
    return house.user(email, None, state=UserState.INVITED)


def following(browser: Browser, token: str) -> Coroutine[Any, Any, Any]:
    return activating.go_on(browser.house.parts, browser.caller, token)


def open_codes(house: House, user: User) -> int:
    rows = house.write(lambda tx: rows_of(tx, user, house.clock.now()))
    return sum(code.state is CodeState.WAITING for code in rows.codes)


def test_of_many_browsers_with_one_link_one_has_the_page_and_its_code(plain: House) -> None:
    for _ in range(ROUNDS):
        ada, crowd = person(plain), [plain.browser() for _ in range(CROWD)]
        token = link_for(plain, ada)
        together(*(following(browser, token) for browser in crowd))
        states = [current(browser) for browser in crowd]
        assert sum(isinstance(state, Scan) for state in states) == 1
        assert states.count(Gone()) == CROWD - 1
        assert open_codes(plain, ada) == 1


def test_of_following_a_link_and_reset_user_one_is_second_and_sees_the_other(plain: House) -> None:
    for n in range(ROUNDS):
        ada, browser = person(plain), plain.browser()
        token, act = link_for(plain, ada), begin(plain.parts, plain.browser().caller)

        async def reset(ada: User = ada, act: Any = act) -> None:
            await plain.store.write(
                lambda tx: invitations.reset(tx, act, rows_of(tx, ada, act.now))
            )

        both = (following(browser, token), reset())
        together(*(both if n % 2 else reversed(both)))
        assert not isinstance(current(browser), Scan)
        assert open_codes(plain, ada) == 0
        assert isinstance(go_on(plain.browser(), token), Seen)


def test_a_newer_code_asked_for_in_many_tabs_is_one(plain: House) -> None:
    for _ in range(ROUNDS):
        ada, browser = person(plain), plain.browser()
        go_on(browser, link_for(plain, ada))
        ask = (activating.new_code(plain.parts, browser.caller) for _ in range(CROWD))
        assert all(isinstance(state, Scan) for state in together(*ask))
        assert open_codes(plain, ada) == 1
        assert shown(browser).code.state is CodeState.WAITING


def test_of_many_taps_for_a_new_link_one_mails(plain: House) -> None:
    for _ in range(ROUNDS):
        ada = person(plain)
        token = link_for(plain, ada)
        plain.clock.move(RESEND_MS)
        taps = (activating.again(plain.parts, plain.browser().caller, token) for _ in range(CROWD))
        answers = together(*taps)
        assert sum(isinstance(answer, Sent) for answer in answers) == 1
        assert sum(isinstance(answer, Later) for answer in answers) == CROWD - 1


def test_of_two_who_prove_one_number_one_has_it(numbered: House) -> None:
    for n in range(ROUNDS):
        number = MOBILE.format(n)
        people = [person(numbered) for _ in range(2)]
        browsers, codes = [numbered.browser() for _ in people], []
        for ada, browser in zip(people, browsers, strict=True):
            go_on(browser, link_for(numbered, ada))
            together(activating.offer(numbered.parts, browser.caller, number, insisted=False))
            codes.append(newest(numbered, ada, "verify_phone").code)
        answers = together(
            *(
                activating.enter_code(numbered.parts, browser.caller, code)
                for browser, code in zip(browsers, codes, strict=True)
            )
        )
        assert sum(isinstance(answer, Scan) for answer in answers) == 1
        assert answers.count(InUse()) == 1
        assert [numbered.again(ada).phone for ada in people].count(number) == 1
