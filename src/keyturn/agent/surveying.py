"""How the directory is, seen by this agent and told to the server every minute.

Whatever cannot be reached is what has to be told, so a survey is told even if no controller
answers: of a directory that was never read, the one that the agent stands beside.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from keyturn.agent.charting import Chart
from keyturn.agent.keeper import Clock
from keyturn.agent.ports import Driver, Inside, Inspector, Link, LinkDenied, LinkDown
from keyturn.rules.directories.entries import Scope
from keyturn.rules.directories.health.codec import encode
from keyturn.rules.directories.health.facts import ListenerSight, PrimarySight, Way
from keyturn.rules.directories.topology import Controller, Topology, real, writable
from keyturn.wire.messages import Surveyed, Taken

#: characters of what an administrator is told of an error
_DETAIL = 300


def _sayable(text: str) -> str:
    """Directories' diagnostics have lines, and end in NUL."""
    return "".join(c if c.isprintable() else " " for c in text)[:_DETAIL].strip()


class Plain:
    """An `Inspector` of a directory of which nothing is known but whom its driver reaches."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    async def ways(self, controllers: Sequence[str]) -> tuple[Way, ...]:
        causes = await self._driver.reachable(controllers)
        return tuple(Way(host, causes[host]) for host in controllers)

    async def beside(self, controller: str) -> ListenerSight:
        causes = await self._driver.reachable([controller])
        return ListenerSight(controller, causes[controller], None, None)

    async def inside(self, controller: str, units: Sequence[str]) -> Inside:  # noqa: ARG002
        return Inside()  # nothing is asked there


@dataclass(slots=True)
class Surveyor:
    """Looks, and tells.

    Attributes:
        run_id, home: of this agent: its present run, and the controller it stands beside.
        domain: the directory's name, as enrolment gave it.
        wall: the machine's clock, ms since the epoch.
        leads: whether this run is primary at this moment.
        scope: whom staff chose to be read, as the server last said; None: nobody yet.
    """

    run_id: str
    home: str
    domain: str
    inspector: Inspector
    link: Link
    wall: Clock
    leads: Callable[[], bool]
    chart: Chart = field(repr=False)
    scope: Callable[[], Scope | None] = lambda: None

    async def survey(self) -> None:
        """Look at everything once and say it. What does not get through is said again in a
        minute, as it is then.
        """
        home = self.home.lower()
        seen = encode(await self._seen()) if self.leads() else ""
        beside = encode(await self.inspector.beside(home))
        message = Surveyed(self.run_id, self.wall.now(), beside, seen)
        with contextlib.suppress(LinkDown, LinkDenied):
            await self.link.call(message, Taken)

    async def _seen(self) -> PrimarySight:
        known = self.chart.topology or self._guessed()
        looked = await self.inspector.ways([each.host for each in real(known)])
        ways = tuple(replace(way, detail=_sayable(way.detail)) for way in looked)
        open_ways = {way.host for way in ways if not way.cause}
        host = next((c.host for c in writable(known) if c.host in open_ways), None)
        scope = self.scope() or Scope()
        inside = await self.inspector.inside(host, scope.units) if host else Inside()
        return PrimarySight(
            known, ways, inside.rights, inside.policy, inside.unreadable, inside.account
        )

    def _guessed(self) -> Topology:
        """A directory of the one controller that is known of before any was ever asked."""
        home = Controller(
            host=self.home.lower(), site="", invocation="", read_only=False, has_settings=True,
            has_computer=True, pdc=False,
        )  # fmt: skip
        return Topology(
            domain=self.domain, netbios="", base="", vendor="", policy_hints=False,
            controllers=(home,), links=(),
        )  # fmt: skip
