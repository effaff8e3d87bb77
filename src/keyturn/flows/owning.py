"""Whose accounts are is settled beside the reading: no page of an agent waits for it."""

from __future__ import annotations

from typing import Final

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules.callers import Caller
from keyturn.rules.directories.syncs import Phase
from keyturn.steps import owning
from keyturn.steps.acts import Act

#: accounts settled in one transaction, and directories in one look
LIMIT: Final = 100
DIRECTORIES: Final = 20
#: what stands for the client where a directory made, linked, stopped or started a user
CLIENT: Final = "directory"


async def settle(parts: Parts, limit: int = LIMIT) -> int:
    """Settle accounts of all tenants, of each directory so many at most; the most there were to
    look at in one of them.

    Raises StoreUnavailable; Taken where somebody else has just linked an account: again, then.
    """
    waiting = await parts.store.glance(lambda tx: tx.syncs.owing(DIRECTORIES))
    most = 0
    for tenant_id, directory_id in waiting:
        most = max(most, await _one(parts, tenant_id, directory_id, limit))
    return most


async def _one(parts: Parts, tenant_id: str, directory_id: str, limit: int) -> int:
    def step(tx: Tx) -> int:
        sync, tenant = tx.syncs.lock(tenant_id, directory_id), tx.tenants.get(tenant_id)
        if tenant is None or sync is None or sync.phase is not Phase.FOLLOWING:
            return 0  # since then it was forgotten, or is read anew
        act = Act(parts, Caller(tenant, "", (), "", CLIENT), parts.clock.now())
        return owning.settle(tx, act, directory_id, limit)

    return await parts.store.write(step)
