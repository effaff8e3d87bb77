"""What time makes of directory jobs, of directories, of passwords that end, of links that die, of
lost phones whose wait is over, of callers who do not answer, and what is left to do of people who
are invited together: one coroutine in each server process, beside delivery.

A job that nobody answers for must not stand open because nobody looks: whoever watches its
page is told within a second of its deadline.  Every process looks; a job is held while it
is decided about, so that the second finds nothing left to do.  So it is with a directory, which
is judged every minute.

What somebody waits for is looked at every second, the rest less often: each look costs the store a
statement, in each process, whether anything is due or not.  How long ago the last one was the
clock of the product says, as it says what is due.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module

from keyturn import __version__
from keyturn.ports.parts import Parts
from keyturn.rules.lockout import SECOND

#: between two looks at whose turn it is; the first comes later, because a start has enough to do
LOOK_S, FIRST_S = 1.0, 3.0
#: after a failure
AGAIN_S = 5.0
#: between two turns of what somebody waits for, of what can wait a little, and of letters that
#: are hours early
AT_ONCE, SOON, LATER = int(LOOK_S * SECOND), 5 * SECOND, 30 * SECOND

_log = logging.getLogger("keyturn.sweeping")


@dataclass(frozen=True, slots=True)
class _Turn:
    """One thing to look at.

    Attributes:
        what: it is called in the log.
        work: looks, does what is due and says how much there was.
        full: so much at a time; there may be more.
        every_ms: between two looks.
    """

    what: str
    work: Callable[[Parts], Awaitable[int]]
    full: int
    every_ms: int


def _turns() -> tuple[_Turn, ...]:
    from keyturn.flows import (  # noqa: PLC0415  not at the start, which has enough to do
        batch_sending,
        channel,
        directory_health,
        link_reminding,
        lost_phone,
        owning,
        reminding,
        verifying,
    )

    judge = partial(directory_health.sweep, version=__version__)
    return (
        _Turn("jobs", channel.sweep, channel.SWEEP, AT_ONCE),
        _Turn("batches", batch_sending.advance, batch_sending.LIMIT, AT_ONCE),
        _Turn("directories", judge, directory_health.SWEEP, SOON),
        _Turn("accounts", owning.settle, owning.LIMIT, SOON),
        _Turn("lost phones", lost_phone.carry_out, lost_phone.LIMIT, SOON),
        _Turn("callers", verifying.settle, verifying.LIMIT, SOON),
        _Turn("reminders", reminding.remind, reminding.LIMIT, LATER),
        _Turn("links", link_reminding.remind, link_reminding.LIMIT, LATER),
    )


@dataclass(slots=True)
class Sweep:
    """What is looked at in turn."""

    parts: Parts
    _due: dict[str, int] = field(default_factory=dict)

    async def once(self) -> float:
        """Whatever has its turn now; seconds until the next look. What stumbles keeps nothing
        else from its turn.
        """
        now = self.parts.clock.now()
        its = [turn for turn in _turns() if self._due.get(turn.what, now) <= now]
        pauses = [await self._look(turn, now) for turn in its]
        return AGAIN_S if AGAIN_S in pauses else min(pauses, default=LOOK_S)

    async def _look(self, turn: _Turn, now: int) -> float:
        """Seconds until the next look, for its sake."""
        try:
            done = await turn.work(self.parts)
        except Exception as error:  # noqa: BLE001  the next look may be better, and must come
            _log.warning(
                "the sweep stumbled at=%s cause=%r again_in_s=%d", turn.what, error, AGAIN_S
            )
            return AGAIN_S
        more = done >= turn.full
        self._due[turn.what] = now if more else now + turn.every_ms
        return 0 if more else LOOK_S


async def run(parts: Parts, stop: asyncio.Event, first_s: float = FIRST_S) -> None:
    """Go on until `stop` is set."""
    if await _stopped(stop, first_s):
        return
    for name in ("channel", "directory_health"):  # see `_turns`
        await asyncio.to_thread(import_module, f"keyturn.flows.{name}")
    sweep = Sweep(parts)
    while not await _stopped(stop, await sweep.once()):
        pass


async def _stopped(stop: asyncio.Event, at_most: float) -> bool:
    """Wait for `stop`, at most so many seconds; whether it is set."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), at_most)
    return stop.is_set()
