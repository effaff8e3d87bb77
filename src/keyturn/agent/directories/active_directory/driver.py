"""The port's `Driver` for Active Directory."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from keyturn.agent.directories.active_directory import accounts, topology, writing
from keyturn.agent.directories.active_directory.connection import Connection, Said
from keyturn.agent.directories.active_directory.service import Service
from keyturn.agent.directories.active_directory.settings import Settings
from keyturn.agent.ports import AccountView, Change, Uncertain, Unreachable
from keyturn.rules.directories.answers import Tried, tried
from keyturn.rules.directories.proofs import Bind, Stamp
from keyturn.rules.directories.topology import Topology

T = TypeVar("T")

#: of a change's time: the rest is for the modify itself
_FOR_READING = 0.5


class ActiveDirectory:
    """A domain, reached through any of its controllers.

    Every call is bounded by `timeout_ms`, whatever hangs: at the end of its time the connection
    is closed under it.
    """

    def __init__(self, settings: Settings, now: Callable[[], int]) -> None:
        """Args:
        now: ms since the epoch; only ever compared with when an account expires.

        Raises OSError, ssl.SSLError if the CA file is none.
        """
        self._settings = settings
        self._now = now
        self._service = Service(settings)

    @property
    def timeout_ms(self) -> int:
        return self._settings.timeout_ms

    async def find(self, controller: str, name: str) -> AccountView:
        async def work(connection: Connection) -> AccountView:
            guid = await accounts.find(connection, name)
            return await accounts.look(connection, guid, self._now)

        return await self._read(controller, work)

    async def look(self, controller: str, guid: str) -> AccountView:
        return await self._read(controller, lambda c: accounts.look(c, guid, self._now))

    async def stamp(self, controller: str, guid: str, attribute: str) -> Stamp:
        return await self._read(controller, lambda c: accounts.stamp(c, guid, attribute))

    async def apply(self, controller: str, guid: str, change: Change) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + self.timeout_ms / 1000
        sending = False

        async def work(connection: Connection) -> None:
            nonlocal sending
            await writing.allow(connection, guid, change)
            sending = True
            clock.reschedule(end)
            await writing.send(connection, guid, change)

        try:
            # Reading gets a part of the time, so that what is sent has enough to be answered.
            async with asyncio.timeout(self.timeout_ms / 1000 * _FOR_READING) as clock:
                await self._service.using(controller, work)
        except TimeoutError:
            if sending:
                raise Uncertain("timeout") from None
            raise Unreachable(controller, "timeout") from None

    async def try_password(self, controller: str, guid: str, password: str) -> Bind:
        return (await self.tried(controller, guid, password)).bind

    async def tried(self, controller: str, guid: str, password: str) -> Tried:
        """As try_password, with the reason. Raises NotFound, Unreachable."""
        if not password:
            return Tried(Bind.WRONG, "wrong")

        async def name(connection: Connection) -> str:
            return (await accounts.entry_of(connection, guid, ("objectGUID",)))[0]

        async def attempt() -> Tried:
            who = await self._service.using(controller, name)
            return await self._bind(controller, who, password)

        return await self._within(controller, attempt())

    async def _bind(self, controller: str, who: str, password: str) -> Tried:
        """Once, on a connection of its own."""
        try:
            await self._service.once(controller, lambda c: c.bind(who, password))
        except Said as said:
            return tried(said.result, said.diagnostic)
        return Tried(Bind.RIGHT, "")

    async def topology(self, controller: str) -> Topology:
        return await self._read(controller, topology.read)

    async def reachable(self, controllers: Sequence[str]) -> dict[str, str]:
        causes = await asyncio.gather(*map(self._cause, controllers))
        return dict(zip(controllers, causes, strict=True))

    async def _cause(self, controller: str) -> str:
        """By a new connection, because a kept one would not see a certificate expire."""
        try:
            (await self._within(controller, self._service.fresh(controller))).close()
        except Unreachable as error:
            return error.cause
        return ""

    async def _read(self, controller: str, work: Callable[[Connection], Awaitable[T]]) -> T:
        return await self._within(controller, self._service.using(controller, work))

    async def _within(self, controller: str, work: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout(self.timeout_ms / 1000):
                return await work
        except TimeoutError:
            raise Unreachable(controller, "timeout") from None

    def close(self) -> None:
        """Hang up; call it when the agent stops."""
        self._service.close()
