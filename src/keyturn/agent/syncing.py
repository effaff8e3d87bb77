"""Reads everybody of a directory into the server, then follows what changes.

    DUE --roll--> READING --page, page, last page--> FOLLOWING --changes--> (noticed) --+
     ^                                                   ^                              |
     +---- whatever is said is answered by the place ----+------------------------------+

The server alone knows the place; here is kept what can be read anew: the roll (16 bytes an
account), and one page.  A roll is good for one read only, the one whose cursor it was made
for or after: an older one would pass who came since for gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from keyturn.agent.keeper import PASSING
from keyturn.agent.ports import (
    CursorLost,
    LinkDenied,
    LinkDown,
    ScopeGone,
    Source,
    Unreachable,
)
from keyturn.agent.standing import Standing
from keyturn.rules.directories.entries import PAGE, Changes
from keyturn.rules.directories.syncs import Phase
from keyturn.wire.codec import Oversize
from keyturn.wire.messages import SyncBegun, SyncChanges, Syncing, SyncLost, SyncPage, SyncStuck

#: after what did not work, then twice as long, up to
AGAIN_MS: Final = 1_000
AGAIN_AT_MOST_MS: Final = 60_000
#: changes are asked for so often even if nothing was noticed
LOOK_MS: Final = 60_000

_log = logging.getLogger("keyturn.agent")


class _Over(Exception):
    """This run is not to read any more."""


@dataclass(frozen=True, slots=True)
class _Rolled:
    """Ids of all accounts in scope, and the cursor of the read that they are good for."""

    ids: Sequence[bytes]
    cursor: bytes


class Reader:
    """The reading of one run, as long as it is primary."""

    def __init__(self, at: Standing, source: Source) -> None:
        self._at = at
        self._source = source
        self._server = at.place.controller
        self._offered: Syncing | None = None
        self._woken = asyncio.Event()
        self._rolled: _Rolled | None = None

    def offer(self, place: Syncing) -> None:
        """Where the server says the reading stands; heeded when there is nothing to do."""
        self._offered = place
        self._woken.set()

    async def run(self) -> None:
        """Go on from the place that was offered, until the lease is lost, or the server wants
        nothing read any more.
        """
        notice = asyncio.create_task(self._notice())
        try:
            with contextlib.suppress(_Over):
                await self._go_on()
        finally:
            notice.cancel()
            await asyncio.gather(notice, return_exceptions=True)

    async def _go_on(self) -> None:
        place, wait = self._taken(None), AGAIN_MS
        while True:
            try:
                place = await self._step(place)
            except (LinkDown, Unreachable, ScopeGone, Oversize) as trouble:
                # what a scope is called, and what is read, is no matter of a log
                _log.warning("sync waits cause=%s", type(trouble).__name__)
                with contextlib.suppress(LinkDown):
                    await self._complain(place, trouble)
                await self._at.pause(wait)
                wait = min(2 * wait, AGAIN_AT_MOST_MS)
                self._hold()
                place = self._taken(place)
            else:
                wait = AGAIN_MS

    async def _complain(self, place: Syncing, trouble: Exception) -> None:
        """Let the console say why it does not go on."""
        match trouble:
            case ScopeGone(name=name):
                said = ("scope", name)
            case Unreachable(cause=cause, controller=controller):
                said = (cause, controller)
            case Oversize():
                said = ("size", "")
            case _:
                return
        offered = self._offered
        await self._say(SyncStuck(place.at, *said))
        self._offered = offered

    def _taken(self, place: Syncing | None) -> Syncing:
        """The place that was offered since, else the one that is known."""
        offered, self._offered = self._offered, None
        found = offered or place
        if found is None:
            raise _Over
        return found

    def _hold(self) -> None:
        """Raises _Over when this run is not primary any more."""
        if self._at.held() is None:
            raise _Over

    async def _step(self, place: Syncing) -> Syncing:
        """One piece of it; where it stands then."""
        self._hold()
        match place.phase:
            case Phase.DUE:
                return await self._begin(place)
            case Phase.READING:
                return await self._page(place)
            case Phase.FOLLOWING:
                return await self._follow(place)

    # -- everybody

    async def _begin(self, place: Syncing) -> Syncing:
        async with self._at.reading:
            roll = await self._source.roll(self._server, place.scope)
        self._rolled = _Rolled(roll.ids, roll.cursor)
        return await self._say(SyncBegun(place.at, roll.cursor, len(roll.ids)))

    async def _page(self, place: Syncing) -> Syncing:
        ids = await self._ahead(place)
        some = [id_.hex() for id_ in ids[:PAGE]]
        async with self._at.reading:
            entries = await self._source.read(self._server, some, place.scope) if some else ()
        while True:
            last = len(some) == len(ids)
            upto = "" if last else some[-1]
            part = entries if last else [one for one in entries if one.id <= upto]
            try:
                answer = await self._say(SyncPage(place.at, upto, tuple(part), last))
            except Oversize:
                if len(some) < 2:  # noqa: PLR2004  there is no half of it
                    raise
                some = some[: len(some) // 2]
            else:
                return await self._moved(place, answer)

    async def _ahead(self, place: Syncing) -> Sequence[bytes]:
        """Ids that are still to be read."""
        if self._rolled is None or self._rolled.cursor != place.cursor:
            async with self._at.reading:
                roll = await self._source.roll(self._server, place.scope)
            self._rolled = _Rolled(roll.ids, place.cursor)
        ids = self._rolled.ids
        return ids[bisect_right(ids, bytes.fromhex(place.after)) :]

    async def _moved(self, before: Syncing, after: Syncing) -> Syncing:
        """A server that takes nothing is not asked again and again."""
        if after == before:
            await self._at.pause(AGAIN_AT_MOST_MS)
        return after

    # -- what changes

    async def _follow(self, place: Syncing) -> Syncing:
        self._rolled = None
        self._woken.clear()
        try:
            async with self._at.reading:
                changes = await self._source.changes(self._server, place.cursor, place.scope)
        except CursorLost:
            return await self._say(SyncLost(place.at))
        after = await self._tell(place, changes)
        idle = after.phase is Phase.FOLLOWING and after.cursor == changes.cursor
        if changes.more or not idle:
            return after
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), LOOK_MS / 1000)
        return self._taken(after)

    async def _tell(self, place: Syncing, changes: Changes) -> Syncing:
        """Tell of all of them; what does not fit at once in parts, the last with the cursor."""
        size, entries, gone = PAGE, list(changes.entries), list(changes.gone)
        while True:
            some, left = entries[:size], gone[:size]
            last = len(some) == len(entries) and len(left) == len(gone)
            message = SyncChanges(
                place.at, tuple(some), tuple(left), changes.cursor if last else place.cursor,
                whole=changes.whole and last,
            )  # fmt: skip
            try:
                answer = await self._say(message)
            except Oversize:
                if size == 1:
                    raise
                size //= 2
                continue
            if last or answer.at != place.at:
                return answer
            entries, gone = entries[size:], gone[size:]

    async def _notice(self) -> None:
        """Wake whoever waits, whenever something may have changed."""
        while True:
            try:
                await self._source.noticed(self._server)
            except Unreachable:
                await self._at.pause(AGAIN_AT_MOST_MS)
            self._woken.set()

    # -- the server

    async def _say(
        self, message: SyncBegun | SyncPage | SyncChanges | SyncLost | SyncStuck
    ) -> Syncing:
        """Say it; where to go on. Raises _Over, LinkDown, Oversize."""
        self._hold()
        try:
            answer = await self._at.link.call(message, Syncing)
        except LinkDenied as refused:
            if refused.denied.why in PASSING:
                raise LinkDown("denied", refused.denied.why) from refused
            raise _Over from refused
        self._offered = None  # it was said before this was
        return answer
