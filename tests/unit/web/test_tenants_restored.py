"""A restore replaces every table at once, on PostgreSQL under the eyes of whoever is asking."""

from __future__ import annotations

import asyncio

import psycopg

from keyturn.web.site import TENANTS_MS
from tests.unit.flows.rounds import Arena
from tests.unit.web.browsing import open_web

REPLACED = """
    alter table tenants rename to gone;
    create table tenants (like gone including all);
    insert into tenants select * from gone;
    drop table gone cascade
"""
WAITS = "select count(*) from pg_locks where not granted and relation = 'tenants'::regclass"


def test_whoever_asks_while_tables_are_replaced_finds_the_tenants(pg_url: str) -> None:
    """What they see is as old as their question: the new tables, and nothing in them yet."""
    arena = Arena(pg_url)
    site, address = open_web(arena).site, pg_url.replace("+psycopg", "")

    async def story() -> None:
        before = await site.tenants()
        arena.clock.move(TENANTS_MS)
        with psycopg.connect(address) as link:
            link.execute("lock table tenants in access exclusive mode")
            asking = asyncio.create_task(site.tenants())
            while link.execute(WAITS).fetchone() == (0,):  # noqa: ASYNC110  no event tells it
                await asyncio.sleep(0.01)
            link.execute(REPLACED)
        assert await asking == before
        assert await site.tenants() == before

    asyncio.run(story())
    arena.close()
