"""Who was deleted, where DirSync does not tell it.

Windows tells an account that may not see what was deleted the ids of it; Samba (4.17) tells such an
account nothing.  There the ids of all accounts are read every few minutes and compared with those
that are known.  Whoever is let read "Deleted Objects" (LCRP) is told at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import ldap
from ldap.controls import LDAPControl

from keyturn.agent.directories.active_directory.connection import Connection
from keyturn.agent.directories.ldap.connection import Said

#: between two comparisons
EVERY_MS: Final = 300_000
#: LDAP_SERVER_SHOW_DELETED
_SHOW: Final = LDAPControl("1.2.840.113556.1.4.417", True)
#: GUID_DELETED_OBJECTS_CONTAINER (MS-ADTS 6.1.1.4)
_CONTAINER: Final = "<WKGUID=18e2ea80684f11d2b9aa00c04f79f805,{base}>"


async def told(connection: Connection) -> bool:
    """Whether DirSync tells this account who was deleted. Raises Said, Broken."""
    if "samba" not in connection.root.vendor.lower():
        return True
    try:
        where = _CONTAINER.format(base=connection.root.base)
        _dn, entry = await connection.read(where, ["objectClass"], [_SHOW])
    except Said as said:
        if said.result == ldap.NO_SUCH_OBJECT.errnum:
            return False
        raise
    return bool(entry)


@dataclass(slots=True)
class Known:
    """Accounts that a reader was told of.

    Attributes:
        ids: of all that may be stored. at: when they were last compared, ms since the epoch.
        absent: of these, who was told as gone; they are forgotten when the reader comes back with
            the cursor that went with it, and told again if it does not.
    """

    ids: set[bytes]
    at: int
    absent: frozenset[bytes] = frozenset()
    cursor: bytes = b""
    told_at: int = 0

    def heard(self, cursor: bytes) -> None:
        """A reader has come with this cursor."""
        if self.cursor and cursor == self.cursor:
            self.ids -= self.absent
            self.at, self.cursor, self.absent = self.told_at, b"", frozenset()

    def missing(self, present: Iterable[bytes]) -> frozenset[bytes]:
        """Who is known and not there any more; whoever is there is known from now on."""
        there = frozenset(present)
        gone = frozenset(self.ids - there)
        self.ids |= there
        return gone

    def tell(self, absent: frozenset[bytes], cursor: bytes, now: int) -> None:
        """These are told as gone, together with that cursor."""
        self.absent, self.cursor, self.told_at = absent, cursor, now
