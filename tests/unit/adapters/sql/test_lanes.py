"""On PostgreSQL only a slot that is taken for a comparison may reach the disk later."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, text

from keyturn.adapters.memory_secrets import START as NOW
from keyturn.adapters.sql.engine import postgres_engine
from keyturn.adapters.sql.schema import complete
from keyturn.adapters.sql.tx import SqlTx
from keyturn.ports.store import SeenLane
from keyturn.rules.lockout import Lane
from tests.unit.adapters.stores import new_id

FLUSHED = text("select current_setting('synchronous_commit')")


@pytest.fixture(scope="module")
def connection(pg_url: str) -> Iterator[Connection]:
    """It commits when it is told to, so that a test sees what a transaction was set to."""
    engine = postgres_engine(pg_url)
    complete().create_all(engine)
    with engine.connect() as opened:
        yield opened
    engine.dispose()


@pytest.mark.parametrize(
    ("writing", "durable", "flushed"),
    [(False, False, "off"), (False, True, "on"), (True, False, "on"), (True, True, "on")],
)
def test_only_a_swap_alone_may_be_on_the_disk_later(
    connection: Connection, writing: bool, durable: bool, flushed: str
) -> None:
    """What else a transaction writes is on the disk when it returns, and so is the next one's."""
    tenant, lanes = new_id(), SqlTx(connection, "postgresql", writing=writing).lanes
    seen = SeenLane(key="a:disk", lane=lanes.lock(tenant, "a:disk", NOW), version=0)
    swapped = lanes.swap(tenant, seen, Lane(failed=1), None, durable=durable)
    assert connection.execute(FLUSHED).scalar() == flushed
    connection.commit()
    assert connection.execute(FLUSHED).scalar() == "on"
    assert swapped == SeenLane(key="a:disk", lane=Lane(failed=1), version=1)
    assert lanes.get(tenant, "a:disk") == Lane(failed=1)


def test_what_somebody_else_has_changed_is_not_swapped_later_either(connection: Connection) -> None:
    tenant, lanes = new_id(), SqlTx(connection, "postgresql", writing=False).lanes
    seen = SeenLane(key="a:old", lane=lanes.lock(tenant, "a:old", NOW), version=0)
    lanes.save(tenant, "a:old", Lane(failed=2), None)
    assert lanes.swap(tenant, seen, Lane(failed=1), None, durable=False) is None
    assert lanes.get(tenant, "a:old") == Lane(failed=2)
