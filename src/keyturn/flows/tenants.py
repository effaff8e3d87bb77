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
from keyturn.steps import rings
from keyturn.steps.acts import begin, record
from keyturn.steps.rings import NumbersHeld

__all__ = ["Changed", "InUse", "NumbersHeld", "Unfit", "add", "change", "everyone", "new_tenant"]

ACCENT = "#1f6f5c"
_UNIQUE = "policy.phone_unique"


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


async def change(
    parts: Parts, caller: Caller, after: Tenant, *, rejoin: bool = False
) -> Changed | Unfit | InUse | NumbersHeld:
    """Store `after` in place of `caller.tenant`; its id, slug and age stay.

    Args:
        rejoin: go by the links of now for where phone numbers are unique, though the policy was
            the same before.
    """
    before = caller.tenant
    after = replace(after, id=before.id, slug=before.slug, created_at=before.created_at)
    wrong = unfit(after)
    if wrong:
        return Unfit(wrong)
    what = _differences(before, after)
    if rejoin and _UNIQUE not in what:
        what = (*what, _UNIQUE)

    def step(tx: Tx) -> Changed | InUse | NumbersHeld:
        tx.users.lock(after.id, after.id)  # as `steps.rings` asks for
        every = {tenant.id: tenant for tenant in tx.tenants.all()}
        stored = every.pop(after.id)  # others may have changed it since
        if any(t.host == after.host for t in every.values() if t.host is not None):
            return InUse("host")
        if rejoin or stored.policy.phone_unique != after.policy.phone_unique:
            held = rings.settle(tx, after)
            if held is not None:
                return held
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
