"""Takes what the server has to do, and sees to it: bounded, and one at a time for an account.

The server repeats what it has until it is reported, so nothing here need be remembered: what
does not fit is left for the next time, and what is going on already is not begun again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Coroutine
from functools import partial
from typing import Any
from weakref import WeakValueDictionary

from keyturn.agent import charting
from keyturn.agent.guessing import guess
from keyturn.agent.looking import look
from keyturn.agent.settling import settle_job
from keyturn.agent.standing import Standing
from keyturn.agent.syncing import Reader
from keyturn.agent.tasks import perform
from keyturn.agent.watching import watch
from keyturn.rules.directories.entries import Scope
from keyturn.wire.messages import Syncing, Work

#: pieces of work that are taken at once, watches and guesses not among them; watches; guesses
WORK_AT_MOST, WATCHES_AT_MOST, GUESSES_AT_MOST = 256, 256, 64

_log = logging.getLogger("keyturn.agent")

_Key = tuple[str, str]
_Act = Callable[[], Coroutine[Any, Any, None]]


class Executor:
    """Does the work of one run.

    Attributes:
        scope: whom the server wants read, as it last said; None: nobody.
    """

    def __init__(
        self, standing: Standing, survey: _Act | None = None, every_ms: int = charting.EVERY_MS
    ) -> None:
        """Args:
        survey: looks how the directory is and tells the server; None: nobody does.
        every_ms: between two looks, and between two maps.
        """
        self._at = standing
        self._survey, self._every_ms = survey, every_ms
        self.scope: Scope | None = None
        self._surveyed: tuple[int, bool] | None = None
        self._going: dict[_Key, asyncio.Task[None]] = {}
        self._accounts: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._charted_at: int | None = None
        self._reader = Reader(standing, standing.source) if standing.source else None

    @property
    def busy(self) -> int:
        """How many pieces of work are going on or waiting their turn; to read the directory,
        which never ends, is none.
        """
        return sum(kind != "sync" for kind, _ in self._going)

    async def begin(self) -> None:
        """Once, before any work: what an earlier run knew of the directory, and what it knew
        of jobs and could not say any more.
        """
        await self._at.chart.recall()
        for entry in await self._at.journal.unreported():
            if entry.ending is not None and entry.intent is not None:
                tell = partial(self._at.tell, entry.job_id, entry.ending, entry.intent.epoch)
                self._spawn(("report", entry.job_id), entry.guid, tell)

    def take(self, work: Work, asked_at: int) -> None:
        """Begin what is new in it; stop settling and watching what is not in it any more.

        Args:
            asked_at: when it was asked for, ms of CLOCK_BOOTTIME: all its times count from there.
        """
        at = self._at
        self._keep_charted()
        self._keep_surveyed()
        self._drop("settle", {one.job_id for one in work.unsettled})
        self._drop("watch", {one.job_id for one in work.watches})
        for unsettled in work.unsettled:
            settle = partial(settle_job, at, unsettled, asked_at)
            self._spawn(("settle", unsettled.job_id), unsettled.guid, settle)
        for task in work.tasks:
            act = partial(perform, at, task, asked_at)
            self._spawn(("task", task.job_id), task.guid, act)
        for asked in work.looks:
            self._spawn(("look", asked.look_id), "", partial(look, at, asked, asked_at))
        for guessed in work.guesses:
            act = partial(guess, at, guessed, asked_at)
            self._spawn(("guess", guessed.try_id), guessed.lane, act)
        for one in work.watches:
            self._spawn(("watch", one.job_id), "", partial(watch, at, one, asked_at))
        self._read(work.sync)

    def _read(self, place: Syncing | None) -> None:
        """Go on reading the directory; or do so no more."""
        self.scope = place.scope if place else None
        if place is None or self._reader is None:
            self._drop("sync", ())
        else:
            self._reader.offer(place)
            self._spawn(("sync", ""), "", self._reader.run)

    def _drop(self, kind: str, wanted: Collection[str]) -> None:
        for key, going in list(self._going.items()):
            if key[0] == kind and key[1] not in wanted:
                going.cancel()

    def _keep_charted(self) -> None:
        """The primary draws the directory anew, every minute by default."""
        now, last = self._at.ticks.now(), self._charted_at
        due = last is None or now - last >= self._every_ms
        if due and self._at.held() is not None:
            self._charted_at = now
            self._spawn(("chart", ""), "", partial(self._at.chart.survey, self._at.link))

    def _keep_surveyed(self) -> None:
        """Every agent looks how the directory is, every minute; and at once when it leads."""
        now, leads, last = self._at.ticks.now(), self._at.held() is not None, self._surveyed
        if last is not None and now - last[0] < self._every_ms and (last[1] or not leads):
            return
        if self._survey is not None:
            self._surveyed = now, leads
            self._spawn(("survey", ""), "", self._survey)

    async def run(self, stop: asyncio.Event) -> None:
        """Keep the chart fresh until `stop` is set; then see out what has begun, as long as a
        change may take, and drop the rest (it is journaled, and settled later).
        """
        while not stop.is_set():
            self._keep_charted()
            self._keep_surveyed()
            try:
                await asyncio.wait_for(stop.wait(), self._every_ms / 1000)
            except TimeoutError:
                continue
        await self.close()

    async def close(self) -> None:
        """See out the tasks that have begun, stop the rest."""
        for (kind, _), going in self._going.items():
            if kind != "task":
                going.cancel()
        left = list(self._going.values())
        if left:
            _, late = await asyncio.wait(left, timeout=self._at.needs_ms / 1000)
            for going in late:
                going.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    def _spawn(self, key: _Key, account: str, act: _Act) -> None:
        apart = {"watch": WATCHES_AT_MOST, "guess": GUESSES_AT_MOST}
        most = apart.get(key[0], WORK_AT_MOST)
        alike = {key[0]} if key[0] in apart else {kind for kind, _ in self._going} - set(apart)
        if key in self._going or sum(kind in alike for kind, _ in self._going) >= most:
            return
        going = asyncio.get_running_loop().create_task(self._alone(account, act))
        self._going[key] = going
        going.add_done_callback(lambda done: self._done(key, done))

    async def _alone(self, account: str, act: _Act) -> None:
        """One at a time for an account: what is settled there decides what comes next."""
        if not account:
            await act()
            return
        lock = self._accounts.setdefault(account, asyncio.Lock())
        async with lock:
            await act()

    def _done(self, key: _Key, done: asyncio.Task[None]) -> None:
        del self._going[key]
        if done.cancelled():
            return
        error = done.exception()
        if error is not None:
            # its text and its frames may hold what must not be in a log: its class is enough
            _log.warning("work failed kind=%s id=%s error=%s", *key, type(error).__name__)
