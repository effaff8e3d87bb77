"""The port's `Inspector` on a pretend domain."""

from __future__ import annotations

from collections.abc import Sequence

from keyturn.agent.directories.memory.domain import MemoryDomain
from keyturn.agent.ports import Inside, Unreachable
from keyturn.rules.directories.health.facts import Account, ListenerSight, Way


class MemoryInspector:
    """Sees what the domain's faults let it see.

    Attributes:
        seen: what the account sees of a directory that can be reached. Tests set it.
        units: of which OUs its rights were asked the last time.
    """

    def __init__(self, domain: MemoryDomain) -> None:
        self._domain = domain
        self.units: tuple[str, ...] = ()
        self.seen = Inside(policy=domain.policy is not None, unreadable=(),
                           account=Account(f"keyturn@{domain.name}", None))  # fmt: skip

    async def ways(self, controllers: Sequence[str]) -> tuple[Way, ...]:
        return tuple(map(self._way, controllers))

    async def beside(self, controller: str) -> ListenerSight:
        way = self._way(controller)
        return ListenerSight(controller, way.cause, way.ahead_ms, None)

    async def inside(self, controller: str, units: Sequence[str]) -> Inside:
        self.units = tuple(units)
        return Inside() if self._way(controller).cause else self.seen

    def _way(self, host: str) -> Way:
        try:
            self._domain.controller(host)
        except Unreachable as silent:
            return Way(host, silent.cause, silent.detail)
        return Way(host, "", ahead_ms=0)
