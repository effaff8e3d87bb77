"""Memory twins of the doctor's probes: they see what they are given, and remember being asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from keyturn.rules.health.sights import DatabaseSight, Reached, WebSight
from keyturn.rules.sender.dns import ABSENT, EMPTY, SILENT, Answer, Query, Reply

S = TypeVar("S")


@dataclass(slots=True)
class MemoryDns:
    """Names with their records by kind; what is not there is absent.

    Attributes:
        silent: names that nobody answers for; "*" for all.
        asked: every question, in order.
    """

    records: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    silent: Sequence[str] = ()
    asked: list[Query] = field(default_factory=list)

    async def look(self, query: Query) -> Answer:
        """As ports.health.Dns."""
        self.asked.append(query)
        if query.name in self.silent or "*" in self.silent:
            return SILENT
        found = self.records.get(query.name)
        if found is None:
            return ABSENT
        if query.kind not in found:
            return EMPTY
        return Answer(Reply.FOUND, tuple(found[query.kind]))


@dataclass(slots=True)
class Sees(Generic[S]):
    """MailServer, Gateway and Host: always this sight.

    Attributes:
        meanwhile: what happens while it looks; may raise, or never end.
        looks: how often it was asked.
    """

    sight: S
    meanwhile: Callable[[], Awaitable[None]] | None = None
    looks: int = 0

    async def look(self) -> S:
        """As the port."""
        self.looks += 1
        if self.meanwhile is not None:
            await self.meanwhile()
        return self.sight


@dataclass(slots=True)
class SeesDatabase(Sees[DatabaseSight]):
    """As ports.health.Database."""

    async def look(self, now: int = 0) -> DatabaseSight:  # noqa: ARG002  the port's
        """As the port; `now` makes no difference."""
        return await Sees.look(self)


@dataclass(slots=True)
class MemoryWeb:
    """Sites by host; others are absent."""

    sites: Mapping[str, WebSight] = field(default_factory=dict)
    asked: list[tuple[str, int]] = field(default_factory=list)

    async def look(self, host: str, port: int) -> WebSight:
        """As ports.health.Web."""
        self.asked.append((host, port))
        return self.sites.get(host, WebSight(host, Reached("absent")))


@dataclass(slots=True)
class MemoryLedger:
    """As ports.health.Ledger."""

    known: dict[str, str] = field(default_factory=dict)

    async def get(self, name: str) -> str | None:
        """As the port."""
        return self.known.get(name)

    async def put(self, name: str, value: str) -> None:
        """As the port."""
        self.known[name] = value
