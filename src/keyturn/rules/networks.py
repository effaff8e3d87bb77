"""Whether a person and their device are on one network, as far as two addresses can tell.

It is asked while a device is set up, and never after (SPEC A4).  A VPN is said only on evidence:
the operator's range file has the person's address (rules/range_file.py).  Everything else is a
comparison of two addresses, and its verdicts differ in one thing alone: whether the addresses show
that the two are near each other.  Where they do not, the device shows digits and the person types
them, because then only they can have been in front of it.

    verdict      what is seen                                                         near
    ---------    ------------------------------------------------------------------   ----
    vpn          the person's address is a VPN's, a proxy's or a hosting company's    refused
    same         one IPv4 address, or one IPv6 /56, that is no carrier's              yes
    carrier      both come through one operator's NAT, or mobile network: thousands   no
                 of strangers do
    families     one speaks IPv4 and the other IPv6, as two things in one house do    no
    private      one or both reached the server from inside: behind a proxy that      no
                 it does not know, all would look alike
    different    two networks: a VPN that no file knows, mobile data, another house   no

An IPv4 address within IPv6 (mapped, RFC 4291; NAT64, RFC 6052) counts as IPv4.  A house is given a
/56 of IPv6 (RIPE 690), and its own IPv4 address, unless its operator has too few: then
100.64.0.0/10 (RFC 6598) or what the range file calls "carrier" stands between.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final


class Kind(StrEnum):
    """What a range of addresses is, by the operator's file."""

    VPN = "vpn"
    PROXY = "proxy"
    HOSTING = "hosting"
    CARRIER = "carrier"  # an operator's NAT: many houses behind one address
    MOBILE = "mobile"


#: whoever comes from there is not where they seem to be
HIDING: Final = frozenset({Kind.VPN, Kind.PROXY, Kind.HOSTING})
#: strangers share it
SHARED: Final = frozenset({Kind.CARRIER, Kind.MOBILE})


class Verdict(StrEnum):
    """See the table above."""

    VPN = "vpn"
    SAME = "same"
    CARRIER = "carrier"
    FAMILIES = "families"
    PRIVATE = "private"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Range:
    """A range of the file. name: of who runs it; "" where the file has none."""

    kind: Kind
    name: str


@dataclass(frozen=True, slots=True)
class Seen:
    """Where somebody came from.

    Attributes:
        ip: as the door has it, "" for none (a local socket).
        found: what the range file says of it.
    """

    ip: str
    found: Range | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict, and what the file knows of either side, for who reads it."""

    verdict: Verdict
    owner: Range | None
    device: Range | None

    @property
    def near(self) -> bool:
        """Whether the addresses show that the two are beside each other."""
        return self.verdict is Verdict.SAME


Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_HOUSE_6: Final = 56
_NAT64: Final = IPv6Network("64:ff9b::/96")
#: between an operator's customers and its NAT
_CARRIER_SPACE: Final = IPv4Network("100.64.0.0/10")
_INSIDE: Final = tuple(
    ip_network(text)
    for text in (
        "10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16",
        "::1/128", "fc00::/7", "fe80::/10",
    )
)  # fmt: skip


def address(ip: str) -> Address | None:
    """What an address says, an IPv4 address within IPv6 taken out; None: it is none."""
    try:
        found = ip_address(ip.partition("%")[0])
    except ValueError:
        return None
    if isinstance(found, IPv4Address):
        return found
    if found in _NAT64:
        return IPv4Address(int(found) & 0xFFFFFFFF)
    return found.ipv4_mapped or found


def house(at: Address) -> Network:
    """The network that one house, or one subscriber, has."""
    return ip_network((at, _HOUSE_6 if at.version == 6 else 32), strict=False)  # noqa: PLR2004


def hidden(found: Range | None) -> bool:
    """Whether a device may not be set up from there."""
    return found is not None and found.kind in HIDING


def judge(owner: Seen, device: Seen) -> Judged:
    """What two addresses tell; see the table."""
    return Judged(_verdict(owner, device), owner.found, device.found)


def _verdict(owner: Seen, device: Seen) -> Verdict:
    if hidden(owner.found):
        return Verdict.VPN
    one, other = address(owner.ip), address(device.ip)
    if one is None or other is None or _inside(one) or _inside(other):
        return Verdict.PRIVATE
    operators = _operator(one, owner.found), _operator(other, device.found)
    if operators[0] is not None and operators[0] == operators[1]:
        return Verdict.CARRIER
    if one.version != other.version:
        return Verdict.FAMILIES
    if house(one) != house(other) or hidden(device.found):
        return Verdict.DIFFERENT
    return Verdict.SAME if operators == (None, None) else Verdict.CARRIER


def _inside(at: Address) -> bool:
    return any(at.version == network.version and at in network for network in _INSIDE)


def _operator(at: Address, found: Range | None) -> str | None:
    """Whose shared addresses it is one of; "" where nobody has said; None: nobody's."""
    if found is not None and found.kind in SHARED:
        return found.name.casefold()
    return "" if isinstance(at, IPv4Address) and at in _CARRIER_SPACE else None
