"""What every store promises of numbers that are unique over a provider's tenants (rings)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keyturn.adapters.memory_secrets import START as NOW
from keyturn.adapters.sql import SqlStore, providers
from keyturn.adapters.sql.store import engine_of
from keyturn.ports.store import Taken, Tx
from keyturn.rules.accounts import Tenant, TenantPolicy, User, UserState
from keyturn.rules.providers import Link
from tests.unit.adapters.stores import new_id, read, write
from tests.unit.adapters.test_providers_contract import founded, linked, staffed

NUMBER, OTHER = "+447400123456", "+447400123457"
RING = TenantPolicy(phone_unique="provider")


def proved(store: SqlStore, tenant_id: str, number: str = NUMBER) -> User:
    """Somebody new of the tenant who proved the number."""
    user = staffed(store, tenant_id, None)
    after = replace(user, phone=number, phone_verified_at=NOW)
    write(store, lambda tx: tx.users.save_number(after))
    return after


def join(store: SqlStore, tenant_id: str, ring: str | None) -> None:
    write(store, lambda tx: tx.tenants.join(tenant_id, ring))


def ring(store: SqlStore, tenant_id: str) -> str | None:
    found: str | None = read(store, lambda tx: tx.tenants.ring(tenant_id))
    return found


def elsewhere(store: SqlStore, tenant_id: str, number: str = NUMBER) -> bool:
    return bool(read(store, lambda tx: tx.users.held_elsewhere(tenant_id, number)))


@pytest.fixture
def two(store: SqlStore, here: str, there: str) -> tuple[str, str]:
    """Two tenants in no ring."""
    return founded(store, here).id, founded(store, there).id


def test_without_a_ring_two_tenants_have_the_same_number(
    store: SqlStore, two: tuple[str, str]
) -> None:
    for tenant_id in two:
        proved(store, tenant_id)
        assert ring(store, tenant_id) is None
        assert not elsewhere(store, tenant_id)
    with pytest.raises(Taken) as taken:
        proved(store, two[0])
    assert taken.value.what == "phone"


def test_in_a_ring_a_number_is_one_users(store: SqlStore, two: tuple[str, str]) -> None:
    here, there = two
    home = new_id()
    for tenant_id in two:
        join(store, tenant_id, home)
        assert ring(store, tenant_id) == home
    holder = proved(store, here)
    assert elsewhere(store, there)
    assert not elsewhere(store, here)
    assert not elsewhere(store, there, OTHER)
    with pytest.raises(Taken) as taken:
        proved(store, there)
    assert taken.value.what == "phone"
    write(store, lambda tx: tx.users.save(replace(holder, state=UserState.DISABLED)))
    assert elsewhere(store, there)
    write(store, lambda tx: tx.users.save(replace(holder, phone=None, phone_verified_at=None)))
    assert not elsewhere(store, there)
    proved(store, there)
    assert elsewhere(store, here)


def test_an_account_that_goes_leaves_its_number_free(store: SqlStore, two: tuple[str, str]) -> None:
    home = new_id()
    for tenant_id in two:
        join(store, tenant_id, home)
    holder = proved(store, two[0])
    write(store, lambda tx: tx.users.delete(two[0], holder.id))
    proved(store, two[1])


def test_another_number_is_kept_apart_in_place_of_the_first(
    store: SqlStore, two: tuple[str, str]
) -> None:
    home = new_id()
    for tenant_id in two:
        join(store, tenant_id, home)
    holder = proved(store, two[0])
    write(store, lambda tx: tx.users.save_number(replace(holder, phone=OTHER)))
    proved(store, two[1])
    with pytest.raises(Taken):
        proved(store, two[1], OTHER)


def test_who_comes_with_a_number_that_is_held_there_does_not_join(
    store: SqlStore, two: tuple[str, str]
) -> None:
    here, there = two
    home = new_id()
    join(store, here, home)
    proved(store, here)
    for number in (NUMBER, OTHER):
        proved(store, there, number)

    def step(tx: Tx) -> int:
        """What was done before in the same transaction stays."""
        tx.users.save(replace(more, name="Bea"))
        with pytest.raises(Taken):
            tx.tenants.join(there, home)
        return tx.users.clashes(there, home)

    more = staffed(store, there, None)
    assert write(store, step) == 1
    assert read(store, lambda tx: tx.users.get(there, more.id)).name == "Bea"
    assert ring(store, there) is None
    assert not elsewhere(store, here, OTHER)
    assert read(store, lambda tx: tx.users.clashes(here, home)) == 0


def test_who_leaves_has_numbers_of_its_own_again_and_takes_them_along(
    store: SqlStore, two: tuple[str, str]
) -> None:
    here, there = two
    home = new_id()
    for tenant_id in two:
        join(store, tenant_id, home)
    proved(store, here)
    join(store, here, None)
    assert not elsewhere(store, there)
    proved(store, there)
    with pytest.raises(Taken):
        join(store, here, home)
    join(store, there, new_id())
    join(store, here, home)
    assert ring(store, here) == home


def test_whoever_lost_a_number_and_has_it_again_is_still_kept_apart(
    store: SqlStore, two: tuple[str, str]
) -> None:
    """Somebody's old copy of a row is stored after the number was taken off it."""
    home = new_id()
    for tenant_id in two:
        join(store, tenant_id, home)
    holder = proved(store, two[0])
    write(store, lambda tx: tx.users.save(replace(holder, phone=None)))
    proved(store, two[1])
    with pytest.raises(Taken):
        write(store, lambda tx: tx.users.save(holder))


# -- restore


def ringed(store: SqlStore, tenant: Tenant, provider: str) -> Link:
    """The tenant in the ring of a provider, by a link."""
    link = linked(store, provider, tenant.id)
    write(store, lambda tx: tx.tenants.update(replace(tenant, policy=RING)))
    join(store, tenant.id, provider)
    return link


def void(store: SqlStore, gone: list[str]) -> None:
    with engine_of(store).begin() as connection:
        providers.void(connection, NOW + 7, (gone, []))


def policy(store: SqlStore, tenant_id: str) -> TenantPolicy:
    found: Tenant = read(store, lambda tx: tx.tenants.get(tenant_id))
    return found.policy


def test_a_restore_leaves_a_ring_whose_link_was_ended_since_and_keeps_the_others(
    store: SqlStore, here: str, there: str
) -> None:
    home = founded(store, new_id())
    write(store, lambda tx: tx.tenants.update(replace(home, policy=RING)))
    join(store, home.id, home.id)
    lost = ringed(store, founded(store, here), home.id)
    ringed(store, founded(store, there), home.id)
    proved(store, here, NUMBER)
    proved(store, there, OTHER)
    void(store, [lost.id])
    assert [ring(store, one) for one in (here, there, home.id)] == [None, home.id, home.id]
    assert [policy(store, one).phone_unique for one in (here, there, home.id)] == [
        "tenant", "provider", "provider",
    ]  # fmt: skip
    proved(store, home.id, NUMBER)
    with pytest.raises(Taken):
        proved(store, home.id, OTHER)
