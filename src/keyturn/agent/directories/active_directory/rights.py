"""What the tick at "User cannot change password" leaves in the access control list (MS-DTYP 2.4.4).

Nothing else says it: the flag of that name in userAccountControl is never stored (MS-ADTS
2.2.16); what administrators tick is a pair of entries that deny the right.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from uuid import UUID

from keyturn.agent.directories.active_directory.values import sid

_CHANGE_PASSWORD = UUID("ab721a53-1e2f-11d0-9819-00aa0040529b").bytes_le
_WHO = {"S-1-1-0", "S-1-5-10"}  # Everyone, SELF
_DENIED_OBJECT = 6  # ACCESS_DENIED_OBJECT_ACE_TYPE
_CONTROL_ACCESS = 0x100
_HAS_TYPE, _HAS_INHERITED = 1, 2

_HEAD = struct.Struct("<BBHIIII")  # revision, -, control, owner, group, sacl, dacl
_LIST = struct.Struct("<BBHHH")  # revision, -, size, count, -
_ENTRY = struct.Struct("<BBHI")  # type, flags, size, mask
_FLAGS = struct.Struct("<I")


def cannot_change(descriptor: bytes) -> bool:
    """Whether it denies the account (or everyone) the right to change its own password."""
    try:
        return any(
            kind == _DENIED_OBJECT and mask & _CONTROL_ACCESS and _denies_change(body)
            for kind, mask, body in _entries(descriptor)
        )
    except struct.error:
        return False


def _entries(descriptor: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Type, access mask and the rest of each entry of the discretionary list."""
    at = _HEAD.unpack_from(descriptor)[-1]
    if not at:
        return
    count = _LIST.unpack_from(descriptor, at)[3]
    at += _LIST.size
    for _ in range(count):
        kind, _flags, size, mask = _ENTRY.unpack_from(descriptor, at)
        yield kind, mask, descriptor[at + _ENTRY.size : at + size]
        at += size


def _denies_change(body: bytes) -> bool:
    (present,) = _FLAGS.unpack_from(body)
    if not present & _HAS_TYPE:
        return False
    after = _FLAGS.size + 16
    kind, after = body[_FLAGS.size : after], after + (16 if present & _HAS_INHERITED else 0)
    return kind == _CHANGE_PASSWORD and sid(body[after:]) in _WHO
