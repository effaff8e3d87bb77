"""Looking at the console as a lower role sees it."""

from __future__ import annotations

import pytest

from keyturn.flows import batching, seeing, staff
from keyturn.flows.seeing import Ended, NotAllowed, Seeing
from keyturn.rules.access import Staff, Why
from keyturn.rules.accounts import Role, User
from keyturn.steps.seeing import LIFE_MS
from tests.unit.flows.house import Browser, House, run


def user_of(someone: Staff) -> User:
    assert someone.user is not None
    return someone.user


def at(house: House, browser: Browser, role: Role = Role.OWNER) -> Staff:
    """Somebody of this role, signed in with both steps."""
    user = house.user(f"{role}@northwind.test", role=role)
    return again(house, browser, user)


def again(house: House, browser: Browser, user: User) -> Staff:
    """As they are at their next request."""
    signed = house.signed(browser, house.again(user), level=2)
    found = run(staff.authorise(house.parts, browser.caller, signed))
    assert isinstance(found, Staff)
    return found


@pytest.mark.parametrize("own", Role)
@pytest.mark.parametrize("role", Role)
def test_owners_and_managers_look_as_a_lower_role(
    house: House, browser: Browser, own: Role, role: Role
) -> None:
    order = [Role.OWNER, Role.MANAGER, Role.TECHNICIAN, Role.AUDITOR]
    me = at(house, browser, own)
    below = tuple(order[order.index(own) + 1 :]) if own in order[:2] else ()
    assert seeing.lower(me) == below
    answer = run(seeing.start(house.parts, me, role))
    after = again(house, browser, user_of(me))
    if role in below:
        assert answer == Seeing(role)
        assert (after.role, after.looking) == (role, True)
        assert house.trail()[-1].facts == {"role": str(role)}
    else:
        assert answer == NotAllowed(Why.RANK if below else Why.NO_ROLE)
        assert (after.role, after.looking) == (own, False)


def test_it_ends_by_itself_after_an_hour_and_at_once_when_it_is_ended(
    house: House, browser: Browser
) -> None:
    me = at(house, browser)
    run(seeing.start(house.parts, me, Role.AUDITOR))
    house.clock.move(LIFE_MS - 1)
    assert again(house, browser, user_of(me)).looking
    house.clock.move(1)
    assert not again(house, browser, user_of(me)).looking
    run(seeing.start(house.parts, me, Role.AUDITOR))
    for _ in range(2):
        assert run(seeing.end(house.parts, again(house, browser, user_of(me)))) == Ended()
    assert again(house, browser, user_of(me)).role is Role.OWNER
    assert house.events().count("see_as.ended") == 1


def test_while_looking_nobody_looks_lower_still(house: House, browser: Browser) -> None:
    me = at(house, browser)
    run(seeing.start(house.parts, me, Role.MANAGER))
    looker = again(house, browser, user_of(me))
    assert seeing.lower(looker) == ()
    assert run(seeing.start(house.parts, looker, Role.AUDITOR)) == NotAllowed(Why.LOOKING)
    answer = run(staff.unlock(house.parts, looker, house.user().id))
    assert answer == staff.NotAllowed(Why.LOOKING)
    stopped = run(batching.stop(house.parts, looker, "0" * 26))
    assert stopped == batching.NotAllowed(Why.LOOKING)


def test_it_is_of_this_browser_and_this_person(house: House, browser: Browser) -> None:
    me = at(house, browser)
    run(seeing.start(house.parts, me, Role.AUDITOR))
    assert not again(house, house.browser(), user_of(me)).looking
    assert not at(house, browser, Role.MANAGER).looking


def test_it_never_gives_a_role_that_is_not_ones_own(house: House, browser: Browser) -> None:
    me = at(house, browser)
    run(seeing.start(house.parts, me, Role.MANAGER))
    user = user_of(me)
    house.write(lambda tx: tx.roles.grant(house.tenant.id, user.id, Role.TECHNICIAN))
    after = again(house, browser, user)
    assert (after.role, after.looking) == (Role.TECHNICIAN, False)
    house.write(lambda tx: tx.roles.revoke(house.tenant.id, user.id))
    signed = house.signed(browser, house.again(user), level=2)
    answer = run(staff.authorise(house.parts, browser.caller, signed))
    assert answer == staff.NotAllowed(Why.NO_ROLE)


def test_a_command_on_the_host_looks_as_itself(house: House, browser: Browser) -> None:
    host = staff.on_the_host(browser.caller)
    assert run(seeing.start(house.parts, host, Role.AUDITOR)) == NotAllowed(Why.NO_ROLE)
    assert run(seeing.end(house.parts, host)) == Ended()
