"""What is kept long enough goes, a window at a time, beside everything else.

Each step is one small transaction: it takes the lease on the round, removes old rows among
the next few hundred, and stores how far it came.  So one server does it at a time, any
other goes on where it stopped, and no request ever waits for it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules.accounts import Tenant
from keyturn.rules.callers import Caller
from keyturn.rules.events import Event
from keyturn.rules.retention import (
    LEASE_MS,
    ORDER,
    PAUSE_MS,
    WINDOW,
    Keep,
    Round,
    before,
    is_over,
    may_step,
    stepped,
)
from keyturn.steps.acts import begin, record

__all__ = ["LAST", "PAUSE_MS", "STATE", "step"]

#: facts of the installation: where the round stands; when the last one ended, what went
STATE, LAST = "retention.round", "retention.last"
#: how the audit trail calls it
CLIENT = "retention"


async def step(parts: Parts, keep: Keep, holder: str) -> int:
    """Do the next step if it is due and nobody else's; milliseconds until the next look.

    Args:
        holder: names this server; any string that no other one has.
    """

    def do(tx: Tx) -> int:
        now = parts.clock.now()
        at = _read(tx)
        if not may_step(at, holder, now):
            return min(max(at.due_at - now, at.until - now, 1), LEASE_MS)
        after = _sweep(tx, at, keep, holder, now)
        if is_over(after):
            _conclude(tx, parts, after, now)
            after = Round(holder=holder, until=after.until, due_at=after.due_at)
        tx.facts.set(STATE, json.dumps(asdict(after)))
        return min(after.due_at - now, LEASE_MS)

    return await parts.store.write(do)


def _read(tx: Tx) -> Round:
    told = tx.facts.get(STATE)
    if told is None:
        tx.facts.set(STATE, json.dumps(asdict(Round())))
        return Round()
    found = json.loads(told)
    at = Round(**{**found, "after": tuple(found["after"])})
    return at if at.kind < len(ORDER) else Round()  # written by a release with more kinds


def _sweep(tx: Tx, at: Round, keep: Keep, holder: str, now: int) -> Round:
    kind = ORDER[at.kind]
    swept = tx.upkeep.sweep(kind, at.after, before(keep, kind, now), WINDOW)
    return stepped(at, holder, now, swept.removed, swept.after)


def _conclude(tx: Tx, parts: Parts, at: Round, now: int) -> None:
    """What went stays in each tenant's audit trail, as counts."""
    tx.facts.set(LAST, json.dumps({"at": now, "removed": _total(at.removed)}))
    for tenant_id, counts in at.removed.items():
        tenant = tx.tenants.get(tenant_id)
        if tenant is not None:
            record(tx, begin(parts, _nobody(tenant)), Event.PURGED, None, counts)


def _total(removed: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for counts in removed.values():
        for kind, count in counts.items():
            total[kind] = total.get(kind, 0) + count
    return total


def _nobody(tenant: Tenant) -> Caller:
    return Caller(tenant=tenant, browser="", offers=(), ip="", client_name=CLIENT)
