"""What time makes of directory jobs, of directories, of passwords that end, of links that die, of
lost phones whose wait is over, of callers who do not answer, and what is left to do of people who
are invited together: one coroutine in each server process, beside delivery.

A job that nobody answers for must not stand open because nobody looks: whoever watches its
page is told within a second of its deadline.  Every process looks; a job is held while it
is decided about, so that the second finds nothing left to do.  So it is with a directory, which
is judged every minute.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from contextlib import suppress
from importlib import import_module

from keyturn import __version__
from keyturn.ports.parts import Parts

#: between two looks; the first comes later, because a start has enough to do
LOOK_S, FIRST_S = 1.0, 3.0
#: after a failure
AGAIN_S = 5.0

_log = logging.getLogger("keyturn.sweeping")


async def run(parts: Parts, stop: asyncio.Event, first_s: float = FIRST_S) -> None:
    """Go on until `stop` is set."""
    pause = first_s
    while not await _stopped(stop, pause):
        for name in ("channel", "directory_health"):  # see `once`
            await asyncio.to_thread(import_module, f"keyturn.flows.{name}")
        pause = await once(parts)


async def once(parts: Parts) -> float:
    """One look; seconds until the next. What stumbles keeps nothing else from its turn."""
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

    seen = await _done("jobs", channel.sweep(parts))
    judged = await _done("directories", directory_health.sweep(parts, __version__))
    settled = await _done("accounts", owning.settle(parts))
    reminded = await _done("reminders", reminding.remind(parts))
    links = await _done("links", link_reminding.remind(parts))
    lost = await _done("lost phones", lost_phone.carry_out(parts))
    invited = await _done("batches", batch_sending.advance(parts))
    callers = await _done("callers", verifying.settle(parts))
    most = (seen, reminded, settled, links, lost, invited, callers)
    if judged is None or None in most:
        return AGAIN_S
    full = (
        channel.SWEEP, reminding.LIMIT, owning.LIMIT, link_reminding.LIMIT, lost_phone.LIMIT,
        batch_sending.LIMIT, verifying.LIMIT,
    )  # fmt: skip
    more = any(a == b for a, b in zip(most, full, strict=True))
    return 0 if more else LOOK_S


async def _done(what: str, work: Awaitable[int]) -> int | None:
    """How much there was to do; None if it stumbled."""
    try:
        return await work
    except Exception as error:  # noqa: BLE001  the next look may be better, and must come
        _log.warning("the sweep stumbled at=%s cause=%r again_in_s=%d", what, error, AGAIN_S)
        return None


async def _stopped(stop: asyncio.Event, at_most: float) -> bool:
    """Wait for `stop`, at most so many seconds; whether it is set."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), at_most)
    return stop.is_set()
