"""The company's directory: a real one, an agent beside each of its servers, all connected.

The installation listens on this machine's loopback address only, as a demo does.  A line
(lab/relay.py) leads from each agent's place to it, so that agents call it by the address
that people use.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Generic, Self, TypeVar
from urllib.parse import urlsplit

from keyturn.demo import company
from keyturn.demo.agents import AgentProcess, CommandRefused, environment
from keyturn.demo.grounds import Grounds
from keyturn.lab import people

RELAY = (sys.executable, "-m", "keyturn.lab.relay")
RELAY_PORT = 9000
STOP_S = 10
PHASES = ("waiting", "standby", "primary", "listener")
#: who in the company has which account in the domain
ACCOUNTS: Mapping[company.Person, people.Person] = {
    company.BEN: people.BOB,
    company.TOM: people.FRANK,  # bound by a stricter policy
    company.NADIA: people.ERIN,
}
#: who has which account in the other kinds of directory; a change at the next sign-in cannot be
#: required of Judy
ELSEWHERE: Mapping[company.Person, str] = {
    company.BEN: "bob",
    company.TOM: "judy",
    company.NADIA: "erin",
}
#: a command on the installation's host: its words to what it printed and its status
Command = Callable[..., subprocess.CompletedProcess[str]]
G = TypeVar("G", bound=Grounds)


class Estate(Generic[G]):
    """Agents beside a directory's servers, and the lines by which they reach an installation.

    A context manager: on leaving, agents and lines end; the lab is its owner's.

    Args:
        lab: running.
        origin: of the installation, on this machine's loopback address.
        keyturn: runs a command on the installation's host.
        record: where everything that agents and server say is written down; None for nowhere.
        accounts: the name of each person's account there; else as in the domain.
    """

    def __init__(
        self,
        lab: G,
        origin: str,
        keyturn: Command,
        *,
        record: Path | None = None,
        accounts: Mapping[company.Person, str] | None = None,
    ) -> None:
        self.lab = lab
        self.accounts = accounts or {p: account.name for p, account in ACCOUNTS.items()}
        self.origin = origin
        self.agents: dict[str, AgentProcess] = {}
        self._keyturn = keyturn
        self._record = record
        self._lines = ExitStack()

    def __enter__(self) -> Self:
        try:
            self._lay()
        except BaseException:
            self._lines.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for agent in self.agents.values():
            agent.stop()
        self._lines.close()

    def _lay(self) -> None:
        """One line on the host, one at each agent's place; none where all is one machine."""
        if not self.lab.apart:
            return
        port = urlsplit(self.origin).port or 80
        middle = f"{self.lab.server_address}:{RELAY_PORT}"
        written = ["--record", str(self._record)] if self._record else []
        self._line([*RELAY, middle, f"127.0.0.1:{port}", *written])
        for name in self.lab.places:
            self._line([*self.lab.beside(name), *RELAY, f"127.0.0.1:{port}", middle])

    def _line(self, command: list[str]) -> None:
        line = subprocess.Popen(command, env=environment())  # noqa: S603  our own program
        self._lines.callback(line.wait, STOP_S)
        self._lines.callback(line.terminate)

    # --- connecting

    def keyturn(self, *words: str) -> str:
        """What a command on the installation's host printed. Raises CommandRefused."""
        done = self._keyturn(*words)
        if done.returncode:
            raise CommandRefused(words, done.stdout + done.stderr)
        return done.stdout

    def connect(self, tell: Callable[[str], None] = lambda _: None) -> None:
        """Add the directory, let an agent in at each of its places, link people's accounts.

        Raises CommandRefused, InVain.
        """
        tell("the directory is added")
        self.keyturn("directory", "add", self.lab.domain, "--kind", self.lab.kind)
        for name in self.lab.places:
            tell(f"an agent moves in beside {name}")
            self.move_in(AgentProcess(self.lab, name, self.origin))
        for person, account in self.accounts.items():
            tell(f"{person.name} is linked to {account}")
            self.link(person.email, account)

    def move_in(self, agent: AgentProcess, *, anew: bool = False, role: str = "candidate") -> None:
        """Enrol an agent and run it; another one approves it, if it waits for that."""
        agent.enrol(self.token(role), anew=anew)
        agent.start()
        first = next((one for one in self.agents.values() if one is not agent), None)
        if first is not None and agent.reach(*PHASES) == "waiting":
            # somebody has compared the fingerprints of both screens
            first.call("approve", agent.name, "--fingerprint", agent.status()["fingerprint"])
        self.agents[agent.beside] = agent
        settled = "standby" if role == "candidate" else role
        agent.reach("primary" if first is None else settled)

    def token(self, role: str = "candidate") -> str:
        """A token that lets one agent in."""
        said = self.keyturn("directory", "token", self.lab.domain, "--role", role, "--json")
        return str(json.loads(said)["token"])

    def link(self, person: str, account: str) -> None:
        """Link a user to an account of the directory."""
        self.keyturn("directory", "link", person, self.lab.domain, account, "--yes")
