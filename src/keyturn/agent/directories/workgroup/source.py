"""The port's `Source` for a machine without a domain: everybody, read and compared.

SAMR notifies nobody and counts nothing.  A cursor is what was there: for each account its
relative identifier and a digest of how it was.  So that it stays small, a machine with more
than `MOST` accounts is not compared but read anew.
"""

from __future__ import annotations

import asyncio
import hashlib
import struct
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from keyturn.agent.directories.workgroup import accounts
from keyturn.agent.directories.workgroup.line import Line
from keyturn.agent.directories.workgroup.machine import Machine
from keyturn.agent.directories.workgroup.service import Service
from keyturn.agent.directories.workgroup.settings import Settings
from keyturn.agent.directories.workgroup.values import below, rid_of
from keyturn.agent.ports import CursorLost, ScopeGone
from keyturn.rules.directories.entries import PAGE, Changes, Entry, Roll, Scope

#: accounts that a cursor holds: 24 KiB
MOST = 2048
_DIGEST = 8
_ROW = struct.Struct(f"<I{_DIGEST}s")
_FORM = b"\x01"


class WorkgroupSource:
    """One machine's accounts, all of them."""

    def __init__(
        self,
        settings: Settings,
        now: Callable[[], int],
        pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """Args:
        now: as in Workgroup.
        pause: waits so many seconds.
        """
        self._settings = settings
        self._pause = pause
        self._service = Service(settings, now)
        self._listening: set[str] = set()

    async def roll(self, server: str, scope: Scope) -> Roll:
        _whole(scope)
        sid, rids = await self._everybody(server)
        digests = await self._digests(server, rids) if len(rids) <= MOST else None
        ids = sorted(below(sid, rid) for rid in rids)
        return Roll(tuple(ids), _cursor(sid, digests))

    async def read(self, server: str, ids: Sequence[str], scope: Scope) -> Sequence[Entry]:
        _whole(scope)

        def work(_line: Line, machine: Machine) -> list[Entry]:
            rids = [rid for each in ids if (rid := rid_of(machine.sid, each)) is not None]
            return _entries(machine, rids)

        return await self._service.using(server, work)

    async def changes(self, server: str, cursor: bytes, scope: Scope) -> Changes:
        _whole(scope)
        sid, rids = await self._everybody(server)
        known = _known(sid, cursor)
        if known is None or len(rids) > MOST:
            return Changes((), (), _cursor(sid, None), more=False, whole=True)
        now = await self._digests(server, rids)
        changed = sorted(
            (rid for rid, digest in now.items() if known.get(rid) != digest),
            key=lambda rid: below(sid, rid),
        )
        gone = sorted((rid for rid in known if rid not in now), key=lambda rid: below(sid, rid))
        left, part = gone[:PAGE], changed[: max(PAGE - len(gone), 0)]
        entries = await self.read(server, [below(sid, rid).hex() for rid in part], scope)
        later = {rid: digest for rid, digest in known.items() if rid not in left}
        later |= {rid: now[rid] for rid in part}
        return Changes(
            entries=tuple(entries),
            gone=tuple(below(sid, rid).hex() for rid in left),
            cursor=_cursor(sid, later),
            more=len(gone) + len(changed) > PAGE,
            whole=False,
        )

    async def noticed(self, server: str) -> None:
        """Nobody tells: in a while something may have changed."""
        if server in self._listening:
            await self._pause(self._settings.watch_s)
            return
        await self._everybody(server)
        self._listening.add(server)

    def close(self) -> None:
        """Call it when the agent stops."""
        self._service.close()

    async def _everybody(self, server: str) -> tuple[bytes, list[int]]:
        """The machine's SID and who is there."""
        return await self._service.using(
            server, lambda _line, machine: (machine.sid, sorted(machine.everybody()))
        )

    async def _digests(self, server: str, rids: Sequence[int]) -> dict[int, bytes]:
        """How each of them is now; page by page, so that no call lasts."""
        found: dict[int, bytes] = {}
        for at in range(0, len(rids), PAGE):
            found |= await self._service.using(server, _digesting(rids[at : at + PAGE]))
        return found


def _whole(scope: Scope) -> None:
    """There are no units, and no groups that a scope could name. Raises ScopeGone."""
    for name in (*scope.units, *scope.groups):
        raise ScopeGone(name)


def _entries(machine: Machine, rids: Iterable[int]) -> list[Entry]:
    users = (machine.user(rid) for rid in sorted(rids))
    found = [accounts.entry(machine, user) for user in users if user is not None]
    return sorted(found, key=lambda entry: entry.id)


def _digesting(rids: Sequence[int]) -> Callable[[Line, Machine], dict[int, bytes]]:
    def work(_line: Line, machine: Machine) -> dict[int, bytes]:
        return {_rid(entry): digest(entry) for entry in _entries(machine, rids)}

    return work


def _rid(entry: Entry) -> int:
    return int.from_bytes(bytes.fromhex(entry.id)[-4:], "little")


def digest(entry: Entry) -> bytes:
    """Of all its fields."""
    return hashlib.blake2b(repr(entry).encode(), digest_size=_DIGEST).digest()


def _cursor(sid: bytes, digests: Mapping[int, bytes] | None) -> bytes:
    """What `_known` reads; None: nothing that could be compared with."""
    head = _FORM + hashlib.blake2b(sid, digest_size=_DIGEST).digest()
    if digests is None:
        return head + b"\0"
    return head + b"\1" + b"".join(_ROW.pack(rid, digests[rid]) for rid in sorted(digests))


def _known(sid: bytes, cursor: bytes) -> dict[int, bytes] | None:
    """How everybody was. Raises CursorLost for another machine's, or none of ours."""
    head = _cursor(sid, None)[:-1]
    kind, rows = cursor[len(head) : len(head) + 1], cursor[len(head) + 1 :]
    if not cursor.startswith(head) or kind not in {b"\0", b"\1"} or len(rows) % _ROW.size:
        raise CursorLost
    return {rid: held for rid, held in _ROW.iter_unpack(rows)} if kind == b"\1" else None  # noqa: C416  mypy
