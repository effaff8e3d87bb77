"""A lab for a test or a play: a domain with its controllers, places, faults and a hand.

    with Lab(controllers=3) as lab:
        lab.controller("dc1").ip
        lab.faults.cut("dc3")
        lab.hand.set_password("dc1", people.ALICE, "Something-New-1")
        subprocess.run([*lab.beside("dc1"), "keyturn", "agent", "run"])

Everything is blocking; `async with Lab()` starts and ends it in a thread, and a coroutine
calls the rest by `asyncio.to_thread`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

from keyturn.adapters.system import SystemClock
from keyturn.lab import bulk, instances, provisioning
from keyturn.lab.able import able
from keyturn.lab.certificates import Wardrobe
from keyturn.lab.controllers import BASE, DOMAIN, PLAIN, Controller
from keyturn.lab.faults import Faults, NoLinks
from keyturn.lab.hand import Hand
from keyturn.lab.loopback import Loopback
from keyturn.lab.network import Namespaces
from keyturn.lab.people import SERVICE
from keyturn.lab.snapshots import Shelf, default_shelf
from keyturn.rules.directories.entries import DirectoryKind

NAMES = ("dc1", "dc2", "dc3")
#: a machine's name is no part of a network namespace
_NAMED = 'hostname "$0" && exec "$@"'


class Unable(Exception):
    """This machine cannot run such a lab: the reason, for people."""


class Lab:
    """A domain that runs as long as this is open.

    Args:
        controllers: 1, or 3 in two sites.
        users: so many people more, of one controller (bulk.py).
        shelf: where prepared folders are kept; the user's cache by default.
        loopback: one controller on 127.0.0.60, without namespaces.

    Raises Unable on entering, with the reason.
    """

    kind = DirectoryKind.ACTIVE_DIRECTORY
    domain = DOMAIN
    base = BASE
    agent_password = SERVICE.password

    def __init__(
        self,
        controllers: int = 1,
        shelf: Path | None = None,
        *,
        loopback: bool = False,
        users: int = 0,
    ) -> None:
        self._count = controllers
        self._users = users
        self._shelf = shelf or default_shelf()
        self._loopback = loopback

    # --- life

    def start(self) -> Self:
        """Bring it up; the first time on a machine the domain is made (see snapshots.py)."""
        self._refuse_what_cannot_be()
        self._instance = instances.claim()
        try:
            self._lay_out()
            self._fill()
            self._begin()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End every process that lives in it, and remove its network and files."""
        for controller in getattr(self, "_controllers", {}).values():
            controller.kill()
        self._instance.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        return await asyncio.to_thread(self.start)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await asyncio.to_thread(self.stop)

    # --- what is in it

    @property
    def controllers(self) -> Mapping[str, Controller]:
        """All of them, by name."""
        return MappingProxyType(self._controllers)

    def controller(self, name: str) -> Controller:
        """One of them: "dc1"."""
        return self._controllers[name]

    @property
    def places(self) -> tuple[str, ...]:
        """Beside each controller is one for an agent."""
        return tuple(self._controllers)

    @property
    def hosts(self) -> dict[str, str]:
        """Address by DNS name, for whoever asks from the host, where the domain's DNS is unknown.

        The certificates are good for both.
        """
        return {each.host: each.ip for each in self._controllers.values()}

    @property
    def ca_file(self) -> Path:
        """The authority that vouches for the controllers."""
        return self._wardrobe.ca

    @property
    def folder(self) -> Path:
        """This lab's files; gone when it ends."""
        return self._instance.folder

    @property
    def apart(self) -> bool:
        """Whether controllers and whoever is beside them have machines of their own."""
        return not self._loopback

    @property
    def server_address(self) -> str:
        """Where a server on the host must listen to be reached from beside a controller."""
        return self._network.host

    def beside(self, name: str) -> tuple[str, ...]:
        """Put before a command, it runs on a machine of its own beside that controller.

        It asks that controller's DNS first, then the others', so that it reaches all of them by
        name; it reaches the host at `server_address`, and nothing outside of the lab.
        """
        place = f"by-{name}"
        named = ("unshare", "--uts", "sh", "-c", _NAMED, place) if self.apart else ()
        return (*self._network.prefix(place), *named, "env", *self._kerberos(name))

    def agent_settings(self, name: str) -> dict[str, object]:
        """What agent.toml says of the domain beside that controller."""
        told: dict[str, object] = {
            "kind": str(self.kind), "directory": self.domain, "account": SERVICE.upn,
            "controller": self.controller(name).host, "ca_file": str(self.ca_file),
        }  # fmt: skip
        return told if self.apart else {**told, "addresses": self.hosts}  # no DNS knows the domain

    def _kerberos(self, name: str) -> list[str]:
        return [f"{key}={value}" for key, value in self._controllers[name].environment.items()]

    # --- starting

    def _refuse_what_cannot_be(self) -> None:
        here = able()
        reason = here.controller if self._loopback else here.network
        if reason:
            raise Unable(reason)
        if self._loopback and self._count > 1:
            raise NoLinks
        if self._users and self._count > 1:
            raise Unable("a crowd is made for one controller")

    def _lay_out(self) -> None:
        names = NAMES[: self._count]
        self._network = (
            Loopback(self._instance) if self._loopback else Namespaces(self._instance, DOMAIN)
        )
        if isinstance(self._network, Namespaces):
            for name in names:
                others = [other for other in names if other != name]
                # dc1 first while a domain is made: a joining controller asks it
                self._network.add(name, names if self._count > 1 else [name])
                self._network.add(f"by-{name}", [name, *others])
        self._wardrobe = Wardrobe(self.folder / "certificates")
        self._controllers = {
            name: Controller(name, self.folder / name, self._network, self._wardrobe)
            for name in names
        }
        self.faults = Faults(self._controllers, self._network)
        self.hand = Hand(self._controllers, str(self.ca_file))

    def _fill(self) -> None:
        """The controllers' folders, from the shelf; made and put there if it has none."""
        homes = tuple(each.home for each in self._controllers.values())
        self._prepared = Shelf(self._shelf, homes, SystemClock().now())
        if self._users:
            self._take(bulk.kind(self._users), self._crowd)
        else:
            self._take("three" if self._count > 1 else "one", self._make)

    def _take(self, kind: str, make: Callable[[], None]) -> None:
        with self._prepared.locked(kind):
            if kind in self._prepared:
                self._prepared.take(kind, self.folder)
                return
            make()
            self._prepared.put(kind, *(each.folder for each in self._controllers.values()))

    def _make(self) -> None:
        first, *others = self._controllers.values()
        provisioning.provision(first)
        if others:
            provisioning.join(first, others)

    def _crowd(self) -> None:
        """The same with many people in it: so they are all made once."""
        self._take("one", self._make)
        bulk.fill(self._controllers["dc1"], self._users)

    def _begin(self) -> None:
        for controller in self._controllers.values():
            controller.configure(PLAIN)
            controller.start()
        for controller in self._controllers.values():
            controller.wait()
