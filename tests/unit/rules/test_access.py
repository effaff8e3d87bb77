"""Who of the staff may do what to whom."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from keyturn.rules.access import Action, Staff, Why, hindrance, lacking, rank, same_person
from keyturn.rules.accounts import Role, Tenant, TenantPolicy, User, UserState
from keyturn.rules.callers import Caller
from keyturn.rules.providers import ROLES

READ, UNLOCK, END, CLOSE = Action.READ, Action.UNLOCK, Action.END_SESSIONS, Action.CLOSE_CASE
MAY = {
    Role.OWNER: set(Action),
    Role.MANAGER: set(Action)
    - {Action.API_KEYS, Action.LINK_PROVIDER, Action.END_PROVIDER, Action.POLICIES},
    Role.TECHNICIAN: {
        READ,
        UNLOCK,
        END,
        CLOSE,
        Action.START_RESET,
        Action.RELEASE_NUMBER,
        Action.RELEASE_DEVICE,
        Action.VERIFY,
        Action.INVITE,
        Action.RESET_USER,
    },
    Role.AUDITOR: {READ, Action.EXPORT_TRAIL, Action.EXPORT_USERS},
}
TENANT = Tenant("t", "t", "T", None, "a@t.test", "#000000", "UTC", (), (), TenantPolicy(), 1)


def _user(user_id: str) -> User:
    return User(
        user_id, "t", UserState.ACTIVE, "N", None, "n@t.test", None, None, None, None, 0, None,
        None, 1,
    )  # fmt: skip


def _staff(role: Role, user: User | None) -> Staff:
    return Staff(Caller(TENANT, "b", (), "", "x"), user, role, 2, fresh=True)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("action", Action)
def test_a_role_may_do_to_an_ordinary_user_what_the_table_says(role: Role, action: Action) -> None:
    why = hindrance(_staff(role, _user("me")), action, _user("other"), 0)
    assert why is (None if action in MAY[role] else Why.NO_ROLE)


@pytest.mark.parametrize("mine", Role)
@pytest.mark.parametrize("theirs", Role)
@pytest.mark.parametrize("action", Action)
def test_nobody_acts_on_a_higher_role_but_may_look(
    mine: Role, theirs: Role, action: Action
) -> None:
    why = hindrance(_staff(mine, _user("me")), action, _user("other"), rank(theirs))
    if action not in MAY[mine]:
        assert why is Why.NO_ROLE
    elif (rank(theirs) > rank(mine) and action is not READ) or (
        action is Action.RESET_USER and theirs is mine is not Role.OWNER
    ):
        assert why is Why.RANK
    else:
        assert why is None


@pytest.mark.parametrize("action", Action)
def test_nobody_disables_or_unfreezes_themselves_or_changes_their_own_role(action: Action) -> None:
    me = _user("me")
    own = {Action.DISABLE, Action.UNFREEZE, Action.ROLES, Action.ERASE, Action.RESET_USER,
           Action.MEMBERS}  # fmt: skip
    why = hindrance(_staff(Role.OWNER, me), action, me, rank(Role.OWNER))
    assert why is (Why.SELF if action in own else None)


@pytest.mark.parametrize("action", Action)
def test_a_command_on_the_host_may_do_all_to_everybody(action: Action) -> None:
    staff = _staff(Role.OWNER, None)
    assert hindrance(staff, action, _user("owner"), rank(Role.OWNER)) is None


#: what harms nobody, or gives back
CALM = {
    READ, UNLOCK, END, CLOSE, Action.START_RESET, Action.VERIFY, Action.RELEASE_NUMBER,
    Action.RELEASE_DEVICE, Action.INVITE, Action.ENABLE, Action.CREATE_USER, Action.HEALTH,
    Action.SEE_AS, Action.END_PROVIDER,
}  # fmt: skip


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("action", Action)
def test_what_is_dangerous_needs_a_proof_of_just_now_and_the_right_comes_first(
    role: Role, action: Action
) -> None:
    stale = replace(_staff(role, _user("me")), fresh=False)
    may = action in MAY[role]
    needed = Why.PROOF if action not in CALM else None
    assert hindrance(stale, action, _user("other"), 0) is (needed if may else Why.NO_ROLE)
    assert lacking(stale, action, _user("other"), 0) is (None if may else Why.NO_ROLE)


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("fresh", [True, False])
def test_who_looks_as_a_lower_role_reads_and_does_nothing(action: Action, *, fresh: bool) -> None:
    looker = replace(_staff(Role.MANAGER, _user("me")), looking=True, fresh=fresh)
    wanted = None if action is READ else Why.LOOKING if action in MAY[Role.MANAGER] else Why.NO_ROLE
    assert hindrance(looker, action, _user("other"), 0) is wanted


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("action", Action)
def test_somebody_of_a_provider_does_what_the_table_says_and_lets_nobody_in(
    role: Role, action: Action
) -> None:
    guest = _staff(role, replace(_user("me"), tenant_id="provider", email="me@provider.test"))
    may = action in MAY[role] - {Action.MEMBERS}
    assert hindrance(guest, action, _user("other"), 0) is (None if may else Why.NO_ROLE)


@pytest.mark.parametrize(
    ("fields", "same"),
    [
        ({}, False),
        ({"email": "N@T.test"}, True),
        ({"phone": "+447400130000"}, True),
        ({"email": "", "phone": None}, False),
    ],
)
def test_somebody_of_a_provider_does_nothing_to_an_account_of_their_own_there(
    fields: dict[str, Any], *, same: bool
) -> None:
    home = replace(_user("me"), tenant_id="provider", email="me@provider.test")
    me = replace(home, **fields)
    own = replace(_user("own"), phone="+447400130000")
    why = hindrance(_staff(Role.MANAGER, me), Action.DISABLE, own, 0)
    assert why is (Why.SELF if same else None)
    assert same_person(own, me) is same


def test_two_accounts_of_one_tenant_are_two_peoples() -> None:
    assert not same_person(_user("one"), _user("other"))


def test_nobody_has_proved_themselves_unless_it_is_said() -> None:
    assert not Staff(Caller(TENANT, "b", (), "", "x"), _user("me"), Role.OWNER, 2).fresh


def test_what_is_done_to_nobody_in_particular_is_judged_by_the_role_alone() -> None:
    assert hindrance(_staff(Role.MANAGER, _user("me")), Action.CREATE_USER, None, 0) is None
    assert hindrance(_staff(Role.AUDITOR, None), CLOSE, None, 0) is Why.NO_ROLE


def test_roles_rank_from_auditor_to_owner() -> None:
    assert rank(None) == 0
    ranks = [rank(r) for r in (Role.AUDITOR, Role.TECHNICIAN, Role.MANAGER, Role.OWNER)]
    assert ranks == [1, 2, 3, 4]
