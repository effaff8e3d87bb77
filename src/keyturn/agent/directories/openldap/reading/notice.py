"""That something was written: syncrepl's refreshAndPersist, which answers each time, and no end.

It has a connection of its own, because it keeps a thread waiting.  Where slapo-syncprov is missing,
somebody has to look every minute.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from ldap.syncrepl import SyncRequestControl

from keyturn.agent.directories.ldap.connection import SUBTREE, Broken, Said
from keyturn.agent.directories.openldap.connection import Connection
from keyturn.agent.directories.openldap.reading.syncing import cookie, place, provides
from keyturn.agent.ports import Unreachable

#: a line that went dead in silence says nothing either, so somebody looks so often in any case
QUIET_S = 60.0


class Notice:
    """Says that something was written at one provider."""

    def __init__(self, host: str, fresh: Callable[[str], Awaitable[Connection]]) -> None:
        """Args:
        fresh: opens a connection on which the agent's account is signed in.
        """
        self._host, self._fresh = host, fresh
        self._rung = asyncio.Event()
        self._connection: Connection | None = None
        self._listening: asyncio.Task[None] | None = None

    async def wait(self) -> None:
        """Return when something may have been written since the last return. Raises Unreachable.

        Whoever begins to listen may have missed something: the first call returns as soon as it
        listens.
        """
        try:
            if self._listening is None or self._listening.done():
                await self._listen()
            else:
                await self._ring()
        except asyncio.CancelledError:
            self.close()
            raise

    async def _ring(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(QUIET_S):
                await self._rung.wait()
        self._rung.clear()

    async def _listen(self) -> None:
        self.close()
        self._connection = await self._fresh(self._host)
        try:
            asked = await self._asked(self._connection)
        except (Said, Broken) as error:
            self.close()
            raise Unreachable(self._host, "gone", str(error)) from None
        self._listening = asyncio.create_task(self._hear(self._connection, asked))

    async def _asked(self, connection: Connection) -> int | None:
        """The number of the search; None: nobody provides."""
        if not provides(connection):
            return None
        now = cookie(await place(connection))
        wanted = SyncRequestControl(criticality=1, cookie=now, mode="refreshAndPersist")
        base = connection.settings.base
        return await connection.call(
            lambda link: link.search_ext(
                base, SUBTREE, "(objectClass=*)", ["1.1"], serverctrls=[wanted]
            )
        )

    async def _hear(self, connection: Connection, asked: int | None) -> None:
        try:
            while asked is not None:
                await connection.call(
                    lambda link: link.result4(asked, all=0, timeout=-1, add_intermediates=1)
                )
                self._rung.set()
            await asyncio.Event().wait()  # nobody rings
        except (Said, Broken):  # refused or cut: whoever waits looks for himself, and tries again
            pass
        finally:
            connection.close()
            self._rung.set()

    def close(self) -> None:
        """Listen no more; a further call begins anew."""
        if self._connection:
            self._connection.close()
        if self._listening:
            self._listening.cancel()
        self._connection, self._listening = None, None
        self._rung.clear()
