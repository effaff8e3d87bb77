"""The `facts` table as a Ledger: it is there already, small, and shared by all processes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from keyturn.adapters.sql.facts import get_fact, set_fact
from keyturn.adapters.sql.store import SqlStore


@dataclass(frozen=True, slots=True)
class FactLedger:
    """See ports.health.Ledger."""

    store: SqlStore

    async def get(self, name: str) -> str | None:
        """See the port."""
        return await asyncio.to_thread(get_fact, self.store, name)

    async def put(self, name: str, value: str) -> None:
        """See the port."""
        await asyncio.to_thread(set_fact, self.store, name, value)
