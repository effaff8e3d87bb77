"""Keys of programs: owners make and revoke them; nobody reads one out of the database."""

from __future__ import annotations

import pytest

from keyturn.flows import api_keys
from keyturn.flows.api_keys import BadName, Made, NameTaken, NotAllowed, NotFound
from keyturn.flows.staff import on_the_host
from keyturn.rules.access import Staff, Why
from keyturn.rules.accounts import Role
from keyturn.rules.lockout import MINUTE
from tests.unit.flows.house import House, run
from tests.unit.flows.programs import Desk, make_key


@pytest.fixture
def owner(house: House) -> Staff:
    return on_the_host(house.browser().caller)


def names(house: House, by: Staff) -> list[str]:
    found = run(api_keys.everyone(house.parts, by))
    assert not isinstance(found, NotAllowed)
    return [key.name for key in found]


def shows(house: House, key: str) -> object:
    return run(api_keys.authenticate(house.parts, house.browser().caller, key))


def test_a_key_opens_until_it_is_revoked_and_is_stored_as_a_digest(
    house: House, owner: Staff
) -> None:
    made = make_key(house)
    assert shows(house, made.key) == made.stored
    assert made.key not in f"{made!r}{house.dump('api_keys', 'audit')}"
    assert made.stored.digest not in repr(made.stored)
    assert names(house, owner) == ["ServiceDesk"]
    run(api_keys.revoke(house.parts, owner, made.stored.id))
    assert shows(house, made.key) is None
    assert names(house, owner) == []


def test_unknown_and_revoked_cost_the_same_statements(house: House, owner: Staff) -> None:
    made, never = make_key(house), "ktk_" + "x" * 43
    run(api_keys.revoke(house.parts, owner, made.stored.id))
    costs = []
    for key in (made.key, never):
        with house.statements() as seen:
            assert shows(house, key) is None
        costs.append(list(seen))
    assert costs[0] == costs[1]
    assert len(costs[0]) == 1


@pytest.mark.parametrize("text", ["", "Bearer", "ktk_short", "ktk_" + "x" * 44])
def test_what_is_no_key_is_not_looked_for(house: House, text: str) -> None:
    with house.statements() as seen:
        assert shows(house, text) is None
    assert seen == []


def test_a_key_of_another_tenant_is_unknown_here(house: House) -> None:
    there = make_key(house, house.add_tenant("southbank"))
    assert shows(house, there.key) is None


def test_when_it_was_last_used_is_known_to_the_minute(house: House, owner: Staff) -> None:
    desk = Desk(house)

    def used() -> int | None:
        found = run(api_keys.everyone(house.parts, owner))
        assert not isinstance(found, NotAllowed)
        return found[0].used_at

    assert used() is None
    first = house.clock.now()
    desk.looks("nothing")
    house.clock.move(MINUTE - 1)
    desk.again().looks("nothing")
    assert used() == first
    house.clock.move(1)
    desk.again().looks("nothing")
    assert used() == first + MINUTE
    house.clock.move(1)
    desk.withdraws("nothing")
    assert used() == first + MINUTE + 1


def test_what_was_done_is_in_the_audit_trail(house: House, owner: Staff) -> None:
    made = make_key(house)
    run(api_keys.revoke(house.parts, owner, made.stored.id))
    told = [(str(e.event), e.facts) for e in house.trail() if e.event.startswith("key.")]
    facts = {"key": "ServiceDesk", "begins": made.stored.hint}
    assert told == [("key.made", facts), ("key.revoked", facts)]


def test_a_name_belongs_to_one_key_and_must_be_one(house: House, owner: Staff) -> None:
    make_key(house)
    assert run(api_keys.add(house.parts, owner, " ServiceDesk ")) == NameTaken()
    assert run(api_keys.add(house.parts, owner, "a\nb")) == BadName()
    assert isinstance(run(api_keys.add(house.parts, owner, "Other")), Made)


def test_a_key_is_revoked_once_and_in_its_tenant_alone(house: House, owner: Staff) -> None:
    made = make_key(house)
    there = on_the_host(house.browser(tenant=house.add_tenant("southbank")).caller)
    assert run(api_keys.revoke(house.parts, there, made.stored.id)) == NotFound()
    assert run(api_keys.revoke(house.parts, owner, made.stored.id)) != NotFound()
    assert run(api_keys.revoke(house.parts, owner, made.stored.id)) == NotFound()


@pytest.mark.parametrize("role", [Role.MANAGER, Role.TECHNICIAN, Role.AUDITOR])
def test_owners_alone_make_see_and_revoke_keys(house: House, owner: Staff, role: Role) -> None:
    made = make_key(house)
    by = Staff(owner.caller, house.user("boss@northwind.test", role=role), role, 2, fresh=True)
    refused = NotAllowed(Why.NO_ROLE)
    assert run(api_keys.everyone(house.parts, by)) == refused
    assert run(api_keys.add(house.parts, by, "Another")) == refused
    assert run(api_keys.revoke(house.parts, by, made.stored.id)) == refused
    assert names(house, owner) == ["ServiceDesk"]
