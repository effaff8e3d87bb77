"""The port's `Inspector` for Active Directory."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

import ldap

from keyturn.agent.directories.active_directory import accounts, replicating, rights
from keyturn.agent.directories.active_directory.connection import Connection
from keyturn.agent.directories.active_directory.replicating import Source, State
from keyturn.agent.directories.active_directory.service import Service
from keyturn.agent.directories.ldap.calls import Calls
from keyturn.agent.directories.ldap.connection import ONE, Said
from keyturn.agent.directories.ldap.probing import answering, probe
from keyturn.agent.directories.ldap.settings import Settings
from keyturn.agent.directories.ldap.values import number, text
from keyturn.agent.ports import Inside, NotFound, Unreachable
from keyturn.rules.directories.health.facts import (
    Account,
    ListenerSight,
    Partner,
    Rights,
    Way,
)

#: controllers that are looked at at the same time
_AT_ONCE: Final = 16
#: causes with which port 636 said nothing of TLS
_NO_TLS: Final = frozenset({"timeout", "refused", "name"})
_POLICIES: Final = "CN=Password Settings Container,CN=System,"
#: nothing else can be in there, and of what may not be read not even the class is known
_WHATEVER: Final = "(objectClass=*)"
_LENGTH: Final = "msDS-MinimumPasswordLength"
_DESCRIPTOR: Final = "nTSecurityDescriptor"
#: asking one partner how old what is missing is
_LAG_S: Final = 5.0


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
        told = None if way.cause else await self._partners(controller, way.ahead_ms or 0)
        return ListenerSight(controller, way.cause, way.ahead_ms, told)

    async def _partners(self, controller: str, ahead: int) -> tuple[Partner, ...] | None:
        try:
            found = await self._calls.read(controller, replicating.state)
            own = await self._calls.read(controller, replicating.invocation)
        except Unreachable:
            return None
        if found is None:
            return None
        now, sources = self._now() + ahead, sorted(found.sources.items())
        lags = await asyncio.gather(*(self._lag(*each, found, own, now) for each in sources))
        return tuple(
            replicating.partner(host, source, now, lag)
            for (host, source), lag in zip(sources, lags, strict=True)
        )

    async def _lag(self, host: str, source: Source, of: State, own: bytes, now: int) -> int | None:
        """What the controller lacks of a partner; None where the partner cannot be asked."""

        def work(connection: Connection) -> Awaitable[int | None]:
            return replicating.lag(connection, source.taken, of.vector, own, now)

        if not own:
            return None
        try:
            async with asyncio.timeout(_LAG_S):
                return await self._calls.read(host, work)
        except (Unreachable, TimeoutError):
            return None

    async def inside(self, controller: str, units: Sequence[str]) -> Inside:
        try:
            return await self._calls.read(controller, lambda c: self._inside(c, units))
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

    async def _inside(self, connection: Connection, units: Sequence[str]) -> Inside:
        """Raises Unreachable, Broken."""
        return Inside(
            rights=await _rights(connection, units),
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


async def _rights(connection: Connection, units: Sequence[str]) -> tuple[Rights, ...] | None:
    """In each OU; None where there is none, or none shows its access control list."""
    found = [one for unit in units if (one := await _in_unit(connection, unit)) is not None]
    return tuple(found) or None


async def _in_unit(connection: Connection, unit: str) -> Rights | None:
    try:
        _name, entry = await connection.read(unit, (_DESCRIPTOR,), [accounts.ONLY_DACL])
    except Said:
        return Rights(unit, there=False, reset=False, lockout=False, last_set=False)
    held = next(iter(entry.get(_DESCRIPTOR, ())), b"")
    may = rights.delegated(held, connection.root.token)
    if may is None:
        return None
    return Rights(unit, True, may.reset, may.lockout, may.last_set)


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
        found = await connection.search(place, ONE, _WHATEVER, [_LENGTH])
    except Said:
        return None
    shut = [_called(name) for name, entry in found if number(entry, _LENGTH) is None]
    return tuple(sorted(shut))


def _called(name: str) -> str:
    """The value of a distinguished name's first part."""
    value: str = ldap.dn.str2dn(name)[0][0][1]
    return value


def moment(written: str) -> int | None:
    """Generalized time as a controller writes it, "20260102030405.0Z" (RFC 4517 §3.3.13), in
    ms since the epoch; None for what is none.
    """
    try:
        read = datetime.strptime(written.partition(".")[0].rstrip("Z") + "Z", "%Y%m%d%H%M%S%z")
    except ValueError:
        return None
    return int(read.timestamp()) * 1000
