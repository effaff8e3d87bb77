"""Tenants: made by commands on the host; what they decide is changed in flows/policies.py."""

from __future__ import annotations

from keyturn.ports.parts import Parts
from keyturn.ports.store import Taken, Tx
from keyturn.rules.accounts import Tenant, TenantPolicy
from keyturn.rules.callers import Caller
from keyturn.rules.events import Event
from keyturn.steps.acts import begin, record
from keyturn.steps.tenants import Changed, InUse, Unfit, unfit

__all__ = ["Changed", "InUse", "Unfit", "add", "everyone", "new_tenant"]

ACCENT = "#1f6f5c"


def new_tenant(parts: Parts, slug: str, name: str, sender: str) -> Tenant:
    """A tenant with every default, not yet stored."""
    now = parts.clock.now()
    return Tenant(
        id=parts.random.id(now), slug=slug, name=name, host=None, sender=sender,
        accent=ACCENT, timezone="UTC", context=(slug, name.lower()), support=(),
        policy=TenantPolicy(), created_at=now,
    )  # fmt: skip


async def everyone(parts: Parts) -> tuple[Tenant, ...]:
    """All tenants, the oldest first."""
    return tuple(await parts.store.read(lambda tx: tx.tenants.all()))


async def add(parts: Parts, caller: Caller) -> Changed | Unfit | InUse:
    """Store a new tenant, `caller.tenant`."""
    wrong = unfit(caller.tenant)
    if wrong:
        return Unfit(wrong)

    def step(tx: Tx) -> Changed:
        tx.tenants.add(caller.tenant)
        record(tx, begin(parts, caller), Event.TENANT_ADDED, None, {"slug": caller.tenant.slug})
        return Changed(caller.tenant, ())

    try:
        return await parts.store.write(step)
    except Taken as taken:
        return InUse(taken.what)
