"""No request pays for what has grown old: upkeep removes it, between requests."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from keyturn.adapters.sql.schema import complete
from keyturn.flows import casework, recovery, staff, trail, user_lists
from keyturn.rules.accounts import Role
from keyturn.rules.lockout import DAY
from keyturn.rules.user_lists import Filter
from tests.unit.flows.house import House, run


def counts(house: House) -> dict[str, int]:
    return {name: house.count(name) for name in complete().tables}


def sign_in_right(house: House) -> None:
    house.browser().sign_in()


def sign_in_wrong_and_refused(house: House) -> None:
    browser = house.browser()
    browser.fail(5)
    browser.sign_in()


def forget(house: House) -> None:
    run(recovery.start(house.parts, house.browser().caller, "ada@northwind.test"))


def look(house: House) -> None:
    boss = staff.on_the_host(house.browser().caller)
    run(user_lists.look(house.parts, boss, Filter("ada")))
    run(staff.messages(house.parts, boss, None, None, None))
    run(trail.look(house.parts, boss, trail.Asked(), None))
    run(casework.index(house.parts, boss, None))


@pytest.mark.parametrize("act", [sign_in_right, sign_in_wrong_and_refused, forget, look])
def test_requests_remove_nothing_that_has_grown_old(
    house: House, act: Callable[[House], None]
) -> None:
    house.user(role=Role.OWNER)
    for earlier in (sign_in_right, sign_in_wrong_and_refused, forget):
        earlier(house)
    before = counts(house)
    house.clock.move(3000 * DAY)
    act(house)
    after = counts(house)
    assert {name for name in before if after[name] < before[name]} == set()
