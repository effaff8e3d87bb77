"""Stamps, from replication metadata.

`replPropertyMetaData` holds, for each attribute that was ever written, version, time, originating
controller and its sequence number.  Samba answers it to every account that may read the object;
of Windows it is known that reading it takes the right to read that attribute, which
`msDS-ReplAttributeMetaData` (the same, as XML) takes as well.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

from keyturn.agent.directories.ldap.values import Entry
from keyturn.rules.directories.proofs import Stamp

ATTRIBUTES = ("replPropertyMetaData", "msDS-ReplAttributeMetaData")
NEVER = Stamp(0, "", 0, 0)
"""Of an attribute that was never written."""

_IDS = {0x9005A: "unicodePwd", 0x90060: "pwdLastSet", 0x90296: "lockoutTime"}
"""attributeId in the prefix table that is the same everywhere (MS-DRSR 5.16.4)."""

_HEAD = struct.Struct("<IIII")  # version 1, 0, how many, 0
_ONE = struct.Struct("<IIQ16sQQ")  # attribute, version, time (s), origin, its usn, local usn
_VERSION = 1
_EPOCH_S = 11_644_473_600


class Unreadable(ValueError):
    """The controller shows no metadata, or in a form nobody has described."""


def stamps(entry: Entry) -> Mapping[str, Stamp]:
    """By attribute, of those that matter here. Raises Unreadable."""
    if blob := entry.get("replPropertyMetaData"):
        return _binary(blob[0])
    if rows := entry.get("msDS-ReplAttributeMetaData"):
        return dict(map(_xml, rows))
    raise Unreadable


def writes(entry: Entry) -> list[tuple[bytes, int, int]]:
    """Of each attribute the last write: invocationId of the controller where it began, its number
    there, and when (ms since the epoch, by that controller's clock). Raises Unreadable.
    """
    blobs = entry.get("replPropertyMetaData")
    if not blobs:
        raise Unreadable
    return [
        (origin, usn, (at - _EPOCH_S) * 1000)
        for _attribute, _raised, at, origin, usn, _local in _rows(blobs[0])
    ]


def _binary(blob: bytes) -> dict[str, Stamp]:
    return {
        _IDS[attribute]: Stamp(raised, origin.hex(), (at - _EPOCH_S) * 1000, usn)
        for attribute, raised, at, origin, usn, _local in _rows(blob)
        if attribute in _IDS
    }


def _rows(blob: bytes) -> list[tuple[int, int, int, bytes, int, int]]:
    """As `_ONE` has them. Raises Unreadable."""
    try:
        version, _zero, count, _zero = _HEAD.unpack_from(blob)
        rows = [_ONE.unpack_from(blob, _HEAD.size + n * _ONE.size) for n in range(count)]
    except struct.error as error:
        raise Unreadable from error
    if version != _VERSION:
        raise Unreadable
    return rows


def _xml(row: bytes) -> tuple[str, Stamp]:
    """One DS_REPL_ATTR_META_DATA. Taken apart by pattern: no parser, no entities."""
    found = dict(_FIELD.findall(row.decode("utf-8", "replace")))
    try:
        at = datetime.strptime(found["ftimeLastOriginatingChange"], _TIME).replace(tzinfo=UTC)
        stamp = Stamp(
            int(found["dwVersion"]),
            UUID(found["uuidLastOriginatingDsaInvocationID"]).bytes_le.hex(),
            int(at.timestamp()) * 1000,
            int(found["usnOriginatingChange"]),
        )
        return found["pszAttributeName"], stamp
    except (KeyError, ValueError) as error:
        raise Unreadable from error


_FIELD = re.compile(r"<(\w+)>([^<]*)</\1>")
_TIME = "%Y-%m-%dT%H:%M:%SZ"
