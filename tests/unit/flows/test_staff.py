"""What staff see and do; what they may not; the wall between tenants."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any

import pytest

from keyturn.flows import casework, recovery, support, user_lists
from keyturn.flows import staff as flows
from keyturn.flows.staff import Done, InUse, NotAllowed, NotFound, Unfit
from keyturn.rules.access import Action, Staff, Why
from keyturn.rules.accounts import FactorKind, Role, Session, User, UserState
from keyturn.rules.callers import Caller
from keyturn.rules.events import Event
from keyturn.rules.lockout import DAY, HOUR, MINUTE, Lane
from keyturn.rules.messages import MessageState
from keyturn.rules.sessions import CONSOLE_IDLE_MS, CONSOLE_MS
from keyturn.rules.user_lists import Filter
from keyturn.steps import sessions
from keyturn.steps.acts import begin
from keyturn.steps.views import CasePage
from tests.unit.flows.house import EMAIL, Browser, House, run

ACTIONS: dict[Action, Callable[..., Coroutine[Any, Any, Any]]] = {
    Action.UNLOCK: flows.unlock,
    Action.END_SESSIONS: flows.end_sessions,
    Action.DISABLE: flows.disable,
    Action.ENABLE: flows.enable,
    Action.UNFREEZE: flows.unfreeze,
    Action.ROLES: flows.revoke_role,
}


@dataclass(frozen=True)
class Signed:
    user: User
    session: Session


def case_of(house: House, me: Staff, ref: str) -> CasePage | None:
    """What staff see of a case; None: there is none of that reference."""
    found = run(casework.look(house.parts, me, ref))
    return found.page if isinstance(found, casework.Desk) else None


def staff_of(house: House, role: Role = Role.MANAGER, tenant: Any = None) -> Staff:
    """Somebody of this role, at a desk."""
    where = tenant or house.tenant
    user = house.user(f"{role}@{where.slug}.test", tenant=where, role=role)
    return Staff(house.browser(tenant=where).caller, user, role, 2, fresh=True)


def signed(house: House, user: User, level: int = 2) -> tuple[Caller, Signed]:
    """A browser with a session of `user`."""
    browser = house.browser()
    act = begin(house.parts, browser.caller)
    token = house.write(lambda tx: sessions.start(tx, act, user, "client.x", level))
    digest = sessions.digest(house.parts, token)
    found = house.write(lambda tx: tx.sessions.get(house.tenant.id, digest))
    assert found is not None
    return browser.caller, Signed(user=house.again(user), session=found[0])


def changed(flow: Coroutine[Any, Any, flows.Outcome]) -> int:
    """What an action that was allowed changed."""
    done = run(flow)
    assert isinstance(done, Done)
    return done.count


# -- who is staff


@pytest.mark.parametrize("role", Role)
def test_a_role_and_a_second_step_make_staff(house: House, role: Role) -> None:
    caller, who = signed(house, house.user(role=role))
    assert run(flows.authorise(house.parts, caller, who)) == Staff(
        caller, who.user, role, 2, fresh=True
    )


def test_without_a_role_here_nobody_is_staff(house: House) -> None:
    elsewhere = house.add_tenant("elsewhere")
    user = house.user()
    house.write(lambda tx: tx.roles.grant(elsewhere.id, user.id, Role.OWNER))
    caller, who = signed(house, user)
    assert run(flows.authorise(house.parts, caller, who)) == NotAllowed(Why.NO_ROLE)


def test_a_password_alone_makes_no_staff(house: House) -> None:
    caller, who = signed(house, house.user(role=Role.OWNER), level=1)
    assert run(flows.authorise(house.parts, caller, who)) == NotAllowed(Why.LEVEL)


@pytest.mark.parametrize("limit", [CONSOLE_MS, CONSOLE_IDLE_MS])
@pytest.mark.parametrize("early", [1, 0])
def test_the_console_forgets_a_session_sooner_than_the_account_does(
    house: House, limit: int, early: int
) -> None:
    caller, who = signed(house, house.user(role=Role.OWNER))
    house.clock.move(limit - early)
    seen = house.clock.now() if limit == CONSOLE_MS else who.session.seen_at
    who = replace(who, session=replace(who.session, seen_at=seen))
    answer = run(flows.authorise(house.parts, caller, who))
    assert isinstance(answer, Staff) if early else answer == NotAllowed(Why.SESSION)


def test_whose_account_is_frozen_is_no_staff_until_a_colleague_has_looked(house: House) -> None:
    caller, who = signed(house, house.user(role=Role.OWNER, frozen_at=1))
    assert run(flows.authorise(house.parts, caller, who)) == NotAllowed(Why.FROZEN)


# -- what they may do


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("action", ACTIONS)
def test_an_action_is_done_and_recorded_or_refused_and_not(
    house: House, role: Role, action: Action
) -> None:
    states = {Action.ENABLE: UserState.DISABLED}
    ada = house.user(state=states.get(action, UserState.ACTIVE), frozen_at=1)
    helper = {Action.UNLOCK, Action.END_SESSIONS}
    may = role in {Role.OWNER, Role.MANAGER} or (role is Role.TECHNICIAN and action in helper)
    me = staff_of(house, role)
    answer = run(ACTIONS[action](house.parts, me, ada.id))
    assert isinstance(answer, Done) if may else answer == NotAllowed(Why.NO_ROLE)
    done = may and action is not Action.ROLES and me.user  # there was no role to take away
    assert {e.actor_id for e in house.trail(ada)} == ({me.user.id} if done and me.user else set())


@pytest.mark.parametrize("action", ACTIONS)
def test_nobody_acts_on_somebody_of_a_higher_role_in_whatever_tenant(
    house: House, action: Action
) -> None:
    elsewhere = house.add_tenant("elsewhere")
    boss = house.user("boss@northwind.test", frozen_at=1)
    house.write(lambda tx: tx.roles.grant(elsewhere.id, boss.id, Role.OWNER))
    answer = run(ACTIONS[action](house.parts, staff_of(house), boss.id))
    assert answer == NotAllowed(Why.RANK)
    assert house.trail(boss) == []


@pytest.mark.parametrize("action", ACTIONS)
def test_a_user_of_another_tenant_is_not_found_and_neither_is_the_decoy(
    house: House, action: Action
) -> None:
    stranger = house.user("eve@elsewhere.test", tenant=house.add_tenant("elsewhere"))
    me = staff_of(house, Role.OWNER)
    for user_id in (stranger.id, house.tenant.id, "nobody"):
        assert run(ACTIONS[action](house.parts, me, user_id)) == NotFound()
    assert house.again(stranger) == stranger


def test_nobody_disables_themselves(house: House) -> None:
    me = staff_of(house, Role.OWNER)
    assert me.user
    assert run(flows.disable(house.parts, me, me.user.id)) == NotAllowed(Why.SELF)


def test_unlocking_opens_every_lane_at_once(house: House, browser: Browser) -> None:
    ada = house.user()
    browser.fail(5)
    answer = run(flows.unlock(house.parts, staff_of(house), ada.id))
    assert answer == Done(ada, 1)
    assert house.lane(f"u:{ada.id}").locked_until == 0
    assert house.events(ada)[-1] == Event.USER_UNLOCKED


def test_ending_sessions_signs_out_everywhere(house: House, browser: Browser) -> None:
    ada = house.user()
    browser.sign_in()
    run(flows.end_sessions(house.parts, staff_of(house), ada.id))
    assert house.write(lambda tx: tx.sessions.of_user(house.tenant.id, ada.id)) == []
    assert house.again(ada).epoch == 1


@pytest.mark.parametrize("state", [UserState.ACTIVE, UserState.UNVERIFIED, UserState.INVITED])
def test_an_enabled_account_is_what_it_was_before(house: House, state: UserState) -> None:
    """An address that was never confirmed is not made good by a detour."""
    ada, me = house.user(state=state), staff_of(house)
    assert changed(flows.disable(house.parts, me, ada.id)) == 1
    assert changed(flows.disable(house.parts, me, ada.id)) == 0
    assert house.again(ada).state is UserState.DISABLED
    assert changed(flows.enable(house.parts, me, ada.id)) == 1
    assert changed(flows.enable(house.parts, me, ada.id)) == 0
    assert house.again(ada).state is state


def test_where_nobody_knows_what_it_was_the_address_is_to_be_confirmed(house: House) -> None:
    ada = house.user(state=UserState.DISABLED)
    run(flows.enable(house.parts, staff_of(house), ada.id))
    assert house.again(ada).state is UserState.UNVERIFIED


def test_disabling_ends_sessions(house: House, browser: Browser) -> None:
    ada = house.user()
    browser.sign_in()
    run(flows.disable(house.parts, staff_of(house), ada.id))
    assert house.write(lambda tx: tx.sessions.of_user(house.tenant.id, ada.id)) == []


def test_unfreezing_lets_changes_happen_again_and_needs_a_freeze(house: House) -> None:
    ada, me = house.user(frozen_at=7), staff_of(house)
    assert changed(flows.unfreeze(house.parts, me, ada.id)) == 1
    assert house.again(ada).frozen_at is None
    assert changed(flows.unfreeze(house.parts, me, ada.id)) == 0
    assert house.events(ada) == [Event.USER_UNFROZEN]


def test_a_role_is_given_and_taken_and_sessions_begin_anew(house: House) -> None:
    ada, me = house.user(), flows.on_the_host(house.browser().caller)
    run(flows.grant_role(house.parts, me, ada.id, Role.AUDITOR))
    roles = house.write(lambda tx: tx.roles.of_user(ada.id))
    assert (roles, house.again(ada).epoch) == ({house.tenant.id: Role.AUDITOR}, 1)
    assert changed(flows.revoke_role(house.parts, me, ada.id)) == 1
    assert changed(flows.revoke_role(house.parts, me, ada.id)) == 0
    assert house.write(lambda tx: tx.roles.of_user(ada.id)) == {}
    assert house.again(ada).epoch == 2


def test_nobody_gives_a_role_above_their_own(house: House) -> None:
    ada = house.user()
    answer = run(flows.grant_role(house.parts, staff_of(house), ada.id, Role.OWNER))
    assert answer == NotAllowed(Why.RANK)
    assert house.write(lambda tx: tx.roles.of_user(ada.id)) == {}


def test_a_command_on_the_host_acts_as_an_owner_without_being_anybody(house: House) -> None:
    ada = house.user(role=Role.OWNER)
    house.user("next@northwind.test", role=Role.OWNER)
    host = flows.on_the_host(house.browser().caller)
    assert isinstance(run(flows.disable(house.parts, host, ada.id)), Done)
    assert house.trail(ada)[0].actor_id is None


# -- making users


def test_a_new_user_has_no_password_and_every_name(house: House) -> None:
    me = staff_of(house)
    made = run(flows.create_user(house.parts, me, "Bo Diddley", "Bo@Northwind.test", "bo"))
    assert isinstance(made, Done)
    assert (made.user.state, made.user.password_hash) == (UserState.ACTIVE, None)
    assert _named(house, "bo@northwind.test") == _named(house, "bo") == made.user
    assert house.events(made.user) == [Event.USER_CREATED]


def _named(house: House, name: str) -> User | None:
    return house.write(lambda tx: tx.users.named(house.tenant.id, name))


def test_what_is_wrong_with_a_new_user_is_said_field_by_field(house: House) -> None:
    me = staff_of(house)
    bad = run(flows.create_user(house.parts, me, "", "no address", "?"))
    assert isinstance(bad, Unfit)
    assert None not in {bad.name, bad.email, bad.username}
    only = run(flows.create_user(house.parts, me, "Bo", "bo@northwind.test", "?"))
    assert isinstance(only, Unfit)
    assert only.username
    assert (only.name, only.email) == (None, None)


def test_names_that_somebody_has_are_refused_and_nothing_is_kept(house: House) -> None:
    house.user(names=["ada"])
    me, before = staff_of(house), house.count("users")
    taken = run(flows.create_user(house.parts, me, "Bo", EMAIL.upper(), ""))
    assert taken == InUse("email")
    assert run(flows.create_user(house.parts, me, "Bo", "bo@northwind.test", "Ada")) == InUse(
        "username"
    )
    assert house.count("users") == before


def test_a_technician_makes_no_users(house: House) -> None:
    answer = run(flows.create_user(house.parts, staff_of(house, Role.TECHNICIAN), "B", "b@x.test"))
    assert answer == NotAllowed(Why.NO_ROLE)


# -- looking


def test_the_list_tells_who_is_locked_and_when_each_came_last(
    house: House, browser: Browser
) -> None:
    ada, bo = house.user(), house.user("bo@northwind.test", name="Bo")
    house.totp(bo)
    browser.sign_in()
    other = house.browser()
    other.fail(5)
    page = run(user_lists.look(house.parts, staff_of(house), Filter()))
    rows = {row.id: row for row in page.users}
    assert rows[ada.id].locked_until == house.clock.now() + 10 * MINUTE
    assert rows[ada.id].last_signin_at == house.clock.now()
    assert (rows[bo.id].totp, rows[ada.id].totp) == (True, False)
    assert (rows[bo.id].locked_until, rows[bo.id].last_signin_at) == (None, None)
    assert (page.total, page.locked, page.after) == (3, 1, None)
    only = run(user_lists.look(house.parts, staff_of(house, Role.OWNER), Filter(locked=True)))
    assert [row.id for row in only.users] == [ada.id]


def test_the_list_has_pages(house: House) -> None:
    for number in range(51):
        house.user(f"u{number}@northwind.test", None)
    me = staff_of(house)
    first = run(user_lists.look(house.parts, me, Filter()))
    second = run(user_lists.look(house.parts, me, Filter(), first.after))
    assert (len(first.users), len(second.users)) == (50, 2)


def test_the_page_of_a_user_tells_all_and_masks_addresses(house: House, browser: Browser) -> None:
    ada = house.user()
    house.totp(ada)
    house.saved_codes(ada, 3)
    browser.sign_in()
    browser.fail(5)
    house.browser().fail(1)
    page = run(flows.user(house.parts, staff_of(house), ada.id))
    assert not isinstance(page, NotFound)
    assert page.user.id == ada.id
    assert (page.factors.totp, page.factors.recovery_left) == (True, 3)
    (mail,) = page.messages
    assert (mail.kind, mail.state) == ("lock_notice", MessageState.QUEUED)
    assert "•" in mail.address_masked
    assert page.entries[0].event is Event.SIGNIN_REFUSED
    assert page.diagnosis.findings
    assert page.can == {
        Action.READ, Action.UNLOCK, Action.END_SESSIONS, Action.DISABLE, Action.ROLES,
        Action.EXPORT, Action.ERASE, Action.DIRECTORIES, Action.LINK_ACCOUNT, Action.START_RESET,
        Action.INVITE, Action.RESET_USER, Action.VERIFY, Action.EXPORT_TRAIL, Action.EXPORT_USERS,
        Action.RELEASE_DEVICE, Action.REGISTER_DEVICES,
    }  # fmt: skip


def test_lanes_sessions_and_clients_of_a_user_are_told_apart(
    house: House, browser: Browser
) -> None:
    ada = house.user()
    browser.sign_in()
    browser.fail(1)
    house.browser().fail(2)
    house.set_lane(f"2:{ada.id}", Lane(failed=3, last_failed=house.clock.now()), ada)
    me = staff_of(house)
    page = run(flows.user(house.parts, me, ada.id))
    assert not isinstance(page, NotFound)
    lanes = {row.kind: row for row in page.lanes}
    assert {kind: row.failed for kind, row in lanes.items()} == {
        "client": 1, "unknown": 2, "second": 3,
    }  # fmt: skip
    assert lanes["client"].client == "Firefox on Windows"
    assert lanes["unknown"].client == ""
    assert [s.client_name for s in page.sessions] == ["Firefox on Windows"]
    assert len(page.clients) == 1
    house.clock.move(30 * DAY)
    later = run(flows.user(house.parts, me, ada.id))
    assert not isinstance(later, NotFound)
    assert later.sessions == ()


def test_what_has_no_point_is_not_offered(house: House) -> None:
    gone = house.user(state=UserState.DISABLED, frozen_at=1)
    page = run(flows.user(house.parts, staff_of(house), gone.id))
    assert not isinstance(page, NotFound)
    assert Action.ENABLE in page.can
    assert Action.UNFREEZE in page.can
    assert Action.DISABLE not in page.can


def test_that_staff_looked_is_recorded_once_an_hour(house: House) -> None:
    ada, me = house.user(), staff_of(house, Role.AUDITOR)
    for wait in (0, HOUR - 1, 1):
        house.clock.move(wait)
        run(flows.user(house.parts, me, ada.id))
    assert house.events(ada) == [Event.DIAGNOSED] * 2
    run(flows.user(house.parts, flows.on_the_host(me.caller), ada.id))
    assert house.events(ada) == [Event.DIAGNOSED] * 3


def test_no_page_shows_another_tenants_user(house: House) -> None:
    stranger = house.user("eve@elsewhere.test", tenant=house.add_tenant("elsewhere"))
    me = staff_of(house, Role.OWNER)
    assert run(flows.user(house.parts, me, stranger.id)) == NotFound()
    assert run(flows.user(house.parts, me, house.tenant.id)) == NotFound()
    page = run(user_lists.look(house.parts, me, Filter()))
    assert [row.email for row in page.users] == ["owner@northwind.test"]


def test_messages_come_in_pages_newest_first(house: House, browser: Browser) -> None:
    house.user()
    for _ in range(3):
        browser.fail(5)
        house.clock.move(10 * MINUTE)
    me = staff_of(house)
    page = run(flows.messages(house.parts, me, None, None, None))
    assert [m.kind for m in page.messages] == ["lock_notice"] * 3
    assert page.messages[0].at > page.messages[-1].at
    assert page.before is None
    assert run(flows.messages(house.parts, me, "sms", None, None)).messages == ()


def test_more_messages_than_a_page_have_a_next_one(
    house: House, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.user()
    for _ in range(3):
        browser.fail(5)
        house.clock.move(10 * MINUTE)
    monkeypatch.setattr("keyturn.steps.views.PAGE", 2)
    me = staff_of(house)
    first = run(flows.messages(house.parts, me, None, None, None))
    second = run(flows.messages(house.parts, me, None, None, first.before))
    assert [len(first.messages), len(second.messages)] == [2, 1]
    assert second.before is None


# -- cases


def _case(house: House, typed: str = EMAIL) -> str:
    caller = house.browser().caller
    opened = run(support.open_case(house.parts, caller, typed, "+44 7400 123456", "help"))
    assert isinstance(opened, support.Opened)
    return opened.ref


def test_a_case_is_found_by_what_is_read_out_and_shows_its_evidence(house: House) -> None:
    ada = house.user()
    house.browser().fail(5)
    ref = _case(house)
    page = case_of(house, staff_of(house), f" {ref.lower().replace('-', ' ')}")
    assert page is not None
    assert (page.case.ref, page.user) == (ref, ada)
    assert page.facts.time("lane.unknown.locked_until") == house.clock.now() + 10 * MINUTE
    assert page.diagnosis.findings
    (user_page,) = [run(flows.user(house.parts, staff_of(house, Role.OWNER), ada.id))]
    assert not isinstance(user_page, NotFound)
    assert [case.ref for case in user_page.cases] == [ref]


def test_a_case_of_nobodys_name_has_no_user(house: House) -> None:
    page = case_of(house, staff_of(house), _case(house, "nobody@here.test"))
    assert page is not None
    assert page.user is None


def test_closing_a_case_names_the_cause_once(house: House) -> None:
    ada = house.user()
    ref, me = _case(house), staff_of(house, Role.TECHNICIAN)
    house.clock.move(MINUTE)
    closed = run(flows.close_case(house.parts, me, ref, "signin.typing"))
    assert not isinstance(closed, NotAllowed | NotFound)
    assert (closed.case.state, closed.case.closed_at) == ("closed", house.clock.now())
    assert closed.case.facts["cause"] == "signin.typing"
    house.clock.move(MINUTE)
    again = run(flows.close_case(house.parts, me, ref, None))
    assert not isinstance(again, NotAllowed | NotFound)
    assert again.case == closed.case
    last = house.trail(ada)[-1]
    assert (last.event, last.facts["ref"]) == (Event.CASE_CLOSED, ref)
    assert [c.ref for c in run(casework.index(house.parts, me, "closed")).cases] == [ref]
    assert run(casework.index(house.parts, me, "open")).cases == ()
    assert len(run(casework.index(house.parts, me, None)).cases) == 1


def test_a_case_of_nobody_can_be_closed_too(house: House) -> None:
    me = staff_of(house)
    closed = run(flows.close_case(house.parts, me, _case(house, "nobody@here.test"), None))
    assert not isinstance(closed, NotAllowed | NotFound)
    assert closed.case.state == "closed"


def test_what_cannot_be_closed(house: House) -> None:
    ref, me = _case(house), staff_of(house)
    assert run(flows.close_case(house.parts, me, "KT-0000-00", None)) == NotFound()
    assert run(flows.close_case(house.parts, me, "?", None)) == NotFound()
    assert run(flows.close_case(house.parts, me, ref, "no.such-cause")) == NotFound()
    auditor = staff_of(house, Role.AUDITOR)
    assert run(flows.close_case(house.parts, auditor, ref, None)) == NotAllowed(Why.NO_ROLE)
    assert case_of(house, me, "?") is None


def test_another_tenants_case_is_not_found(house: House) -> None:
    ref = _case(house)
    other = staff_of(house, Role.OWNER, house.add_tenant("elsewhere"))
    assert case_of(house, other, ref) is None
    assert run(flows.close_case(house.parts, other, ref, None)) == NotFound()
    assert run(casework.index(house.parts, other, None)).cases == ()


def test_enrolled_factors_are_counted_by_kind(house: House) -> None:
    ada, bo = house.user(), house.user("bo@northwind.test")
    house.totp(ada)
    house.saved_codes(bo)
    ids = [ada.id, bo.id]
    found = house.write(lambda tx: tx.factors.enrolled(house.tenant.id, ids, FactorKind.TOTP))
    assert found == {ada.id}


def test_a_new_user_needs_no_user_name(house: House) -> None:
    made = run(flows.create_user(house.parts, staff_of(house), "Bo", "bo@northwind.test"))
    assert isinstance(made, Done)
    assert made.user.username is None


def test_a_mail_that_was_never_to_be_sent_has_no_address(house: House, browser: Browser) -> None:
    """A disabled account's recovery queues the same rows, and its mail goes nowhere."""
    ada = house.user(state=UserState.DISABLED)
    run(recovery.start(house.parts, browser.caller, EMAIL))
    page = run(flows.user(house.parts, staff_of(house), ada.id))
    assert not isinstance(page, NotFound)
    assert [m.address_masked for m in page.messages] == [""]
