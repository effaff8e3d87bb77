"""LDAP_SERVER_NOTIFICATION (MS-ADTS 3.1.1.3.4.1.9): a search that answers whenever something is
written, and never ends.

It has a connection of its own, because it keeps a thread waiting.  Windows tells at once; Samba
tells at once what is written over LDAP, and within five seconds what arrives by another way.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Awaitable, Callable
from typing import Final

from ldap.controls import LDAPControl

from keyturn.agent.directories.active_directory.connection import Connection
from keyturn.agent.directories.ldap.connection import SUBTREE, Broken, Said
from keyturn.agent.ports import Unreachable

OID: Final = "1.2.840.113556.1.4.528"
#: the only condition that is taken, together with an OR of others like it
_ANYTHING: Final = "(objectClass=*)"
#: between two tries to be notified; so often is looked without
AGAIN_S: Final = 30.0
#: a line that went dead in silence says nothing either
LONGEST_S: Final = 300.0


class Notice:
    """Says that something was written at one controller."""

    def __init__(self, host: str, fresh: Callable[[str], Awaitable[Connection]]) -> None:
        """Args:
        fresh: opens a connection on which the agents' account is signed in.
        """
        self._host = host
        self._fresh = fresh
        self._rung = asyncio.Event()
        self._connection: Connection | None = None
        self._listening: asyncio.Task[None] | None = None
        self._tried_at = -math.inf

    async def wait(self) -> None:
        """Return when something may have been written since the last return. Raises Unreachable.

        Whoever begins to listen may have missed something, so that the first call returns as soon
        as it listens. Without notification it returns every AGAIN_S.
        """
        try:
            if self._listening and not self._listening.done():
                await self._rings(LONGEST_S)
                return
            self._rung.clear()  # that it ended is no reason to try again at once
            since = asyncio.get_running_loop().time() - self._tried_at
            if since < AGAIN_S:
                await self._rings(AGAIN_S - since)
            await self._listen()
        except asyncio.CancelledError:
            self.close()
            raise

    async def _rings(self, seconds: float) -> None:
        """Wait for it, but no longer."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._rung.wait()
        self._rung.clear()

    async def _listen(self) -> None:
        """Begin, if the controller knows how. Raises Unreachable."""
        self._hang_up()
        self._tried_at = asyncio.get_running_loop().time()
        connection = await self._fresh(self._host)
        self._connection = connection
        if OID not in connection.root.controls:
            self._hang_up()
            return
        try:
            asked = await connection.ask(
                connection.root.base, SUBTREE, _ANYTHING, ["1.1"], [LDAPControl(OID, True)]
            )
            await connection.read("", ["1.1"])  # answered: the search before it is known there
        except (Said, Broken) as error:
            self._hang_up()
            raise Unreachable(self._host, "gone", str(error)) from None
        self._listening = asyncio.create_task(self._hear(connection, asked))

    async def _hear(self, connection: Connection, asked: int) -> None:
        try:
            async for _part in connection.answers(asked, most=1, seconds=-1):
                self._rung.set()
        except (Said, Broken):  # refused or cut: whoever waits looks for himself, and tries again
            pass
        finally:
            connection.close()
            if self._connection is connection:  # not one that was given up before
                self._rung.set()

    def close(self) -> None:
        """Listen no more; a further call begins anew."""
        self._hang_up()
        self._tried_at = -math.inf

    def _hang_up(self) -> None:
        if self._connection:
            self._connection.close()
        if self._listening:
            self._listening.cancel()
        self._connection, self._listening = None, None
        self._rung.clear()
