"""Errors for the explorer to find: rules, a server and agents that are wrong in one way each.

Each stands with the accidents (deaths, lost answers, repeated requests, changes by hand) that
it takes to show.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from keyturn.rules.directories import leases, proofs, resets
from keyturn.rules.directories.proofs import Bind, Stamp, Verdict
from keyturn.rules.directories.resets import Ask, Decision, Job, JobState, Told, What
from keyturn.rules.directories.things import Epoch, Lease
from tests.models.resets import Wrong

_told, _unheard, _ask, _shown = resets._told, resets._unheard, resets._ask, resets.shown
_leased, _settle = leases.decide, proofs.settle
Row = Mapping[tuple[JobState, What], JobState]


def _table(**rows: JobState) -> Row:
    """The table with other rows: state__what = next state."""
    other = dict(resets.TABLE)
    for name, state in rows.items():
        before, what = name.split("__")
        other[JobState(before), What(what)] = state
    return other


def _says_the_last_word(job: Job, event: Told, now: int) -> Decision:
    """A report counts whatever was answered before."""
    opened = replace(job, state=JobState.UNSETTLED) if job.permit else job
    return _told(opened, event, now)


def _without_limit(job: Job, event: Ask, now: int) -> Decision:
    """The permit has its slack, be the deadline what it may."""
    decision = _ask(job, event, now)
    permit = decision.job.permit
    if permit is None or job.permit is not None:
        return decision
    return Decision(replace(decision.job, permit=replace(permit, until=permit.until + 2)))


def _anybody_again(job: Job, event: Ask, now: int) -> Decision:
    """Whoever asks while a permit runs gets it in the other's place."""
    if job.state is JobState.PERMITTED:
        job = replace(job, state=JobState.QUEUED, permit=None)
    return _ask(job, event, now)


def _asked_late(job: Job, now: int) -> Job:
    """Nobody looks at the deadline of what waits."""
    return job if job.state is JobState.QUEUED else _shown(job, now)


def _never_open(job: Job, now: int) -> Job:
    """A permit without an answer stays as it is."""
    return job if job.state is JobState.PERMITTED else _shown(job, now)


def _stamp_alone(before: Stamp, now: Stamp, origin: str, bind: Bind | None) -> Verdict | None:
    verdict = _settle(before, now, origin, bind)
    return Verdict.DONE if verdict in {Verdict.TRY, Verdict.CHANGED} else verdict


def _password_alone(_before: Stamp, _now: Stamp, _origin: str, bind: Bind | None) -> Verdict | None:
    if bind is None:
        return Verdict.TRY
    return Verdict.DONE if bind is Bind.RIGHT else Verdict.NOT_DONE


def _any_origin(before: Stamp, now: Stamp, _origin: str, bind: Bind | None) -> Verdict | None:
    verdict = _settle(before, now, now.origin, Bind.RIGHT)
    return Verdict.DONE if verdict is Verdict.DONE else _settle(before, now, now.origin, bind)


def _as_before_means_changed(
    before: Stamp, now: Stamp, origin: str, bind: Bind | None
) -> Verdict | None:
    verdict = _settle(before, now, origin, bind)
    return Verdict.CHANGED if verdict is Verdict.NOT_DONE else verdict


def _never_told(_before: Stamp, _now: Stamp, _origin: str, _bind: Bind | None) -> Verdict | None:
    return None


def _held_by_the_key(*asked: Any, **more: Any) -> Any:
    """A lease belongs to a key; which run of it, nobody asks."""
    lease, directory, agent, run, *rest = asked
    mine = replace(lease, run_id=run) if lease and lease.agent_id == agent else lease
    return _leased(mine, directory, agent, run, *rest, **more)


def _taken_early(*asked: Any, **more: Any) -> Any:
    lease, *rest = asked
    return _leased(lease and replace(lease, until=lease.until - 1), *rest, **more)


def _same_epoch(*asked: Any, **more: Any) -> Any:
    found = _leased(*asked, **more)
    if isinstance(found, Lease):
        return replace(found, epoch=Epoch(1, 1))
    return found


QUIET, DEATH, LOSS, TWICE, HAND = (0,) * 4, (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1)


def _rule(name: str, part: Any) -> Wrong:
    return Wrong(parts=((resets, name, part),))


def _proof(part: Any) -> Wrong:
    return Wrong(parts=((proofs, "settle", part),))


ERRORS: dict[str, tuple[tuple[int, int, int, int], Wrong]] = {
    "a permit without an answer is called not done": (
        LOSS, _rule("TABLE", _table(permitted__expired=JobState.NOT_DONE))),
    "a permit can be given up": (
        QUIET, _rule("TABLE", _table(permitted__cancelled=JobState.NOT_DONE))),
    "what is unsettled can be given up": (
        LOSS, _rule("TABLE", _table(unsettled__cancelled=JobState.NOT_DONE))),
    "a permit ends after its deadline": (QUIET, _rule("_ask", _without_limit)),
    "somebody else gets the permit too": (QUIET, _rule("_ask", _anybody_again)),
    "a new run gets the old one's permit": (DEATH, _rule("_same", lambda *_: True)),
    "nobody looks at the lease": (QUIET, _rule("_leads", lambda *_: True)),
    "nobody looks at the deadline": (QUIET, _rule("shown", _asked_late)),
    "a permit never ends": (DEATH, _rule("shown", _never_open)),
    "nothing is waited for after a permit": (DEATH, _rule("HOLD_MS", 0)),
    "whoever says not done is believed": (DEATH, replace(
        _rule("_unheard", lambda *_: ""), agent="forgets")),
    "the last word counts": (TWICE, _rule("_told", _says_the_last_word)),
    "the server forgets an open job when it gives a permit": (QUIET, Wrong(alone="permit")),
    "a newer job leaves the older one waiting, and goes first": (
        QUIET, replace(_rule("_before", lambda *_: False), alone="submit")),
    "a job is offered before the one ahead is over": (QUIET, Wrong(alone="offer")),
    "the stamp alone decides": (HAND, _proof(_stamp_alone)),
    "the password alone decides": (HAND, _proof(_password_alone)),
    "an unchanged stamp is called changed": (DEATH, _proof(_as_before_means_changed)),
    "the first look is believed for any origin": (HAND, _proof(_any_origin)),
    "nobody ever settles": (DEATH, _proof(_never_told)),
    "a lease belongs to a key, not to a run": (
        DEATH, Wrong(parts=((leases, "decide", _held_by_the_key),))),
    "a lease can be taken a moment early": (
        QUIET, Wrong(parts=((leases, "decide", _taken_early),))),
    "an epoch stays with a new holder": (QUIET, Wrong(parts=((leases, "decide", _same_epoch),))),
    "an agent sends though its permit ends": (QUIET, Wrong(agent="late")),
    "an agent says done before it is": (QUIET, Wrong(agent="eager")),
    "an agent takes silence for a refusal": (LOSS, Wrong(agent="hasty")),
}  # fmt: skip
