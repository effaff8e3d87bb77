"""What of that which was written concerns whom."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from keyturn.agent.directories.active_directory.connection import Connection
from keyturn.agent.directories.active_directory.reading.dirsync import written
from keyturn.agent.directories.active_directory.reading.entries import STORED, named, search
from keyturn.agent.directories.ldap.values import Entry
from keyturn.rules.directories.entries import PAGE

#: of what an object is now, deleted ones included, which keep their class and little else
_KINDS: Final = (
    "(|(&(objectClass=user)(!(objectClass=computer)))(objectClass=group)"
    "(objectClass=organizationalUnit)(objectClass=container)"
    "(objectClass=msDS-PasswordSettings)(objectClass=domainDNS))"
)
_POLICY: Final = (
    "maxPwdAge", "lockoutDuration", "msDS-MaximumPasswordAge", "msDS-LockoutDuration",
    "msDS-PSOAppliesTo", "msDS-PasswordSettingsPrecedence",
)  # fmt: skip
_ATTRIBUTES: Final = (*STORED, *_POLICY, "name", "isDeleted", "whenCreated", "member")
_HOLDERS: Final = "(|(objectClass=organizationalUnit)(objectClass=container))"
_GROUPS: Final = "(objectClass=group)"
_NOBODY: Final = named([bytes(16).hex()])
_GUID = re.compile(rb"<GUID=([0-9a-fA-F-]{36})>")


@dataclass(frozen=True, slots=True)
class Told:
    """What one answer of DirSync told.

    Attributes:
        since: the cookie that was asked with; until: the one to go on from.
        ids: of whatever may be another account now, or none any more; ascending.
        whole: what was written concerns accounts that are not told themselves.
        more: there is more at once.
    """

    since: bytes
    until: bytes
    ids: tuple[bytes, ...]
    whole: bool
    more: bool


async def present(connection: Connection) -> bytes:
    """A cookie of this moment: what is written from now on is told by it. Raises Said, Broken."""
    cookie, more = b"", True
    while more:
        async for part in written(connection, cookie, _NOBODY, ["name"]):
            cookie, more = part.cookie or cookie, part.more
    return cookie


async def since(connection: Connection, cookie: bytes) -> Told:
    """What was written. Raises Said (also where the cookie is refused), Broken."""
    seen, until, more = _Seen(), cookie, False
    async for part in written(connection, cookie, _KINDS, _ATTRIBUTES):
        for _dn, entry in part.entries:
            seen.look(entry)
        until, more = part.cookie or until, part.more
    whole = (
        seen.whole
        or await _any(connection, seen.moved, _HOLDERS)
        or await _any(connection, seen.joined, _GROUPS)
    )
    return Told(cookie, until, tuple(sorted(seen.accounts | seen.joined)), whole, more)


async def _any(connection: Connection, ids: Collection[bytes], kind: str) -> bool:
    """Whether one of them is of that kind."""
    for some in _chunks(sorted(ids)):
        found = f"(&{named(id_.hex() for id_ in some)}{kind})"
        if await search(connection, found, ["objectGUID"]):
            return True
    return False


def _chunks(ids: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    return (ids[at : at + PAGE] for at in range(0, len(ids), PAGE))


@dataclass(slots=True)
class _Seen:
    """What the entries of an answer say together.

    Attributes:
        accounts: whatever may be one. Of a deleted one that may not be read nothing is told but its
            id. moved: those with a new name or place, made before and still there. joined: what
            joined or left a group.
        whole: how passwords expire, or how locks end, was written, or a link to nobody knows whom.
    """

    accounts: set[bytes] = field(default_factory=set)
    moved: set[bytes] = field(default_factory=set)
    joined: set[bytes] = field(default_factory=set)
    whole: bool = False

    def look(self, entry: Entry) -> None:
        """One entry: names and values of what was written. An empty one was removed."""
        values: dict[str, list[bytes]] = {}
        for name, some in entry.items():  # member;range=1-1 joined, member;range=0-0 left
            values.setdefault(name.partition(";")[0].lower(), []).extend(some)
        (guid,) = values["objectguid"]
        members = [_guid(value) for value in values.get("member", ())]
        self.joined |= {member for member in members if member}
        self.whole |= None in members or not values.keys().isdisjoint(_POLICY_NAMES)
        telling = values.keys() - _ALWAYS
        if not telling or not telling <= _OTHERS:
            self.accounts.add(guid)
        if "name" in values and "whencreated" not in values and not values.get("isdeleted"):
            self.moved.add(guid)


_POLICY_NAMES: Final = frozenset(name.lower() for name in _POLICY)
_ALWAYS: Final = frozenset({"objectguid", "parentguid", "instancetype"})
_OTHERS: Final = _POLICY_NAMES | {"member"}
"""What an account has not: that alone is written of a group, a policy, the domain."""


def _guid(value: bytes) -> bytes | None:
    """Of a link's value as LDAP_SERVER_EXTENDED_DN has it."""
    found = _GUID.match(value)
    return UUID(found[1].decode()).bytes_le if found else None
