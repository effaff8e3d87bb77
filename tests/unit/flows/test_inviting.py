"""Staff invite and reset; what a disabled account's links are worth; the wall between tenants."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import pytest

from keyturn.flows import data, inviting
from keyturn.flows import staff as flows
from keyturn.flows.inviting import (
    Alone,
    Bar,
    Enrolled,
    NotAllowed,
    NotFound,
    NotSent,
    Sent,
    Waiting,
)
from keyturn.rules.access import Action, Staff, Why
from keyturn.rules.accounts import Role, User, UserState
from keyturn.rules.activation import LIFE_MS, LinkState
from keyturn.rules.codes import RESEND_MS
from keyturn.rules.phone_app import PhoneState
from tests.unit.flows.house import House, run
from tests.unit.flows.test_staff import staff_of
from tests.unit.steps.test_invitations import bind, rows_of

ACTIONS: dict[Action, Callable[..., Coroutine[Any, Any, Any]]] = {
    Action.INVITE: inviting.invite,
    Action.RESET_USER: inviting.reset_user,
}


def seen(house: House, user: User, me: Staff | None = None) -> Enrolled:
    me = me or flows.on_the_host(house.browser().caller)
    found = run(inviting.standing(house.parts, me, user.id))
    assert isinstance(found, Enrolled)
    return found


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("action", ACTIONS)
def test_it_is_done_and_recorded_or_refused_and_not(
    house: House, role: Role, action: Action
) -> None:
    ada, me = house.user(), staff_of(house, role)
    answer = run(ACTIONS[action](house.parts, me, ada.id))
    may = role is not Role.AUDITOR
    assert isinstance(answer, Sent) if may else answer == NotAllowed(Why.NO_ROLE)
    assert {e.actor_id for e in house.trail(ada)} == ({me.user.id} if may and me.user else set())
    assert len(house.outbox()) == int(may)


@pytest.mark.parametrize("mine", [Role.TECHNICIAN, Role.MANAGER, Role.OWNER])
@pytest.mark.parametrize("theirs", Role)
def test_staff_are_reset_by_somebody_of_a_higher_role_and_owners_by_owners(
    house: House, mine: Role, theirs: Role
) -> None:
    order = [Role.AUDITOR, Role.TECHNICIAN, Role.MANAGER, Role.OWNER]
    bob = house.user("bob@northwind.test", role=theirs)
    answer = run(inviting.reset_user(house.parts, staff_of(house, mine), bob.id))
    may = mine is Role.OWNER or order.index(mine) > order.index(theirs)
    waits = isinstance(answer, Waiting | Alone)  # for a second person; test_countersigning.py
    assert waits if may else answer == NotAllowed(Why.RANK)


def test_nobody_resets_themselves(house: House) -> None:
    me = staff_of(house, Role.OWNER)
    assert me.user is not None
    answer = run(inviting.reset_user(house.parts, me, me.user.id))
    assert answer == NotAllowed(Why.SELF)


@pytest.mark.parametrize("flow", [*ACTIONS.values(), inviting.standing])
def test_a_user_of_another_tenant_is_not_found_and_neither_is_the_decoy(
    house: House, flow: Callable[..., Coroutine[Any, Any, Any]]
) -> None:
    stranger = house.user("eve@elsewhere.test", tenant=house.add_tenant("elsewhere"))
    me = staff_of(house, Role.OWNER)
    for user_id in (stranger.id, house.tenant.id, "nobody"):
        assert run(flow(house.parts, me, user_id)) == NotFound()


def test_who_cannot_be_sent_a_link_is_said(house: House) -> None:
    ada = house.user()
    bind(house, ada)
    assert run(inviting.invite(house.parts, staff_of(house), ada.id)) == NotSent(Bar.BOUND)


# -- what staff see


def test_of_somebody_who_was_never_invited_there_is_nothing(house: House) -> None:
    ada = house.user(state=UserState.INVITED, password=None)
    wanted = Enrolled(None, None, None, None, None, frozenset(ACTIONS))
    assert seen(house, ada) == wanted


def test_the_link_and_what_became_of_its_mail(house: House) -> None:
    ada, me = house.user(), staff_of(house)
    run(inviting.invite(house.parts, me, ada.id))
    house.clock.move(RESEND_MS)
    sent = run(inviting.invite(house.parts, me, ada.id))
    assert isinstance(sent, Sent)
    found = seen(house, ada)
    assert found.link == sent.link
    assert found.standing is not None
    assert found.standing.state is LinkState.OPEN
    assert found.mail is not None
    assert found.mail.id == house.last("activation").message.id
    house.clock.move(LIFE_MS)
    after = seen(house, ada)
    assert after.standing is not None
    assert after.standing.state is LinkState.EXPIRED


def test_a_mail_that_is_not_kept_any_more_is_not_made_up(house: House) -> None:
    ada = house.user()
    run(inviting.reset_user(house.parts, staff_of(house), ada.id))
    rows = rows_of(house, ada)
    other: dict[str, Any] = {
        "id": house.random.id(2),
        "digest": "x",
        "made_at": house.clock.now() + 9,
    }
    later = replace(rows.links[0], number=2, **other)
    house.write(lambda tx: tx.phones.save(rows, replace(rows, links=(*rows.links, later))))
    assert seen(house, ada).mail is None


def test_the_phone_that_is_bound_or_the_last_one_that_was(house: House) -> None:
    ada = house.user()
    bind(house, ada)
    found = seen(house, ada)
    assert found.phone is not None
    assert (found.phone.state, found.seen_at) == (PhoneState.ACTIVE, None)
    assert found.can == {Action.RESET_USER}
    phone_id = found.phone.id
    house.write(lambda tx: tx.phones.rise(ada.tenant_id, phone_id, 1, 77))
    assert seen(house, ada).seen_at == 77
    run(inviting.reset_user(house.parts, staff_of(house), ada.id))
    after = seen(house, ada)
    assert after.phone is not None
    assert after.phone.state is PhoneState.REVOKED
    assert after.can == set(ACTIONS)


@pytest.mark.parametrize(
    ("fields", "role", "can"),
    [
        ({}, Role.AUDITOR, set()),
        ({"state": UserState.DISABLED}, Role.OWNER, set()),
        ({"frozen_at": 1}, Role.OWNER, {Action.RESET_USER}),
        ({"email": ""}, Role.OWNER, set()),
    ],
)
def test_what_has_no_point_is_not_offered(
    house: House, fields: dict[str, Any], role: Role, can: set[Action]
) -> None:
    ada = house.change(house.user(), **fields)
    assert seen(house, ada, staff_of(house, role)).can == can


# -- disabled, and enabled again


def state_of_link(house: House, user: User) -> LinkState:
    found = seen(house, user).standing
    assert found is not None
    return found.state


def test_enabling_brings_no_link_back(house: House) -> None:
    ada, me = house.user(state=UserState.INVITED, password=None), staff_of(house)
    run(inviting.invite(house.parts, me, ada.id))
    run(flows.disable(house.parts, me, ada.id))
    assert house.again(ada).state is UserState.DISABLED
    assert state_of_link(house, ada) is LinkState.WITHDRAWN
    run(flows.enable(house.parts, me, ada.id))
    assert house.again(ada).state is UserState.INVITED
    assert state_of_link(house, ada) is LinkState.WITHDRAWN


def test_a_deletion_withdraws_links_too_and_of_a_disabled_account_ends_sessions(
    house: House,
) -> None:
    ada, me = house.user(), staff_of(house, Role.OWNER)
    run(inviting.invite(house.parts, me, ada.id))
    run(flows.disable(house.parts, me, ada.id))
    house.signed(house.browser(), ada)
    epoch = house.again(ada).epoch
    run(data.delete_for(house.parts, me, ada.id))
    after = house.again(ada)
    assert (after.state, after.epoch) == (UserState.DISABLED, epoch + 1)
    assert after.erase_at is not None
    assert state_of_link(house, ada) is LinkState.WITHDRAWN
    assert house.count("sessions") == 0
