"""The port's `Inspector` for Active Directory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from keyturn.agent.directories.active_directory import accounts
from keyturn.agent.directories.active_directory.connection import Connection
from keyturn.agent.directories.active_directory.service import Service
from keyturn.agent.directories.ldap.calls import Calls
from keyturn.agent.directories.ldap.connection import ONE, Said
from keyturn.agent.directories.ldap.probing import answering, probe
from keyturn.agent.directories.ldap.settings import Settings
from keyturn.agent.directories.ldap.values import number, text
from keyturn.agent.ports import Inside, NotFound, Unreachable
from keyturn.rules.directories.health.facts import Account, ListenerSight, Way

#: controllers that are looked at at the same time
_AT_ONCE: Final = 16
#: causes with which port 636 said nothing of TLS
_NO_TLS: Final = frozenset({"timeout", "refused", "name"})
_POLICIES: Final = "CN=Password Settings Container,CN=System,"
_IS_POLICY: Final = "(objectClass=msDS-PasswordSettings)"
_LENGTH: Final = "msDS-MinimumPasswordLength"


class Inspector:
    """Looks at controllers over the connections of the driver.

    Args:
        now: this machine's clock, ms since the epoch: what theirs is compared with.
    """

    def __init__(
        self, settings: Settings, service: Service, calls: Calls[Connection],
        now: Callable[[], int],
    ) -> None:  # fmt: skip
        self._settings, self._service, self._calls, self._now = settings, service, calls, now
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def ways(self, controllers: Sequence[str]) -> tuple[Way, ...]:
        return tuple(await asyncio.gather(*map(self._way, controllers)))

    async def beside(self, controller: str) -> ListenerSight:
        way = await self._asked(controller)
        return ListenerSight(controller, way.cause, way.ahead_ms, None)

    async def inside(self, controller: str) -> Inside:
        try:
            return await self._calls.read(controller, self._inside)
        except Unreachable:
            return Inside()

    async def _way(self, host: str) -> Way:
        async with self._turns:
            way = await self._asked(host)
            address = self._settings.addresses.get(host, host)
            if way.cause in _NO_TLS:
                return replace(way, answers=await answering(address))
            shown = await probe(host, address, self._settings.port, self._settings.ca_file)
            return replace(way, probe=shown)

    async def _asked(self, host: str) -> Way:
        """By a new connection, because a kept one would not see a certificate expire."""
        try:
            return await self._calls.within(host, self._greeted(host))
        except Unreachable as silent:
            return Way(host, silent.cause, silent.detail)

    async def _greeted(self, host: str) -> Way:
        connection = await self._service.fresh(host)
        try:
            _name, root = await connection.read("", ("currentTime",))
        except Said:
            return Way(host, "")
        finally:
            connection.close()
        clock = moment(text(root, "currentTime"))
        return Way(host, "", ahead_ms=None if clock is None else clock - self._now())

    async def _inside(self, connection: Connection) -> Inside:
        """Raises Unreachable, Broken."""
        return Inside(
            policy=await _policy(connection),
            unreadable=await _unreadable(connection),
            account=await self._account(connection),
        )

    async def _account(self, connection: Connection) -> Account | None:
        """Ourselves; None for an account that is named in a way that cannot be looked for."""
        name = self._settings.account
        try:
            guid = await accounts.find(connection, name)
            view = await accounts.look(connection, guid, self._now)
        except NotFound:
            return None
        return Account(name, view.password_expires_at)


async def _policy(connection: Connection) -> bool:
    """Whether the domain's can be read."""
    try:
        _name, entry = await connection.read(connection.root.base, ("minPwdLength",))
    except Said:
        return False
    return number(entry, "minPwdLength") is not None


async def _unreadable(connection: Connection) -> tuple[str, ...] | None:
    """Fine-grained policies that are there and say nothing; None: not even their container
    can be seen.
    """
    place = _POLICIES + connection.root.base
    try:
        await connection.read(place, ("cn",))
        found = await connection.search(place, ONE, _IS_POLICY, ["cn", _LENGTH])
    except Said:
        return None
    shut = [text(entry, "cn") or name for name, entry in found if number(entry, _LENGTH) is None]
    return tuple(sorted(shut))


def moment(written: str) -> int | None:
    """Generalized time as a controller writes it, "20260102030405.0Z" (RFC 4517 §3.3.13), in
    ms since the epoch; None for what is none.
    """
    try:
        read = datetime.strptime(written.partition(".")[0].rstrip("Z") + "Z", "%Y%m%d%H%M%S%z")
    except ValueError:
        return None
    return int(read.timestamp()) * 1000
