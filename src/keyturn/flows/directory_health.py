"""How a directory is: for whoever asks (`keyturn doctor`, the console), and judged every minute."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial
from typing import Final

from keyturn.ports.directory_health import Line
from keyturn.ports.parts import Parts
from keyturn.ports.store import StoreUnavailable, Tx
from keyturn.rules.access import Staff
from keyturn.steps import directory_health
from keyturn.steps.directory_health import EVERY_MS, Health

#: directories judged in one sweep, each in a transaction of its own
SWEEP: Final = 20
#: lines of history that a page shows
FEW: Final = 20

_log = logging.getLogger("keyturn.health")


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


@dataclass(frozen=True, slots=True)
class Page:
    """How a directory is, and what changed lately, newest first."""

    health: Health
    history: tuple[Line, ...]


async def page(parts: Parts, staff: Staff, directory_id: str, version: str) -> Page | None:
    """As `look`, with the last lines of history."""
    now = parts.clock.now()

    def step(tx: Tx) -> Page | None:
        tenant_id = staff.caller.tenant.id
        found = tx.directories.get(tenant_id, directory_id)
        if found is None:
            return None
        lines = tx.health.history(tenant_id, directory_id, FEW)
        return Page(directory_health.look(tx, found, version, now), tuple(lines))

    return await parts.store.read(step)


async def sweep(parts: Parts, version: str, limit: int = SWEEP) -> int:
    """Judge directories whose minute is over, of all tenants, and store what came of it; returns
    how many there were to look at.

    One that cannot be judged stops no other: it is logged, and has its next turn in a minute.

    Raises StoreUnavailable.
    """
    before = parts.clock.now() - EVERY_MS
    due = await parts.store.glance(lambda tx: tx.health.due(before, limit))
    for tenant_id, directory_id in due:
        judge = partial(
            directory_health.judge_now, parts=parts, tenant_id=tenant_id,
            directory_id=directory_id, version=version,
        )  # fmt: skip
        try:
            await parts.store.write(judge)
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001  whatever it is, the others have their turn
            # its text may hold what an agent said, which is no matter of a log
            _log.warning("not judged directory=%s error=%s", directory_id, type(error).__name__)
            await parts.store.write(partial(_put_off, parts, tenant_id, directory_id))
    return len(due)


def _put_off(parts: Parts, tenant_id: str, directory_id: str, tx: Tx) -> None:
    """Its turn is over, though nothing came of it: else those that fail would be first for ever."""
    now = parts.clock.now()
    tx.health.take(tenant_id, directory_id, now - EVERY_MS, now)
