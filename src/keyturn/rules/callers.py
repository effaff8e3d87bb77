"""Who is asking: what a door knows of the other side before anybody has signed in."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from keyturn.rules.accounts import Tenant


@dataclass(frozen=True, slots=True)
class ClientOffer:
    """A known client's cookie as presented: its signature was right, nothing else is known."""

    id: str
    digest: str


@dataclass(frozen=True, slots=True)
class Caller:
    """The other side of one request.

    Attributes:
        tenant: chosen by host name or /t/slug, before anything else.
        browser: digest of the browser's own token (cookie or API header).
        offers: at most four known-client cookies.
        ip: the address, seen through the trusted proxies and no others.
        client_name: short and printable, e.g. "Firefox on Windows"; made from a header
            that anybody may forge, so it is shown and never trusted.
        language: of the page it comes from (rules.languages); "" for programs.
        provider: the name of the provider whose people act here; "" for everybody else.
    """

    tenant: Tenant
    browser: str
    offers: tuple[ClientOffer, ...]
    ip: str
    client_name: str
    language: str = ""
    provider: str = ""


def network_of(ip: str) -> str:
    """The network whose tries are counted together: IPv4 /24, IPv6 /64.

    An IPv4 address mapped into IPv6 counts as IPv4. "" (no address, a local socket)
    is a network of its own. Raises ValueError for anything that is no address.
    """
    if not ip:
        return "local"
    address = ipaddress.ip_address(ip)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    prefix = 24 if address.version == 4 else 64  # noqa: PLR2004  IP versions
    return str(ipaddress.ip_network((address, prefix), strict=False))
