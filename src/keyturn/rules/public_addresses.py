"""Where a server may be sent by somebody else's word: public places, named strictly.

Some addresses that we are to call come from strangers: a browser names its push service, a
ticket system its webhook.  Whoever names `https://10.0.0.1/` or a name that leads there would
have the server speak for them behind its own walls (server-side request forgery).  So an
address is read by a grammar narrower than any client's, and where its name leads is judged by
the registries of special addresses (RFC 6890, IANA), right before it is called.

What the standard library calls global has changed with its versions, and includes addresses
that carry an IPv4 address inside; the table here says what is meant.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

HTTPS_PORT = 443
#: longer ones are no address that a service hands out
LONGEST = 2048

#: scheme, name or IPv4 address in lower case, port, path and query of RFC 3986; no user, no
#: fragment, no IPv6 address, nothing that two readers could read in two ways
_PLACE = re.compile(
    r"(?P<origin>https://(?P<host>[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?)(?::(?P<port>[1-9]\d{0,4}))?)"
    r"(?:/[A-Za-z0-9\-._~!$&'()*+,;=:@%/?]*)?",
    re.ASCII,
)
_LAST_PORT = 65535

_SPECIAL_4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
        "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    )
)  # fmt: skip
#: all that is given out to networks; whatever lies beside it is special
_UNICAST_6 = IPv6Network("2000::/3")
#: protocols (Teredo, ORCHID), documentation, 6to4
_SPECIAL_6 = tuple(map(IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))
#: NAT64 (RFC 6052): the IPv4 address in its last 32 bits is where it leads
_NAT64 = IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Place:
    """An https address, taken apart.

    Attributes:
        host: a name or an IPv4 address, lower case.
        origin: https://HOST, with the port where it is not 443 (RFC 6454).
    """

    host: str
    port: int
    origin: str


def place(url: str) -> Place | None:
    """What an address names; None unless it is https, spelled in the strict way, without
    credentials, and at most LONGEST characters long.
    """
    found = _PLACE.fullmatch(url) if len(url) <= LONGEST else None
    if found is None:
        return None
    host, port = found["host"], int(found["port"] or HTTPS_PORT)
    if ".." in host or port > _LAST_PORT or not _is_one(host):
        return None
    shown = "" if port == HTTPS_PORT else f":{port}"
    return Place(host, port, f"https://{host}{shown}")


def _is_one(host: str) -> bool:
    """What ends in a number is an IPv4 address or nothing, as browsers have it (URL Standard)."""
    if not host.rpartition(".")[2].isdecimal():
        return True
    try:
        IPv4Address(host)
    except ValueError:
        return False
    return True


def is_public(address: str, also: Sequence[str] = ()) -> bool:
    """Whether an IP address lies in the public internet, or in one of the networks `also`
    (an operator's own, in CIDR). What is no address is not.
    """
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    if any(ip in ip_network(network) for network in also):
        return True
    return _is_public_4(ip) if isinstance(ip, IPv4Address) else _is_public_6(ip)


def _is_public_4(ip: IPv4Address) -> bool:
    return not any(ip in network for network in _SPECIAL_4)


def _is_public_6(ip: IPv6Address) -> bool:
    if ip in _NAT64:
        return _is_public_4(IPv4Address(int(ip) & 0xFFFFFFFF))
    return ip in _UNICAST_6 and not any(ip in network for network in _SPECIAL_6)
