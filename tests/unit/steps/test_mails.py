"""Caps on mails that strangers cause."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from keyturn.flows import recovery, signup
from keyturn.rules.accounts import Role
from keyturn.rules.lockout import HOUR
from keyturn.steps import mails
from keyturn.steps.acts import begin
from tests.unit.flows.house import EMAIL, House, run

BOB = "bob@northwind.test"


@pytest.fixture
def house() -> Iterator[House]:
    built = House()
    built.user("owner@northwind.test", role=Role.OWNER)
    yield built
    built.close()


def held(house: House, typed: str, lane: str = "a:x") -> int | None:
    act = begin(house.parts, house.browser().caller)
    return house.write(lambda tx: mails.withheld_until(tx, act, lane, typed))


def test_ten_mails_an_hour_can_be_caused_to_a_name(house: House) -> None:
    until = house.clock.now() + HOUR
    assert [held(house, BOB) for _ in range(12)] == [None] * 10 + [until] * 2
    assert held(house, EMAIL) is None
    house.clock.move(HOUR)
    assert held(house, BOB) is None


def test_all_spellings_of_a_name_are_one(house: House) -> None:
    for at in range(10):
        held(house, BOB.upper() if at % 2 else f" {BOB}")
    assert held(house, BOB) is not None


def test_what_can_be_no_name_is_counted_as_it_was_typed(house: House) -> None:
    assert [held(house, "\t\x01") for _ in range(11)][-1] is not None


def test_a_known_client_is_not_counted(house: House) -> None:
    assert [held(house, BOB, "c:01k") for _ in range(30)] == [None] * 30


def test_the_tenants_cap_warns_the_owners_once(house: House) -> None:
    house.limit(mails_per_hour=3)
    answers = [held(house, f"p{at}@northwind.test") for at in range(6)]
    assert [a is None for a in answers] == [True] * 3 + [False] * 3
    assert house.events().count("mail.capped") == 1
    assert [letter.values["alarm"] for letter in house.outbox("alarm")] == ["mail-tenant"]


def test_a_full_mailbox_names_nobody_and_mails_nobody(house: House) -> None:
    for _ in range(12):
        held(house, BOB)
    (entry,) = [e for e in house.trail() if e.event == "mail.capped"]
    assert (entry.user_id, entry.facts["cause"]) == (None, "mailbox")
    assert not house.outbox("alarm")


def story(house: House, email: str) -> list[tuple[str, bool, int | None]]:
    """Sign-ups, then recoveries for an address, from ever new browsers: what was answered,
    whether with a link only, and until when nothing more is sent.
    """
    return [_told(house, email, recovering=at > 5) for at in range(12)]


def _told(house: House, email: str, *, recovering: bool) -> tuple[str, bool, int | None]:
    caller, secret = house.browser().caller, "quiet harbour at seven"
    answer: Any = run(
        recovery.start(house.parts, caller, email)
        if recovering
        else signup.start(house.parts, caller, "Somebody", email, secret, spaces_meant=False)
    )
    return type(answer).__name__, answer.sent.link_only, answer.sent.withheld_until


def test_a_taken_and_a_free_address_are_withheld_at_the_same_mail(house: House) -> None:
    house.user(EMAIL)
    taken, free = story(house, EMAIL), story(house, BOB)
    assert taken == free
    assert taken[-1][2] is not None
