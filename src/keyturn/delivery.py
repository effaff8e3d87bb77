"""The delivery loops (one for pushes, one for all the others: a push is worth a minute, and
must not wait behind mails that a slow server takes), and the one that collects what comes back:
coroutines in each server process.

Every process may run them.  Messages are claimed, so that each is taken by one; the loop is
woken by commits of its own process and looks once a second for those of others.  A report
may be read by two: the second changes nothing any more.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass, field

from keyturn.flows import bounces
from keyturn.flows.deliver import Courier, deliver_due, next_due, sweep_lapsed
from keyturn.flows.filing import file_users
from keyturn.ports.delivery import Postbag
from keyturn.ports.parts import Parts
from keyturn.ports.store import Store, StoreUnavailable

BATCH = 16
#: batches under way at once: a server that is slow to answer holds up its own batch only
BATCHES = 4
#: reports read in one round
REPORTS = 100

_log = logging.getLogger("keyturn.delivery")


@dataclass(frozen=True, slots=True)
class Pace:
    """How the loop moves, in milliseconds.

    Attributes:
        first: before the first look, unless something is queued: a start has enough to do.
        nap, look: shortest and longest wait for the next look.
        delay, spread: after a wake it waits `delay` and up to `spread` more, drawn at
            random: when a mail leaves says nothing of what the request that caused it did.
        patience: how long a batch is waited for before the next is begun beside it.
        outage, outage_max: wait after the store did not answer, doubled each time.
        collect: wait between two looks for what came back.
        besides: between two looks for what else this loop does, by the product's clock: each
            costs the store statements, in each process, though there is hardly ever anything.
    """

    first: int = 250
    nap: int = 50
    look: int = 1_000
    delay: int = 50
    spread: int = 250
    patience: int = 1_000
    outage: int = 500
    outage_max: int = 30_000
    collect: int = 3_000
    besides: int = 5_000


PACE = Pace()
#: who waits for a push has shown a right password, or is staff: its moment tells nobody anything
PUSH_PACE = Pace(delay=0, spread=0)


def wake_on_commit(store: Store) -> asyncio.Event:
    """An event of the running loop that is set whenever this process queued a message."""
    loop = asyncio.get_running_loop()
    wake = asyncio.Event()

    def ring() -> None:
        with suppress(RuntimeError):  # the loop is closed: the process is on its way out
            loop.call_soon_threadsafe(wake.set)

    store.on_commit(ring)
    return wake


async def run(
    parts: Parts, courier: Courier, wake: asyncio.Event, stop: asyncio.Event, pace: Pace = PACE
) -> None:
    """Deliver until `stop` is set; what is being sent then is finished first."""
    await _run(_Loop(parts, courier, pace), wake, stop)


async def run_pushes(
    parts: Parts, courier: Courier, wake: asyncio.Event, stop: asyncio.Event,
    pace: Pace = PUSH_PACE,
) -> None:  # fmt: skip
    """The same for pushes to phones."""
    await _run(_Pushes(parts, courier, pace), wake, stop)


async def _run(loop: _Loop, wake: asyncio.Event, stop: asyncio.Event) -> None:
    pace = loop.pace
    pause, outage = pace.first, pace.outage
    while True:
        if await _rung(wake, stop, pause):
            await _rung(stop, stop, loop.delay())
        if stop.is_set():
            break
        wake.clear()
        try:
            pause, outage = await loop.round(), pace.outage
        except Exception as error:  # noqa: BLE001  the next message may be a good one
            _log.warning("delivery stumbled cause=%r again_in_ms=%d", error, outage)
            pause, outage = outage, min(2 * outage, pace.outage_max)
    await loop.finish()


@dataclass(slots=True)
class _Loop:
    parts: Parts
    courier: Courier
    pace: Pace
    batches: set[asyncio.Task[int]] = field(default_factory=set)
    besides_at: int = 0

    def delay(self) -> int:
        """Milliseconds between a wake and the next look."""
        return self.pace.delay + int(self.parts.random.digits(9)) % (self.pace.spread + 1)

    async def round(self) -> int:
        """Take what is due; milliseconds to the next look. Raises StoreUnavailable."""
        self._collect()
        due = await self._due()
        if due is not None and due <= self.parts.clock.now() and len(self.batches) < BATCHES:
            batch = asyncio.create_task(self._deliver())
            self.batches.add(batch)
            await asyncio.wait({batch}, timeout=self.pace.patience / 1000)
            if sum(self._collect()) == BATCH:
                return 0
            due = await self._due()
        if await self._besides():
            return self.pace.nap
        if due is None:
            return self.pace.look
        return min(max(due - self.parts.clock.now(), self.pace.nap), self.pace.look)

    async def _due(self) -> int | None:
        return await next_due(self.parts)

    async def _deliver(self) -> int:
        return await deliver_due(self.parts, self.courier, BATCH)

    async def _besides(self) -> bool:
        """What this loop does besides, when it has its turn; whether there is more of it."""
        now = self.parts.clock.now()
        if now < self.besides_at:
            return False
        await sweep_lapsed(self.parts)
        more = await file_users(self.parts)
        self.besides_at = now if more else now + self.pace.besides
        return more

    def _collect(self) -> list[int]:
        """What finished batches took. Raises what a batch raised."""
        done = {batch for batch in self.batches if batch.done()}
        self.batches -= done
        errors = [error for batch in done if (error := batch.exception())]
        if errors:
            raise errors[0]
        return [batch.result() for batch in done]

    async def finish(self) -> None:
        """Wait for the batches under way."""
        for error in await asyncio.gather(*self.batches, return_exceptions=True):
            if isinstance(error, BaseException):
                _log.warning("delivery stumbled cause=%r", error)


class _Pushes(_Loop):
    """The loop that delivers pushes, and nothing besides."""

    async def _due(self) -> int | None:
        return await next_due(self.parts, pushes=True)

    async def _deliver(self) -> int:
        return await deliver_due(self.parts, self.courier, BATCH, pushes=True)

    async def _besides(self) -> bool:
        return False


async def collect(parts: Parts, postbag: Postbag, stop: asyncio.Event, pace: Pace = PACE) -> None:
    """Read the mail of the bounce address until `stop` is set, and remove what was read."""
    while not stop.is_set():
        try:
            await _collect(parts, postbag)
        except StoreUnavailable as error:
            _log.warning("reports wait for the store cause=%r", error)
        await _rung(stop, stop, pace.collect)


async def _collect(parts: Parts, postbag: Postbag) -> None:
    """One round. Raises StoreUnavailable; the mails not yet read stay where they are."""
    for name in await asyncio.to_thread(postbag.waiting, REPORTS):
        raw = await asyncio.to_thread(postbag.read, name, bounces.MOST_BYTES)
        try:
            came = bounces.Came.NO_REPORT if raw is None else await bounces.take(parts, raw)
        except StoreUnavailable:
            raise
        except Exception as fault:  # noqa: BLE001  the next report may be a good one
            _log.exception("a report could not be read and stays name=%s", name, exc_info=fault)
            continue
        _log.info("a mail to the bounce address was read worth=%s", came)
        await asyncio.to_thread(postbag.remove, name)


async def _rung(bell: asyncio.Event, stop: asyncio.Event, at_most: int) -> bool:
    """Wait for either, at most so many milliseconds; whether `bell` was rung."""
    waiting = {asyncio.create_task(bell.wait()), asyncio.create_task(stop.wait())}
    _, late = await asyncio.wait(
        waiting, timeout=at_most / 1000, return_when=asyncio.FIRST_COMPLETED
    )
    for task in late:
        task.cancel()
    return bell.is_set()
