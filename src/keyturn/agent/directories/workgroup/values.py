"""Security identifiers (MS-DTYP 2.4.2) as this driver handles them: in their binary form."""

from __future__ import annotations

_HEAD = 8
_PART = 4


def text(sid: bytes) -> str:
    """As people write it, such as S-1-5-32-544."""
    parts = (int.from_bytes(sid[at : at + _PART], "little") for at in range(_HEAD, len(sid), _PART))
    return "-".join(["S", str(sid[0]), str(int.from_bytes(sid[2:_HEAD], "big")), *map(str, parts)])


def sid(written: str) -> bytes:
    """The reverse of `text`."""
    revision, authority, *parts = map(int, written.split("-")[1:])
    tail = b"".join(part.to_bytes(_PART, "little") for part in parts)
    return bytes([revision, len(parts)]) + authority.to_bytes(6, "big") + tail


def below(domain: bytes, rid: int) -> bytes:
    """The SID of an account of a domain."""
    return bytes([domain[0], domain[1] + 1]) + domain[2:] + rid.to_bytes(_PART, "little")


def rid_of(domain: bytes, account: str) -> int | None:
    """The relative identifier of an account's id (hex); None if it is none of this domain."""
    try:
        found = bytes.fromhex(account)
    except ValueError:
        return None
    rid = int.from_bytes(found[-_PART:], "little")
    return rid if len(found) == len(domain) + _PART and found == below(domain, rid) else None
