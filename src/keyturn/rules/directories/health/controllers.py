"""Checks of each controller: it lives, the way to it is open, somebody stands beside it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from keyturn.rules.directories.health.agents import DRIFT_MS, off, way
from keyturn.rules.directories.health.view import ANSWERED, NO_WAY, View, found
from keyturn.rules.directories.topology import left_over
from keyturn.rules.health.verdicts import Finding, Value
from keyturn.rules.health.words import MINUTE, listed

#: clocks that are all off by the same, give or take this, agree with each other
AGREE_MS: Final = MINUTE


def controllers(view: View) -> Iterator[Finding]:
    """Everything about the way to controllers."""
    yield from left_overs(view)
    if view.topology is None:
        yield found("listener.unseen", "", view.now)
    for controller in view.controllers:
        yield alive(view, controller.host)
        yield port(view, controller.host)
        yield clock(view, controller.host)
        if controller.host in view.writable:
            yield listener(view, controller.host)
    yield domain_clock(view)


def said(view: View, cause: str, host: str, at: int, **facts: Value) -> Finding:
    """A finding about a controller."""
    base: dict[str, Value] = {
        "controller": host, "short": host.partition(".")[0], "writable": host in view.writable,
    }  # fmt: skip
    return found(cause, host, at, **{**base, **facts})


def left_overs(view: View) -> Iterator[Finding]:
    """Decommissioned controllers leave nothing behind."""
    if view.topology is None:
        yield found("left-over.unseen", "", view.now)
        return
    left = left_over(view.topology)
    for controller in left:
        word = "computer" if controller.has_settings else "settings"
        facts: dict[str, Value] = {"site": controller.site}
        yield said(view, f"left-over.{word}", controller.host, view.seen_at, **facts)
    if not left:
        yield found("left-over.ok", "", view.seen_at, count=len(view.topology.controllers))


def alive(view: View, host: str) -> Finding:
    """It lives."""
    seen = view.ways.get(host)
    facts: dict[str, Value] = {"machine": host, "said": (seen.detail if seen else "") or None}
    if seen is None:
        return said(view, f"controller.{'ok' if view.lives(host) else 'unseen'}", host, view.now,
                    **facts)  # fmt: skip
    if seen.cause in ANSWERED or (seen.cause in NO_WAY and view.lives(host)):
        word = "ok"
    elif seen.cause in NO_WAY:
        word = "dead"
    else:
        word = "name" if seen.cause == "name" else "odd"
    return said(view, f"controller.{word}", host, view.seen_at, **facts)


_PORT: Final = {"timeout": "blocked", "refused": "closed"}


def port(view: View, host: str) -> Finding:
    """Port 636 takes connections."""
    seen = view.ways.get(host)
    if seen is None or seen.cause not in ANSWERED | NO_WAY:
        return said(view, "port.unseen", host, view.seen_at)
    answers = listed([str(number) for number in seen.answers]) or "none seen"
    return said(view, f"port.{_PORT.get(seen.cause, 'ok')}", host, view.seen_at, answers=answers)


def listener(view: View, host: str) -> Finding:
    """An agent stands beside it."""
    beside = listed([a.name for a in view.agents if a.controller == host])
    return said(view, f"listener.{'ok' if beside else 'missing'}", host, view.now, agents=beside)


# -- clocks, all against the server's


def clock(view: View, host: str) -> Finding:
    """Its clock is the server's."""
    known = ahead_of_server(view, host)
    if known is None:
        return said(view, "controller-clock.unseen", host, view.now)
    at, ahead = known
    cause = f"controller-clock.{off(ahead)}"
    return said(view, cause, host, at, ahead_ms=ahead, way=way(ahead))


def ahead_of_server(view: View, host: str) -> tuple[int, int] | None:
    """When somebody saw it, and how far it is ahead: what the agent saw, and by how much its
    own clock is ahead. Whoever stands beside it knows best.
    """
    own = {agent.name: agent.ahead_ms for agent in view.agents}
    if (told := view.beside.get(host)) is not None:
        at, agent, sight = told
        base = own.get(agent)
        if sight.ahead_ms is not None and base is not None:
            return at, sight.ahead_ms + base
    seen, leader = view.ways.get(host), view.primary
    if seen is None or seen.ahead_ms is None or leader is None or leader.ahead_ms is None:
        return None
    return view.seen_at, seen.ahead_ms + leader.ahead_ms


def domain_clock(view: View) -> Finding:
    """Agents and controllers do not agree with each other against the server: then it is the
    server's clock that is wrong, or whoever the whole domain takes its time from.
    """
    offsets = [a.ahead_ms for a in view.agents if view.living(a) and a.ahead_ms is not None]
    seen = (ahead_of_server(view, controller.host) for controller in view.controllers)
    offsets += [known[1] for known in seen if known is not None]
    apart = len(offsets) > 1 and min(map(abs, offsets)) > DRIFT_MS
    if not apart or max(offsets) - min(offsets) > AGREE_MS:
        return found("domain-clock.ok", "", view.now)
    ahead = sum(offsets) // len(offsets)
    return found("domain-clock.apart", "", view.now, ahead_ms=ahead, way=way(ahead),
                 clocks=len(offsets))  # fmt: skip
