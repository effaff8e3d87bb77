"""What access control lists say (MS-DTYP 2.4.4): whether an account may change its own password,
and what our account may do to accounts below an OU. Read, and never tried: nothing is written.

The tick at "User cannot change password" is nothing but a pair of entries that deny the right: the
flag of that name in userAccountControl is never stored (MS-ADTS 2.2.16).

Of an OU only those entries count that a person's account created in it would inherit; they are
gone through in their order, in which what denies comes first at each level (MS-ADTS 5.1.3.3), and
the first that speaks of a right decides about it.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from keyturn.agent.directories.active_directory.values import sid

_CHANGE_PASSWORD: Final = UUID("ab721a53-1e2f-11d0-9819-00aa0040529b").bytes_le
_WHO: Final = {"S-1-1-0", "S-1-5-10"}  # Everyone, SELF
_ALLOWED, _DENIED = {0, 5}, {1, 6}  # ACCESS_(ALLOWED|DENIED)_ACE_TYPE, and …_OBJECT_ACE_TYPE
_OF_OBJECTS, _DENIED_OBJECT = {5, 6}, 6
_WRITE_PROPERTY, _CONTROL_ACCESS = 0x20, 0x100
_CONTAINER_INHERIT = 0x02
_HAS_TYPE, _HAS_INHERITED = 1, 2
_USER: Final = UUID("bf967aba-0de6-11d0-a285-00aa003049e2").bytes_le


@dataclass(frozen=True, slots=True)
class _Right:
    """What a right is called in an entry: its bit, and the GUIDs that name it (its own, or the
    property set's that it is in); an entry that names none is about all.
    """

    bit: int
    names: frozenset[bytes]


def _right(bit: int, *names: str) -> _Right:
    return _Right(bit, frozenset(UUID(name).bytes_le for name in names))


#: MS-ADTS 5.1.3.2.1 (User-Force-Change-Password), MS-ADA1 (lockoutTime), MS-ADA3 (pwdLastSet, which
#: is in the property set User-Account-Restrictions)
_RESET: Final = _right(_CONTROL_ACCESS, "00299570-246d-11d0-a768-00aa006e0529")
_LOCKOUT: Final = _right(_WRITE_PROPERTY, "28630ebf-41d5-11d1-a9c1-0000f80367c1")
_LAST_SET: Final = _right(
    _WRITE_PROPERTY, "bf967a0a-0de6-11d0-a285-00aa003049e2", "4c164200-20c0-11d0-a768-00aa006e0529"
)
#: to whom the class gives everything over each new account, whatever the OU says (schema: User,
#: defaultSecurityDescriptor): SYSTEM, Account Operators; and the domain's own administrators
_OVER_ALL: Final = {"S-1-5-18", "S-1-5-32-548"}
_DOMAIN_ADMINS: Final = "-512"

_HEAD = struct.Struct("<BBHIIII")  # revision, -, control, owner, group, sacl, dacl
_LIST = struct.Struct("<BBHHH")  # revision, -, size, count, -
_ENTRY = struct.Struct("<BBHI")  # type, flags, size, mask
_FLAGS = struct.Struct("<I")
_GUID: Final = 16


@dataclass(frozen=True, slots=True)
class _Ace:
    """One entry. of, to: GUID of what it is about, of the class that inherits it; b"" for all."""

    kind: int
    flags: int
    mask: int
    of: bytes
    to: bytes
    who: str


@dataclass(frozen=True, slots=True)
class Delegated:
    """What may be done to people's accounts in an OU: set passwords, write lockoutTime, write
    pwdLastSet.
    """

    reset: bool
    lockout: bool
    last_set: bool


def cannot_change(descriptor: bytes) -> bool:
    """Whether it denies the account (or everyone) the right to change its own password."""
    try:
        return any(
            ace.kind == _DENIED_OBJECT and ace.mask & _CONTROL_ACCESS
            and ace.of == _CHANGE_PASSWORD and ace.who in _WHO
            for ace in _entries(descriptor)
        )  # fmt: skip
    except struct.error:
        return False


def delegated(descriptor: bytes, token: Collection[bytes]) -> Delegated | None:
    """What somebody may do to accounts in an OU.

    Args:
        descriptor: the OU's nTSecurityDescriptor.
        token: SIDs of whoever it is, its own and its groups'.

    None if it cannot be read, or nothing is known of who it is.
    """
    mine = set(map(sid, token)) - {""}
    if not mine:
        return None
    if mine & _OVER_ALL or any(one.endswith(_DOMAIN_ADMINS) for one in mine):
        return Delegated(reset=True, lockout=True, last_set=True)
    try:
        aces = [ace for ace in _entries(descriptor) if ace.who in mine and _comes_to_people(ace)]
    except struct.error:
        return None
    reset, lockout, last_set = (_granted(aces, right) for right in (_RESET, _LOCKOUT, _LAST_SET))
    return Delegated(reset, lockout, last_set)


def _comes_to_people(ace: _Ace) -> bool:
    return bool(ace.flags & _CONTAINER_INHERIT) and ace.to in {b"", _USER}


def _granted(aces: Collection[_Ace], right: _Right) -> bool:
    about = (a for a in aces if a.mask & right.bit and (not a.of or a.of in right.names))
    first = next((ace for ace in about if ace.kind in _ALLOWED | _DENIED), None)
    return first is not None and first.kind in _ALLOWED


def _entries(descriptor: bytes) -> Iterator[_Ace]:
    """The discretionary list, in its order. Raises struct.error."""
    at = _HEAD.unpack_from(descriptor)[-1]
    if not at:
        return
    count = _LIST.unpack_from(descriptor, at)[3]
    at += _LIST.size
    for _ in range(count):
        kind, flags, size, mask = _ENTRY.unpack_from(descriptor, at)
        if size < _ENTRY.size or at + size > len(descriptor):
            raise struct.error
        of, to, who = _body(kind, descriptor[at + _ENTRY.size : at + size])
        yield _Ace(kind, flags, mask, of, to, sid(who))
        at += size


def _body(kind: int, body: bytes) -> tuple[bytes, bytes, bytes]:
    """What it is about, which class inherits it, and whose it is. Raises struct.error."""
    if kind not in _OF_OBJECTS:
        return b"", b"", body
    (present,) = _FLAGS.unpack_from(body)
    at, names = _FLAGS.size, []
    for there in (_HAS_TYPE, _HAS_INHERITED):
        size = _GUID if present & there else 0
        names.append(body[at : at + size])
        at += size
    return names[0], names[1], body[at:]
