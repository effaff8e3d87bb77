"""The upkeep loop: one coroutine in each server process, beside delivery.

Old rows go, accounts whose time has come are erased and the audit trail is counted for charts, in
small transactions with pauses between them.  A lease in the database lets one server at a time
sweep; whichever is first counts.
"""

from __future__ import annotations

import asyncio
import logging

from keyturn.flows import counting, erasing, retention
from keyturn.ports.parts import Parts
from keyturn.rules.retention import LEASE_MS, Keep

#: the first look comes so long after the start, which has enough to do
FIRST_MS = 5_000
#: after a failure
AGAIN_MS = 30_000

_log = logging.getLogger("keyturn.upkeep")


async def run(parts: Parts, keep: Keep, stop: asyncio.Event, first_ms: int = FIRST_MS) -> None:
    """Go on until `stop` is set. `keep`: days by kind."""
    holder = parts.random.token(9)
    pause = first_ms
    while not await _stopped(stop, pause):
        try:
            pause = await once(parts, keep, holder)
        except Exception as error:  # noqa: BLE001  upkeep can wait, and must not end the server
            _log.warning("upkeep stumbled cause=%r again_in_ms=%d", error, AGAIN_MS)
            pause = AGAIN_MS


async def once(parts: Parts, keep: Keep, holder: str) -> int:
    """One step of each; milliseconds until the next is due."""
    more = await erasing.erase_due(parts)
    counted = await counting.advance(parts)
    wait = await retention.step(parts, keep, holder)
    return min(wait, retention.PAUSE_MS if more or counted else LEASE_MS)


async def _stopped(stop: asyncio.Event, at_most: int) -> bool:
    """Wait for `stop`, at most so many milliseconds; whether it is set."""
    try:
        await asyncio.wait_for(stop.wait(), at_most / 1000)
    except TimeoutError:
        return False
    return True
