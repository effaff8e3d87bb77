"""How slapd writes times, change numbers, UUIDs and names."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

import ldap
from ldap.filter import escape_filter_chars

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?(?:[.,](\d{1,6})\d*)?Z", re.ASCII)
_HEX = re.compile(r"[0-9a-f]{32}", re.ASCII)

Key = tuple[frozenset[tuple[str, str]], ...]


def micros(text: str) -> int | None:
    """Generalized time (RFC 4517 §3.3.13, in UTC as slapd writes it) in microseconds since 1970;
    0 for the year 0, which no calendar here has and slapd means "for good" by. None for no time.
    """
    found = _TIME.fullmatch(text)
    if not found:
        return None
    if found[1] == "0000":
        return 0
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    try:
        at = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    return (at - _EPOCH) // _MICROSECOND + int((found[7] or "").ljust(6, "0"))


def csn_micros(csn: str) -> int | None:
    """When a change was made, out of its number (time#count#server#count), in microseconds."""
    return micros(csn.partition("#")[0])


def hex_of(uuid: str) -> str:
    """A UUID as people write it, as 32 lower-case hex digits. Raises ValueError."""
    return UUID(uuid).hex


def by_uuid(guid: str) -> str:
    """The filter that finds an entry by its id. Raises ValueError for what is no such hex."""
    if not _HEX.fullmatch(guid):
        raise ValueError
    return f"(entryUUID={UUID(guid)})"


def equals(attribute: str, value: str) -> str:
    """A filter of one value; nothing of it becomes filter (RFC 4515 §3)."""
    return f"({attribute}={escape_filter_chars(value)})"


def key(name: str) -> Key:
    """A distinguished name to compare: case and spaces around values do not count. () for none."""
    try:
        parts = ldap.dn.str2dn(name)
    except ldap.DECODING_ERROR:
        return ()
    return tuple(
        frozenset((kind.lower(), " ".join(value.split()).casefold()) for kind, value, _ in rdn)
        for rdn in parts
    )


def within(name: Key, above: Key) -> bool:
    """Whether it is that entry or one below. Nothing is within no name."""
    return bool(above) and name[-len(above) :] == above


def parent(name: str) -> str:
    """The distinguished name above; "" above none."""
    return ldap.dn.dn2str(ldap.dn.str2dn(name)[1:]) if name else ""


def dns_name(base: str) -> str:
    """The DNS name in a base of dc= parts (RFC 2247); "" if it has none."""
    parts = [(rdn[0][0].lower(), rdn[0][1]) for rdn in ldap.dn.str2dn(base)]
    return ".".join(value for kind, value in parts if kind == "dc").lower()
