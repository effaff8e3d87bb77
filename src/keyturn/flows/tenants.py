"""Tenants: made and changed by commands on the host."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

from keyturn.ports.parts import Parts
from keyturn.ports.store import Taken, Tx
from keyturn.rules.accounts import Tenant, TenantPolicy
from keyturn.rules.callers import Caller
from keyturn.rules.events import Event
from keyturn.rules.tenants import unfit
from keyturn.steps.acts import begin, record

__all__ = ["Changed", "InUse", "Unfit", "add", "change", "everyone", "new_tenant"]

ACCENT = "#1f6f5c"


@dataclass(frozen=True, slots=True)
class Changed:
    """The tenant as it is now. `what`: the fields that are other than before."""

    tenant: Tenant
    what: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unfit:
    """Fields that are not as they must be; nothing was stored."""

    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InUse:
    """Another tenant has this "slug" or "host"."""

    what: str


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


async def change(parts: Parts, caller: Caller, after: Tenant) -> Changed | Unfit | InUse:
    """Store `after` in place of `caller.tenant`; its id, slug and age stay."""
    before = caller.tenant
    after = replace(after, id=before.id, slug=before.slug, created_at=before.created_at)
    wrong = unfit(after)
    if wrong:
        return Unfit(wrong)
    what = _differences(before, after)

    def step(tx: Tx) -> Changed | InUse:
        others = (t for t in tx.tenants.all() if t.id != after.id and t.host is not None)
        if any(t.host == after.host for t in others):
            return InUse("host")
        tx.tenants.update(after)
        if what:
            record(tx, begin(parts, caller), Event.TENANT_CHANGED, None, {"what": list(what)})
        return Changed(after, what)

    return await parts.store.write(step)


def _differences(before: Tenant, after: Tenant) -> tuple[str, ...]:
    return (*_fields(before, after, ""), *_fields(before.policy, after.policy, "policy."))


def _fields(before: Any, after: Any, prefix: str) -> list[str]:
    names = [field.name for field in fields(before) if field.name != "policy"]
    return [prefix + n for n in names if getattr(before, n) != getattr(after, n)]
