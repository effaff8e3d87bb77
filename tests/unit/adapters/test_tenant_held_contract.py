"""A tenant that is held is changed by one at a time: nobody's change is undone by another's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from keyturn.adapters.memory_secrets import START as NOW
from keyturn.adapters.sql import SqlStore
from keyturn.ports.store import Tx
from keyturn.rules.accounts import Tenant, TenantPolicy
from keyturn.rules.callers import Caller
from keyturn.steps import tenants
from keyturn.steps.acts import Act
from tests.unit.adapters.stores import new_id, read, write

WRITERS = 24


def test_of_many_changes_at_once_none_is_lost(store: SqlStore) -> None:
    tenant_id = new_id()
    tenant = Tenant(
        id=tenant_id, slug=tenant_id[-12:], name="T", host=None, sender="a@t.test",
        accent="#000000", timezone="UTC", context=(), support=(), policy=TenantPolicy(),
        created_at=NOW,
    )  # fmt: skip
    write(store, lambda tx: tx.tenants.add(tenant))
    parts: Any = None
    act = Act(parts, Caller(tenant, "", (), "", ""), NOW)  # what a server remembers: the first one

    def one_more(tx: Tx) -> None:
        now = tenants.held(tx, act)
        policy = replace(now.policy, password_min=now.policy.password_min + 1)
        tx.tenants.update(replace(now, policy=policy))

    for waiting in [store.submit_write(one_more) for _ in range(WRITERS)]:
        waiting.result(timeout=60)
    found = read(store, lambda tx: tx.tenants.get(tenant_id))
    assert found.policy.password_min == TenantPolicy().password_min + WRITERS
