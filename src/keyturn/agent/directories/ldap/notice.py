"""That something was written, said by a search that answers each time and never ends.

It has a connection of its own, because it keeps a thread waiting.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, Generic, TypeVar

from keyturn.agent.directories.ldap.connection import Broken, Connection, Said
from keyturn.agent.ports import Unreachable

#: between two tries to be notified; so often is looked without
AGAIN_S: Final = 30.0
#: a line that went dead in silence says nothing either
LONGEST_S: Final = 300.0

C = TypeVar("C", bound=Connection)


class Notice(Generic[C]):
    """Says that something was written at one server."""

    def __init__(
        self,
        host: str,
        fresh: Callable[[str], Awaitable[C]],
        begin: Callable[[C], Awaitable[AsyncIterator[object] | None]],
    ) -> None:
        """Args:
        fresh: opens a connection on which the agents' account is signed in.
        begin: asks to be notified; yields at each write, and returns when the server has begun
            to listen. None: it does not know how. Both may raise Said and Broken.
        """
        self._host = host
        self._fresh = fresh
        self._begin = begin
        self._rung = asyncio.Event()
        self._connection: C | None = None
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
        """Begin, if the server knows how. Raises Unreachable."""
        self._hang_up()
        self._tried_at = asyncio.get_running_loop().time()
        connection = await self._fresh(self._host)
        self._connection = connection
        try:
            written = await self._begin(connection)
        except (Said, Broken) as error:
            self._hang_up()
            raise Unreachable(self._host, "gone", str(error)) from None
        if written is None:
            self._hang_up()
            return
        self._listening = asyncio.create_task(self._hear(connection, written))

    async def _hear(self, connection: C, written: AsyncIterator[object]) -> None:
        try:
            async for _part in written:
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
