"""When a second person is needed, and who is one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from keyturn.rules.access import Action, Staff, Why, rank
from keyturn.rules.accounts import Role, User
from keyturn.rules.countersigns import (
    LIFE_MS,
    Countersign,
    State,
    barred,
    decided,
    is_open,
    needed,
    unfit,
)
from tests.unit.rules.test_access import _staff, _user

ONE = Countersign("c", "t", "subject", Action.DISABLE, "", "asker", "desk-1", 5, 5 + LIFE_MS)
TWO = {
    Action.ROLES, Action.UNLOCK, Action.RESET_USER, Action.REMOVE_PASSKEY, Action.DISABLE,
    Action.ENABLE, Action.UNFREEZE, Action.ERASE,
}  # fmt: skip


@pytest.mark.parametrize("action", Action)
def test_what_is_done_to_somebody_with_a_role_needs_two(action: Action) -> None:
    staff = _staff(Role.OWNER, _user("me"))
    assert needed(staff, action, rank(Role.AUDITOR)) is (action in TWO)
    assert not needed(staff, action, rank(None))
    assert not needed(_staff(Role.OWNER, None), action, rank(Role.OWNER))


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("late", [-1, 0, 1])
def test_it_waits_for_a_day_unless_it_was_decided(state: State, late: int) -> None:
    one = decided(ONE, state, "second", 7)
    assert is_open(one, 5 + LIFE_MS + late) is (state is State.OPEN and late < 0)
    assert (one.decided_by, one.decided_at) == ("second", 7)


@pytest.mark.parametrize(
    ("who", "why"),
    [("asker", Why.SELF), ("subject", Why.SELF), ("second", None), (None, Why.NO_ROLE)],
)
def test_the_second_person_is_another_one(who: str | None, why: Why | None) -> None:
    staff = _staff(Role.OWNER, _user(who) if who else None)
    assert barred(ONE, staff, _user("asker"), _user("subject")) is why


def test_the_second_person_is_at_another_browser() -> None:
    staff: Staff = _staff(Role.OWNER, _user("second"))
    here = Countersign("c", "t", "subject", Action.DISABLE, "", "asker", "b", 5, 9)
    assert staff.caller.browser == "b"
    assert barred(here, staff, _user("asker"), _user("subject")) is Why.BROWSER


def _guest(user_id: str, **fields: Any) -> User:
    """Somebody of a provider, as which nobody here is known."""
    return replace(
        _user(user_id), tenant_id="provider", email=f"{user_id}@provider.test", **fields
    )  # fmt: skip


@pytest.mark.parametrize(
    ("asker", "second", "why"),
    [
        (_user("asker"), _guest("second"), None),
        (_guest("asker"), _user("second"), None),
        (_guest("asker"), _guest("second"), Why.PROVIDER),
        (None, _guest("second"), Why.PROVIDER),
        (None, _user("second"), None),
    ],
)
def test_of_the_two_one_is_always_the_customers(
    asker: User | None, second: User, why: Why | None
) -> None:
    assert unfit(ONE, second, asker, _user("subject")) is why


@pytest.mark.parametrize("who", ["asker", "subject"])
@pytest.mark.parametrize("same", ["email", "phone"])
def test_a_second_account_of_the_same_person_is_no_second_person(who: str, same: str) -> None:
    own = {"asker": _user("asker"), "subject": _user("subject")}
    own[who] = replace(own[who], email="Ann@T.test", phone="+447400130000")
    fields: dict[str, Any] = (
        {"email": "ann@t.test"} if same == "email" else {"phone": "+447400130000"}
    )
    second = replace(_guest("second"), **fields)
    assert unfit(ONE, second, own["asker"], own["subject"]) is Why.SELF
