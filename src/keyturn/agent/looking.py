"""A look at one account, for whoever asks on a page."""

from __future__ import annotations

import contextlib

from keyturn.agent.ports import AccountView, LinkDenied, LinkDown, NotFound, Unreachable
from keyturn.agent.standing import Standing
from keyturn.agent.views import view
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
            return Looked(asked.look_id, view(await _account(at, host, asked), host), "")
        except NotFound:
            return Looked(asked.look_id, "", "not_found")
        except Unreachable as silent:
            at.chart.causes[host] = silent.cause
            cause = cause or silent.cause
        if at.ticks.now() >= until:
            break
    return Looked(asked.look_id, "", cause)


async def _account(at: Standing, host: str, asked: Look) -> AccountView:
    if asked.guid:
        return await at.driver.look(host, asked.guid)
    return await at.driver.find(host, asked.name)
