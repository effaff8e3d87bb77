"""syncrepl's refreshAndPersist (RFC 4533 §3.4), which answers whenever something is written.

A provider without slapo-syncprov does not know how.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from ldap.syncrepl import SyncRequestControl

from keyturn.agent.directories.ldap.connection import SUBTREE
from keyturn.agent.directories.openldap.connection import Connection
from keyturn.agent.directories.openldap.reading.syncing import cookie, place, provides


async def begin(connection: Connection) -> AsyncIterator[object] | None:
    """See ldap.notice.Notice."""
    if not provides(connection):
        return None
    now = cookie(await place(connection))
    wanted = SyncRequestControl(criticality=1, cookie=now, mode="refreshAndPersist")
    base = connection.settings.base
    asked = await connection.call(
        lambda link: link.search_ext(
            base, SUBTREE, "(objectClass=*)", ["1.1"], serverctrls=[wanted]
        )
    )
    return _written(connection, asked)


async def _written(connection: Connection, asked: int) -> AsyncIterator[None]:
    while True:
        await connection.call(
            lambda link: link.result4(asked, all=0, timeout=-1, add_intermediates=1)
        )
        yield
