"""Calls to one server, each with its time: what the drivers' own calls stand on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from keyturn.agent.directories.ldap.connection import Connection
from keyturn.agent.directories.ldap.service import Service
from keyturn.agent.ports import Uncertain, Unreachable

T = TypeVar("T")
C = TypeVar("C", bound=Connection)

#: of a change's time: the rest is for what is sent
_FOR_READING = 0.5


class Calls(Generic[C]):
    """Every call is bounded by `timeout_ms`, whatever hangs: at the end of its time the connection
    is closed under it.
    """

    def __init__(self, service: Service[C], timeout_ms: int) -> None:
        self._service = service
        self._timeout_ms = timeout_ms

    async def read(self, host: str, work: Callable[[C], Awaitable[T]]) -> T:
        """Ask something. Raises Unreachable, and what `work` raises."""
        return await self.within(host, self._service.using(host, work))

    async def change(
        self,
        host: str,
        allow: Callable[[C], Awaitable[T]],
        send: Callable[[C, T], Awaitable[None]],
    ) -> None:
        """Ask whether something may be changed, and on the very same connection change it.

        Args:
            allow: reads only; what it finds goes to `send`. May let Broken out.
            send: raises Uncertain where an answer is missing, never Broken.

        Raises Unreachable (nothing was sent), Uncertain, and what both raise.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + self._timeout_ms / 1000
        sending = False

        async def work(connection: C) -> None:
            nonlocal sending
            found = await allow(connection)
            sending = True
            clock.reschedule(end)
            await send(connection, found)

        try:
            # Reading gets a part of the time, so that what is sent has enough to be answered.
            async with asyncio.timeout(self._timeout_ms / 1000 * _FOR_READING) as clock:
                await self._service.using(host, work)
        except TimeoutError:
            if sending:
                raise Uncertain("timeout") from None
            raise Unreachable(host, "timeout") from None

    async def reachable(self, hosts: Sequence[str]) -> dict[str, str]:
        """For each server "" if it lets us in, else the cause."""
        causes = await asyncio.gather(*map(self._cause, hosts))
        return dict(zip(hosts, causes, strict=True))

    async def _cause(self, host: str) -> str:
        """By a new connection, because a kept one would not see a certificate expire."""
        try:
            (await self.within(host, self._service.fresh(host))).close()
        except Unreachable as error:
            return error.cause
        return ""

    async def within(self, host: str, work: Awaitable[T]) -> T:
        """No longer than a call may take. Raises Unreachable, and what `work` raises."""
        try:
            async with asyncio.timeout(self._timeout_ms / 1000):
                return await work
        except TimeoutError:
            raise Unreachable(host, "timeout") from None
