"""One password tried for whoever signs in, if the account bears it (rules/directories/signins).

    open     what is sealed, here and nowhere else
    look     how the account's directory counts
    leave    counted by the server, over all agents, before anything is sent
    look     at the count of the controller that decides: while the leave is held nothing of
             ours comes between, so it is as fresh as it can be
    bind     once, there: whoever dies or is stopped from here on has tried
    say      until the server has heard it

All of it goes to the controller that counts for all (the PDC emulator): if that does not answer,
nothing is tried.  A name that nobody has goes the same way, on an account that does not exist.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from keyturn.agent.ports import AccountView, LinkDenied, LinkDown, NotFound, Unreachable
from keyturn.agent.standing import AGAIN_MS, MARGIN_MS, Standing
from keyturn.rules.directories.answers import Tried
from keyturn.rules.directories.proofs import Bind
from keyturn.rules.directories.signins import budget
from keyturn.rules.directories.signins.budget import Limits
from keyturn.wire.messages import AskTry, Guess, Guessed, Permitted
from keyturn.wire.seals import SIGN_IN, Unsealable

#: how a name that nobody has is counted: nobody sees it, and nobody can be locked
_NOBODYS: Final = Limits(threshold=0, window_ms=0)


class _Not(Exception):
    """Nothing was sent, and nothing will be.

    Attributes:
        reason: a word of signins/answers.UNTRIED or TROUBLES.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is going to be tried, and where. known: there is such an account."""

    asked: Guess
    host: str
    guid: str
    known: bool
    password: str = field(repr=False)


async def guess(at: Standing, asked: Guess, asked_at: int) -> None:
    """Try a password, at most once.

    Args:
        asked_at: when the work was asked for, ms of CLOCK_BOOTTIME; `left_ms` counts from there.
    """
    deadline = asked_at + asked.left_ms
    async with at.guessing:
        late = at.ticks.now() >= deadline
        if late or at.held() is None or asked.try_id in at.bound:
            return
        try:
            tried = await _tried(at, asked, deadline)
        except _Not as refused:
            said = Guessed(asked.try_id, at.place.run_id, "", refused.reason)
        else:
            if tried is None:
                return
            said = Guessed(asked.try_id, at.place.run_id, str(tried.bind), tried.reason)
    await at.say(said)  # which may take long: others are tried meanwhile


async def _tried(at: Standing, asked: Guess, deadline: int) -> Tried | None:
    """What came of it; None: no leave, and the server knows why. Raises _Not."""
    plan = _plan(at, asked)
    view = await _look(at, plan)
    until = await _leave(at, plan, _limits(plan, view), deadline)
    if until is None:
        return None
    _bears(at, plan, await _look(at, plan))
    held = at.held()
    if held is None or at.ticks.now() + at.needs_ms > min(until, held.until):
        raise _Not("late")
    at.bound.append(asked.try_id)
    try:
        return await at.driver.tried(plan.host, plan.guid, plan.password)
    except NotFound:
        return Tried(Bind.WRONG, "no_such_user")
    except Unreachable:  # it may have been sent
        return Tried(Bind.SILENT, "unsaid")


def _plan(at: Standing, asked: Guess) -> _Plan:
    host = at.chart.counts()
    if not host:
        raise _Not("unreachable")
    try:
        password = at.open(asked.try_id, SIGN_IN, asked.expires_at, asked.sealed)
    except Unsealable:
        raise _Not("seal") from None
    nobodys = sha256(asked.try_id.encode()).hexdigest()[:32]
    return _Plan(asked, host, asked.guid or nobodys, bool(asked.guid), password)


async def _look(at: Standing, plan: _Plan) -> AccountView | None:
    """The account, None if there is none. Raises _Not."""
    try:
        return await at.driver.look(plan.host, plan.guid)
    except NotFound:
        return None
    except Unreachable as silent:
        at.chart.causes[plan.host] = silent.cause
        raise _Not("unreachable") from None


def _limits(plan: _Plan, view: AccountView | None) -> Limits | None:
    """How it is counted; None: that could not be read."""
    if view is None:
        return None if plan.known else _NOBODYS
    if view.policy is None:
        return None
    return Limits(view.policy.lockout_threshold, view.policy.observation_ms)


async def _leave(at: Standing, plan: _Plan, limits: Limits | None, deadline: int) -> int | None:
    """Until when it may be tried, CLOCK_BOOTTIME; None: not at all. Asks again while another
    try of the account has leave.
    """
    told = limits or _NOBODYS
    ask = AskTry(
        plan.asked.try_id, at.place.run_id, told.threshold, told.window_ms, limits is not None,
        2 * at.driver.timeout_ms + MARGIN_MS,
    )  # fmt: skip
    while (sent_at := at.ticks.now()) < deadline:
        try:
            given = await at.link.call(ask, Permitted)
        except LinkDown:  # the same words again get the same leave
            pass
        except LinkDenied:
            return None
        else:
            if given.why != "busy":
                return sent_at + given.left_ms if given.left_ms > 0 else None
        await at.pause(AGAIN_MS)
    return None


def _bears(at: Standing, plan: _Plan, view: AccountView | None) -> None:
    """Whether the controller's own count bears one more. Raises _Not."""
    if view is None:
        if plan.known:
            raise _Not("unreadable")
        return
    limits = _limits(plan, view)
    if limits is None:
        raise _Not("unreadable")
    if view.locked_until is not None:
        raise _Not("locked")
    if not budget.margin(limits, view.bad_count, view.bad_at, at.wall()):
        raise _Not("no_margin")
