"""What diagnosis sees of tries to sign in with a directory password."""

from __future__ import annotations

import pytest

from keyturn.ports.store import Tx
from keyturn.rules.diagnosis import Facts, Symptom, diagnose
from keyturn.rules.lockout import DAY
from keyturn.steps.acts import begin
from keyturn.steps.evidence import Subject, collect
from tests.unit.flows.guessers import WINDOW_MS
from tests.unit.flows.house import EMAIL, House
from tests.unit.flows.visitors import Visitors


@pytest.fixture
def visitors(house: House) -> Visitors:
    visitors = Visitors(house)
    visitors.person()
    return visitors


def seen(visitors: Visitors) -> Facts:
    house = visitors.house
    act = begin(house.parts, house.browser().caller)

    def step(tx: Tx) -> Facts:
        user = tx.users.named(house.tenant.id, EMAIL)
        assert user is not None
        return collect(tx, act, Subject(user))

    return house.write(step)


@pytest.mark.parametrize(
    ("bind", "reason", "word"),
    [
        ("right", "", "right"),
        ("right", "must_change", "change"),
        ("right", "hours", "barred"),
        ("wrong", "wrong", "wrong"),
        ("wrong", "a newer agent's", "wrong"),
        ("silent", "a newer agent's", "other"),
        ("", "no_margin", "no_margin"),
        ("", "locked", "locked"),
        ("", "unreachable", "trouble"),
    ],
)
def test_the_last_try_is_seen_for_a_day(
    visitors: Visitors, bind: str, reason: str, word: str
) -> None:
    house = visitors.house
    assert seen(visitors).value("directory.tried") is None
    visitors.tried(house.browser(), EMAIL, bind, reason)
    assert seen(visitors).word("directory.tried") == word
    assert seen(visitors).time("directory.tried_at") == house.clock.now()
    house.clock.move(DAY)
    assert seen(visitors).value("directory.tried") is None


def test_a_spent_budget_is_the_first_thing_to_say(visitors: Visitors) -> None:
    house = visitors.house
    for _ in range(4):
        visitors.tried(house.browser(), EMAIL, "wrong", "wrong")
    until = house.clock.now() + WINDOW_MS
    facts = seen(visitors)
    assert (facts.word("directory.tried"), facts.time("directory.tries_until")) == ("spent", until)
    found = diagnose(facts, house.clock.now(), Symptom.SIGNIN)
    assert found.findings[0].cause == "directory.signin-spent"
