"""Errors for the explorer to find: questions, answers and caps that are wrong in one way each.

Each stands with the questions and the Reset Users that it takes to show.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from keyturn.rules import approvals, matching
from keyturn.rules.approvals import Approval, Asked, Kind, NotAsked, Refusal, State, Verdict
from keyturn.rules.matching import Ended
from tests.models.approvals import Wrong

_ask, _answer, _take, _ended, _quiet = (
    approvals.ask, approvals.answer, approvals.take, approvals.ended, approvals.quiet_until,
)  # fmt: skip
Answered = tuple[Approval, Refusal | None]


def _ends_none(history: Sequence[Approval], kind: Kind, now: int) -> Asked | NotAsked:
    answer = _ask(history, kind, now)
    return replace(answer, ends=()) if isinstance(answer, Asked) else answer


def _sides_together(history: Sequence[Approval], kind: Kind, now: int) -> Asked | NotAsked:
    return _ask([replace(one, kind=kind) for one in history], kind, now)


def _strangers_first(history: Sequence[Approval], kind: Kind, now: int) -> Asked | NotAsked:
    """Whoever comes last is asked, as if all were of staff."""
    answer = _ask(history, kind, now)
    if isinstance(answer, NotAsked) and answer.why is approvals.Capped.BUSY:
        waiting = [one for one in history if approvals.shown(one, now).state is State.WAITING]
        return Asked(tuple(waiting), push=_quiet(history, now) is None)
    return answer


def _one_more(history: Sequence[Approval], kind: Kind, now: int) -> Asked | NotAsked:
    return _ask(history[1:], kind, now)


def _always_pushed(history: Sequence[Approval], kind: Kind, now: int) -> Asked | NotAsked:
    answer = _ask(history, kind, now)
    return replace(answer, push=True) if isinstance(answer, Asked) else answer


def _any_phone(one: Approval, _phone: str, verdict: Verdict, said: str, now: int) -> Answered:
    return _answer(one, one.phone_id, verdict, said, now)


def _any_number(one: Approval, phone: str, verdict: Verdict, _said: str, now: int) -> Answered:
    return _answer(one, phone, verdict, one.number, now)


def _last_word(one: Approval, phone: str, verdict: Verdict, said: str, now: int) -> Answered:
    """A second answer takes the place of the first."""
    if one.state in {State.APPROVED, State.DENIED}:
        one = replace(one, state=State.WAITING)
    return _answer(one, phone, verdict, said, now)


def _late(one: Approval, phone: str, verdict: Verdict, said: str, now: int) -> Answered:
    return _answer(one, phone, verdict, said, min(now, one.expires_at - 1))


def _once_only(one: Approval, phone: str, verdict: Verdict, said: str, now: int) -> Answered:
    after, why = _answer(one, phone, verdict, said, now)
    return after, why if one.state is State.WAITING or why else approvals.Why.SETTLED


def _taken_twice(one: Approval, subject: str, epoch: int, now: int) -> tuple[Approval, bool]:
    if one.state is State.USED:
        one = replace(one, state=State.APPROVED)
    return _take(one, subject, epoch, now)


def _taken_by_anybody(one: Approval, _subject: str, epoch: int, now: int) -> tuple[Approval, bool]:
    return _take(one, one.subject, epoch, now)


def _taken_late(one: Approval, subject: str, epoch: int, now: int) -> tuple[Approval, bool]:
    return _take(one, subject, epoch, min(now, (one.answered_at or now) + 1))


def _taken_waiting(one: Approval, subject: str, epoch: int, now: int) -> tuple[Approval, bool]:
    if one.state is State.WAITING:
        one = replace(one, state=State.APPROVED, answered_at=now)
    return _take(one, subject, epoch, now)


def _any_epoch(one: Approval, subject: str, _epoch: int, now: int) -> tuple[Approval, bool]:
    return _take(one, subject, one.epoch, now)


def _approved_stays(one: Approval, reason: Ended, now: int) -> Approval:
    return one if one.state is State.APPROVED else _ended(one, reason, now)


def _one_denial_is_enough(history: Sequence[Approval], now: int) -> int | None:
    times = [one.answered_at or 0 for one in history if one.state is State.DENIED]
    return max(times) + approvals.QUIET_MS if times else None


def _quiet_from_the_first(history: Sequence[Approval], now: int) -> int | None:
    """It ends an hour after the first of the two."""
    until = _quiet(history, now)
    return None if until is None or now >= until - 1 else until


def _every_denial_is_told(history: Sequence[Approval], denied: Approval, now: int) -> bool:
    return _quiet([*[one for one in history if one.id != denied.id], denied], now) is not None


def _wrong(**parts: Any) -> Wrong:
    return Wrong(tuple((approvals, name, part) for name, part in parts.items()))


ERRORS: dict[str, tuple[int, int, Wrong]] = {
    "the one that waits is not ended": (2, 0, _wrong(ask=_ends_none)),
    "strangers' questions count for staff": (3, 0, _wrong(ask=_sides_together)),
    "a stranger ends one of staff": (2, 0, _wrong(ask=_strangers_first)),
    "one too many": (3, 0, _wrong(ask=_one_more)),
    "pushed although it is quiet": (3, 0, _wrong(ask=_always_pushed)),
    "any phone answers": (1, 0, _wrong(answer=_any_phone)),
    "any number is right": (1, 0, _wrong(answer=_any_number)),
    "the last word counts": (1, 0, _wrong(answer=_last_word)),
    "a late answer counts": (1, 0, _wrong(answer=_late)),
    "an answer said again is refused": (1, 0, _wrong(answer=_once_only)),
    "four wrong numbers end it": (1, 0, Wrong(((approvals, "TRIES", matching.TRIES + 1),))),
    "taken twice": (1, 0, _wrong(take=_taken_twice)),
    "taken by anybody": (1, 0, _wrong(take=_taken_by_anybody)),
    "taken late": (1, 0, _wrong(take=_taken_late)),
    "taken without an answer": (1, 0, _wrong(take=_taken_waiting)),
    "approved ones outlive Reset User, and nobody asks": (
        1, 1, _wrong(ended=_approved_stays, take=_any_epoch)),
    "one denial makes it quiet": (2, 0, _wrong(quiet_until=_one_denial_is_enough)),
    "quiet ends too early": (3, 0, _wrong(quiet_until=_quiet_from_the_first)),
    "every denial is told of": (3, 0, _wrong(alarming=_every_denial_is_told)),
}  # fmt: skip
