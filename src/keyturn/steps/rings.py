"""Phone numbers that are unique over a provider's tenants (`phone_unique`; rules.providers.ring).

A tenant comes into a ring by a command on the host alone, never by a link: a link needs nobody's
consent, and whoever is in a ring can find out which numbers are held in it.  It leaves at once
with the link that it came by.

The tenant's decoy row is held by all who change its links or its ring, so that each sees what the
other did; the database's index decides whether numbers are free.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from keyturn.ports.store import Taken, Tx
from keyturn.rules.accounts import Tenant
from keyturn.rules.events import Event
from keyturn.rules.providers import Link, ring
from keyturn.steps.acts import Act, record

OFF, ON = "tenant", "provider"


@dataclass(frozen=True, slots=True)
class NumbersHeld:
    """So many of the tenant's numbers others of its provider's customers have; it did not join."""

    numbers: int


def settle(tx: Tx, tenant: Tenant) -> NumbersHeld | bool:
    """Bring the tenant into the ring that its policy and its links name, or out of any. Whoever
    calls holds the decoy row.

    Returns: whether it has moved; NumbersHeld where it cannot join, and nothing has changed.
    """
    apart = tenant.policy.phone_unique == ON
    wanted = ring(tenant.id, tx.providers.live_links(tenant.id)) if apart else None
    if tx.tenants.ring(tenant.id) == wanted:
        return False
    try:
        tx.tenants.join(tenant.id, wanted)
    except Taken:
        return NumbersHeld(tx.users.clashes(tenant.id, str(wanted)))
    return True


def leave(tx: Tx, act: Act, link: Link) -> None:
    """The link ends: if the tenant's ring is that provider's, its numbers are its own again, and
    its policy says so. Whoever calls holds the decoy row.
    """
    if tx.tenants.ring(link.tenant_id) != link.provider_id:
        return
    tx.tenants.join(link.tenant_id, None)
    tenant = tx.tenants.get(link.tenant_id) or act.tenant  # as it is now that its row is held
    tx.tenants.update(replace(tenant, policy=replace(tenant.policy, phone_unique=OFF)))
    facts = {"what": ["policy.phone_unique"], "from": [ON], "to": [OFF]}
    record(tx, act, Event.TENANT_CHANGED, None, facts)
