"""The room of a transaction that holds how directories are: what agents last said, what the
server noticed of them, what was judged before, and what changed.

Each method takes the tenant's id and never answers with another tenant's row, except `due`,
which finds whose turn it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from keyturn.rules.health.verdicts import Value


@dataclass(frozen=True, slots=True)
class AgentNote:
    """What is known of an agent besides rules.directories.things.Agent.

    Attributes:
        left_at, left_place: when its last run ended in good order, and where that was.
        ahead_ms: how far its clock was ahead of the server's, by its last survey.
        second_at, second_place: when another machine last wanted to be this agent, and was
            refused because this one lives; and where that machine is.
        beside: what it sees of its own controller (health.facts.ListenerSight), as JSON; "" before.
        beside_at: when the server took that.
    """

    agent_id: str
    tenant_id: str
    directory_id: str
    left_at: int | None = None
    left_place: str = ""
    ahead_ms: int | None = None
    second_at: int | None = None
    second_place: str = ""
    beside: str = ""
    beside_at: int | None = None


@dataclass(frozen=True, slots=True)
class Book:
    """What is kept of one directory.

    Attributes:
        seen: what the last primary saw (health.facts.PrimarySight), as JSON; "" before.
        seen_at: when the server took that.
        memory: of health.settled, as health.remembered stores it; "" before.
        judged_at: when it was last judged; None: never.
        alarmed_at: when an alarm last went.
    """

    directory_id: str
    tenant_id: str
    seen: str = ""
    seen_at: int | None = None
    memory: str = ""
    judged_at: int | None = None
    alarmed_at: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a directory's history.

    Attributes:
        change: health.settled.Change. cause, subject, facts: of the finding.
        before: the cause that counted until then, "" for none.
    """

    id: str
    tenant_id: str
    directory_id: str
    at: int
    change: str
    cause: str
    subject: str
    before: str
    facts: Mapping[str, Value] = field(default_factory=dict)


class Health(Protocol):
    """How directories are."""

    def note(self, tenant_id: str, directory_id: str, agent_id: str) -> AgentNote:
        """What is known of an agent; of one that nothing is known of, nothing."""
        ...

    def notes(self, tenant_id: str, directory_id: str) -> Mapping[str, AgentNote]:
        """By the agent's id; those of which nothing is known are left out."""
        ...

    def put_note(self, note: AgentNote) -> None:
        """Store all of it. Whoever calls holds the agent's row."""
        ...

    def book(self, tenant_id: str, directory_id: str) -> Book:
        """What is kept of a directory; of one that nothing is kept of, nothing."""
        ...

    def saw(self, tenant_id: str, directory_id: str, seen: str, now: int) -> None:
        """Store what the primary saw, and nothing else of the book."""
        ...

    def due(self, before: int, limit: int) -> Sequence[tuple[str, str]]:
        """(tenant, directory) of at most `limit` directories that were not judged since
        `before`, of all tenants; those never judged first, then the longest ago.
        """
        ...

    def take(self, tenant_id: str, directory_id: str, before: int, now: int) -> bool:
        """It is judged now, unless somebody did since `before`: False then. Held until the
        transaction ends.
        """
        ...

    def judged(
        self, tenant_id: str, directory_id: str, memory: str, alarmed_at: int | None
    ) -> None:
        """What is remembered, of one that was taken."""
        ...

    def add(self, line: Line) -> None: ...
    def history(self, tenant_id: str, directory_id: str, limit: int) -> Sequence[Line]:
        """Newest first."""
        ...
