"""Counting the audit trail, a slice at a time, beside everything else (rules/tallies.py).

A slice is counted by reading alone, so that nobody who writes waits; nothing comes into it any
more.  Then its counts and the new mark are stored together, if no other server has been faster.
"""

from __future__ import annotations

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules import calendar, tallies
from keyturn.rules.tallies import Slice
from keyturn.steps.zones import zone

#: slices in one go
LIMIT = 30


async def advance(parts: Parts) -> bool:
    """Count what is due; whether there may be more at once. Raises StoreUnavailable."""
    due = await parts.store.read(lambda tx: _due(tx, parts.clock.now()))
    for tenant_id, piece in due[:LIMIT]:
        await _count(parts, tenant_id, piece)
    return bool(due)


def _due(tx: Tx, now: int) -> list[tuple[str, Slice | None]]:
    """Of each tenant, the next slice; None where it is to be begun."""
    marks = tx.tallies.marks()
    found: list[tuple[str, Slice | None]] = []
    for tenant in tx.tenants.all():
        mark = marks.get(tenant.id)
        if mark is not None:
            piece = tallies.due(mark, now, zone(tenant.timezone))
            found += [(tenant.id, piece)] if piece else []
        elif tx.tallies.oldest(tenant.id) is not None:
            found.append((tenant.id, None))
    return found


async def _count(parts: Parts, tenant_id: str, piece: Slice | None) -> None:
    if piece is None:
        await parts.store.write(lambda tx: _begin(tx, tenant_id))
        return
    counts = await parts.store.read(
        lambda tx: tx.tallies.count(tenant_id, piece.since, piece.until)
    )

    def keep(tx: Tx) -> None:
        if tx.tallies.advance(tenant_id, piece.since, piece.until):
            tx.tallies.add(tenant_id, piece.day, counts)

    await parts.store.write(keep)


def _begin(tx: Tx, tenant_id: str) -> None:
    """From the day of the first row on."""
    tenant, oldest = tx.tenants.get(tenant_id), tx.tallies.oldest(tenant_id)
    if tenant is not None and oldest is not None:
        tz = zone(tenant.timezone)
        tx.tallies.begin(tenant_id, calendar.begins(calendar.day_of(oldest, tz), tz))
