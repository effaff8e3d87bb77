"""The port's `Driver` for a machine without a domain."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from keyturn.agent.directories.workgroup import accounts, writing
from keyturn.agent.directories.workgroup.channel import attempt
from keyturn.agent.directories.workgroup.line import Line
from keyturn.agent.directories.workgroup.machine import Machine, Seen
from keyturn.agent.directories.workgroup.records import User
from keyturn.agent.directories.workgroup.service import Service
from keyturn.agent.directories.workgroup.settings import Settings
from keyturn.agent.directories.workgroup.source import WorkgroupSource
from keyturn.agent.directories.workgroup.values import rid_of, text
from keyturn.agent.ports import AccountView, Change, NotFound, Unreachable
from keyturn.rules.directories.answers import Tried
from keyturn.rules.directories.policies import typable
from keyturn.rules.directories.proofs import Bind, Stamp
from keyturn.rules.directories.topology import Controller, Topology
from keyturn.rules.directories.workgroup import NORMAL

_NAME_MAX = 256


class Workgroup:
    """One machine's accounts.

    Every call is bounded by `timeout_ms`, whatever hangs: at the end of its time the connection
    is closed under it. What it cannot do: LIMITS.

    Attributes:
        source: everybody on it (the port's `Source`).
    """

    def __init__(self, settings: Settings, now: Callable[[], int]) -> None:
        """Args:
        now: ms since the epoch; compared with when an account expires.
        """
        self._settings = settings
        self._now = now
        self._service = Service(settings, now)
        self.source = WorkgroupSource(settings, now)

    @property
    def timeout_ms(self) -> int:
        return self._settings.timeout_ms

    @property
    def counts_writes(self) -> bool:
        return False

    async def find(self, controller: str, name: str) -> AccountView:
        def work(_line: Line, machine: Machine) -> AccountView:
            return self._view(machine, _found(machine, name))

        return await self._service.using(controller, work)

    async def look(self, controller: str, guid: str) -> AccountView:
        def work(_line: Line, machine: Machine) -> AccountView:
            return self._view(machine, _seen(machine, guid))

        return await self._service.using(controller, work)

    def _view(self, machine: Machine, seen: Seen) -> AccountView:
        return accounts.view(machine, seen, machine.policy(), self._now())

    async def stamp(self, controller: str, guid: str, attribute: str) -> Stamp:
        def work(_line: Line, machine: Machine) -> Stamp:
            return accounts.stamp(_user(machine, guid), attribute)

        return await self._service.using(controller, work)

    async def apply(self, controller: str, guid: str, change: Change) -> None:
        def work(line: Line, machine: Machine) -> None:
            writing.make(line, machine, _rid(machine, guid), change)

        await self._service.using(controller, work)

    async def try_password(self, controller: str, guid: str, password: str) -> Bind:
        return (await self.tried(controller, guid, password)).bind

    async def tried(self, controller: str, guid: str, password: str) -> Tried:
        """As try_password, with the reason. Raises NotFound, Unreachable."""

        def name(_line: Line, machine: Machine) -> str:
            return f"{machine.name}\\{_user(machine, guid).name}"

        account = await self._service.using(controller, name)
        if not typable(password):
            return Tried(Bind.WRONG, "wrong")

        def once(line: Line, address: str) -> Tried:
            return attempt(line, address, self._settings.port, account, password)

        return await self._service.bare(controller, once)

    async def topology(self, controller: str) -> Topology:
        def work(_line: Line, machine: Machine) -> Topology:
            return _alone(controller, machine)

        return await self._service.using(controller, work)

    async def reachable(self, controllers: Sequence[str]) -> dict[str, str]:
        causes = await asyncio.gather(*map(self._cause, controllers))
        return dict(zip(controllers, causes, strict=True))

    async def _cause(self, controller: str) -> str:
        try:
            await self._service.using(controller, lambda _line, machine: machine.name)
        except Unreachable as error:
            return error.cause
        return ""

    def close(self) -> None:
        """Call it when the agent stops."""
        self._service.close()
        self.source.close()


def _found(machine: Machine, name: str) -> Seen:
    r"""By `name` or `MACHINE\name`; an ordinary account only."""
    domain, backslash, bare = name.rpartition("\\")
    theirs = bool(backslash) and domain.lower() != machine.name.lower()
    if theirs or "\0" in bare or not 0 < len(bare) <= _NAME_MAX:
        raise NotFound(name)
    rid = machine.named(bare)
    seen = None if rid is None else machine.seen(rid)
    if seen is None or not seen.user.flags & NORMAL:
        raise NotFound(name)
    return seen


def _rid(machine: Machine, guid: str) -> int:
    rid = rid_of(machine.sid, guid)
    if rid is None:
        raise NotFound(guid)
    return rid


def _seen(machine: Machine, guid: str) -> Seen:
    seen = machine.seen(_rid(machine, guid))
    if seen is None:
        raise NotFound(guid)
    return seen


def _user(machine: Machine, guid: str) -> User:
    user = machine.user(_rid(machine, guid))
    if user is None:
        raise NotFound(guid)
    return user


def _alone(host: str, machine: Machine) -> Topology:
    """The one machine. It has no invocationId: nothing counts its writes."""
    only = Controller(
        host=host.lower(), site="", invocation="", read_only=False, has_settings=True,
        has_computer=True, pdc=True,
    )  # fmt: skip
    return Topology(
        domain=host.lower(),
        netbios=machine.name,
        base=text(machine.sid),
        vendor="",
        policy_hints=False,
        controllers=(only,),
        links=(),
    )
