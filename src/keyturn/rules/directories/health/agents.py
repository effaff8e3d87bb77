"""Checks of the agents: they run, one of them is primary, and what they say of their machines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from keyturn.rules.directories.health.facts import AgentSight
from keyturn.rules.directories.health.view import View, found, machine_of, may_lead
from keyturn.rules.directories.things import AgentState
from keyturn.rules.health.verdicts import Finding, Value
from keyturn.rules.health.words import HOUR, MINUTE, listed

#: clocks: a warning, a failure (Kerberos refuses beyond it, RFC 4120 §5.5.1, by default)
DRIFT_MS: Final = MINUTE
WRONG_MS: Final = 5 * MINUTE
#: a second primary that was refused is told for so long
SECOND_MS: Final = HOUR
_OF_MACHINE: Final = ("services", "disk", "journal", "clock")


def agents(view: View) -> Iterator[Finding]:
    """Everything about agents."""
    yield primary(view)
    for agent in view.agents:
        yield running(view, agent)
        yield second(view, agent)
        yield version(view, agent)
        if view.living(agent):
            yield from (services(view, agent), disk(view, agent), journal(view, agent))
            yield clock(view, agent)
        else:
            yield from (_say(view, f"{check}.unseen", agent) for check in _OF_MACHINE)


def _say(view: View, cause: str, agent: AgentSight, **facts: Value) -> Finding:
    base: dict[str, Value] = {
        "agent": agent.name, "controller": agent.controller, "place": agent.place,
        "machine": machine_of(agent),
    }  # fmt: skip
    return found(cause, agent.name, view.now, **{**base, **facts})


def primary(view: View) -> Finding:
    """One agent leads."""
    leader = view.primary
    if leader is not None:
        return found("primary.ok", "", view.now, agent=leader.name, place=leader.place)
    if not view.agents:
        return found("primary.never", "", view.now)
    idle = next((a for a in view.agents if may_lead(a) and view.living(a)), None)
    if idle is not None:
        return found("primary.idle", "", view.now, agent=idle.name)
    return found("primary.none", "", view.now, leads=True)


def running(view: View, agent: AgentSight) -> Finding:
    """It is there, approved, and in one place."""
    word = "ok" if view.living(agent) else "silent"
    if agent.cloned_at is not None:
        word = "copied"
    elif agent.state is AgentState.WAITING:
        word = "waiting"
    elif agent.heard_at is None:
        word = "never"
    heard = agent.heard_at
    return _say(view, f"agent.{word}", agent, leads=may_lead(agent), heard_at=heard)


def second(view: View, agent: AgentSight) -> Finding:
    """Nobody else wants to be it."""
    tried = agent.second_at
    if tried is None or view.now >= tried + SECOND_MS:
        return _say(view, "second.ok", agent)
    where = agent.second_place or "Another machine"
    return _say(view, "second.refused", agent, tried_at=tried, second=where)


def version(view: View, agent: AgentSight) -> Finding:
    """It is of the server's release."""
    ours = view.facts.server.version
    same = agent.version == ours
    word = "ok" if same else "other" if agent.version else "unseen"
    return _say(view, f"version.{word}", agent, version=agent.version, ours=ours)


def services(view: View, agent: AgentSight) -> Finding:
    """Each part of its program runs."""
    stopped = agent.told.stopped
    word = "stopped" if stopped else "ok"
    return _say(view, f"services.{word}", agent, parts=listed(stopped))


def disk(view: View, agent: AgentSight) -> Finding:
    """There is room to journal."""
    free = agent.told.disk_free
    if free is None:
        return _say(view, "disk.ok", agent)
    return _say(view, "disk.full", agent, free=free)


def journal(view: View, agent: AgentSight) -> Finding:
    """It remembers what it was about to do."""
    return _say(view, "journal.lost" if agent.told.journal_lost else "journal.ok", agent)


def clock(view: View, agent: AgentSight) -> Finding:
    """Its clock is the server's."""
    ahead = agent.ahead_ms
    if ahead is None:
        return _say(view, "clock.unseen", agent)
    return _say(view, f"clock.{off(ahead)}", agent, ahead_ms=ahead, way=way(ahead))


#: values of ours among the facts
AHEAD_OR_BEHIND = ("ahead of", "behind")


def off(ahead: int) -> str:
    """How a clock is called that is so much ahead."""
    return "wrong" if abs(ahead) > WRONG_MS else "drift" if abs(ahead) > DRIFT_MS else "ok"


def way(ahead: int) -> str:
    """Ahead or behind, in words that complete "6 minutes …"."""
    return AHEAD_OR_BEHIND[0 if ahead > 0 else 1]
