"""A directory's controllers, as its primary last charted them."""

from __future__ import annotations

from keyturn.ports.store import Tx
from keyturn.rules.directories import topology
from keyturn.rules.directories.topology import Topology


def chart(tx: Tx, tenant_id: str, directory_id: str) -> Topology | None:
    """The topology; None before the first report."""
    directory = tx.directories.get(tenant_id, directory_id)
    if directory is None or not directory.topology:
        return None
    return topology.decode(directory.topology)


def writable(tx: Tx, tenant_id: str, directory_id: str) -> frozenset[str]:
    """DNS names of the controllers where a change must arrive; none if not known."""
    known = chart(tx, tenant_id, directory_id)
    return frozenset(c.host for c in topology.writable(known)) if known else frozenset()


def site_of(tx: Tx, tenant_id: str, directory_id: str, host: str) -> str:
    """The site of a controller; "" if not known."""
    known = chart(tx, tenant_id, directory_id)
    found = topology.by_host(known, host) if known else None
    return found.site if found else ""
