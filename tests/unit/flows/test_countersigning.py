"""What is done to a colleague waits for a second person: who may be one, and what then happens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from keyturn.flows import countersigning as flows
from keyturn.flows import data, inviting, staff
from keyturn.flows.countersigning import Agreed, Ended, NotAllowed, NotFound, Over
from keyturn.flows.staff import Alone, Done, LastOwner, Waiting
from keyturn.rules.access import Action, Staff, Why
from keyturn.rules.accounts import Role, User, UserState
from keyturn.rules.countersigns import LIFE_MS, Countersign, State
from keyturn.steps.acts import begin
from keyturn.steps.dossier import dossier, moment
from keyturn.steps.invitations import Bar, NotSent
from tests.unit.flows.hands import given
from tests.unit.flows.house import Browser, House, run

DEEDS: dict[Action, Callable[..., Any]] = {
    Action.UNLOCK: staff.unlock,
    Action.DISABLE: staff.disable,
    Action.ENABLE: staff.enable,
    Action.UNFREEZE: staff.unfreeze,
    Action.ROLES: staff.revoke_role,
    Action.ERASE: data.delete_for,
    Action.RESET_USER: inviting.reset_user,
}
#: what the trail has of each where it was done
EVENTS = {
    Action.UNLOCK: "user.unlocked", Action.DISABLE: "user.disabled",
    Action.ENABLE: "user.enabled", Action.UNFREEZE: "user.unfrozen",
    Action.ROLES: "role.revoked", Action.ERASE: "erase.asked", Action.RESET_USER: "user.reset",
}  # fmt: skip


class Desk:
    """Three of staff at browsers of their own, and a colleague to whom something is done."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.ann, self.bea = self.at("ann", Role.OWNER), self.at("bea", Role.OWNER)
        self.tom = self.at("tom", Role.MANAGER)
        self.cy = self.at("cy", Role.TECHNICIAN)

    def at(self, name: str, role: Role | None, browser: Browser | None = None) -> Staff:
        """Somebody at a desk of their own."""
        user = self.house.user(f"{name}@northwind.test", role=role, name=name.title())
        caller = (browser or self.house.browser()).caller
        return Staff(caller, user, role or Role.AUDITOR, 2, fresh=True)

    def ask(self, action: Action = Action.DISABLE, by: Staff | None = None) -> Countersign:
        """Ask for something to be done to Cy."""
        answer = run(DEEDS[action](self.house.parts, by or self.tom, me(self.cy).id))
        assert isinstance(answer, Waiting)
        return answer.one

    def agree(self, one: Countersign, by: Staff | None = None) -> Any:
        return run(flows.agree(self.house.parts, by or self.bea, one.id))

    def decline(self, one: Countersign, by: Staff | None = None) -> Any:
        return run(flows.decline(self.house.parts, by or self.bea, one.id))

    def withdraw(self, one: Countersign, by: Staff | None = None) -> Any:
        return run(flows.withdraw(self.house.parts, by or self.tom, one.id))

    def stored(self, one: Countersign) -> Countersign:
        """As it is now."""
        found = self.house.write(lambda tx: tx.countersigns.get(one.tenant_id, one.id))
        assert found is not None
        return found

    def can(self, one: Countersign, by: Staff) -> set[str]:
        """What somebody's page offers."""
        found = run(flows.one(self.house.parts, by, one.id))
        assert isinstance(found, flows.View)
        return set(found.can)


def me(someone: Staff) -> User:
    assert someone.user is not None
    return someone.user


@pytest.fixture
def desk(house: House) -> Desk:
    return Desk(house)


def role_of(house: House, user: User) -> Role | None:
    return house.write(lambda tx: tx.roles.of_user(user.id).get(house.tenant.id))


# -- one asks, a second one agrees


@pytest.mark.parametrize("action", DEEDS)
def test_nothing_is_done_to_a_colleague_before_a_second_person_agrees(
    house: House, desk: Desk, action: Action
) -> None:
    cy = me(desk.cy)
    if action is Action.ENABLE:
        house.change(cy, state=UserState.DISABLED)
    if action is Action.UNFREEZE:
        house.change(cy, frozen_at=1)
    before = house.again(cy)
    one = desk.ask(action)
    assert house.again(cy) == before
    assert house.events(cy) == ["countersign.asked"]
    agreed = desk.agree(one)
    assert agreed == Agreed(desk.stored(one))
    assert (agreed.one.state, agreed.one.decided_by) == (State.DONE, me(desk.bea).id)
    assert EVENTS[action] in house.events(cy)


def test_both_names_are_in_the_trail_and_both_are_told(house: House, desk: Desk) -> None:
    one = desk.ask()
    desk.agree(one)
    asked, *_, agreed = house.trail(me(desk.cy))
    assert (asked.event, asked.actor_id) == ("countersign.asked", me(desk.tom).id)
    assert (agreed.event, agreed.actor_id) == ("countersign.agreed", me(desk.bea).id)
    assert asked.facts == {"action": "disable", "ref": one.id}
    assert agreed.facts == {"action": "disable", "ref": one.id, "asked_by": "Tom"}
    told = house.outbox("countersign_done")
    assert {letter.message.user_id for letter in told} == {me(desk.tom).id, me(desk.bea).id}
    assert {letter.values["agreed"] for letter in told} == {True}


def test_who_could_agree_hears_of_it_and_nobody_else(house: House, desk: Desk) -> None:
    desk.at("frozen", Role.OWNER)
    frozen = house.write(lambda tx: tx.users.named(house.tenant.id, "frozen@northwind.test"))
    assert frozen
    house.change(frozen, frozen_at=1)
    away = me(desk.at("away", Role.OWNER))
    house.change(away, state=UserState.DISABLED)
    desk.at("audit", Role.AUDITOR)
    one = desk.ask()
    told = house.outbox("countersign_asked")
    assert {x.message.user_id for x in told} == {me(desk.ann).id, me(desk.bea).id}
    assert told[0].values["link"].endswith(f"/console/approvals/{one.id}")
    assert (told[0].values["subject"], told[0].values["asker"]) == ("Cy", "Tom")


@pytest.mark.parametrize("action", DEEDS)
def test_to_somebody_without_a_role_it_is_done_at_once(
    house: House, desk: Desk, action: Action
) -> None:
    ada = house.user()
    answer = run(DEEDS[action](house.parts, desk.tom, ada.id))
    assert not isinstance(answer, Waiting | Alone)
    assert "countersign.asked" not in house.events()


def test_a_role_waits_also_for_somebody_who_has_none(house: House, desk: Desk) -> None:
    ada = house.user()
    answer = run(staff.grant_role(house.parts, desk.tom, ada.id, Role.MANAGER))
    assert isinstance(answer, Waiting)
    assert role_of(house, ada) is None
    assert house.trail(ada)[0].facts["role"] == "manager"
    assert isinstance(desk.agree(answer.one), Agreed)
    assert role_of(house, ada) is Role.MANAGER
    assert house.again(ada).epoch == ada.epoch + 1


def test_a_passkey_goes_with_two_people(house: House, desk: Desk) -> None:
    cy = me(desk.cy)
    first, second = given(house, cy), given(house, cy)
    answer = run(staff.remove_passkey(house.parts, desk.tom, cy.id, first.id))
    assert isinstance(answer, Waiting)
    desk.agree(answer.one)
    left = house.write(lambda tx: tx.passkeys.of_user(house.tenant.id, cy.id))
    assert [key.id for key in left] == [second.id]


def test_asked_for_twice_it_waits_once_and_for_each_who_asks(house: House, desk: Desk) -> None:
    one = desk.ask()
    assert desk.ask() == one
    assert desk.ask(by=desk.ann).id != one.id
    assert desk.ask(Action.UNLOCK).id != one.id
    house.clock.move(LIFE_MS)
    assert desk.ask().id != one.id


def test_with_nobody_else_to_agree_nothing_waits(house: House) -> None:
    desk = Desk(house)
    for owner in (me(desk.ann), me(desk.bea)):
        house.change(owner, state=UserState.DISABLED)
    answer = run(staff.disable(house.parts, desk.tom, me(desk.cy).id))
    assert answer == Alone()
    assert house.again(me(desk.cy)).state is UserState.ACTIVE
    assert house.events(me(desk.cy)) == []


def test_a_command_on_the_host_waits_for_nobody(house: House, desk: Desk) -> None:
    host = staff.on_the_host(house.browser().caller)
    assert isinstance(run(staff.disable(house.parts, host, me(desk.cy).id)), Done)


# -- who is no second person


def test_neither_who_asked_nor_whom_it_is_about_agrees(house: House, desk: Desk) -> None:
    one = desk.ask(Action.UNFREEZE)
    assert desk.agree(one, desk.tom) == NotAllowed(Why.SELF)
    assert desk.agree(one, desk.cy) == NotAllowed(Why.SELF)
    assert desk.decline(one, desk.tom) == NotAllowed(Why.SELF)
    assert desk.agree(one, staff.on_the_host(house.browser().caller)) == NotAllowed(Why.NO_ROLE)
    assert desk.stored(one) == one


def test_a_second_account_at_the_same_browser_is_no_second_person(desk: Desk) -> None:
    one = desk.ask()
    same = replace(desk.bea, caller=desk.tom.caller)
    assert desk.agree(one, same) == NotAllowed(Why.BROWSER)
    assert desk.decline(one, same) == NotAllowed(Why.BROWSER)
    assert desk.can(one, same) == set()
    assert desk.stored(one) == one


def test_without_the_right_to_do_it_nobody_agrees(desk: Desk) -> None:
    one = desk.ask()
    auditor, helper = desk.at("audit", Role.AUDITOR), desk.at("dan", Role.TECHNICIAN)
    for other in (auditor, helper):
        assert desk.agree(one, other) == NotAllowed(Why.NO_ROLE)
        assert desk.decline(one, other) == NotAllowed(Why.NO_ROLE)
        assert desk.can(one, other) == set()


def test_to_agree_needs_the_second_step_of_just_now_and_to_decline_does_not(desk: Desk) -> None:
    one = desk.ask()
    stale = replace(desk.bea, fresh=False)
    assert desk.agree(one, stale) == NotAllowed(Why.PROOF)
    assert desk.can(one, stale) == {"agree", "decline"}
    assert isinstance(desk.decline(one, stale), Ended)


def test_a_role_above_ones_own_is_agreed_to_by_nobody_below_it(house: House, desk: Desk) -> None:
    ada = house.user()
    answer = run(staff.grant_role(house.parts, desk.ann, ada.id, Role.OWNER))
    assert isinstance(answer, Waiting)
    assert desk.agree(answer.one, desk.tom) == NotAllowed(Why.RANK)
    assert isinstance(desk.agree(answer.one), Agreed)


def test_whose_role_rose_meanwhile_is_out_of_reach(house: House, desk: Desk) -> None:
    one = desk.ask(by=desk.ann)
    house.write(lambda tx: tx.roles.grant(house.tenant.id, me(desk.cy).id, Role.OWNER))
    assert desk.agree(one, desk.tom) == NotAllowed(Why.RANK)


@pytest.mark.parametrize("how", ["role", "disabled", "frozen"])
def test_who_asked_must_be_able_to_do_it_still(house: House, desk: Desk, how: str) -> None:
    one, tom = desk.ask(), me(desk.tom)
    if how == "role":
        house.write(lambda tx: tx.roles.revoke(house.tenant.id, tom.id))
    else:
        changes = {"disabled": {"state": UserState.DISABLED}, "frozen": {"frozen_at": 1}}
        house.change(tom, **changes[how])  # type: ignore[arg-type]
    assert desk.agree(one) == Over()
    assert desk.stored(one).state is State.VOID
    assert house.again(me(desk.cy)).state is UserState.ACTIVE
    assert house.events(me(desk.cy))[-1] == "countersign.void"
    assert house.outbox("countersign_done") == []


# -- other ends


def test_a_no_is_final_and_who_asked_hears_of_it(house: House, desk: Desk) -> None:
    one = desk.ask()
    assert desk.decline(one) == Ended(desk.stored(one))
    assert desk.stored(one).state is State.DECLINED
    assert desk.agree(one, desk.ann) == Over()
    assert house.again(me(desk.cy)).state is UserState.ACTIVE
    assert house.events(me(desk.cy)) == ["countersign.asked", "countersign.declined"]
    assert {letter.values["agreed"] for letter in house.outbox("countersign_done")} == {False}


def test_a_no_to_somebody_who_is_gone_is_told_to_nobody_else(house: House, desk: Desk) -> None:
    one = desk.ask()
    house.write(lambda tx: tx.users.delete(house.tenant.id, me(desk.tom).id))
    assert isinstance(desk.decline(one), Ended)
    (told,) = house.outbox("countersign_done")
    assert (told.message.user_id, told.values["asker"]) == (me(desk.bea).id, "")


def test_who_asked_takes_it_back_and_nobody_else(house: House, desk: Desk) -> None:
    one = desk.ask()
    assert desk.withdraw(one, desk.bea) == NotAllowed(Why.NO_ROLE)
    host = staff.on_the_host(house.browser().caller)
    assert desk.withdraw(one, host) == NotAllowed(Why.NO_ROLE)
    assert desk.withdraw(one) == Ended(desk.stored(one))
    assert desk.agree(one) == desk.withdraw(one) == Over()
    assert house.outbox("countersign_done") == []


@pytest.mark.parametrize("early", [1, 0, -1])
def test_it_waits_for_a_day(house: House, desk: Desk, early: int) -> None:
    one = desk.ask()
    house.clock.move(LIFE_MS - early)
    answer = desk.agree(one)
    assert isinstance(answer, Agreed) if early > 0 else answer == Over()


def test_the_last_owner_stays_whoever_wants_them_gone(house: House, desk: Desk) -> None:
    host, bea = staff.on_the_host(house.browser().caller), me(desk.bea)
    assert isinstance(run(staff.disable(house.parts, host, me(desk.ann).id)), Done)
    for flow in (staff.disable, staff.revoke_role, data.delete_for):
        assert run(flow(house.parts, host, bea.id)) == LastOwner()
    assert run(staff.grant_role(house.parts, host, bea.id, Role.MANAGER)) == LastOwner()
    assert isinstance(run(staff.grant_role(house.parts, host, bea.id, Role.OWNER)), Done)
    assert house.again(bea).state is UserState.ACTIVE
    assert role_of(house, bea) is Role.OWNER


def test_what_cannot_be_done_now_waits_on(house: House, desk: Desk) -> None:
    one, cy = desk.ask(Action.RESET_USER), me(desk.cy)
    house.change(cy, state=UserState.DISABLED)
    assert desk.agree(one) == NotSent(Bar.DISABLED)
    assert desk.stored(one) == one
    passkey = given(house, cy)
    answer = run(staff.remove_passkey(house.parts, desk.tom, cy.id, passkey.id))
    assert isinstance(answer, Waiting)
    house.write(lambda tx: tx.passkeys.remove(house.tenant.id, cy.id, passkey.id))
    assert desk.agree(answer.one) == NotFound()


def test_the_last_owner_is_not_agreed_away(house: House, desk: Desk) -> None:
    host = staff.on_the_host(house.browser().caller)
    answer = run(staff.disable(house.parts, desk.ann, me(desk.bea).id))
    assert answer == Alone()  # an owner is disabled by owners, and the third one is missing
    dee = desk.at("dee", Role.OWNER)
    answer = run(staff.disable(house.parts, desk.ann, me(desk.bea).id))
    assert isinstance(answer, Waiting)
    elsewhere = house.add_tenant("elsewhere")
    house.write(lambda tx: tx.roles.grant(elsewhere.id, me(desk.bea).id, Role.OWNER))
    assert desk.agree(answer.one, dee) == LastOwner()
    assert desk.stored(answer.one).state is State.OPEN
    assert isinstance(run(staff.end_sessions(house.parts, host, me(desk.bea).id)), Done)


def test_to_an_account_that_is_gone_nothing_is_done(house: House, desk: Desk) -> None:
    one, cy = desk.ask(), me(desk.cy)
    house.write(lambda tx: tx.users.delete(house.tenant.id, cy.id))
    assert desk.agree(one) == Over()
    shown = run(flows.one(house.parts, desk.bea, one.id))
    assert isinstance(shown, flows.View)
    assert (shown.user, shown.open, shown.can) == (None, False, frozenset())


# -- looking


def test_each_is_offered_what_they_may_do(desk: Desk) -> None:
    one = desk.ask()
    assert desk.can(one, desk.tom) == {"withdraw"}
    assert desk.can(one, desk.bea) == {"agree", "decline"}
    assert desk.can(one, desk.cy) == set()
    desk.agree(one)
    assert desk.can(one, desk.tom) == set()


def test_the_list_has_the_newest_first_and_names(house: House, desk: Desk) -> None:
    first = desk.ask()
    desk.agree(first)
    second = desk.ask(Action.ENABLE)
    rows = run(flows.everyone(house.parts, desk.ann))
    assert [row.one.id for row in rows] == [second.id, first.id]
    old = rows[1]
    assert (old.user, old.asker, old.second) == tuple(
        house.again(me(who)) for who in (desk.cy, desk.tom, desk.bea)
    )


def test_tenants_are_walls(house: House, desk: Desk) -> None:
    one, other = desk.ask(), house.add_tenant("fabrikam")
    boss = house.user("boss@fabrikam.test", tenant=other, role=Role.OWNER)
    there = Staff(house.browser(tenant=other).caller, boss, Role.OWNER, 2, fresh=True)
    for wanted in (one.id, "nothing", "0" * 26):
        for flow in (flows.agree, flows.decline, flows.withdraw, flows.one):
            assert run(flow(house.parts, there, wanted)) == NotFound()
    assert run(flows.everyone(house.parts, there)) == ()
    assert desk.stored(one) == one


def test_whose_data_are_taken_out_reads_what_was_to_be_done_to_them(
    house: House, desk: Desk
) -> None:
    one = desk.ask(Action.UNLOCK)
    house.clock.move(7)
    desk.decline(one)
    act = begin(house.parts, house.browser().caller)
    document: Any = house.write(lambda tx: dossier(tx, act, me(desk.cy)))
    assert document["countersigns"] == [{
        "action": "unlock", "state": "declined", "made_at": moment(one.made_at),
        "expires_at": moment(one.expires_at), "decided_at": moment(house.clock.now()),
    }]  # fmt: skip
