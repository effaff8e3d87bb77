"""The port's `Driver` for Active Directory."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from keyturn.agent.directories.active_directory import accounts, topology, writing
from keyturn.agent.directories.active_directory.connection import Connection
from keyturn.agent.directories.active_directory.inspecting import Inspector
from keyturn.agent.directories.active_directory.reading import Reading
from keyturn.agent.directories.active_directory.service import Service
from keyturn.agent.directories.ldap.calls import Calls
from keyturn.agent.directories.ldap.connection import Said
from keyturn.agent.directories.ldap.settings import Settings
from keyturn.agent.ports import AccountView, Change
from keyturn.rules.directories.answers import Tried, tried
from keyturn.rules.directories.proofs import Bind, Stamp
from keyturn.rules.directories.topology import Topology


class ActiveDirectory:
    """A domain, reached through any of its controllers.

    Every call is bounded by `timeout_ms`, whatever hangs: at the end of its time the connection
    is closed under it.

    Attributes:
        source: everybody in it (the port's `Source`), over the same connections.
        inspector: how it is (the port's `Inspector`), over the same connections.
    """

    def __init__(self, settings: Settings, now: Callable[[], int]) -> None:
        """Args:
        now: ms since the epoch; only ever compared with when an account expires.

        Raises OSError, ssl.SSLError if the CA file is none.
        """
        self._settings = settings
        self._now = now
        self._service = Service(settings)
        self._calls = Calls(self._service, settings.timeout_ms)
        self.inspector = Inspector(settings, self._service, self._calls, now)
        self.source = Reading(self._service, settings.timeout_ms, now)

    @property
    def timeout_ms(self) -> int:
        return self._settings.timeout_ms

    @property
    def counts_writes(self) -> bool:
        return True

    async def find(self, controller: str, name: str) -> AccountView:
        async def work(connection: Connection) -> AccountView:
            guid = await accounts.find(connection, name)
            return await accounts.look(connection, guid, self._now)

        return await self._calls.read(controller, work)

    async def look(self, controller: str, guid: str) -> AccountView:
        return await self._calls.read(controller, lambda c: accounts.look(c, guid, self._now))

    async def stamp(self, controller: str, guid: str, attribute: str) -> Stamp:
        return await self._calls.read(controller, lambda c: accounts.stamp(c, guid, attribute))

    async def apply(self, controller: str, guid: str, change: Change) -> None:
        async def send(connection: Connection, _allowed: None) -> None:
            await writing.send(connection, guid, change)

        await self._calls.change(controller, lambda c: writing.allow(c, guid, change), send)

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

        return await self._calls.within(controller, attempt())

    async def _bind(self, controller: str, who: str, password: str) -> Tried:
        """Once, on a connection of its own."""
        try:
            await self._service.once(controller, lambda c: c.bind(who, password))
        except Said as said:
            return tried(said.result, said.diagnostic)
        return Tried(Bind.RIGHT, "")

    async def topology(self, controller: str) -> Topology:
        return await self._calls.read(controller, topology.read)

    async def reachable(self, controllers: Sequence[str]) -> dict[str, str]:
        return await self._calls.reachable(controllers)

    def close(self) -> None:
        """Hang up; call it when the agent stops."""
        self.source.close()
        self._service.close()
