"""Presence: one user, one device of theirs, one question, one use, and a day's wait before."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.rules.accounts import User, UserState
from keyturn.rules.devices import WAIT_MS, Held, Pairing, over
from keyturn.rules.presence import (
    ASKED,
    ASKED_MS,
    LIFE_MS,
    Challenge,
    Ended,
    Method,
    No,
    Proof,
    State,
    answer,
    hindrance,
    often_until,
    proof,
    shown,
)
from keyturn.rules.presence import over as end
from keyturn.rules.verified import PROOF_MS

NOW = 1_000_000_000
BUTTON, CODE = Method


def user_of(**other: Any) -> User:
    plain = User(
        id="u", tenant_id="t", state=UserState.ACTIVE, name="Ada", username=None, email="a@b.test",
        phone=None, phone_verified_at=None, password_hash=None, password_set_at=None, epoch=1,
        frozen_at=None, timezone=None, created_at=NOW,
    )  # fmt: skip
    return replace(plain, **other)


USER = user_of()
PAIRING = Pairing("p", "t", "u", "d", "key", paired_at=NOW - WAIT_MS)
NEIGHBOUR = replace(PAIRING, id="q", user_id="n", device_id="e", key="other")


def challenge(method: Method = BUTTON, at: int = NOW, name: str = "c") -> Challenge:
    return Challenge(
        id=name, tenant_id="t", user_id="u", pairing_id="p", method=method, subject="tom",
        case="K7", epoch=1, made_at=at, expires_at=at + LIFE_MS,
    )  # fmt: skip


ASKS = challenge()
GIVEN, _ = answer(ASKS, PAIRING, USER, BUTTON, NOW + 5)


def test_a_press_in_time_is_given() -> None:
    assert (GIVEN.state, GIVEN.answered_at) == (State.GIVEN, NOW + 5)


@pytest.mark.parametrize(("late", "given"), [(-1, True), (0, False)])
def test_sixty_seconds(late: int, given: bool) -> None:
    after, taken = answer(ASKS, PAIRING, USER, BUTTON, ASKS.expires_at + late)
    assert taken is given
    assert after.ended is (None if given else Ended.EXPIRED)
    assert shown(ASKS, ASKS.expires_at - 1) is ASKS


def test_a_replayed_press_gives_nothing_more() -> None:
    assert answer(GIVEN, PAIRING, USER, BUTTON, NOW + 6) == (GIVEN, False)
    newer = end(ASKS, Ended.NEWER)
    assert answer(newer, PAIRING, USER, BUTTON, NOW + 6) == (newer, False)
    assert end(GIVEN, Ended.NEWER) is GIVEN


def test_a_neighbour_s_press_gives_nothing() -> None:
    assert answer(ASKS, NEIGHBOUR, USER, BUTTON, NOW + 1) == (ASKS, False)
    assert hindrance(NEIGHBOUR, USER, NOW) is No.USER


def test_a_press_is_no_code_and_a_code_no_press() -> None:
    assert answer(ASKS, PAIRING, USER, CODE, NOW + 1) == (ASKS, False)
    coded = challenge(CODE)
    assert answer(coded, PAIRING, USER, BUTTON, NOW + 1) == (coded, False)
    assert answer(coded, PAIRING, USER, CODE, NOW + 1)[1]


@pytest.mark.parametrize("early", [1, 0])
def test_a_fresh_pairing_proves_nothing(early: int) -> None:
    fresh = replace(PAIRING, paired_at=NOW - WAIT_MS + early)
    assert hindrance(fresh, USER, NOW) is (No.FRESH if early else None)
    after, taken = answer(ASKS, fresh, USER, BUTTON, NOW)
    assert taken is not bool(early)
    assert after.ended is (Ended.PAIRING if early else None)


@pytest.mark.parametrize("state", [one for one in Held if one is not Held.ACTIVE])
def test_a_pairing_that_is_over_proves_nothing(state: Held) -> None:
    gone = over(PAIRING, state, NOW)
    assert hindrance(gone, USER, NOW) is No.PAIRING
    assert answer(ASKS, gone, USER, BUTTON, NOW + 1) == (end(ASKS, Ended.PAIRING), False)


@pytest.mark.parametrize(
    "other", [{"epoch": 2}, {"state": UserState.DISABLED}, {"tenant_id": "other"}, {"id": "v"}]
)
def test_an_account_that_has_changed_since_is_another(other: dict[str, Any]) -> None:
    after, taken = answer(ASKS, PAIRING, user_of(**other), BUTTON, NOW + 1)
    assert (after.ended, taken) == (Ended.USER, False)


def test_what_is_proved_and_to_whom() -> None:
    assert proof(GIVEN, USER, NOW + 6) == Proof(
        challenge_id="c", tenant_id="t", user_id="u", epoch=1, pairing_id="p", method=BUTTON,
        subject="tom", case="K7", at=NOW + 5, until=NOW + 5 + PROOF_MS, relayed=False,
    )  # fmt: skip
    read, _ = answer(challenge(CODE), PAIRING, USER, CODE, NOW + 5)
    told = proof(read, USER, NOW + 6)
    assert told is not None
    assert told.relayed


@pytest.mark.parametrize(("late", "proved"), [(-1, True), (0, False)])
def test_for_minutes(late: int, proved: bool) -> None:
    assert (proof(GIVEN, USER, NOW + 5 + PROOF_MS + late) is not None) is proved


@pytest.mark.parametrize("other", [{"epoch": 2}, {"id": "v"}, {"tenant_id": "x"}])
def test_a_reset_or_another_user_ends_what_was_proved(other: dict[str, Any]) -> None:
    assert proof(GIVEN, user_of(**other), NOW + 6) is None
    assert proof(ASKS, USER, NOW + 6) is None


def test_five_in_fifteen_minutes() -> None:
    asked = [challenge(at=NOW + n, name=str(n)) for n in range(ASKED)]
    assert often_until(asked[1:], NOW + 9) is None
    assert often_until(asked, NOW + 9) == NOW + ASKED_MS
    assert often_until(asked, NOW + ASKED_MS) is None


PAIRINGS = st.builds(
    Pairing, st.sampled_from("pq"), st.sampled_from(["t", "x"]), st.sampled_from("un"),
    st.just("d"), st.just("key"), st.sampled_from([NOW - WAIT_MS - 1, NOW - 1]),
    state=st.sampled_from(Held),
)  # fmt: skip
PRESSES = st.lists(
    st.tuples(PAIRINGS, st.sampled_from(Method), st.integers(0, LIFE_MS + 5)), max_size=8
)


@given(PRESSES, st.sampled_from(Method))
def test_given_at_most_once_and_by_the_user_s_own_device_alone(
    presses: list[tuple[Pairing, Method, int]], method: Method
) -> None:
    one, given = challenge(method), 0
    for pairing, by, later in presses:
        one, taken = answer(one, pairing, USER, by, NOW + later)
        given += taken
        if taken:
            assert (pairing.id, pairing.tenant_id, pairing.user_id) == ("p", "t", "u")
            assert (by, pairing.state) == (method, Held.ACTIVE)
            assert pairing.paired_at == NOW - WAIT_MS - 1
            assert later < LIFE_MS
    assert given <= 1
