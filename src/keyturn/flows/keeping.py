"""What is done to the installation as a whole, written into every tenant's audit trail."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules.accounts import Tenant
from keyturn.rules.callers import Caller
from keyturn.rules.events import Event
from keyturn.steps.acts import begin, record


async def backed_up(
    parts: Parts, caller: Callable[[Tenant], Caller], facts: Mapping[str, object]
) -> None:
    """All data left the database in a backup: every tenant may know when, and who did it.

    Args:
        caller: who did it, as a tenant's audit trail shows it.
    """

    def step(tx: Tx) -> None:
        for tenant in tx.tenants.all():
            record(tx, begin(parts, caller(tenant)), Event.BACKUP_MADE, None, facts)

    await parts.store.write(step)
