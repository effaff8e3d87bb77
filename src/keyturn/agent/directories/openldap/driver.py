"""The port's `Driver` for OpenLDAP."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from keyturn.agent.directories.ldap.calls import Calls
from keyturn.agent.directories.ldap.service import Service
from keyturn.agent.directories.openldap import accounts, topology, trying, writing
from keyturn.agent.directories.openldap.connection import Answer, Connection, greet, maker, why
from keyturn.agent.directories.openldap.reading import Reading
from keyturn.agent.directories.openldap.settings import Settings
from keyturn.agent.directories.openldap.values import key
from keyturn.agent.directories.openldap.writing import Target
from keyturn.agent.ports import AccountView, Change
from keyturn.rules.directories.answers import Tried
from keyturn.rules.directories.proofs import Bind, Stamp
from keyturn.rules.directories.topology import Topology


class OpenLdap:
    """A directory, reached through any of its providers. What it cannot do:
    rules/directories/ppolicy.LIMITS.

    Attributes:
        source: everybody in it (the port's `Source`), over the same connections.
    """

    def __init__(self, settings: Settings, now: Callable[[], int]) -> None:
        """Args:
        now: ms since the epoch; compared with when locks and passwords end.

        Raises OSError, ssl.SSLError if the CA file is none, ValueError for what is no
        distinguished name.
        """
        for name in (settings.account, settings.base, *settings.protected, settings.policy):
            if name and not key(name):
                raise ValueError(name)
        self._settings = settings
        self._now = now
        self._service = Service(settings, maker(settings), greet, why)
        self._calls = Calls(self._service, settings.timeout_ms)
        self.source = Reading(self._service)

    @property
    def timeout_ms(self) -> int:
        return self._settings.timeout_ms

    @property
    def counts_writes(self) -> bool:
        return False

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
        async def send(connection: Connection, target: Target) -> None:
            await writing.send(connection, guid, change, target)

        await self._calls.change(
            controller, lambda c: writing.allow(c, guid, change, self._now), send
        )

    async def try_password(self, controller: str, guid: str, password: str) -> Bind:
        return (await self.tried(controller, guid, password)).bind

    async def tried(self, controller: str, guid: str, password: str) -> Tried:
        """As try_password, with the reason. Raises NotFound, Unreachable."""
        if not password:
            return Tried(Bind.WRONG, "wrong")
        return await self._calls.within(controller, self._attempt(controller, guid, password))

    async def _attempt(self, controller: str, guid: str, password: str) -> Tried:
        using = self._service.using
        seen = await using(controller, lambda c: trying.before(c, guid, self._now))
        if seen is None:
            return Tried(Bind.SILENT, "locked")
        dn, entry = seen

        async def attempt(connection: Connection) -> Answer:
            return await connection.attempt(dn, password)

        answer = await self._service.once(controller, attempt)
        return await using(controller, lambda c: trying.judged(c, guid, entry, answer))

    async def topology(self, controller: str) -> Topology:
        return await self._calls.read(controller, topology.read)

    async def reachable(self, controllers: Sequence[str]) -> dict[str, str]:
        return await self._calls.reachable(controllers)

    def close(self) -> None:
        """Hang up; call it when the agent stops."""
        self.source.close()
        self._service.close()
