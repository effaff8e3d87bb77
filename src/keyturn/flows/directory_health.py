"""How a directory is, for whoever asks: `keyturn doctor`, the console."""

from __future__ import annotations

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules.access import Staff
from keyturn.steps import directory_health
from keyturn.steps.directory_health import Health


async def look(parts: Parts, staff: Staff, directory_id: str, version: str) -> Health | None:
    """How it is now; None if the tenant has no such directory. Whoever has a role may look.

    Args:
        version: the server's own.
    """
    now = parts.clock.now()

    def step(tx: Tx) -> Health | None:
        found = tx.directories.get(staff.caller.tenant.id, directory_id)
        return directory_health.look(tx, found, version, now) if found else None

    return await parts.store.read(step)
