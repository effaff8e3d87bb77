"""Phones, numbers and staff at one moment, on both databases: exactly one outcome.

Two scans, and an activation against Reset User and against disabling: test_hundred_races.py.
"""

from __future__ import annotations

from collections.abc import Coroutine, Iterator
from dataclasses import replace
from typing import Any

import pytest

from keyturn.adapters.sql import open_store
from keyturn.adapters.sql.schema import complete
from keyturn.adapters.sql.store import engine_of
from keyturn.adapters.system import SystemRandom
from keyturn.flows import binding, phone_app
from keyturn.flows.binding import Bound, Offer
from keyturn.rules.accounts import User, UserState
from keyturn.rules.codes import TRIES
from keyturn.rules.enrolment import CodeState
from keyturn.steps.phone_door import Refused, Said, Why
from tests.unit.flows.handsets import (
    NAME,
    NUMBER,
    WRONG,
    Handset,
    Shown,
    phones,
    reset,
    show,
    stored,
)
from tests.unit.flows.house import House, together

ROUNDS = 10
CROWD = 8
PIN = "a" * 43


@pytest.fixture
def house(store_url: str) -> Iterator[House]:
    """A house in a database that other tests use as well."""
    built, random = House(), SystemRandom()  # ids that no other test of this database has
    built.store.close()
    built.store = open_store(store_url)
    complete().create_all(engine_of(built.store))
    built.random = random  # type: ignore[assignment]
    built.parts = replace(built.parts, store=built.store, random=random)
    built.tenant = built.add_tenant(f"t{random.digits(12)}")
    yield built
    built.close()


def person(house: House, number: int = 0) -> User:
    email = f"ada{number}{house.random.digits(12)}@northwind.test"
    return house.user(email, None, state=UserState.INVITED)


def scan(phone: Handset, shown: Shown) -> Coroutine[Any, Any, Offer | Refused]:
    parts, caller = phone.house.parts, phone.caller
    return binding.scan(parts, caller, phone.key, shown.code.id, shown.secret)


def say(phone: Handset, shown: Shown, typed: str = NUMBER) -> Coroutine[Any, Any, Bound | Refused]:
    parts, caller = phone.house.parts, phone.caller
    return binding.number(parts, caller, phone.key, shown.code.id, typed, NAME)


async def reset_user(house: House, user: User) -> None:
    """Staff's transaction."""
    now = house.clock.now()
    await house.store.write(lambda tx: reset(tx, user, now, house.random.id(now)))


def against(n: int, ours: Coroutine[Any, Any, Any], theirs: Coroutine[Any, Any, None]) -> Any:
    """Both at once, now the one begins and now the other; the answer to ours."""
    if n % 2:
        return together(ours, theirs)[0]
    return together(theirs, ours)[1]


def test_of_two_phones_one_has_the_code(house: House) -> None:
    for n in range(ROUNDS):
        shown = show(house, person(house, n))
        crowd = [Handset(house, f"key {n}") for n in range(CROWD)]
        answers = together(*(scan(phone, shown) for phone in crowd))
        won = [p.key for p, a in zip(crowd, answers, strict=True) if isinstance(a, Offer)]
        assert won == [stored(house, shown.code.id).key]
        assert answers.count(Refused(Why.TAKEN)) == CROWD - 1


def test_one_phone_that_trembles_has_scanned_once(house: House) -> None:
    user = person(house)
    shown, phone = show(house, user), Handset(house)
    answers = together(*(scan(phone, shown) for _ in range(CROWD)))
    assert all(isinstance(one, Offer) for one in answers)
    assert house.events(user).count("enrolment.scanned") == 1


def test_of_many_wrong_letters_no_more_are_compared_than_there_are_tries(house: House) -> None:
    user = person(house)
    letters = house.random.letters(10)
    shown = show(house, user, letters)
    wrong = letters[:-1] + ("0" if letters[-1] != "0" else "1")
    crowd = [Handset(house, f"key {n}") for n in range(CROWD)]
    answers = together(*(binding.type_in(house.parts, one.caller, one.key, wrong) for one in crowd))
    assert stored(house, shown.code.id).tries == TRIES
    assert answers.count(Refused(Why.WRONG)) == TRIES - 1
    assert answers.count(Refused(Why.SPENT)) == CROWD - TRIES + 1


def test_the_number_said_at_once_binds_one_phone(house: House) -> None:
    for n in range(ROUNDS):
        user = person(house, n)
        shown, phone = show(house, user), Handset(house)
        phone.scan(shown)
        answers = together(*(say(phone, shown) for _ in range(CROWD)))
        assert all(isinstance(one, Bound) for one in answers)
        assert len({one.phone.id for one in answers if isinstance(one, Bound)}) == 1
        assert len(phones(house, user)) == 1
        assert house.events(user).count("app.bound") == 1


def test_of_wrong_numbers_at_once_three_are_tried(house: House) -> None:
    user = person(house)
    shown, phone = show(house, user), Handset(house)
    phone.scan(shown)
    together(*(say(phone, shown, WRONG) for _ in range(CROWD)))
    code = stored(house, shown.code.id)
    assert (code.wrong, code.state) == (3, CodeState.OVER)
    assert phones(house, user) == []


def test_two_codes_of_one_user_leave_one_phone(house: House) -> None:
    """Each was scanned before the other was over: one phone is the last, and it alone acts."""
    for n in range(ROUNDS):
        user = person(house, n)
        pairs = [
            (Handset(house, f"key {k}"), show(house, user, house.random.letters(10)))
            for k in (1, 2)
        ]
        for phone, shown in pairs:
            phone.scan(shown)
        together(*(say(phone, shown) for phone, shown in pairs))
        states = sorted(str(one.state) for one in phones(house, user))
        assert states == ["active", "stale"]


def test_of_requests_with_one_number_one_is_heard(house: House) -> None:
    phone = Handset(house)
    phone.bind(person(house))
    answers = together(
        *(phone_app.listen(house.parts, phone.caller, phone.said(7)) for _ in range(CROWD))
    )
    assert answers.count(Refused(Why.SEQUENCE)) == CROWD - 1


def test_of_wrong_pins_at_once_five_are_compared(house: House) -> None:
    user, phone = person(house), Handset(house)
    phone.bind(user)
    together(phone_app.pin(house.parts, phone.caller, phone.said(), PIN, None))

    async def guess(n: int) -> int | Refused:
        """As an app would: again with a higher number, where it was overtaken."""
        number = n
        while True:
            answer = await phone_app.unlock(
                house.parts, phone.caller, Said(phone.id, number), "b" * 43
            )
            if answer != Refused(Why.SEQUENCE):
                return answer
            number += 1000

    together(*(guess(n + 10) for n in range(CROWD)))
    assert house.events(user).count("app.pin_failed") == 5


def test_an_unlock_against_reset_user_is_before_it_or_not_at_all(house: House) -> None:
    for n in range(ROUNDS):
        user, phone = person(house, n), Handset(house)
        phone.bind(user)
        together(phone_app.pin(house.parts, phone.caller, phone.said(), PIN, None))
        ours = phone_app.unlock(house.parts, phone.caller, phone.said(), PIN)
        answer = against(n, ours, reset_user(house, user))
        unlocked = "user.unlocked" in house.events(user)
        assert unlocked is (answer == 0)
        if answer != 0:
            assert answer == Refused(Why.UNBOUND, {"why": "revoked", "at": house.clock.now()})
