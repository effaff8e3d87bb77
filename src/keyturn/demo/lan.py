"""The one address of this machine at which other devices of the same network reach the demo.

A demo's people have passwords that everybody knows, and its clock is for anybody to move: it is
for a network of one's own.  So a public address is never taken, and what is not clear is asked.
"""

from __future__ import annotations

import fcntl
import socket
import struct
from collections.abc import Sequence
from ipaddress import IPv4Address

#: ioctl: the IPv4 address of a network interface (netdevice(7))
SIOCGIFADDR = 0x8915
#: a documentation address (RFC 5737): a way to it is the way out; nothing is sent there
OUTSIDE = ("203.0.113.1", 9)
#: what LAN=1 says: find out
ANY = "1"


class NoLan(Exception):
    """There is no one address to take. `found`: those that could be named."""

    def __init__(self, found: Sequence[str]) -> None:
        super().__init__(*found)
        self.found = tuple(found)


class NotHere(Exception):
    """The address that was named is none of this machine's, or is not for this."""


def chosen(wanted: str, own: Sequence[str], outward: str | None) -> str:
    """The address to take.

    Args:
        wanted: an address, or ANY.
        own: this machine's, as `addresses` finds them.
        outward: the one by which this machine reaches others, if it does.

    Raises NoLan, NotHere.
    """
    fit = [address for address in own if suits(address)]
    if wanted != ANY:
        if wanted not in fit:
            raise NotHere(wanted)
        return wanted
    if outward in fit:
        return str(outward)
    if len(fit) != 1:
        raise NoLan(fit)
    return fit[0]


def suits(address: str) -> bool:
    """Whether it is of a network of one's own, and reached from there."""
    it = IPv4Address(address)
    return it.is_private and not (it.is_loopback or it.is_link_local or it.is_unspecified)


def addresses() -> list[str]:
    """The IPv4 addresses of this machine's interfaces; none where that is not Linux."""
    found: list[str] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, name in socket.if_nameindex():
            asked = struct.pack("256s", name.encode()[:15])
            try:
                told = fcntl.ioctl(probe.fileno(), SIOCGIFADDR, asked)
            except OSError:
                continue  # an interface without one
            found.append(socket.inet_ntoa(told[20:24]))
    return found


def outward() -> str | None:
    """By which address this machine reaches others; None: by none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(OUTSIDE)
        except OSError:
            return None
        return str(probe.getsockname()[0])
