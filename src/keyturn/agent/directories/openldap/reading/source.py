"""The port's `Source` for OpenLDAP."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from keyturn.agent.directories.ldap.connection import Said
from keyturn.agent.directories.ldap.notice import Notice
from keyturn.agent.directories.ldap.service import Service
from keyturn.agent.directories.ldap.values import text
from keyturn.agent.directories.openldap.accounts import not_read
from keyturn.agent.directories.openldap.connection import Connection
from keyturn.agent.directories.openldap.reading import entries, scope, syncing
from keyturn.agent.directories.openldap.reading.cursor import Cursor, digest
from keyturn.agent.directories.openldap.reading.notice import begin
from keyturn.rules.directories.entries import PAGE, Changes, Entry, Roll, Scope

T = TypeVar("T")


class Reading:
    """Everybody in a directory. A call may take as long as there is something to read; each answer
    of the server has its time.
    """

    def __init__(self, service: Service[Connection]) -> None:
        self._service = service
        self._notices: dict[str, Notice[Connection]] = {}

    async def roll(self, server: str, scope_: Scope) -> Roll:
        async def work(connection: Connection) -> Roll:
            chosen = await scope.find(connection, scope_)
            base, place = await _base(connection), await syncing.place(connection)
            everybody = await entries.roll(connection, await scope.find(connection, Scope()))
            ids = everybody if scope_ == Scope() else await entries.roll(connection, chosen)
            cursor = Cursor(base, place, chosen.digest, digest(everybody))
            return Roll(tuple(map(bytes.fromhex, ids)), cursor.encoded())

        return await self._using(server, work)

    async def read(self, server: str, ids: Sequence[str], scope_: Scope) -> Sequence[Entry]:
        async def work(connection: Connection) -> Sequence[Entry]:
            return await entries.read(connection, ids, await scope.find(connection, scope_))

        return await self._using(server, work)

    async def changes(self, server: str, cursor: bytes, scope_: Scope) -> Changes:
        async def work(connection: Connection) -> Changes:
            came = Cursor.decoded(cursor, await _base(connection))
            chosen = await scope.find(connection, scope_)
            told = await syncing.since(connection, came)
            ahead = [id_ for id_ in told.ids if id_ > came.after]
            some, last = ahead[:PAGE], len(ahead) <= PAGE
            found = await entries.read(connection, some, chosen)
            until, then = (came.until, came.then) if came.until else (told.place, told.digest)
            following = (
                Cursor(came.base, until, chosen.digest, then)
                if last
                else replace(came, until=until, then=then, after=some[-1])
            )
            return Changes(
                entries=tuple(found),
                gone=tuple(sorted(set(some) - {entry.id for entry in found})),
                cursor=following.encoded(),
                more=not last,
                whole=told.whole or chosen.digest != came.groups,
            )

        return await self._using(server, work)

    async def noticed(self, server: str) -> None:
        if server not in self._notices:
            self._notices[server] = Notice(server, self._service.fresh, begin)
        await self._notices[server].wait()

    async def _using(self, server: str, work: Callable[[Connection], Awaitable[T]]) -> T:
        async def answered(connection: Connection) -> T:
            try:
                return await work(connection)
            except Said as said:
                raise not_read(connection, said) from None

        return await self._service.using(server, answered)

    def close(self) -> None:
        """Listen no more."""
        for notice in self._notices.values():
            notice.close()


async def _base(connection: Connection) -> str:
    """What tells this directory from every other. Raises Said, Broken."""
    _dn, entry = await connection.read(connection.settings.base, ["entryUUID"])
    return text(entry, "entryUUID")
