"""What follows from the facts at once: who lives, what is fresh, who stands beside whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from keyturn.rules.directories.health.codec import BEYOND, LEAST
from keyturn.rules.directories.health.facts import (
    AgentSight,
    Facts,
    ListenerSight,
    PrimarySight,
    Way,
)
from keyturn.rules.directories.leases import ALIVE_MS
from keyturn.rules.directories.things import AgentRole, AgentState
from keyturn.rules.directories.topology import Controller, Topology, real, writable
from keyturn.rules.health.verdicts import Finding, Value
from keyturn.rules.health.words import MINUTE

#: what an agent saw counts for so long; it looks every minute
FRESH_MS: Final = 3 * MINUTE
_READ: Final = 1000
#: causes of Unreachable with which nothing was heard from the controller's port 636
NO_WAY: Final = frozenset({"timeout", "refused"})
#: and those with which it was: TLS began, or our account was refused
ANSWERED: Final = frozenset(
    {"", "tls_old", "tls_ca", "tls_name", "tls_expired", "tls", "credentials"}
)


@dataclass(frozen=True, slots=True)
class View:
    """Facts, and what follows from them.

    Attributes:
        agents: those that are not revoked.
        topology: the last one known, even if it is old. seen: what the primary sees, if fresh.
        ways: of `seen`, by host. beside: the freshest that was said of each controller, when and
            by whom; nobody is heard about a controller that is not the agent's own.
    """

    facts: Facts
    agents: tuple[AgentSight, ...]
    topology: Topology | None
    seen: PrimarySight | None
    ways: Mapping[str, Way]
    beside: Mapping[str, tuple[int, str, ListenerSight]]

    @property
    def now(self) -> int:
        """The moment that is judged."""
        return self.facts.at

    @property
    def seen_at(self) -> int:
        """Of when the primary's facts are; now, if they are missing."""
        at = self.facts.primary_at
        return self.now if at is None or self.seen is None else at

    @property
    def controllers(self) -> tuple[Controller, ...]:
        """Those that are more than what a decommissioned one left."""
        return real(self.topology) if self.topology else ()

    @property
    def writable(self) -> frozenset[str]:
        """Hosts where a password can be set."""
        return frozenset(c.host for c in writable(self.topology)) if self.topology else frozenset()

    @property
    def primary(self) -> AgentSight | None:
        """The agent that holds the lease."""
        return next((a for a in self.agents if a.name == self.facts.server.primary), None)

    def living(self, agent: AgentSight) -> bool:
        """Whether it is approved, runs and is heard, and its key in one place."""
        heard = agent.heard_at is not None and self.now < agent.heard_at + ALIVE_MS
        return heard and agent.runs and agent.state is AgentState.ACTIVE and agent.cloned_at is None

    def lives(self, host: str) -> bool:
        """Whether a controller gives a sign of life, though its port 636 may not."""
        way, told = self.ways.get(host), self.beside.get(host)
        return bool(way and way.answers) or (told is not None and told[2].cause in ANSWERED)


def view(facts: Facts) -> View:
    """The facts put in order."""
    seen = facts.primary if _fresh(facts.primary_at, facts.at) else None
    agents = tuple(a for a in facts.server.agents if a.state is not AgentState.REVOKED)
    home = {agent.name: agent.controller for agent in agents}
    beside = {
        heard.sight.controller: (heard.at, heard.agent, heard.sight)
        for heard in sorted(facts.beside, key=lambda h: h.at)
        if _fresh(heard.at, facts.at) and home.get(heard.agent) == heard.sight.controller
    }
    return View(
        facts=facts,
        agents=agents,
        topology=facts.primary.topology if facts.primary else None,
        seen=seen,
        ways={way.host: way for way in seen.ways} if seen else {},
        beside=beside,
    )


def _fresh(at: int | None, now: int) -> bool:
    return at is not None and now < at + FRESH_MS


def may_lead(agent: AgentSight) -> bool:
    """Whether it may be primary."""
    return agent.role is AgentRole.CANDIDATE


def on_controller(agent: AgentSight) -> bool:
    """Whether it runs on the controller itself: then they go down together."""
    machine = agent.place.partition(" ")[0].partition(".")[0].lower()
    return bool(machine) and machine == agent.controller.partition(".")[0]


def machine_of(agent: AgentSight) -> str:
    """What it runs on: a controller's host name, or a place of its own."""
    return agent.controller if on_controller(agent) else agent.place


def found(cause: str, subject: str, at: int, **facts: Value) -> Finding:
    """A finding. Evidence is for people, and is stored: what is beyond either is cut."""
    return Finding(cause, subject, at, {name: _cut(value) for name, value in facts.items()})


def _cut(value: Value) -> Value:
    if isinstance(value, str):
        return value[:_READ]
    if value is None or isinstance(value, bool):
        return value
    return max(LEAST, min(value, BEYOND - 1))
