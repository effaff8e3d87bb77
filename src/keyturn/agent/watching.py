"""A done job is followed to every controller.

First the metadata of the attribute: that reading costs nobody anything.  Only when our write
is there is the password tried, once for each controller and job, whatever restarts in between,
so that a proof never raises badPwdCount.  Where only a listener reaches, or no seal opens, the
metadata is all.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from keyturn.agent.ports import NotFound, Unreachable
from keyturn.agent.standing import Standing
from keyturn.rules.directories.proofs import Bind, ProofState, Stamp, arrived
from keyturn.wire.messages import Seen, Watch
from keyturn.wire.seals import Unsealable

#: between two looks at one controller: the first, and the longest
FIRST_MS, LAST_MS = 250, 30_000
#: so many looks in a row without an answer: it is told as unreachable
MISSES = 3
_FINAL = frozenset({ProofState.ARRIVED, ProofState.PROVED, ProofState.CHANGED})


@dataclass(slots=True)
class _Pace:
    """How often a controller is looked at: fast at first, slower the longer it takes."""

    wait_ms: int = FIRST_MS

    def next(self) -> int:
        wait, self.wait_ms = self.wait_ms, min(self.wait_ms * 3 // 2, LAST_MS)
        return wait


async def watch(at: Standing, work: Watch, asked_at: int) -> None:
    """Follow one job until every controller it waits for has been seen.

    Args:
        asked_at: when the work was asked for, CLOCK_BOOTTIME; `since_ms` counts up to there.
    """
    if at.chart.topology is None:  # a listener charts nothing else, and a proof names its site
        await at.chart.draw()
    begun = asked_at - work.since_ms
    await asyncio.gather(*(_follow(at, work, host, begun) for host in work.waiting))


async def _follow(at: Standing, work: Watch, host: str, begun: int) -> None:
    entry = at.chart.find(host)
    if entry is not None and entry.read_only:
        await _say(at, work, host, ProofState.READ_ONLY, None)
        return
    pace, misses, said = _Pace(), 0, ProofState.WAITING
    while work.sealed is None or at.held() is not None:
        state, delay = ProofState.UNREACHABLE, None
        try:
            async with at.reading:
                state, delay = await _look(at, work, host, begun)
            misses = 0
        except NotFound:
            state, misses = ProofState.WAITING, 0  # a young account has not come there itself
        except Unreachable:
            misses += 1
        if misses in {0, MISSES} and state is not said:
            if not await _say(at, work, host, state, delay):
                return
            said = state
        if state in _FINAL:
            return
        await at.pause(pace.next())


async def _look(at: Standing, work: Watch, host: str, begun: int) -> tuple[ProofState, int | None]:
    """How far it is there, and how long that took (ms since the write)."""
    seen = await at.driver.stamp(host, work.guid, work.attribute)
    delay = at.ticks.now() - begun
    state = arrived(work.after, seen, None)
    if state is ProofState.ARRIVED:
        state = await _try(at, work, host, seen)
    return state, None if state is ProofState.WAITING else delay


async def _try(at: Standing, work: Watch, host: str, seen: Stamp) -> ProofState:
    """The password where it has arrived, if it is ours to try and was not tried there before."""
    password = _password(at, work)
    if password is None:
        return ProofState.ARRIVED
    if not await at.journal.trying(work.job_id, host):
        before = await at.journal.try_of(work.job_id, host)
        return ProofState.PROVED if before is Bind.RIGHT else ProofState.ARRIVED
    bind: Bind | None = None
    try:
        bind = await at.driver.try_password(host, work.guid, password)
    finally:  # unreachable: it was not asked, and may be another time
        await at.journal.tried(work.job_id, host, bind)
    return arrived(work.after, seen, bind)


def _password(at: Standing, work: Watch) -> str | None:
    if work.sealed is None:
        return None
    try:
        return at.open(work.job_id, work.user_id, work.expires_at, work.sealed)
    except Unsealable:
        return None


async def _say(at: Standing, work: Watch, host: str, state: ProofState, delay: int | None) -> bool:
    """Whether the server wants to hear more of this job."""
    entry = at.chart.find(host)
    site = entry.site if entry is not None else ""
    return await at.say(Seen(work.job_id, host, site, state, delay))
