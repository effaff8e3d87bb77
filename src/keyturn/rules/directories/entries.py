"""Accounts as a directory holds them, and how they are read (docs/design/09).

Times are integer milliseconds since the epoch.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

#: entries of one page, of one report to the server and of one question to the directory
PAGE: Final = 200


class DirectoryKind(StrEnum):
    """What a directory is; never changes in its life."""

    ACTIVE_DIRECTORY = "active_directory"
    OPENLDAP = "openldap"
    WORKGROUP = "workgroup"


@dataclass(frozen=True, slots=True)
class Scope:
    """Whom to read.

    Attributes:
        units: distinguished names of OUs; accounts in or below one of them. Empty: everywhere.
        groups: distinguished names of groups; their members, through groups within groups.
            Empty: whether in a group or not. With both, an account must satisfy both.
    """

    units: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """One account as it was read.

    Attributes:
        id: lower-case hex, what counts: objectGUID, entryUUID, SID. Ordered as text.
        name: sAMAccountName, uid; upn: "" where there is none; display, mail, phone: for people,
            "" where there is none.
        unit: distinguished name of what holds it, for people.
        disabled, must_change: as the directory says.
        locked_at: when it was locked, 0 for "locked, moment not known"; None: not locked. Whether
            that lock is over by now is a matter of the policy's duration: `locked_until`.
        locked_until: when it ends by itself; 0: when somebody unlocks it; None: not locked.
        password_set_at: None if never, or if it must be changed at next logon and the directory
            then forgets the moment. password_expires_at: None for never.
        expires_at: the account's own end; None for never.
        groups: those of Scope.groups that it is in, ascending.
    """

    id: str
    name: str
    upn: str
    display: str
    mail: str
    phone: str
    unit: str
    disabled: bool
    must_change: bool
    locked_at: int | None
    locked_until: int | None
    password_set_at: int | None
    password_expires_at: int | None
    expires_at: int | None
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Roll:
    """Attributes:
    ids: ascending, each once.
    cursor: opaque; `changes` since then include whatever the roll may have missed.
    """

    ids: tuple[bytes, ...]
    cursor: bytes


@dataclass(frozen=True, slots=True)
class Changes:
    """One part of what changed.

    Attributes:
        entries: as they are now, ascending by id. gone: ids that were deleted or left the scope
            (or were never in it: who stores them knows).
        cursor: to continue from. more: there is another part at once.
        whole: scope itself changed (a member of a chosen group, an OU renamed): a full read is due.
    """

    entries: tuple[Entry, ...]
    gone: tuple[str, ...]
    cursor: bytes
    more: bool
    whole: bool
