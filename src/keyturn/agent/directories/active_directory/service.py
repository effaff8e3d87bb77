"""Connections of the delegated account: kept for each controller, renewed when broken."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from keyturn.agent.directories.active_directory.channel import Channel, trusting
from keyturn.agent.directories.active_directory.connection import (
    Broken,
    Connection,
    Entry,
    Root,
    Said,
)
from keyturn.agent.directories.active_directory.settings import Settings
from keyturn.agent.directories.active_directory.values import text, texts
from keyturn.agent.ports import NotFound, Refused, Unreachable
from keyturn.rules.directories.answers import tried

T = TypeVar("T")

_ROOT = ("defaultNamingContext", "configurationNamingContext", "supportedControl",
         "vendorName", "tokenGroups")  # fmt: skip
_THREADS = 16
#: after our own sign-in was refused: no further try for so long, or we lock ourselves out
_HOLD_OFF_S = 60.0


class Service:
    """Opens connections, keeps them, gives each to one caller at a time."""

    def __init__(self, settings: Settings) -> None:
        """Raises OSError, ssl.SSLError if the CA file is none."""
        self._settings = settings
        self._context = trusting(settings.ca_file)
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="ldap")
        self._idle: dict[str, list[Connection]] = defaultdict(list)
        self._limits: dict[str, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(settings.connections)
        )
        self._refused: dict[str, tuple[float, Unreachable]] = {}

    async def bare(self, host: str) -> Connection:
        """A connection of its own on which nobody is signed in. Raises Unreachable."""
        host = host.lower()
        address = self._settings.addresses.get(host, host)
        channel = await Channel.open(host, address, self._settings.port, self._context)
        return Connection(host, channel, self._pool, self._settings.timeout_ms / 1000)

    async def fresh(self, host: str) -> Connection:
        """A new connection, signed in as the delegated account. Raises Unreachable."""
        self._not_refused(host)
        connection = await self.bare(host)
        try:
            await self._sign_in(connection)
            _name, root = await connection.read("", _ROOT)
        except (Broken, Said) as error:
            connection.close()
            raise Unreachable(host, "gone", str(error)) from None
        except BaseException:
            connection.close()
            raise
        connection.root = _root(root)
        return connection

    async def using(self, host: str, work: Callable[[Connection], Awaitable[T]]) -> T:
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

    async def once(self, host: str, work: Callable[[Connection], Awaitable[T]]) -> T:
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

    async def _work(self, connection: Connection, work: Callable[[Connection], Awaitable[T]]) -> T:
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

    def _kept(self, host: str) -> Connection | None:
        idle = self._idle[host]
        while idle:
            connection = idle.pop()
            if not connection.closed:
                return connection
            connection.close()
        return None

    def _keep(self, connection: Connection) -> None:
        connection.kept = True
        self._idle[connection.host].append(connection)

    async def _sign_in(self, connection: Connection) -> None:
        try:
            await connection.bind(self._settings.account, self._settings.password)
        except Said as said:
            why = tried(said.result, said.diagnostic).reason
            refused = Unreachable(connection.host, "credentials", f"{why}: {said.diagnostic}")
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


def _root(entry: Entry) -> Root:
    return Root(
        base=text(entry, "defaultNamingContext"),
        configuration=text(entry, "configurationNamingContext"),
        controls=frozenset(texts(entry, "supportedControl")),
        vendor=text(entry, "vendorName"),
        token=frozenset(entry.get("tokenGroups", ())),
    )
