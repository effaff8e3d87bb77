"""A pretend domain: controllers that replicate when they are told to.

What it shares with a real one: a change is made on one controller; every originating write
raises a version and names where it began; nothing arrives elsewhere by itself; wrong
passwords are counted by each controller alone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from hashlib import sha256
from typing import Any

from keyturn.agent.directories.memory.accounts import (
    CONTROL,
    LAST_SET,
    LOCKED,
    PASSWORD,
    Held,
)
from keyturn.agent.directories.memory.controllers import MemoryController
from keyturn.agent.directories.memory.tree import Tree
from keyturn.agent.ports import Unreachable
from keyturn.rules.directories.policies import Policy
from keyturn.rules.directories.proofs import Stamp
from keyturn.rules.directories.topology import Controller, Link, Topology

_MINUTE = 60_000
#: what a fresh Samba domain asks for, with a lockout as most companies have it
USUAL = Policy("domain", 7, True, 24, False, 24 * 60 * _MINUTE, 42 * 24 * 60 * _MINUTE, 5,
               10 * _MINUTE, 10 * _MINUTE)  # fmt: skip


async def _at_once(_controller: str, _call: str) -> None:
    """No call is held up."""


class MemoryDomain:
    """A domain.

    Attributes:
        controllers: by DNS name.
        counts_writes: what its drivers say of their stamps; a test that takes it away takes
            away the stamps' origins too.
        left_over: what decommissioned controllers left behind; shown in the topology.
        held_up: awaited with controller and call ("look", "apply", …) before each call that
            reaches a controller; a test waits in it to make a moment last.
        answered: the same, after the work and before its answer is heard.
        tree: its OUs and groups, and who was deleted or moved; the same at every controller.
    """

    def __init__(
        self,
        now: Callable[[], int],
        *,
        name: str = "corp.example.test",
        netbios: str = "CORP",
        hosts: Sequence[str] = ("dc1", "dc2", "dc3"),
        policy: Policy | None = USUAL,
    ) -> None:
        """Args:
        now: the clock that all its controllers share, ms since the epoch.
        hosts: short names; the first one is the PDC emulator; odd ones out are in a
            second site.
        policy: that binds accounts which are added without one of their own.
        """
        self.now = now
        self.name = name
        self.netbios = netbios
        self.policy = policy
        self.counts_writes = True
        self.controllers = {
            f"{host}.{name}": MemoryController(_entry(f"{host}.{name}", number))
            for number, host in enumerate(hosts)
        }
        self.tree = Tree(self.base, self.controllers)
        self.left_over: tuple[Controller, ...] = ()
        self.held_up: Callable[[str, str], Awaitable[None]] = _at_once
        self.answered: Callable[[str, str], Awaitable[None]] = _at_once

    def controller(self, host: str) -> MemoryController:
        """Raises Unreachable for a name that nobody has, and as the fault says."""
        found = self.controllers.get(host.lower())
        if found is None:
            raise Unreachable(host, "name")
        if found.fault and found.fault.unreachable:
            raise Unreachable(host, found.fault.unreachable)
        return found

    def add(
        self,
        name: str,
        password: str,
        *,
        display: str = "",
        policy: Policy | None = None,
        protected: str = "",
        must_change_binds: str = "",
        control: frozenset[str] = frozenset(),
        unit: str = "",
        mail: str = "",
        phone: str = "",
    ) -> str:
        """An account, made on the first controller and known to all. Its guid.

        Args:
            control: of "disabled" and "expired", what it is.
            unit: distinguished name of an OU; "" for OU Staff.
        """
        guid = sha256(f"{self.name} {name}".encode()).hexdigest()[:32]
        first = next(iter(self.controllers.values()))
        values = {PASSWORD: password, LAST_SET: self.now(), LOCKED: None, CONTROL: control}
        stamp = Stamp(1, first.entry.invocation, self.now(), 1000)
        account = Held(
            guid=guid,
            name=name,
            upn=f"{name}@{self.name}",
            display=display,
            dn=f"CN={name},{unit or f'OU=Staff,{self.base}'}",
            protected=protected,
            policy=policy or self.policy,
            must_change_binds=must_change_binds,
            values=values,
            stamps={attribute: stamp for attribute in values if attribute != LOCKED},
            mail=mail,
            phone=phone,
        )
        for each in self.controllers.values():
            each.receive(account)
        return guid

    def by_hand(self, host: str, guid: str, **values: Any) -> None:
        """Somebody else writes: `password`, `last_set`, `locked` (times), `control`."""
        names = {"password": PASSWORD, "last_set": LAST_SET, "locked": LOCKED, "control": CONTROL}
        written = {names[name]: value for name, value in values.items()}
        if PASSWORD in written:
            written.setdefault(LAST_SET, self.now())
        self.controllers[host].write(guid, written, self.now())

    def replicate(self, source: str | None = None, target: str | None = None) -> None:
        """All that `source` holds (every controller, if None) arrives at `target` (at every
        one). A controller that cannot be reached neither gives nor takes.
        """
        alive = [c for c in self.controllers.values() if not (c.fault and c.fault.unreachable)]
        for giver in alive:
            for taker in alive:
                if source in {None, giver.entry.host} and target in {None, taker.entry.host}:
                    for account in giver.held.values():
                        taker.receive(account)

    @property
    def base(self) -> str:
        """Its distinguished name."""
        return ",".join(f"DC={part}" for part in self.name.split("."))

    def topology(self) -> Topology:
        """As the directory lists itself."""
        entries = [c.entry for c in self.controllers.values()] + list(self.left_over)
        sites = tuple(dict.fromkeys(entry.site for entry in entries))
        return Topology(
            domain=self.name,
            netbios=self.netbios,
            base=self.base,
            vendor="memory",
            policy_hints=bool(self.policy and self.policy.history_on_reset),
            controllers=tuple(entries),
            links=(Link("DEFAULTIPSITELINK", sites, 100, 180),),
        )


def _entry(host: str, number: int) -> Controller:
    return Controller(
        host=host,
        site="Branch" if number % 3 == 2 else "Default-First-Site-Name",  # noqa: PLR2004
        invocation=sha256(host.encode()).hexdigest()[:32],
        read_only=False,
        has_settings=True,
        has_computer=True,
        pdc=number == 0,
    )
