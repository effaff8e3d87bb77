"""Sites, controllers and what stands behind them, as the directory itself lists them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class Controller:
    """One server object under CN=Sites.

    Attributes:
        host: DNS name, lower case.
        invocation: invocationId, hex: what a stamp's origin names; "" if it has no NTDS settings.
        read_only: an RODC.
        has_settings, has_computer: False for what a decommissioned controller leaves behind.
        pdc: it is the PDC emulator.
    """

    host: str
    site: str
    invocation: str
    read_only: bool
    has_settings: bool
    has_computer: bool
    pdc: bool


@dataclass(frozen=True, slots=True)
class Link:
    """A site link: whom it joins, cost, how often it replicates (minutes)."""

    name: str
    sites: tuple[str, ...]
    cost: int
    interval: int


@dataclass(frozen=True, slots=True)
class Topology:
    """A directory as one controller sees it.

    Attributes:
        domain: DNS name; netbios: its short name; base: distinguished name of the domain.
        policy_hints: LDAP_SERVER_POLICY_HINTS is supported (1.2.840.113556.1.4.2239).
        vendor: what the rootDSE says of itself, e.g. "Samba", "".
    """

    domain: str
    netbios: str
    base: str
    vendor: str
    policy_hints: bool
    controllers: tuple[Controller, ...]
    links: tuple[Link, ...]


class Unreadable(ValueError):
    """A text that is no topology."""


def encode(topology: Topology) -> str:
    """As JSON, the form that travels and is stored."""
    return json.dumps(asdict(topology), ensure_ascii=False, separators=(",", ":"))


def decode(text: str) -> Topology:
    """The reverse of `encode`, strict: every field, of its type, and no other.

    Raises Unreadable.
    """
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable from error
    parts = _checked(Topology, values)
    controllers = tuple(Controller(**_checked(Controller, one)) for one in parts["controllers"])
    links = tuple(_link(one) for one in parts["links"])
    return Topology(**{**parts, "controllers": controllers, "links": links})


def _link(values: object) -> Link:
    parts = _checked(Link, values)
    if not all(isinstance(site, str) for site in parts["sites"]):
        raise Unreadable
    return Link(**{**parts, "sites": tuple(parts["sites"])})


_TYPES: dict[object, type] = {
    "str": str, "bool": bool, "int": int,
    "tuple[str, ...]": list, "tuple[Controller, ...]": list, "tuple[Link, ...]": list,
}  # fmt: skip
"""What JSON makes of each type that a field here is annotated with."""


def _checked(kind: type, values: object) -> dict[str, Any]:
    """The fields of one object, if they are all there and of their types."""
    wanted = {field.name: _TYPES[field.type] for field in fields(kind)}
    if not isinstance(values, dict) or values.keys() != wanted.keys():
        raise Unreadable
    if any(type(values[name]) is not of for name, of in wanted.items()):
        raise Unreadable
    return values


def real(topology: Topology) -> tuple[Controller, ...]:
    """Controllers that are more than what a decommissioned one left behind."""
    return tuple(c for c in topology.controllers if c.has_settings and c.has_computer)


def writable(topology: Topology) -> tuple[Controller, ...]:
    """Those that take a password: where a change must arrive. The PDC emulator first, then by
    site and name, so that whoever wants one and has no reason for another takes the first.
    """
    return tuple(
        sorted(
            (c for c in real(topology) if not c.read_only),
            key=lambda c: (not c.pdc, c.site.lower(), c.host),
        )
    )


def read_only(topology: Topology) -> tuple[Controller, ...]:
    """Those that ask a writable one for what they do not hold."""
    return tuple(c for c in real(topology) if c.read_only)


def left_over(topology: Topology) -> tuple[Controller, ...]:
    """What decommissioned controllers left: a server object without NTDS settings, or NTDS
    settings without a computer account.
    """
    kept = real(topology)
    return tuple(c for c in topology.controllers if c not in kept)


def by_host(topology: Topology, host: str) -> Controller | None:
    """The controller of that DNS name, whatever its case."""
    return next((c for c in topology.controllers if c.host == host.lower()), None)


def by_invocation(topology: Topology, invocation: str) -> Controller | None:
    """Where a stamp began: the controller whose invocationId that is."""
    found = (c for c in topology.controllers if invocation and c.invocation == invocation)
    return next(found, None)
