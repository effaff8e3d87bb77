"""Numbers that are unique over a provider's tenants, at one moment, on both databases: of two that
want one number in one ring, exactly one has it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from keyturn.adapters.sql import open_store
from keyturn.adapters.sql.schema import complete
from keyturn.adapters.sql.store import engine_of
from keyturn.adapters.system import SystemRandom
from keyturn.flows import providers
from keyturn.flows.phone import InUse, Proved
from keyturn.flows.policies import Changed, NumbersHeld
from keyturn.rules.accounts import Tenant
from tests.unit.flows.house import House, together
from tests.unit.flows.rings import MOBILE, Ring

ROUNDS = 30


@pytest.fixture
def house(store_url: str) -> Iterator[House]:
    """A house in a database that other tests use as well."""
    built, random = House(), SystemRandom()  # ids that no other test of this database has
    built.store.close()
    built.store = open_store(store_url)
    complete().create_all(engine_of(built.store))
    built.random = random  # type: ignore[assignment]
    built.parts = replace(built.parts, store=built.store, random=random)
    yield built
    built.close()


def made(house: House) -> Ring:
    return Ring(house, house.random.digits(12))


def against(n: int, ours: Any, theirs: Any) -> tuple[Any, Any]:
    """Both at once, now the one begins and now the other; both answers."""
    if n % 2:
        first, second = together(ours, theirs)
        return first, second
    second, first = together(theirs, ours)
    return first, second


def holders(ring: Ring) -> list[Tenant]:
    """Which of the two has somebody with the number."""
    asked = ring.house.write
    return [
        one for one in (ring.north, ring.south)
        if asked(lambda tx, one=one: tx.users.holder_of_phone(one.id, MOBILE))  # type: ignore[misc]
    ]  # fmt: skip


def test_two_tenants_that_prove_one_number_at_once_do_not_both_have_it(house: House) -> None:
    for n in range(ROUNDS):
        ring = made(house).joined()
        codes = [ring.ready(*ring.person(one)) for one in (ring.north, ring.south)]
        found = against(n, *codes)
        assert {type(one) for one in found} == {Proved, InUse}, (n, found)
        assert len(holders(ring)) == 1


def test_whoever_proves_a_number_while_their_tenant_joins_is_seen_or_refused(house: House) -> None:
    for n in range(ROUNDS):
        ring = made(house)
        together(ring.say(ring.north))
        ring.proves(*ring.person(ring.north))
        code = ring.ready(*ring.person(ring.south))
        proof, joining = against(n, code, ring.say(ring.south))
        if isinstance(proof, Proved):
            assert joining == NumbersHeld(1)
            assert ring.of(ring.south) is None
        else:
            assert (proof, type(joining)) == (InUse(), Changed)
            assert holders(ring) == [ring.north]


def test_whoever_proves_a_number_while_its_holders_tenant_joins_is_seen_or_refused(
    house: House,
) -> None:
    for n in range(ROUNDS):
        ring = made(house)
        together(ring.say(ring.north))
        ring.proves(*ring.person(ring.south))
        code = ring.ready(*ring.person(ring.north))
        proof, joining = against(n, code, ring.say(ring.south))
        wanted = (Proved, NumbersHeld) if isinstance(proof, Proved) else (InUse, Changed)
        assert (type(proof), type(joining)) == wanted, n


def test_of_two_tenants_that_join_with_one_number_one_does(house: House) -> None:
    for n in range(ROUNDS):
        ring = made(house)
        for tenant in (ring.north, ring.south):
            ring.proves(*ring.person(tenant))
        found = against(n, ring.say(ring.north), ring.say(ring.south))
        assert {type(one) for one in found} == {Changed, NumbersHeld}, (n, found)
        assert sum(ring.of(one) is not None for one in (ring.north, ring.south)) == 1


def test_nobody_is_left_in_the_ring_of_a_provider_whose_link_has_ended(house: House) -> None:
    for n in range(ROUNDS):
        ring = made(house)
        ring.proves(*ring.person(ring.north))
        link = ring.links[0].link
        ended = providers.end(house.parts, ring.host(ring.north), link.id)
        against(n, ended, ring.say(ring.north))
        # out, or alone: which of the two it is, the later one says
        assert ring.of(ring.north) in {None, ring.north.id}
        said = ring.now(ring.north).policy.phone_unique
        assert (said == "provider") is (ring.of(ring.north) is not None)
