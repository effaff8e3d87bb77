"""A lost or changed phone: when it is due, and what stops it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keyturn.rules import activation, recoveries
from keyturn.rules.accounts import User, UserState
from keyturn.rules.activation import LIFE_MS, Link
from keyturn.rules.recoveries import TABLE, WAIT_MS, Recovery, State, Stop, What
from tests.unit.rules.cases import CASE, NOW, TENANT

ADA = User(
    id="ada", tenant_id=TENANT, state=UserState.ACTIVE, name="Ada", username=None,
    email="ada@example.com", phone=None, phone_verified_at=None, password_hash=None,
    password_set_at=None, epoch=4, frozen_at=None, timezone=None, created_at=0,
)  # fmt: skip


def begun(*, bound: bool = False) -> Recovery:
    return recoveries.begun("r1", ADA, (CASE, "KT-7F3K-2M"), "tom", NOW, bound=bound)


def link(number: int = 3) -> Link:
    return activation.made("l", TENANT, "ada", "digest", number - 1, NOW)


def sent() -> Recovery:
    return recoveries.sent(begun(), 3, 5, NOW)


def test_a_day_or_at_once() -> None:
    assert begun().due_at == NOW + WAIT_MS
    assert begun(bound=True).due_at == NOW
    assert (begun().epoch, begun().state, begun().by) == (4, State.WAITING, "tom")


@pytest.mark.parametrize("late", [-1, 0, 1])
def test_when_it_is_due(late: int) -> None:
    assert recoveries.is_due(begun(), NOW + WAIT_MS + late) is (late >= 0)
    assert not recoveries.is_due(sent(), NOW + WAIT_MS)


@pytest.mark.parametrize(
    ("user", "why"),
    [
        (ADA, None),
        (replace(ADA, state=UserState.INVITED), None),
        (replace(ADA, state=UserState.DISABLED, epoch=5), Stop.DISABLED),
        (replace(ADA, frozen_at=NOW, epoch=5), Stop.FROZEN),
        (replace(ADA, epoch=5), Stop.CHANGED),
        (replace(ADA, state=UserState.UNVERIFIED), Stop.CHANGED),
        (replace(ADA, email=""), Stop.UNREACHABLE),
    ],
)
def test_what_bars_it(user: User, why: Stop | None) -> None:
    assert recoveries.bar(begun(), user) is why


def test_sent_with_the_link_and_the_epoch_after_it() -> None:
    one = sent()
    assert (one.state, one.link_number, one.epoch, one.sent_at) == (State.SENT, 3, 5, NOW)


@pytest.mark.parametrize("one", [begun(), sent()])
def test_stopped_once(one: Recovery) -> None:
    over = recoveries.stopped(one, Stop.OBJECTION, NOW + 1)
    assert (over.state, over.why, over.ended_at) == (State.STOPPED, Stop.OBJECTION, NOW + 1)
    assert recoveries.stopped(over, Stop.STAFF, NOW + 2) == over
    assert not recoveries.is_open(over)


def test_nothing_is_sent_that_was_stopped() -> None:
    with pytest.raises(KeyError):
        recoveries.sent(recoveries.stopped(begun(), Stop.STAFF, NOW), 3, 5, NOW)


@pytest.mark.parametrize(
    ("found", "newest", "late", "state"),
    [
        (link(), 3, 0, State.SENT),
        (replace(link(), used_at=NOW), 3, 0, State.DONE),
        (replace(link(), used_at=NOW), 4, LIFE_MS, State.DONE),
        (link(), 4, 0, State.OVER),
        (replace(link(), withdrawn_at=NOW), 3, 0, State.OVER),
        (link(), 3, LIFE_MS, State.OVER),
        (None, 0, 0, State.OVER),
    ],
)
def test_what_became_of_its_link(found: Link | None, newest: int, late: int, state: State) -> None:
    one = recoveries.shown(sent(), ADA, found, newest, NOW + late)
    assert one.state is state
    assert recoveries.is_open(one) is (state is State.SENT)


def test_one_that_waits_has_no_link() -> None:
    assert recoveries.shown(begun(), ADA, None, 7, NOW) == begun()


def test_one_that_is_barred_is_told_as_stopped() -> None:
    disabled = replace(ADA, state=UserState.DISABLED)
    one = recoveries.shown(begun(), disabled, None, 0, NOW + 1)
    assert (one.state, one.why, one.ended_at) == (State.STOPPED, Stop.DISABLED, NOW + 1)
    assert recoveries.shown(one, ADA, None, 0, NOW + 2) == one


def test_the_table_has_every_way() -> None:
    assert {state for state, _ in TABLE} | set(TABLE.values()) == set(State)
    assert {what for _, what in TABLE} == set(What)
