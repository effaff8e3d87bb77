"""A tenant, as it is changed: read anew and held, whatever a server remembers of it."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from keyturn.ports.store import Tx
from keyturn.rules import tenants as rules
from keyturn.rules.accounts import Tenant
from keyturn.steps.acts import Act


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


def held(tx: Tx, act: Act) -> Tenant:
    """The tenant as it is stored; nobody else changes it until this transaction ends."""
    tx.users.lock(act.tenant.id, act.tenant.id)
    return tx.tenants.get(act.tenant.id) or act.tenant


def unfit(tenant: Tenant, before: Tenant | None = None) -> tuple[str, ...]:
    """As rules.tenants.unfit; a zone has to be one that this host knows.

    Args:
        before: the tenant as it is stored: the zone that it has stands in nobody's way.
    """
    wrong = rules.unfit(tenant)
    same = before is not None and before.timezone == tenant.timezone
    if same or "timezone" in wrong or _is_zone(tenant.timezone):
        return wrong
    return (*wrong, "timezone")


def _is_zone(name: str) -> bool:
    try:
        return bool(ZoneInfo(name).key)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
