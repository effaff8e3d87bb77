"""The domain under observation."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from keyturn.demo.agents import AgentProcess
from keyturn.demo.estate import Estate
from keyturn.demo.play.stage import Stage
from keyturn.lab.commands import InVain, run, until
from keyturn.lab.domain import Lab
from keyturn.lab.people import PLANT, SERVICE, STAFF

#: who stands beside which controller, and what it may become
ROLES: Final = {"dc1": "candidate", "dc2": "listener", "dc3": "listener"}
#: agents look as often as they may, so that the play does not wait for them
LOOK_S: Final = 5
#: the server judges once a minute, and believes what was seen twice
SEEN_S, HEALTHY_S, PAUSE_S = 300.0, 420.0, 2.0
DATABASE: Final = "keyturn.db"
#: of a disk that is too small to be trusted with a journal
SMALL_DISK: Final = "size=32m,mode=0700"

Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Root:
    """What the doctor names: cause and place, and the causes beneath it."""

    cause: str
    subject: str
    beneath: tuple[str, ...]

    @property
    def place(self) -> Place:
        """Cause and subject."""
        return self.cause, self.subject


@dataclass(frozen=True, slots=True)
class Report:
    """What `keyturn doctor --directory D --json` says.

    Attributes:
        untold: checks that nobody looks at.
    """

    roots: tuple[Root, ...]
    untold: tuple[str, ...]

    @property
    def places(self) -> tuple[Place, ...]:
        """All roots, in their order."""
        return tuple(root.place for root in self.roots)

    @property
    def healthy(self) -> bool:
        """Nothing is wrong, nothing unknown, nothing could be better, and all was looked at."""
        return not self.roots and not self.untold


class Ward(Stage):
    """A demo with a domain of three controllers that is looked at all the time.

    Attributes:
        lab: the domain. estate: its agents. directory: its id.
    """

    def __init__(self) -> None:
        super().__init__()
        self._around = ExitStack()
        self._access: dict[str, str] = {}

    def __enter__(self) -> Self:
        self.lab = self._around.enter_context(Lab(controllers=3))
        try:
            super().__enter__()
            self.estate = Estate(self.lab, self.origin, self.keyturn)
            self._around.enter_context(self.estate)
            self._connect()
        except BaseException:
            self._around.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._around.close()
        super().__exit__(kind, error, trace)

    def _connect(self) -> None:
        """The directory, its agents, and the OUs that are read: in both the account has its
        rights.
        """
        added = self.estate.keyturn("directory", "add", self.lab.domain, "--json")
        self.directory = str(json.loads(added)["id"])
        self.lab.hand.delegate("dc1", PLANT, SERVICE)
        for name, role in ROLES.items():
            self.estate.move_in(self.agent_beside(name), role=role)
        units = ("--unit", STAFF, "--unit", PLANT)
        self.estate.keyturn("directory", "sync", self.directory, *units)

    def agent_beside(self, name: str, called: str = "") -> AgentProcess:
        """An agent that looks often; not enrolled."""
        agent = AgentProcess(self.lab, name, self.origin, called)
        with agent.config.open("a") as settings:
            settings.write(f"look_s = {LOOK_S}\n")
        return agent

    # -- what the doctor says

    def report(self) -> Report:
        """As of now. Raises LookupError if it says nothing."""
        said = self.keyturn("doctor", "--directory", self.directory, "--json")
        if not said.stdout:
            raise LookupError(said.stderr[-500:])
        told = json.loads(said.stdout)
        return Report(tuple(map(_root, told["roots"])), tuple(told["untold"]))

    def until(
        self, so: Callable[[Report], bool], what: str, patience_s: float
    ) -> tuple[float, Report]:
        """The first report of which `so` is true, and the seconds that took; else the last one,
        and a negative number.
        """
        seen = [Report((), ())]

        def there() -> bool:
            seen[0] = self.report()
            return so(seen[0])

        try:
            return until(there, patience_s, what, PAUSE_S), seen[0]
        except InVain:
            return -1.0, seen[0]

    # -- what is done to it

    @property
    def primary(self) -> AgentProcess:
        """The only agent that may be primary."""
        return self.estate.agents["dc1"]

    def rename(self, name: str) -> None:
        """Give the directory a name that no command would: as one that was connected before
        names were checked has it.
        """
        with closing(sqlite3.connect(self.data / DATABASE, timeout=30)) as book:
            book.execute("update directories set name = ? where id = ?", (name, self.directory))
            book.commit()

    def shut_out(self, dn: str) -> None:
        """Take away whatever the agents' account may do with an object, and what is in it."""
        self._access[dn] = self.lab.hand.without("dc1", dn, SERVICE)

    def let_in(self, dn: str) -> None:
        """Undo `shut_out`."""
        self.lab.hand.set_access("dc1", dn, self._access.pop(dn))

    def small_disk(self, agent: AgentProcess) -> None:
        """Its state folder is on a disk of its own, with little room; it goes on there."""
        self._moved(agent, lambda: run("mount", "-t", "tmpfs", "-o", SMALL_DISK, "tmpfs",
                                       agent.state))  # fmt: skip

    def large_disk(self, agent: AgentProcess) -> None:
        """Undo `small_disk`; what was written meanwhile is kept."""
        self._moved(agent, lambda: run("umount", agent.state))

    def _moved(self, agent: AgentProcess, change: Callable[[], object]) -> None:
        agent.stop()
        kept = agent.folder / "moving"
        shutil.copytree(agent.state, kept)
        change()
        shutil.copytree(kept, agent.state, dirs_exist_ok=True)
        shutil.rmtree(kept)
        agent.start()

    def again(self, agent: AgentProcess, **environment: str) -> None:
        """Begin a run anew, with these variables."""
        agent.stop()
        agent.environment = environment
        agent.start()


def _root(told: dict[str, Any]) -> Root:
    beneath: Sequence[dict[str, Any]] = told["consequences"]
    return Root(told["cause"], told["subject"] or "", tuple(one["cause"] for one in beneath))


def faketime() -> Path | None:
    """The library that gives a process a clock of its own; None if it is not installed."""
    return next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
