"""One try of a directory password, from the page to its answer.

    sealing    the page knows what to seal to; nobody has been named yet.
    queued     a name and envelopes are here, and a deadline. Nobody has tried, which is
               certain, because to try takes leave (budget.py). So at the deadline the answer
               is "late".
    trying     ONE run of one agent has leave, until it ends. It is never offered again: what
               that run does not say has been tried, and lets nobody in.
    answered   never taken back.

The way is the same for a name that nobody has: it is queued, asked for, counted and answered
like any other (`guid` is "" then, and the streak is the name's).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from keyturn.rules.directories.proofs import Bind
from keyturn.rules.directories.resets import Envelope
from keyturn.rules.directories.signins import budget
from keyturn.rules.directories.signins.answers import TROUBLES, UNTRIED, Way, shown_at, way
from keyturn.rules.directories.signins.budget import Limits, Streak
from keyturn.rules.directories.things import Lease
from keyturn.rules.lockout import MINUTE, SECOND

#: how long the page may take until it hands in what is sealed
SEAL_MS: Final = 10 * MINUTE
#: how long a try may wait for an agent; what is sealed is good for so long afterwards, too
DEADLINE_MS: Final = 20 * SECOND
#: how many of one directory wait at a time; whoever comes on top is told to come later,
#: whatever the name
WAITING: Final = 512


class TryState(StrEnum):
    """See the essay above."""

    SEALING = "sealing"
    QUEUED = "queued"
    TRYING = "trying"
    ANSWERED = "answered"


class What(StrEnum):
    """An event as the table knows it."""

    SUBMITTED = "submitted"
    PERMITTED = "permitted"
    TOLD = "told"
    SPENT = "spent"
    EXPIRED = "expired"


#: state and what happened to the next state; what is not here does not happen
TABLE: Final[Mapping[tuple[TryState, What], TryState]] = MappingProxyType({
    (TryState.SEALING, What.SUBMITTED): TryState.QUEUED,
    (TryState.SEALING, What.EXPIRED): TryState.ANSWERED,
    (TryState.QUEUED, What.PERMITTED): TryState.TRYING,
    (TryState.QUEUED, What.SPENT): TryState.ANSWERED,
    (TryState.QUEUED, What.TOLD): TryState.ANSWERED,
    (TryState.QUEUED, What.EXPIRED): TryState.ANSWERED,
    (TryState.TRYING, What.TOLD): TryState.ANSWERED,
    (TryState.TRYING, What.EXPIRED): TryState.ANSWERED,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Try:
    """Attributes:
    guid: of the account, "" for a name that nobody has and while SEALING.
    user_id: whose account it is; None likewise.
    lane: names the streak: of the account, or of the name (keyed, so that no names are stored).
    expires_at: until when what is sealed is good.
    asked_at, deadline: when it was handed in, and the last moment for leave; None before.
    envelopes: gone once it is answered.
    agent_id, run_id, until: who has leave, and its end; "", "", None before.
    bind, reason: the answer (answers.way); None and "" before.
    rest_ms: it is the last that the budget bears: if it is wrong, nothing more is tried for so
        long after it. None: there are more, or it has no leave yet.
    """

    id: str
    tenant_id: str
    directory_id: str
    state: TryState
    created_at: int
    expires_at: int
    guid: str = ""
    user_id: str | None = None
    lane: str = ""
    asked_at: int | None = None
    deadline: int | None = None
    envelopes: tuple[Envelope, ...] = ()
    agent_id: str = ""
    run_id: str = ""
    until: int | None = None
    bind: Bind | None = None
    reason: str = ""
    answered_at: int | None = None
    rest_ms: int | None = None


def begun(try_id: str, tenant_id: str, directory_id: str, now: int) -> Try:
    """What a page seals for."""
    return Try(
        id=try_id, tenant_id=tenant_id, directory_id=directory_id, state=TryState.SEALING,
        created_at=now, expires_at=now + SEAL_MS + DEADLINE_MS,
    )  # fmt: skip


# -- what happens to a try


@dataclass(frozen=True, slots=True)
class Submit:
    """A name was typed, and the password sealed."""

    guid: str
    user_id: str | None
    lane: str
    envelopes: tuple[Envelope, ...]


@dataclass(frozen=True, slots=True)
class Ask:
    """An agent has looked at the account, and asks for leave to try.

    Attributes:
        limits: how the directory counts; None: it could not be read.
        needs_ms: the longest that reading the count and one bind can take.
        lease: the directory's, as stored.
    """

    agent_id: str
    run_id: str
    limits: Limits | None
    needs_ms: int
    lease: Lease | None


@dataclass(frozen=True, slots=True)
class Told:
    """What the controller said, or why nothing was tried.

    Attributes:
        bind: None: no bind was sent, and none will be.
        lease: the directory's, as stored.
    """

    agent_id: str
    run_id: str
    bind: Bind | None
    reason: str
    lease: Lease | None


@dataclass(frozen=True, slots=True)
class Decision:
    """What comes of an event.

    Attributes:
        one, streak: as they are afterwards; the very same if nothing changed.
        why: "" where the event was accepted (also for the second time); else "late", "lease",
            "busy" (ask again), "settled".
    """

    one: Try
    streak: Streak
    why: str = ""


def shown(one: Try, now: int) -> Try:
    """The try as it is at `now`, though no sweep may have stored it yet."""
    end = ends_at(one)
    if end is None or now < end:
        return one
    tried = one.state is TryState.TRYING
    return _answered(one, What.EXPIRED, Bind.SILENT if tried else None, "late", end)


def ends_at(one: Try) -> int | None:
    """When its present state ends by itself, ms; None: never."""
    match one.state:
        case TryState.SEALING:
            return one.created_at + SEAL_MS
        case TryState.QUEUED:
            return one.deadline
        case TryState.TRYING:
            return one.until
        case _:
            return None


def submit(one: Try, event: Submit, now: int) -> tuple[Try, str]:
    """Hand it in, once; doing so again in the same words is doing it once. The second value is
    "" if it was accepted, else "late" or "settled".
    """
    one = shown(one, now)
    if one.state is not TryState.SEALING:
        again = one.envelopes == event.envelopes and one.lane == event.lane
        return one, "" if again and one.state is not TryState.ANSWERED else _why_not(one)
    queued = replace(
        one, state=TABLE[one.state, What.SUBMITTED], guid=event.guid, user_id=event.user_id,
        lane=event.lane, envelopes=event.envelopes, asked_at=now, deadline=now + DEADLINE_MS,
    )  # fmt: skip
    return queued, ""


def ask(one: Try, streak: Streak, event: Ask, now: int) -> Decision:
    """Leave to try, once, if lease, deadline and budget all bear it. A try that the budget does
    not bear is answered at once; one that meets another in its lane asks again.

    Args:
        streak: that of the try's lane, held by the caller's transaction.
    """
    one = shown(one, now)
    if one.state is TryState.TRYING:
        same = (one.agent_id, one.run_id) == (event.agent_id, event.run_id)
        return Decision(one, streak, "" if same else "busy")
    if one.state is not TryState.QUEUED or one.deadline is None:
        return Decision(one, streak, _why_not(one))
    if not _leads(event, now, event.needs_ms):
        return Decision(one, streak, "lease")
    if event.limits is None:
        return Decision(_answered(one, What.SPENT, None, "unreadable", now), streak, "settled")
    after, answer = budget.reserve(streak, one.id, event.run_id, event.limits, event.needs_ms, now)
    if isinstance(answer, budget.Busy):
        return Decision(one, after, "busy")
    if isinstance(answer, budget.Spent):
        reason = "off" if answer.until is None else "spent"
        return Decision(_answered(one, What.SPENT, None, reason, now), after, "settled")
    last = after.count >= budget.allowance(event.limits.threshold)
    trying = replace(
        one, state=TABLE[one.state, What.PERMITTED], agent_id=event.agent_id,
        run_id=event.run_id, until=answer.until,
        rest_ms=budget.window(event.limits) if last else None,
    )  # fmt: skip
    return Decision(trying, after)


def told(one: Try, streak: Streak, event: Told, now: int) -> Decision:
    """The agent's answer. Only the run that has leave is heard, and only while it lasts: after
    that the try has counted, and lets nobody in. Without leave only the primary may say that
    nothing can be tried.
    """
    one = shown(one, now)
    if one.state is TryState.QUEUED:
        if event.bind is not None or not _known(event):
            return Decision(one, streak, "busy")
        if not _leads(event, now, 0):
            return Decision(one, streak, "lease")
        return Decision(_answered(one, What.TOLD, None, event.reason, now), streak)
    if one.state is not TryState.TRYING:
        return Decision(one, streak, _why_not(one))
    if (one.agent_id, one.run_id) != (event.agent_id, event.run_id):
        return Decision(one, streak, "busy")
    unsent = event.bind is None and _known(event)
    counts = event.bind is not Bind.RIGHT and not unsent
    after, _ = budget.settle(streak, one.id, now, counts=counts)
    bind = event.bind if event.bind is not None or unsent else Bind.SILENT
    return Decision(_answered(one, What.TOLD, bind, event.reason, now), after)


def _known(event: Told) -> bool:
    """Whether the reason is one for which nothing was sent."""
    return event.reason in TROUBLES or event.reason in UNTRIED


def _leads(event: Ask | Told, now: int, needs_ms: int) -> bool:
    """The lease is this run's, and outlasts what is to be done."""
    lease = event.lease
    return (
        lease is not None
        and (lease.agent_id, lease.run_id) == (event.agent_id, event.run_id)
        and now + needs_ms < lease.until
    )


def _answered(one: Try, what: What, bind: Bind | None, reason: str, at: int) -> Try:
    """The end; nobody needs an envelope any more."""
    return replace(
        one, state=TABLE[one.state, what], envelopes=(), bind=bind, reason=reason, answered_at=at
    )


def _why_not(one: Try) -> str:
    return "late" if one.reason == "late" else "settled"


def spent_until(one: Try) -> int | None:
    """Until when nothing more is tried, if this was the last that the budget bears, and counted
    as wrong; else None.
    """
    if one.rest_ms is None or one.answered_at is None or one.bind in {None, Bind.RIGHT}:
        return None
    return one.answered_at + one.rest_ms


# -- what the page is told


def outcome(one: Try, now: int) -> Way | None:
    """What the try has led to, as it may be shown at `now`; None: wait and ask again.

    A try that was never handed in has led nowhere: TROUBLE.
    """
    one = shown(one, now)
    if one.answered_at is None:
        return None
    if one.asked_at is None:
        return Way.TROUBLE
    return way(one.bind, one.reason) if now >= shown_at(one.asked_at, one.answered_at) else None
