"""Macros of SPF records (RFC 7208 §7), for the names that mechanisms ask for."""

from __future__ import annotations

import ipaddress
import re
import string
from dataclasses import dataclass

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
#: a name on the wire; what is longer loses labels from the left (§7.3)
LONGEST = 253
_PART = re.compile(r"%(?:\{([a-z])([0-9]*)(r?)([-.+,/_=]*)\}|([%_-]))", re.IGNORECASE)
_UNRESERVED = frozenset("-._~" + string.ascii_letters + string.digits)
_PLAIN = {"%": "%", "_": " ", "-": "%20"}


@dataclass(frozen=True, slots=True)
class Sending:
    """Who sends: the address (None: somebody listed nowhere), MAIL FROM, and the HELO name."""

    ip: Address | None
    sender: str
    helo: str


def has_macro(spec: str) -> bool:
    """Whether a domain-spec depends on who sends."""
    return "%{" in spec


def expand(spec: str, sending: Sending, domain: str) -> str:
    """The name that `spec` means while `domain` is checked; lower case, no last dot."""

    def fill(found: re.Match[str]) -> str:
        if found[5]:
            return _PLAIN[found[5]]
        value = _letter(found[1].lower(), sending, domain)
        value = _cut(value, int(found[2] or 0), bool(found[3]), found[4] or ".")
        return _escaped(value) if found[1].isupper() else value

    return _fitted(_PART.sub(fill, spec))


def _letter(letter: str, sending: Sending, domain: str) -> str:
    local, _, home = sending.sender.rpartition("@")
    if letter == "i":
        return _dotted(sending.ip)
    if letter == "v":
        return "ip6" if sending.ip is not None and sending.ip.version == 6 else "in-addr"  # noqa: PLR2004  IPv6
    values = {
        "s": f"{local or 'postmaster'}@{home}", "l": local or "postmaster", "o": home,
        "d": domain, "h": sending.helo,
    }  # fmt: skip
    return values.get(letter, "unknown")  # p: receivers are told not to look it up


def _dotted(ip: Address | None) -> str:
    if ip is None:
        return "0.0.0.0"  # noqa: S104  nobody's address, bound to nothing
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    return ".".join(ip.exploded.replace(":", ""))


def _escaped(value: str) -> str:
    """As in addresses of the web: what is not unreserved (RFC 3986 §2.3) as %XX."""
    return "".join(
        chr(octet) if chr(octet) in _UNRESERVED else f"%{octet:02X}" for octet in value.encode()
    )


def _cut(value: str, keep: int, turned: bool, delimiters: str) -> str:
    parts = re.split(f"[{re.escape(delimiters)}]", value)
    if turned:
        parts.reverse()
    return ".".join(parts[-keep:] if keep else parts)


def _fitted(name: str) -> str:
    name = name.rstrip(".").lower()
    while len(name) > LONGEST:
        name = name.partition(".")[2] or name[-LONGEST:]
    return name
