"""Sites, controllers and what stands behind them, as the directory itself lists them."""

from __future__ import annotations

from dataclasses import dataclass


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
