"""Jobs that were permitted and never answered for: the directory is read.

The table of docs/design/08 is in rules/directories/proofs.py; here is whom to ask, and when.
Nothing is read before what was sent late has arrived for certain.  The controller that the
permit named is asked first: only there does "as before" mean that nothing was done.  While it
is silent, another one that shows the very write says enough, and so does one that shows two
writes or more, because the higher version wins wherever it meets ours.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field

from keyturn.agent.journal import Ending, Step
from keyturn.agent.ports import NotFound, Unreachable
from keyturn.agent.standing import Standing
from keyturn.rules.directories.proofs import (
    ATTRIBUTE,
    Bind,
    Stamp,
    Verdict,
    follows,
    settle,
    settle_flag,
)
from keyturn.rules.directories.resets import ALREADY, HOLD_MS, JobKind, Outcome
from keyturn.rules.directories.things import Epoch
from keyturn.wire.messages import Unsettled
from keyturn.wire.seals import Unsealable

#: a directory that cannot tell yet is asked again after so long, then longer, up to
AGAIN_MS, AGAIN_AT_MOST_MS = 500, 15_000


@dataclass(frozen=True, slots=True)
class Question:
    """What became of one modify?

    Attributes:
        origin: invocationId of the controller that the permit named.
        password: None if there is none, or its seal does not open here.
    """

    job_id: str
    kind: JobKind
    guid: str
    before: Stamp
    origin: str
    password: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one controller says. verdict: as `proofs.settle`; bind: what it said to the password."""

    verdict: Verdict | None
    now: Stamp
    bind: Bind | None = None


async def read(at: Standing, asked: Question, host: str) -> Finding:
    """Compare the stamps on one controller, and try the password there once if that decides.

    Raises Unreachable, NotFound.
    """
    now = await at.driver.stamp(host, asked.guid, ATTRIBUTE[asked.kind])
    if asked.kind is not JobKind.RESET:
        still = await _still(at, asked, host)
        return Finding(settle_flag(asked.before, now, asked.origin, still=still), now)
    verdict = settle(asked.before, now, asked.origin, None)
    if verdict is not Verdict.TRY or asked.password is None:
        return Finding(verdict, now)
    bind = await at.try_once(asked.job_id, host, asked.guid, asked.password)
    return Finding(settle(asked.before, now, asked.origin, bind), now, bind)


async def _still(at: Standing, asked: Question, host: str) -> bool:
    """Whether what was asked for is so now."""
    view = await at.driver.look(host, asked.guid)
    return view.must_change if asked.kind is JobKind.REQUIRE_CHANGE else view.locked_until is None


def ending(found: Finding) -> Ending | None:
    """What a finding is reported as; None: it cannot be told yet."""
    match found.verdict:
        case Verdict.DONE:
            return Ending(Outcome.DONE, after=found.now, bound=found.bind is Bind.RIGHT)
        case Verdict.ALREADY:
            return Ending(Outcome.DONE, ALREADY, after=found.now)
        case Verdict.NOT_DONE:
            return Ending(Outcome.NOT_DONE, "unsent")
        case Verdict.CHANGED:
            return Ending(Outcome.CHANGED)
        case Verdict.TRY:
            return Ending(Outcome.UNTRIED)
        case None:
            return None


async def settle_job(at: Standing, work: Unsettled, asked_at: int) -> None:
    """Find out what became of a job, for as long as it takes.

    It needs no lease: nothing is changed here, and it may be that only an agent that stands by
    has the envelope. The server asks one agent at a time, and takes the work back by not
    offering it any more (executor.py).

    Args:
        asked_at: when the work was asked for, CLOCK_BOOTTIME; `held_ms` counts up to there.
    """
    ended = asked_at - work.held_ms
    known = await _journaled(at, work)
    await at.until(ended + (HOLD_MS if known else max(HOLD_MS, at.needs_ms)))
    wait = AGAIN_MS
    while (found := known or await _found(at, work)) is None:
        await at.pause(wait)
        wait = min(2 * wait, AGAIN_AT_MOST_MS)
    held = at.held()
    await at.tell(work.job_id, found, held.epoch if held is not None else Epoch(0, 0))


async def _journaled(at: Standing, work: Unsettled) -> Ending | None:
    """What our own journal says of that very permit; None: nothing that decides."""
    entry = await at.journal.entry(work.job_id)
    if entry is None or entry.run_id != work.run_id:
        return None
    if entry.ending is not None:
        return entry.ending
    # the permit was this run's, and nothing may be sent before the intent is on the disk
    return Ending(Outcome.NOT_DONE, "interrupted") if entry.step is Step.ASKED else None


async def _found(at: Standing, work: Unsettled) -> Ending | None:
    asked = await _question(at, work)
    async with at.reading:
        if asked.origin or not at.driver.counts_writes:
            try:
                return ending(await read(at, asked, work.controller))
            except NotFound:
                return Ending(Outcome.CHANGED, "gone")
            except Unreachable as silent:
                at.chart.causes[work.controller] = silent.cause
        return await _elsewhere(at, asked, work.controller)


async def _elsewhere(at: Standing, asked: Question, used: str) -> Ending | None:
    """What the other controllers know of it; None: nothing that decides."""
    others = [host for host in at.chart.order() if host != used]
    seen: list[Stamp] = []
    for host in others:
        with contextlib.suppress(Unreachable, NotFound):
            now = await at.driver.stamp(host, asked.guid, ATTRIBUTE[asked.kind])
            ours = bool(asked.origin) and follows(asked.before, now, asked.origin)
            if ours or now.version > asked.before.version + 1:
                return ending(await read(at, asked, host))
            seen.append(now)
    # what was written only on a controller that the directory has removed is gone with it
    if at.chart.is_gone(used) and seen and seen == [asked.before] * len(others):
        return Ending(Outcome.NOT_DONE, "unsent")
    return None


async def _question(at: Standing, work: Unsettled) -> Question:
    entry = await at.journal.entry(work.job_id)
    intent = entry.intent if entry is not None else None
    if intent is not None and intent.controller == work.controller:
        origin = intent.origin
    else:
        origin = await at.chart.origin(work.controller)
    return Question(
        work.job_id, work.kind, work.guid, work.before, origin, _password(at, work)
    )  # fmt: skip


def _password(at: Standing, work: Unsettled) -> str | None:
    """None if it is not for us to open."""
    if work.sealed is None:
        return None
    try:
        return at.open(work.job_id, work.user_id, work.expires_at, work.sealed)
    except Unsealable:
        return None
