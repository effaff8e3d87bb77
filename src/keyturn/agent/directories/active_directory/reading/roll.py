"""Ids of all accounts in scope."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Final

from ldap.controls import SimplePagedResultsControl

from keyturn.agent.directories.active_directory.connection import Connection
from keyturn.agent.directories.active_directory.reading.scope import Chosen
from keyturn.agent.directories.ldap.connection import SUBTREE
from keyturn.agent.directories.ldap.values import Entry

#: Accounts of people (SAM_NORMAL_USER_ACCOUNT, MS-SAMR 2.2.1.9): no computers, no managed service
#: accounts, no trusts. Without what the domain itself is made of: Administrator, Guest, krbtgt.
PEOPLE: Final = "(sAMAccountType=805306368)(!(isCriticalSystemObject=TRUE))"
#: as many as a controller gives at a time (MaxPageSize, MS-ADTS 3.1.1.3.4.6)
_PAGE = 1000


async def ids(connection: Connection, chosen: Chosen) -> tuple[bytes, ...]:
    """ObjectGUIDs, ascending; only these are kept. Raises Said, Broken."""
    found: set[bytes] = set()  # one OU may be below another
    for base in chosen.bases:
        condition = f"(&{PEOPLE}{chosen.condition})"
        async for entries in _pages(connection, base, condition, ["objectGUID"]):
            found.update(entry["objectGUID"][0] for _dn, entry in entries)
    return tuple(sorted(found))


async def _pages(
    connection: Connection, base: str, condition: str, attributes: Sequence[str]
) -> AsyncIterator[list[tuple[str, Entry]]]:
    pages = SimplePagedResultsControl(criticality=True, size=_PAGE, cookie="")
    while True:
        number = await connection.ask(base, SUBTREE, condition, attributes, [pages])
        async for part in connection.answers(number):
            yield part.entries
            for answer in part.controls or ():
                if answer.controlType == pages.controlType:
                    pages.cookie = answer.cookie
        if not pages.cookie:
            return
