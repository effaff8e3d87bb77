"""Connections of the agent's account: kept for each server, renewed when broken."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Generic, TypeVar

from keyturn.agent.directories.ldap.channel import Channel, trusting
from keyturn.agent.directories.ldap.connection import Broken, Connection, Said
from keyturn.agent.directories.ldap.settings import Settings
from keyturn.agent.ports import NotFound, Refused, Unreachable

T = TypeVar("T")
C = TypeVar("C", bound=Connection)

_THREADS = 16
#: after our own sign-in was refused: no further try for so long, or we lock ourselves out
_HOLD_OFF_S = 60.0


class Service(Generic[C]):
    """Opens connections, keeps them, gives each to one caller at a time."""

    def __init__(
        self,
        settings: Settings,
        make: Callable[[str, Channel, Executor, float], C],
        greet: Callable[[C], Awaitable[None]],
        why: Callable[[Said], str],
    ) -> None:
        """Args:
        make: a connection, of its kind.
        greet: the first words on a new connection that is signed in; may raise Said, Broken.
        why: a word for a sign-in of ours that was refused.

        Raises OSError, ssl.SSLError if the CA file is none.
        """
        self._settings = settings
        self._make, self._greet, self._why = make, greet, why
        self._context = trusting(settings.ca_file)
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="ldap")
        self._idle: dict[str, list[C]] = defaultdict(list)
        self._limits: dict[str, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(settings.connections)
        )
        self._refused: dict[str, tuple[float, Unreachable]] = {}

    async def bare(self, host: str) -> C:
        """A connection of its own on which nobody is signed in. Raises Unreachable."""
        host = host.lower()
        address = self._settings.addresses.get(host, host)
        channel = await Channel.open(host, address, self._settings.port, self._context)
        return self._make(host, channel, self._pool, self._settings.timeout_ms / 1000)

    async def fresh(self, host: str) -> C:
        """A new connection, signed in as the agent's account. Raises Unreachable."""
        self._not_refused(host)
        connection = await self.bare(host)
        try:
            await self._sign_in(connection)
            await self._greet(connection)
        except (Broken, Said) as error:
            connection.close()
            raise Unreachable(host, "gone", str(error)) from None
        except BaseException:
            connection.close()
            raise
        return connection

    async def using(self, host: str, work: Callable[[C], Awaitable[T]]) -> T:
        """Do `work` with a signed-in connection; once more with a new one if a kept one is broken.

        `work` lets Broken out only while nothing was sent that must not be sent twice.
        Raises Unreachable, and what `work` raises.
        """
        async with self._limits[host.lower()]:
            connection = self._kept(host.lower())
            if connection:
                try:
                    return await self._work(connection, work)
                except Broken:
                    pass
            try:
                return await self._work(await self.fresh(host), work)
            except Broken as error:
                raise Unreachable(host, "gone", str(error)) from None

    async def once(self, host: str, work: Callable[[C], Awaitable[T]]) -> T:
        """Do `work` on a connection of its own on which nobody is signed in; never repeated.

        Raises Unreachable, and what `work` raises.
        """
        async with self._limits[host.lower()]:
            connection = await self.bare(host)
            try:
                return await work(connection)
            except Broken as error:
                raise Unreachable(host, "gone", str(error)) from None
            finally:
                connection.close()

    async def _work(self, connection: C, work: Callable[[C], Awaitable[T]]) -> T:
        try:
            result = await work(connection)
        except (NotFound, Refused):
            self._keep(connection)
            raise
        except BaseException:
            connection.close()
            raise
        self._keep(connection)
        return result

    def _kept(self, host: str) -> C | None:
        idle = self._idle[host]
        while idle:
            connection = idle.pop()
            if not connection.closed:
                return connection
            connection.close()
        return None

    def _keep(self, connection: C) -> None:
        connection.kept = True
        self._idle[connection.host].append(connection)

    async def _sign_in(self, connection: C) -> None:
        try:
            await connection.bind(self._settings.account, self._settings.password)
        except Said as said:
            detail = f"{self._why(said)}: {said.diagnostic}"
            refused = Unreachable(connection.host, "credentials", detail)
            until = asyncio.get_running_loop().time() + _HOLD_OFF_S
            self._refused[connection.host] = until, refused
            raise refused from None

    def _not_refused(self, host: str) -> None:
        until, refused = self._refused.get(host.lower(), (0.0, None))
        if refused and asyncio.get_running_loop().time() < until:
            raise Unreachable(host, refused.cause, refused.detail)

    def close(self) -> None:
        """Hang up everywhere; threads end by themselves."""
        for idle in self._idle.values():
            while idle:
                idle.pop().close()
        self._pool.shutdown(wait=False, cancel_futures=True)
