"""Questions at one moment, on both databases: one answer, one use, and a reset that is seen.

Yes against no, and two who take one approval: test_hundred_races.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from keyturn.adapters.sql import open_store
from keyturn.adapters.sql.schema import complete
from keyturn.adapters.sql.store import engine_of
from keyturn.adapters.system import SystemRandom
from keyturn.flows import asking, signin
from keyturn.flows.answering import Taken
from keyturn.flows.asking import NotAsked, Standing
from keyturn.flows.signin import ByPhone, NothingPending, SecondPending, SignedIn, Wrong
from keyturn.rules import binding
from keyturn.rules.approvals import ASKED, LIFE_MS, Approval, Kind, State
from keyturn.steps import questions
from keyturn.steps.acts import begin
from keyturn.steps.questions import Wanted
from tests.unit.flows.house import Browser, House, together
from tests.unit.flows.pockets import APPROVE, Pocket

ROUNDS = 12


@pytest.fixture
def house(store_url: str) -> Iterator[House]:
    """A house in a database that other tests use as well."""
    house, random = House(), SystemRandom()  # ids that no other test of this database has
    house.store.close()
    house.store = open_store(store_url)
    complete().create_all(engine_of(house.store))
    house.random = random  # type: ignore[assignment]
    house.parts = replace(house.parts, store=house.store, random=random)
    house.tenant = house.add_tenant(f"t{random.digits(12)}")
    yield house
    house.close()


@pytest.fixture
def pocket(house: House) -> Pocket:
    return Pocket(house, house.user())


def asked(browser: Browser) -> Approval:
    assert isinstance(browser.sign_in(), SecondPending)
    (answer,) = together(asking.for_flow(browser.house.parts, browser.caller, "signin"))
    assert isinstance(answer, Standing), answer
    return answer.one


def test_one_yes_many_times_is_one(pocket: Pocket, house: House) -> None:
    one = asked(house.browser())
    reply = pocket.signs(one, APPROVE, one.number)
    assert together(*(pocket.sends(reply) for _ in range(8))) == [Taken()] * 8
    assert house.events().count("approval.given") == 1


def test_wrong_numbers_at_once_are_three_at_most(pocket: Pocket, house: House) -> None:
    one = asked(house.browser())
    reply = pocket.signs(one, APPROVE, str(109 - int(one.number)))
    together(*(pocket.sends(reply) for _ in range(8)))
    assert pocket.stored(one).wrong == 3
    assert house.events().count("approval.wrong") == 3


def test_an_approval_taken_many_times_at_once_lets_in_once(pocket: Pocket, house: House) -> None:
    for _ in range(ROUNDS):
        browser = house.browser()
        asked(browser)
        pocket.approves()
        goes = [
            signin.second_step(house.parts, browser.caller, ByPhone(), trust=False)
            for _ in range(4)
        ]
        answers = together(*goes)
        assert sum(isinstance(answer, SignedIn) for answer in answers) == 1
        house.clock.move(60 * 60_000)


def test_a_reset_against_a_take_has_one_order(pocket: Pocket, house: House) -> None:
    """Who is first, holds: either the session began and the reset ended it, or nothing began."""
    for _ in range(ROUNDS):
        browser = house.browser()
        one = asked(browser)
        pocket.approves()

        async def reset() -> object:
            return await house.store.write(lambda tx: _reset(house, tx, pocket))

        take = signin.second_step(house.parts, browser.caller, ByPhone(), trust=False)
        answers = together(take, reset())
        after = pocket.stored(one).state
        if isinstance(answers[0], SignedIn):
            assert after is State.USED
            assert answers[0].user.epoch < house.again(pocket.user).epoch
        else:
            assert isinstance(answers[0], NothingPending | Wrong)
            assert after is State.OVER
        house.clock.move(60 * 60_000)


def _reset(house: House, tx: Any, pocket: Pocket) -> None:
    """What a disabling and an enabling do to the user's row and their questions."""
    now = house.clock.now()
    rows = tx.phones.held(pocket.user.tenant_id, pocket.user.id, now)
    after = binding.disable(rows, now)
    assert isinstance(after, binding.Rows)
    tx.phones.save(rows, replace(after, user=replace(after.user, state=rows.user.state)))


def test_an_answer_against_the_clock(pocket: Pocket, house: House) -> None:
    for late in (-1, 0):
        one = asked(house.browser())
        house.clock.move(LIFE_MS + late)
        reply = pocket.signs(one, APPROVE, one.number)
        answers = together(*(pocket.sends(reply) for _ in range(3)))
        assert [isinstance(answer, Taken) for answer in answers] == [late < 0] * 3


def test_askers_at_once_are_five_and_one_waits(pocket: Pocket, house: House) -> None:
    async def ask(number: int) -> object:
        act = begin(house.parts, house.browser().caller)
        wanted = Wanted(Kind.SECOND, f"{number:026d}", "Firefox", "203.0.113.7")
        return await house.store.write(lambda tx: questions.ask(tx, act, pocket.user.id, wanted))

    answers = together(*(ask(number) for number in range(12)))
    assert sum(isinstance(answer, Approval) for answer in answers) == ASKED
    assert sum(isinstance(answer, NotAsked) for answer in answers) == 12 - ASKED
    assert len(pocket.waiting()) == 1
