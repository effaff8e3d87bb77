"""A look at one account, for whoever asks on a page."""

from __future__ import annotations

import contextlib

from keyturn.agent.logons.gathering import Asked, gather
from keyturn.agent.ports import AccountView, LinkDenied, LinkDown, NotFound, Unreachable
from keyturn.agent.standing import MARGIN_MS, Standing
from keyturn.agent.views import view
from keyturn.rules.directories.logons.source import Found
from keyturn.wire.messages import Look, Looked, Taken


async def look(at: Standing, asked: Look, asked_at: int) -> None:
    """Answer a look, from the first controller that answers.

    Args:
        asked_at: when the work was asked for, CLOCK_BOOTTIME; `left_ms` counts from there.
    """
    until = asked_at + asked.left_ms
    async with at.acting:
        if at.held() is None or at.ticks.now() >= until:
            return
        answer = await _answer(at, asked, until)
    with contextlib.suppress(LinkDown, LinkDenied):  # whoever waits is told again, or has left
        await at.link.call(answer, Taken)


async def _answer(at: Standing, asked: Look, until: int) -> Looked:
    cause = ""
    for host in at.chart.order():
        try:
            account = await _account(at, host, asked)
            again = await _again(at, host, account, until) if asked.sources else None
            return Looked(asked.look_id, view(account, host, again), "")
        except NotFound:
            return Looked(asked.look_id, "", "not_found")
        except Unreachable as silent:
            at.chart.causes[host] = silent.cause
            cause = cause or silent.cause
        if at.ticks.now() >= until:
            break
    return Looked(asked.look_id, "", cause)


async def _again(at: Standing, host: str, account: AccountView, until: int) -> Found | None:
    """Where its bad logons come from; None without a log to look at and without time."""
    left = until - at.ticks.now() - MARGIN_MS
    if at.logs is None or left <= 0:
        return None
    return await gather(at.driver, at.logs, Asked(account, host, at.chart.order()), left)


async def _account(at: Standing, host: str, asked: Look) -> AccountView:
    if asked.guid:
        return await at.driver.look(host, asked.guid)
    return await at.driver.find(host, asked.name)
