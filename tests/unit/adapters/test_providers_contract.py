"""What every store promises of providers, who acts for them, and stays (ports.providers)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from keyturn.adapters.memory_secrets import START as NOW
from keyturn.adapters.sql import SqlStore, providers
from keyturn.adapters.sql.store import engine_of
from keyturn.ports.providers import Acting, Counted
from keyturn.ports.store import Taken
from keyturn.rules.accounts import Role, Tenant, TenantPolicy, User, UserState
from keyturn.rules.providers import Link, Member, Stay
from tests.unit.adapters.stores import new_id, read, write


def founded(store: SqlStore, tenant_id: str) -> Tenant:
    """A tenant of this id."""
    slug = tenant_id[-12:]
    tenant = Tenant(tenant_id, slug, f"Named {slug}", None, "a@x.test", "#000000", "UTC", (), (),
                    TenantPolicy(), NOW)  # fmt: skip
    write(store, lambda tx: tx.tenants.add(tenant))
    return tenant


def linked(store: SqlStore, provider: str, tenant: str, **other: Any) -> Link:
    link = replace(Link(new_id(), provider, tenant, Role.MANAGER, None, NOW), **other)
    write(store, lambda tx: tx.providers.add_link(link))
    return link


def staffed(store: SqlStore, tenant: str, role: Role | None = Role.AUDITOR, **other: Any) -> User:
    plain = User(
        new_id(), tenant, UserState.ACTIVE, "Ann", None, "ann@x.test", None, None, None, None, 0,
        None, None, NOW,
    )  # fmt: skip
    user = replace(plain, **other)
    write(store, lambda tx: tx.users.add(user, ()))
    if role is not None:
        write(store, lambda tx: tx.roles.grant(tenant, user.id, role))
    return user


def joined(store: SqlStore, link: Link, user: User, role: Role = Role.TECHNICIAN) -> Member:
    member = Member(
        new_id(), link.id, link.provider_id, link.tenant_id, user.id, role, None, NOW
    )  # fmt: skip
    write(store, lambda tx: tx.providers.add_member(member))
    return member


def roles(store: SqlStore, user: User) -> dict[str, Role]:
    return dict(read(store, lambda tx: tx.roles.of_user(user.id)))


def test_a_link_is_as_it_was_stored_and_ended_once(store: SqlStore, here: str, there: str) -> None:
    link = linked(store, there, here)
    with pytest.raises(Taken):
        linked(store, there, here)
    assert read(store, lambda tx: tx.providers.link(here, link.id)) == link
    assert read(store, lambda tx: tx.providers.link(there, link.id)) is None
    assert write(store, lambda tx: tx.providers.link_to(here, there)) == link
    assert read(store, lambda tx: tx.providers.live_links(here)) == [link]
    assert read(store, lambda tx: tx.providers.serves(there))
    write(store, lambda tx: tx.providers.end_link(link, NOW + 5, "by"))
    over = replace(link, ended_at=NOW + 5, ended_by="by")
    assert write(store, lambda tx: tx.providers.link(here, link.id)) == over
    assert read(store, lambda tx: tx.providers.link_to(here, there)) is None
    assert not read(store, lambda tx: tx.providers.serves(there))
    again = linked(store, there, here)
    assert read(store, lambda tx: tx.providers.links(here, 9)) == [again, over]
    assert read(store, lambda tx: tx.providers.links(here, 1)) == [again]
    assert read(store, lambda tx: tx.providers.live_links(here)) == [again]


def test_a_provider_sees_its_own_customers(store: SqlStore, here: str, there: str) -> None:
    link, customer = linked(store, there, here), founded(store, here)
    assert read(store, lambda tx: tx.providers.customers(there)) == [(link, customer)]
    assert read(store, lambda tx: tx.providers.customers(here)) == []


def test_whoever_acts_at_a_customer_has_that_role_there_while_all_of_it_stands(
    store: SqlStore, here: str, there: str
) -> None:
    ann, link = staffed(store, there), linked(store, there, here)
    assert roles(store, ann) == {there: Role.AUDITOR}
    member = joined(store, link, ann)
    assert roles(store, ann) == {there: Role.AUDITOR, here: Role.TECHNICIAN}
    found = read(store, lambda tx: tx.roles.of_users([ann.id]))
    assert found == {ann.id: {Role.AUDITOR, Role.TECHNICIAN}}
    holders = read(store, lambda tx: tx.roles.holders(here, Role.TECHNICIAN))
    assert holders == [(there, ann.id)]
    provider = founded(store, there)
    acting = read(store, lambda tx: tx.providers.acting(here, ann.id))
    assert acting == Acting(link, member, provider, ann)
    assert read(store, lambda tx: tx.providers.acting(there, ann.id)) is None
    assert read(store, lambda tx: tx.providers.members(link.id)) == [(member, ann)]


@pytest.mark.parametrize("ended", ["link", "membership", "all", "role", "disabled"])
def test_whatever_of_it_ends_ends_all(store: SqlStore, here: str, there: str, ended: str) -> None:
    ann, link = staffed(store, there), linked(store, there, here)
    founded(store, there)
    member = joined(store, link, ann)
    assert read(store, lambda tx: tx.providers.acting(here, ann.id)) is not None
    gone: object = None
    match ended:
        case "link":
            write(store, lambda tx: tx.providers.end_link(link, NOW, None))
        case "membership":
            gone = write(store, lambda tx: tx.providers.end_members(NOW, "by", ann.id, link.id))
        case "all":
            gone = write(store, lambda tx: tx.providers.end_members(NOW, "by", ann.id))
        case "role":
            write(store, lambda tx: tx.roles.revoke(there, ann.id))
        case _:
            off = replace(ann, state=UserState.DISABLED)
            write(store, lambda tx: tx.users.save(off))
    assert read(store, lambda tx: tx.providers.acting(here, ann.id)) is None
    if ended != "disabled":
        assert here not in roles(store, ann)
        assert read(store, lambda tx: tx.roles.holders(here, Role.TECHNICIAN)) == []
        assert read(store, lambda tx: tx.providers.members(link.id)) == []
    if ended in {"membership", "all"}:
        assert gone == [replace(member, ended_at=NOW, ended_by="by")]
        again = write(store, lambda tx: tx.providers.end_members(NOW, "by", ann.id))
        assert again == []


def test_somebody_of_another_tenant_acts_nowhere(store: SqlStore, here: str, there: str) -> None:
    """A row that says so is none."""
    founded(store, there)
    stranger, link = staffed(store, here), linked(store, there, here)
    joined(store, link, stranger)
    assert roles(store, stranger) == {here: Role.AUDITOR}
    assert read(store, lambda tx: tx.providers.acting(here, stranger.id)) is None
    assert read(store, lambda tx: tx.providers.members(link.id)) == []


def test_somebody_acts_by_a_link_as_one_thing(store: SqlStore, here: str, there: str) -> None:
    ann, link = staffed(store, there), linked(store, there, here)
    first = joined(store, link, ann)
    with pytest.raises(Taken):
        joined(store, link, ann, Role.AUDITOR)
    (ended,) = write(store, lambda tx: tx.providers.end_members(NOW, None, ann.id, link.id))
    again = joined(store, link, ann, Role.AUDITOR)
    assert ended == replace(first, ended_at=NOW)
    assert read(store, lambda tx: tx.providers.of_user(ann.id)) == [again, ended]


def test_people_are_known_by_name_after_they_acted(store: SqlStore, here: str, there: str) -> None:
    ann, link = staffed(store, there), linked(store, there, here)
    joined(store, link, ann)
    write(store, lambda tx: tx.providers.end_link(link, NOW, None))
    provider = founded(store, there)
    found = read(store, lambda tx: tx.providers.people(here, [ann.id, new_id()]))
    assert found == {ann.id: (ann, provider.name)}
    assert read(store, lambda tx: tx.providers.people(there, [ann.id])) == {}
    assert read(store, lambda tx: tx.providers.people(here, [])) == {}


def test_a_stay_is_found_in_its_tenant_and_goes_on_with_its_session(
    store: SqlStore, here: str, there: str
) -> None:
    stay = Stay("a" * 43, here, new_id(), there, new_id(), "s" * 43, "b" * 43, NOW)
    write(store, lambda tx: tx.providers.add_stay(stay))
    assert read(store, lambda tx: tx.providers.stay(here, stay.digest)) == stay
    assert read(store, lambda tx: tx.providers.stay(there, stay.digest)) is None
    write(store, lambda tx: tx.providers.follow("s" * 43, "t" * 43))
    moved = replace(stay, session="t" * 43)
    assert read(store, lambda tx: tx.providers.stay(here, stay.digest)) == moved
    newer = replace(moved, digest="c" * 43)
    elsewhere = replace(moved, digest="d" * 43, tenant_id=there)
    write(store, lambda tx: tx.providers.add_stay(elsewhere))
    write(store, lambda tx: tx.providers.add_stay(newer))
    assert read(store, lambda tx: tx.providers.stay(here, stay.digest)) is None
    assert read(store, lambda tx: tx.providers.stay(there, elsewhere.digest)) == elsewhere
    assert write(store, lambda tx: tx.providers.end_stay(there, newer.digest)) == 0
    assert write(store, lambda tx: tx.providers.end_stay(here, newer.digest)) == 1


def test_a_customer_where_nothing_waits_is_quiet(store: SqlStore, here: str) -> None:
    assert read(store, lambda tx: tx.providers.counted([here], NOW, 9)) == {here: Counted()}
    assert read(store, lambda tx: tx.providers.counted([], NOW, 9)) == {}


# -- restore


def test_a_restore_ends_what_was_ended_since_and_every_stay(
    store: SqlStore, here: str, there: str
) -> None:
    ann, bea = staffed(store, there), staffed(store, there)
    kept, lost = linked(store, there, here), linked(store, here, there)
    stays_in, taken = joined(store, kept, ann), joined(store, kept, bea)
    by_lost = joined(store, lost, staffed(store, here))
    stay = Stay("a" * 43, here, kept.id, there, ann.id, "s" * 43, "b" * 43, NOW)
    write(store, lambda tx: tx.providers.add_stay(stay))
    with engine_of(store).begin() as connection:
        providers.void(connection, NOW + 7, ([lost.id], [taken.id]))
    assert read(store, lambda tx: tx.providers.stay(here, stay.digest)) is None
    assert read(store, lambda tx: tx.providers.links(there, 9)) == [replace(lost, ended_at=NOW + 7)]
    assert read(store, lambda tx: tx.providers.links(here, 9)) == [kept]
    assert read(store, lambda tx: tx.providers.of_user(ann.id)) == [stays_in]
    assert read(store, lambda tx: tx.providers.of_user(bea.id)) == [
        replace(taken, ended_at=NOW + 7)
    ]
    (orphan,) = read(store, lambda tx: tx.providers.of_user(by_lost.user_id))
    assert orphan.ended_at == NOW + 7
    with engine_of(store).connect() as connection:
        links, members = providers.ended(connection)
    assert {lost.id} == {lost.id, kept.id} & set(links)
    every = {stays_in.id, taken.id, by_lost.id}
    assert every & set(members) == {taken.id, by_lost.id}
