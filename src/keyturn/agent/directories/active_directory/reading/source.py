"""The port's `Source` for Active Directory."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TypeVar

import ldap

from keyturn.agent.directories.active_directory.accounts import not_read
from keyturn.agent.directories.active_directory.connection import Connection
from keyturn.agent.directories.active_directory.reading import (
    changes,
    deleted,
    entries,
    roll,
    scope,
)
from keyturn.agent.directories.active_directory.reading.changes import Told
from keyturn.agent.directories.active_directory.reading.cursor import Cursor
from keyturn.agent.directories.active_directory.reading.deleted import Known
from keyturn.agent.directories.active_directory.reading.notice import begin
from keyturn.agent.directories.active_directory.reading.scope import Chosen
from keyturn.agent.directories.active_directory.service import Service
from keyturn.agent.directories.ldap.connection import Said
from keyturn.agent.directories.ldap.notice import Notice
from keyturn.agent.ports import CursorLost, NotFound, Unreachable
from keyturn.rules.directories.entries import PAGE, Changes, Entry, Roll, Scope

T = TypeVar("T")

#: what is said of a cookie that is not understood; Samba says the first, Windows is said to say
#: one of the others
_COOKIE_REFUSED = {
    ldap.UNAVAILABLE_CRITICAL_EXTENSION.errnum,
    ldap.PROTOCOL_ERROR.errnum,
    ldap.UNWILLING_TO_PERFORM.errnum,
}


class Reading:
    """Everybody in a domain. A call may take as long as there is something to read; to connect
    and each answer of the controller have their time.
    """

    def __init__(self, service: Service, timeout_ms: int, now: Callable[[], int]) -> None:
        """Args:
        timeout_ms: the longest that a connection may take to be had.
        now: ms since the epoch; only ever compared with itself, by days.
        """
        self._service = service
        self._open_s = timeout_ms / 1000
        self._now = now
        self._notices: dict[str, Notice[Connection]] = {}
        self._told: dict[str, Told] = {}
        self._known: dict[Scope, Known] = {}

    async def roll(self, server: str, scope_: Scope) -> Roll:
        async def work(connection: Connection) -> Roll:
            chosen = await scope.find(connection, scope_)
            domain, now = await _domain(connection), self._now()
            cookie = await changes.present(connection)
            cursor = Cursor(domain, now, chosen.digest, cookie.hex())
            ids = await roll.ids(connection, chosen)
            if not await deleted.told(connection):
                self._known[scope_] = Known(set(ids), now)
            return Roll(ids, cursor.encoded())

        return await self._using(server, work)

    async def read(self, server: str, ids: Sequence[str], scope_: Scope) -> Sequence[Entry]:
        async def work(connection: Connection) -> Sequence[Entry]:
            return await entries.read(connection, ids, await scope.find(connection, scope_))

        return await self._using(server, work)

    async def changes(self, server: str, cursor: bytes, scope_: Scope) -> Changes:
        async def work(connection: Connection) -> Changes:
            place = Cursor.decoded(cursor, await _domain(connection), self._now())
            chosen = await scope.find(connection, scope_)
            part = await self._part(connection, server, place, chosen)
            if part.more or await deleted.told(connection):
                return part
            return await self._with_gone(connection, cursor, part, scope_, chosen)

        return await self._using(server, work)

    async def _part(
        self, connection: Connection, server: str, place: Cursor, chosen: Chosen
    ) -> Changes:
        """What is told after a place. Raises CursorLost, Said, Broken."""
        told = await self._since(connection, server, place)
        ahead = [id_.hex() for id_ in told.ids if id_.hex() > place.after]
        some, last = ahead[:PAGE], len(ahead) <= PAGE
        found = await entries.read(connection, some, chosen)
        until = place.until or told.until.hex()
        if last:
            self._told.pop(server, None)
            following = Cursor(place.domain, self._now(), chosen.digest, until)
        else:
            following = replace(place, until=until, after=some[-1])
        return Changes(
            entries=tuple(found),
            gone=tuple(sorted(set(some) - {entry.id for entry in found})),
            cursor=following.encoded(),
            more=not last or told.more,
            whole=told.whole or chosen.digest != place.groups,
        )

    async def _with_gone(
        self, connection: Connection, cursor: bytes, part: Changes, scope_: Scope, chosen: Chosen
    ) -> Changes:
        """The same, and every few minutes whoever is not there any more. Raises Said, Broken."""
        known, now = self._known.get(scope_), self._now()
        if known is None:  # who was there is known to nobody here
            return replace(part, whole=True)
        known.heard(cursor)
        known.ids.update(bytes.fromhex(entry.id) for entry in part.entries)
        if now - known.at < deleted.EVERY_MS:
            return part
        gone = known.missing(await roll.ids(connection, chosen))
        known.tell(gone, part.cursor, now)
        if len(part.entries) + len(part.gone) + len(gone) > PAGE:
            return replace(part, whole=True)
        return replace(part, gone=tuple(sorted({*part.gone, *(id_.hex() for id_ in gone)})))

    async def _since(self, connection: Connection, server: str, place: Cursor) -> Told:
        """What is told since a place: as it was told before, for whoever is amid it; else anew,
        which is as good but dear. Raises CursorLost, Said, Broken.
        """
        known, cookie = self._told.get(server), bytes.fromhex(place.cookie)
        if known and place.after and known.since == cookie:
            return known
        try:
            told = await changes.since(connection, cookie)
        except Said as said:
            raise (CursorLost() if said.result in _COOKIE_REFUSED else said) from None
        self._told[server] = told
        return told

    async def noticed(self, server: str) -> None:
        if server not in self._notices:
            self._notices[server] = Notice(server, self._fresh, begin)
        await self._notices[server].wait()

    async def _fresh(self, server: str) -> Connection:
        try:
            async with asyncio.timeout(self._open_s):
                return await self._service.fresh(server)
        except TimeoutError:
            raise Unreachable(server, "timeout") from None

    async def _using(self, server: str, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Do `work` on a connection. Raises Unreachable, and what `work` raises but for Said."""

        async def answered(connection: Connection) -> T:
            clock.reschedule(None)
            try:
                return await work(connection)
            except Said as said:
                raise _not_read(connection, said) from None
            finally:  # it may be done again, on a new connection
                clock.reschedule(asyncio.get_running_loop().time() + self._open_s)

        try:
            async with asyncio.timeout(self._open_s) as clock:
                return await self._service.using(server, answered)
        except TimeoutError:
            raise Unreachable(server, "timeout") from None

    def close(self) -> None:
        """Listen no more."""
        for notice in self._notices.values():
            notice.close()


def _not_read(connection: Connection, said: Said) -> Exception:
    error = not_read(connection, connection.root.base, said)
    if isinstance(error, NotFound):  # the domain itself may not be seen
        return Unreachable(connection.host, "credentials", said.diagnostic)
    return error


async def _domain(connection: Connection) -> str:
    """What tells this domain from every other, hex. Raises Said, Broken."""
    _dn, entry = await connection.read(connection.root.base, ["objectGUID"])
    return next(iter(entry.get("objectGUID", ())), b"").hex()
