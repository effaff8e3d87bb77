"""Errors for the explorer to find: budgets, tries and agents that are wrong in one way each.

Each stands with the accidents (deaths, lost answers, repeated requests, mistypings at the desk)
that it takes to show, and with whether one of the tries has the right password.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from keyturn.rules.directories.proofs import Bind
from keyturn.rules.directories.signins import budget, tries
from keyturn.rules.directories.signins.budget import Busy, Leave, Limits, Spent, Streak
from keyturn.rules.directories.signins.tries import Ask, Decision, Told, Try, TryState
from tests.models.signins import Wrong

_reserve, _settle, _observe = budget.reserve, budget.settle, budget.observe
_ask, _told = tries.ask, tries.told
Answer = tuple[Streak, Leave | Busy | Spent]


def _one_too_many(threshold: int) -> int:
    """One is left to the person at the desk, not two."""
    return max(0, min(budget.MOST, threshold - budget.KEPT + 1))


def _counted_afterwards(
    streak: Streak, try_id: str, run_id: str, limits: Limits, needs_ms: int, now: int
) -> Answer:
    """Leave costs nothing; what is told does."""
    after, answer = _reserve(streak, try_id, run_id, limits, needs_ms, now)
    fresh = isinstance(answer, Leave) and not streak.holder
    return (replace(after, count=after.count - 1) if fresh else after), answer


def _counts_what_is_told(
    streak: Streak, try_id: str, now: int, *, counts: bool
) -> tuple[Streak, bool]:
    after, held = _settle(streak, try_id, now, counts=counts)
    return (replace(after, count=after.count + 1) if held else after), held


def _from_the_first(
    streak: Streak, try_id: str, run_id: str, limits: Limits, needs_ms: int, now: int
) -> Answer:
    """A fixed window: it begins with its first try."""
    after, answer = _reserve(streak, try_id, run_id, limits, needs_ms, now)
    if isinstance(answer, Leave) and after.count == 1:
        after = replace(after, last_at=now)
    return after, answer


def _keeps_its_beginning(
    streak: Streak, try_id: str, now: int, *, counts: bool
) -> tuple[Streak, bool]:
    after, held = _settle(streak, try_id, now, counts=counts)
    return (replace(after, last_at=streak.last_at) if counts and held else after), held


def _dead_are_forgiven(streak: Streak, now: int) -> Streak:
    """A leave that ended without a word is given back."""
    after = _observe(streak, now)
    return replace(after, count=after.count - 1) if streak.holder and not after.holder else after


def _dated_at_once(streak: Streak, now: int) -> Streak:
    """A leave that ended without a word counts from never."""
    after = _observe(streak, now)
    ended = bool(streak.holder) and not after.holder
    return replace(after, last_at=streak.last_at) if ended else after


def _side_by_side(
    streak: Streak, try_id: str, run_id: str, limits: Limits, needs_ms: int, now: int
) -> Answer:
    """Nobody waits for the one before, as long as the budget lasts."""
    if streak.holder and streak.holder != try_id:
        streak = replace(streak, holder="", run_id="", last_at=now)
    return _reserve(streak, try_id, run_id, limits, needs_ms, now)


def _silence_is_free(streak: Streak, try_id: str, now: int, *, counts: bool) -> tuple[Streak, bool]:
    """Nothing that was told counts."""
    del counts
    return _settle(streak, try_id, now, counts=False)


def _any_run(one: Try, streak: Streak, event: Ask, now: int) -> Decision:
    """Whoever asks while a leave runs has it, too."""
    if one.state is TryState.TRYING and one.until is not None and now < one.until:
        return Decision(one, streak)
    return _ask(one, streak, event, now)


def _offered_again(one: Try, streak: Streak, event: Ask, now: int) -> Decision:
    """A try whose leave ended waits for another."""
    if one.state is TryState.TRYING and one.until is not None and now >= one.until:
        one = replace(one, state=TryState.QUEUED)
    return _ask(one, streak, event, now)


def _heard_late(one: Try, streak: Streak, event: Told, now: int) -> Decision:
    """An answer counts whenever it comes."""
    if one.state is TryState.TRYING and one.until is not None and now >= one.until:
        one = replace(one, until=now + 1)
    return _told(one, streak, event, now)


def _believes(one: Try, streak: Streak, event: Told, now: int) -> Decision:
    """Silence passes for a right one."""
    if event.bind is Bind.SILENT:
        event = replace(event, bind=Bind.RIGHT)
    return _told(one, streak, event, now)


def _always(*_asked: object) -> bool:
    return True


NONE, DEATH, DESK = (0, 0, 0, 0), (1, 0, 0, 0), (0, 0, 0, 1)
TWICE = (1, 0, 1, 0)


def _budget(**parts: Any) -> Wrong:
    return Wrong(tuple((budget, name, part) for name, part in parts.items()))


def _alone(**parts: Any) -> Wrong:
    """Ours alone: the controller's own count would hide what is wrong with it."""
    return _budget(margin=_always, **parts)


def _tries(**parts: Any) -> Wrong:
    return Wrong(tuple((tries, name, part) for name, part in parts.items()))


ERRORS: dict[str, tuple[tuple[int, int, int, int], bool, Wrong]] = {
    "one is left, not two": (NONE, False, _alone(allowance=_one_too_many)),
    "what dies is not counted": (
        DEATH, False, _alone(reserve=_counted_afterwards, settle=_counts_what_is_told)),
    "the window begins with the first": (
        NONE, False, _alone(reserve=_from_the_first, settle=_keeps_its_beginning)),
    "a leave that ended is given back": (DEATH, False, _alone(observe=_dead_are_forgiven)),
    "a leave that ended has no date": (DEATH, False, _alone(observe=_dated_at_once)),
    "several have leave at a time": (DESK, False, _budget(reserve=_side_by_side)),
    "silence does not count": (NONE, False, _alone(settle=_silence_is_free)),
    "another run has the same leave": (DEATH, False, _tries(ask=_any_run)),
    "a try is offered again": (DEATH, False, _tries(ask=_offered_again)),
    "a late answer counts": (NONE, True, _tries(told=_heard_late)),
    "silence is right": (NONE, False, _tries(told=_believes)),
    "nobody looks at the controller's count": (DESK, False, _budget(margin=_always)),
    "an agent reads no count": (DESK, False, Wrong(agent="blind")),
    "an agent reads it before it has leave": (DESK, False, Wrong(agent="hasty")),
    "an agent sends when its leave has ended": (DESK, False, Wrong(agent="late")),
    "a new run speaks for the old one": (TWICE, False, Wrong(agent="denies")),
}  # fmt: skip
