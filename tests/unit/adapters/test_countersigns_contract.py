"""What every store promises of what waits for a second person (ports.countersigns)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from keyturn.adapters.memory_secrets import START as NOW
from keyturn.adapters.sql import SqlStore, countersigns
from keyturn.adapters.sql.store import engine_of
from keyturn.rules.access import Action
from keyturn.rules.countersigns import Countersign, State, decided
from tests.unit.adapters.stores import new_id, read, write


def kept(store: SqlStore, tenant_id: str, **other: Any) -> Countersign:
    plain = Countersign(
        id=new_id(), tenant_id=tenant_id, user_id=new_id(), action=Action.REMOVE_PASSKEY,
        detail=new_id(), asked_by=new_id(), browser="b" * 43, made_at=NOW, expires_at=NOW + 9,
    )  # fmt: skip
    one = replace(plain, **other)
    write(store, lambda tx: tx.countersigns.add(one))
    return one


def test_one_is_as_it_was_stored_and_as_it_was_changed(store: SqlStore, here: str) -> None:
    one, other = kept(store, here), kept(store, here)
    assert read(store, lambda tx: tx.countersigns.get(here, one.id)) == one
    after = decided(one, State.DECLINED, new_id(), NOW + 3)
    write(store, lambda tx: tx.countersigns.save(after))
    assert write(store, lambda tx: tx.countersigns.get(here, one.id)) == after
    assert read(store, lambda tx: tx.countersigns.get(here, other.id)) == other


def test_the_newest_come_first(store: SqlStore, here: str) -> None:
    user = new_id()
    every = [kept(store, here, user_id=user), kept(store, here), kept(store, here, user_id=user)]
    assert read(store, lambda tx: tx.countersigns.recent(here, 2)) == every[:0:-1]
    assert read(store, lambda tx: tx.countersigns.of_user(here, user)) == every[::-2]


def test_tenants_are_walls(store: SqlStore, here: str, there: str) -> None:
    one = kept(store, here)
    assert read(store, lambda tx: tx.countersigns.get(there, one.id)) is None
    assert read(store, lambda tx: tx.countersigns.of_user(there, one.user_id)) == []
    assert read(store, lambda tx: tx.countersigns.recent(there, 9)) == []


def test_a_restore_voids_what_waits(store: SqlStore, here: str) -> None:
    waits, done = kept(store, here), kept(store, here, state=State.DONE)
    with engine_of(store).begin() as connection:
        countersigns.void(connection, NOW + 5)
    found = read(store, lambda tx: [tx.countersigns.get(here, x.id) for x in (waits, done)])
    assert found == [replace(waits, state=State.VOID, decided_at=NOW + 5), done]
