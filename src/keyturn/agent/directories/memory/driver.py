"""The port's `Driver` on a pretend domain."""

from __future__ import annotations

from collections.abc import Sequence

from keyturn.agent.directories.memory.controllers import MemoryController
from keyturn.agent.directories.memory.domain import MemoryDomain
from keyturn.agent.directories.memory.faults import Fault
from keyturn.agent.directories.memory.reading import MemorySource
from keyturn.agent.ports import (
    AccountView,
    Change,
    NotFound,
    Refused,
    Uncertain,
    Unreachable,
)
from keyturn.rules.directories.answers import Tried
from keyturn.rules.directories.proofs import Bind, Stamp
from keyturn.rules.directories.topology import Topology


class MemoryDriver:
    """Keyturn's access to a `MemoryDomain`; several drivers may share one domain.

    Attributes:
        source: everybody in it (the port's `Source`).
        tries: passwords tried so far, as (controller, guid): how often a proof asked.
    """

    def __init__(self, domain: MemoryDomain, timeout_ms: int = 10_000) -> None:
        """Args:
        timeout_ms: what `timeout_ms` answers; nothing here takes any time.
        """
        self.source = MemorySource(domain)
        self.tries: list[tuple[str, str]] = []
        self._domain = domain
        self._timeout_ms = timeout_ms

    @property
    def timeout_ms(self) -> int:
        return self._timeout_ms

    @property
    def counts_writes(self) -> bool:
        return self._domain.counts_writes

    async def find(self, controller: str, name: str) -> AccountView:
        held = await self._reach(controller, "find")
        wanted = self._without_domain(name).lower()
        found = [a for a in held.held.values() if wanted in {a.name.lower(), a.upn.lower()}]
        if len(found) != 1:
            raise NotFound(name)
        view = held.view(found[0].guid, self._domain.now())
        await self._domain.answered(controller, "find")
        return view

    def _without_domain(self, name: str) -> str:
        r"""The account's name of DOMAIN\name; another domain's is not found."""
        domain, backslash, rest = name.rpartition("\\")
        if backslash and domain.lower() not in {self._domain.netbios.lower(), self._domain.name}:
            raise NotFound(name)
        return rest

    async def look(self, controller: str, guid: str) -> AccountView:
        view = (await self._reach(controller, "look")).view(guid, self._domain.now())
        await self._domain.answered(controller, "look")
        return view

    async def stamp(self, controller: str, guid: str, attribute: str) -> Stamp:
        stamp = (await self._reach(controller, "stamp")).get(guid).stamp(attribute)
        await self._domain.answered(controller, "stamp")
        return stamp

    async def apply(self, controller: str, guid: str, change: Change) -> None:
        held = await self._reach(controller, "apply")
        fault, now = held.fault or Fault(), self._domain.now()
        if fault.once:
            held.fault = None
        if fault.refusal:
            raise Refused(fault.refusal)
        if fault.landed or not fault.unanswered:
            held.change(guid, change, now)
        await self._domain.answered(controller, "apply")
        if fault.unanswered:
            raise Uncertain

    async def try_password(self, controller: str, guid: str, password: str) -> Bind:
        return (await self.tried(controller, guid, password)).bind

    async def tried(self, controller: str, guid: str, password: str) -> Tried:
        held = await self._reach(controller, "try_password")
        self.tries.append((controller, guid))
        found = held.tried(guid, password, self._domain.now())
        await self._domain.answered(controller, "try_password")
        return found

    async def topology(self, controller: str) -> Topology:
        await self._reach(controller, "topology")
        return self._domain.topology()

    async def reachable(self, controllers: Sequence[str]) -> dict[str, str]:
        return {host: self._cause(host) for host in controllers}

    def _cause(self, host: str) -> str:
        try:
            self._domain.controller(host)
        except Unreachable as error:
            return error.cause
        return ""

    async def _reach(self, host: str, call: str) -> MemoryController:
        """The controller, as it is once the call gets there."""
        self._domain.controller(host)
        await self._domain.held_up(host, call)
        return self._domain.controller(host)
