"""The directory's controllers as the primary sees them, and which of them to turn to."""

from __future__ import annotations

import contextlib

from keyturn.agent.journal import Journal
from keyturn.agent.ports import Driver, Link, LinkDenied, LinkDown, Unreachable
from keyturn.rules.directories import topology as maps
from keyturn.rules.directories.topology import Controller, Topology
from keyturn.wire.messages import Charted, Taken

#: how often the primary draws it anew
EVERY_MS = 60_000
_NOTE = "topology"


class Chart:
    """What is known of the controllers.

    Args:
        home: DNS name of the controller that the agent stands beside: asked first.

    Attributes:
        topology: the last one read, in this run or before it; None: never.
        causes: for each controller why it could not be reached when it was last tried, or "".
    """

    def __init__(self, home: str, driver: Driver, journal: Journal) -> None:
        self._home, self._driver, self._journal = home.lower(), driver, journal
        self.topology: Topology | None = None
        self.causes: dict[str, str] = {}

    async def recall(self) -> None:
        """What the run before this one knew: the controller beside us may be down by now."""
        with contextlib.suppress(maps.Unreadable):
            self.topology = maps.decode(await self._journal.kept(_NOTE))

    async def draw(self) -> bool:
        """Read it anew from the first controller that answers; whether one did."""
        for host in self.order():
            try:
                found = await self._driver.topology(host)
            except Unreachable as silent:
                self.causes[host] = silent.cause
            else:
                self.causes[host] = ""
                await self._learn(found)
                return True
        return False

    async def _learn(self, found: Topology) -> None:
        if found != self.topology:
            self.topology = found
            await self._journal.keep(_NOTE, maps.encode(found))

    async def survey(self, link: Link) -> None:
        """Draw it, try every controller, and tell the server (which hears it again in a minute,
        should it not hear it now). If no controller answers, that is told of the last map.
        """
        await self.draw()
        if self.topology is None:
            return
        hosts = [one.host for one in maps.real(self.topology)]
        self.causes = await self._driver.reachable(hosts)
        with contextlib.suppress(LinkDown, LinkDenied):
            await link.call(Charted(maps.encode(self.topology), dict(self.causes)), Taken)

    def order(self) -> list[str]:
        """Writable controllers to turn to: the one beside us, the PDC emulator, the others;
        those that did not answer the last time come last.
        """
        known = [one.host for one in maps.writable(self.topology)] if self.topology else []
        home = [] if self._is_read_only(self._home) else [self._home]
        hosts = list(dict.fromkeys([*home, *known]))
        return sorted(hosts, key=lambda host: bool(self.causes.get(host)))

    def counts(self) -> str:
        """The controller whose count of wrong passwords decides: the PDC emulator, or what its
        kind of directory lists in its place; "" while it is not known.
        """
        known = maps.writable(self.topology) if self.topology else ()
        return next((one.host for one in known if one.pdc), "")

    def _is_read_only(self, host: str) -> bool:
        found = self.find(host)
        return found is not None and found.read_only

    def find(self, host: str) -> Controller | None:
        """What the directory lists under a name."""
        return maps.by_host(self.topology, host) if self.topology else None

    async def origin(self, host: str) -> str:
        """What stamps of writes that begin there carry; "" if nobody can say."""
        found = self.find(host)
        if found is None or not found.invocation:
            await self.draw()
            found = self.find(host)
        return found.invocation if found else ""

    def is_gone(self, host: str) -> bool:
        """The directory lists it no more as a writable controller: it was removed."""
        known = maps.writable(self.topology) if self.topology else ()
        return bool(known) and host.lower() not in {one.host for one in known}
