"""LDAP_SERVER_NOTIFICATION (MS-ADTS 3.1.1.3.4.1.9): a search that answers whenever something is
written.

Windows tells at once; Samba tells at once what is written over LDAP, and within five seconds what
arrives by another way.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from ldap.controls import LDAPControl

from keyturn.agent.directories.active_directory.connection import Connection
from keyturn.agent.directories.ldap.connection import SUBTREE

OID: Final = "1.2.840.113556.1.4.528"
#: the only condition that is taken, together with an OR of others like it
_ANYTHING: Final = "(objectClass=*)"


async def begin(connection: Connection) -> AsyncIterator[object] | None:
    """See ldap.notice.Notice."""
    if OID not in connection.root.controls:
        return None
    asked = await connection.ask(
        connection.root.base, SUBTREE, _ANYTHING, ["1.1"], [LDAPControl(OID, True)]
    )
    await connection.read("", ["1.1"])  # answered: the search before it is known there
    return connection.answers(asked, most=1, seconds=-1)
