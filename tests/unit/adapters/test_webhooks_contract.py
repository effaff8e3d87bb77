"""What every store promises of tenants' addresses for alarms (ports.webhooks)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from keyturn.adapters.memory_secrets import START as NOW
from keyturn.adapters.memory_secrets import SeededRandom
from keyturn.adapters.sql import SqlStore, open_store
from keyturn.adapters.sql.schema import complete
from keyturn.adapters.sql.store import engine_of
from keyturn.ports.store import Tx
from keyturn.ports.webhooks import Webhook


@pytest.fixture(scope="module")
def store(store_url: str) -> Iterator[SqlStore]:
    opened = open_store(store_url)
    complete().create_all(engine_of(opened))
    yield opened
    opened.close()


def test_one_a_tenant_and_no_other_tenants(store: SqlStore) -> None:
    random = SeededRandom("webhooks")
    one, other = random.id(NOW), random.id(NOW)

    def step(tx: Tx) -> None:
        assert tx.webhooks.of(one) is None
        first = Webhook(one, "a.example.com", "sealed", NOW)
        second = Webhook(one, "b.example.com", "sealed too", NOW + 1)
        for each in (first, second):
            tx.webhooks.put(each)
            assert tx.webhooks.of(one) == each
        assert tx.webhooks.of(other) is None
        assert tx.webhooks.remove(other) is False
        assert tx.webhooks.remove(one) is True
        assert tx.webhooks.remove(one) is False
        assert tx.webhooks.of(one) is None

    store.submit_write(step).result(timeout=30)
