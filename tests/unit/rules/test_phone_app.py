"""A user's phone, and how push to it stands."""

from __future__ import annotations

import pytest

from keyturn.rules.accounts import UserState
from keyturn.rules.phone_app import (
    Phone,
    PhoneState,
    Push,
    PushState,
    What,
    bound,
    learned,
    may_act,
    over,
)

NOW = 1_000_000
PHONE = bound("p", "t", "u", "key", "Chrome on Android", NOW)
NONE, WORKS, DENIED, DEAD = PushState


def test_a_new_phone_is_active_and_was_never_pushed_to() -> None:
    assert (PHONE.state, PHONE.push) == (PhoneState.ACTIVE, Push(NONE, NOW))


@pytest.mark.parametrize("state", [PhoneState.STALE, PhoneState.REVOKED])
def test_what_has_ended_stays_how_it_ended(state: PhoneState) -> None:
    gone = over(PHONE, state, NOW + 1)
    assert (gone.state, gone.ended_at) == (state, NOW + 1)
    assert over(gone, PhoneState.REVOKED, NOW + 2) is gone


@pytest.mark.parametrize(
    ("phone", "tenant", "user", "state", "may"),
    [
        (PHONE, "t", "u", UserState.ACTIVE, True),
        (PHONE, "other", "u", UserState.ACTIVE, False),
        (PHONE, "t", "other", UserState.ACTIVE, False),
        (PHONE, "t", "u", UserState.DISABLED, False),
        (PHONE, "t", "u", UserState.INVITED, False),
        (over(PHONE, PhoneState.STALE, NOW), "t", "u", UserState.ACTIVE, False),
        (over(PHONE, PhoneState.REVOKED, NOW), "t", "u", UserState.ACTIVE, False),
    ],
)
def test_an_active_phone_acts_for_its_own_active_user_alone(
    phone: Phone, tenant: str, user: str, state: UserState, may: bool
) -> None:
    assert may_act(phone, tenant, user, state) is may


@pytest.mark.parametrize(
    ("was", "what", "becomes"),
    [
        (NONE, What.SUBSCRIBED, WORKS), (DENIED, What.SUBSCRIBED, WORKS),
        (DEAD, What.SUBSCRIBED, WORKS), (WORKS, What.GONE, DEAD), (WORKS, What.DENIED, DENIED),
        (DEAD, What.DENIED, DENIED), (WORKS, What.UNASKED, NONE), (WORKS, What.ALLOWED, DEAD),
        (DENIED, What.ALLOWED, NONE), (NONE, What.ALLOWED, NONE), (DEAD, What.ALLOWED, DEAD),
        (DENIED, What.GONE, DENIED), (NONE, What.GONE, NONE), (DEAD, What.GONE, DEAD),
        (WORKS, What.SUBSCRIBED, WORKS),
    ],
)  # fmt: skip
def test_push_goes_the_way_of_the_table_and_keeps_since_when(
    was: PushState, what: What, becomes: PushState
) -> None:
    after = learned(Push(was, NOW), what, NOW + 9)
    assert after == Push(becomes, NOW if becomes is was else NOW + 9)
