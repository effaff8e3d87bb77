"""How the directory writes times, SIDs, GUIDs (MS-ADTS 3.1.1.2.2, MS-DTYP)."""

from __future__ import annotations

import re

#: from 1601-01-01 to 1970-01-01, in milliseconds
_EPOCH_MS = 11_644_473_600_000
_TICKS = 10_000
#: "never": the largest interval, as expiry; 0x8000000000000000 as a duration is the same
NEVER = 0x7FFF_FFFF_FFFF_FFFF
_HEX_GUID = re.compile(r"[0-9a-f]{32}")


def moment(ticks: int | None) -> int | None:
    """FILETIME (100 ns since 1601) in ms since 1970. None for none, 0 and never."""
    if not ticks or ticks >= NEVER:
        return None
    return ticks // _TICKS - _EPOCH_MS


def duration(ticks: int | None) -> int:
    """A length of time, which the directory writes as a negative number of 100 ns, in ms. 0 for
    none and for ever.
    """
    if not ticks or ticks <= -NEVER:
        return 0
    return abs(ticks) // _TICKS


def sid(value: bytes) -> str:
    """As people write it (MS-DTYP 2.4.2.1); "" for what is none."""
    if len(value) < 8 or len(value) != 8 + 4 * value[1]:  # noqa: PLR2004
        return ""
    parts = (int.from_bytes(value[at : at + 4], "little") for at in range(8, len(value), 4))
    authority = int.from_bytes(value[2:8], "big")
    return "-".join(["S", str(value[0]), str(authority), *map(str, parts)])


def by_guid(guid: str) -> str:
    """The name of an entry by its objectGUID (MS-ADTS 3.1.1.3.1.2.4). Raises ValueError for
    what is no hex of 16 bytes.
    """
    if not _HEX_GUID.fullmatch(guid):
        raise ValueError
    return f"<GUID={guid}>"
