"""An agent beside a server of the lab's directory: a process on a machine of its own, if there are
any.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from keyturn.demo.grounds import Grounds
from keyturn.lab.commands import InVain, until

PROGRAM = (sys.executable, "-m", "keyturn", "agent")
READY_S, STOP_S, PAUSE_S = 60.0, 20.0, 0.5
#: how much of what it printed an error brings along, characters
SAID = 2_000


class CommandRefused(Exception):
    """A command of the agent's said no.

    Attributes:
        words: the command. said: what it printed.
    """

    def __init__(self, words: Sequence[str], said: str) -> None:
        super().__init__(" ".join(words), said)
        self.words = tuple(words)
        self.said = said


class AgentProcess:
    """`keyturn agent …` beside one server of a directory.

    Args:
        lab: the directory. beside: which place of it, "dc1".
        server: origin at which the installation is reached from there.
        name: the agent's own; a copy of another's folder keeps that one's keys.
        told: what agent.toml says of the directory, if it is not what is so.

    Attributes:
        environment: of its runs, besides what every process of the play has.
    """

    def __init__(
        self,
        lab: Grounds,
        beside: str,
        server: str,
        name: str = "",
        told: Mapping[str, object] | None = None,
    ) -> None:
        self.name = name or f"agent-{beside}"
        self.beside = beside
        self.folder = lab.folder / "agents" / self.name
        self._prefix = lab.beside(beside)
        self._running: subprocess.Popen[bytes] | None = None
        self.environment: dict[str, str] = {}
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._write(server, lab.agent_password, told or lab.agent_settings(beside))

    def _write(self, server: str, secret: str, told: Mapping[str, object]) -> None:
        password = self.folder / "password"
        password.write_text(secret)
        password.chmod(0o600)
        settings = {
            **told, "server": server, "name": self.name, "state": str(self.state),
            "password_file": str(password),
        }  # fmt: skip
        lines = [f"{name} = {_toml(value)}\n" for name, value in settings.items()]
        self.config.write_text("".join(lines))

    @property
    def config(self) -> Path:
        """Its agent.toml."""
        return self.folder / "agent.toml"

    @property
    def state(self) -> Path:
        """Its state folder: keys and journal."""
        return self.folder / "state"

    @property
    def log(self) -> Path:
        """What its runs have printed."""
        return self.folder / "log"

    def call(self, *words: str, given: str = "") -> str:
        """Run one of its commands to the end; what it printed. Raises CommandRefused."""
        done = subprocess.run(  # noqa: S603  our own program
            self._command(*words), input=given, capture_output=True, text=True, check=False,
            timeout=READY_S, env=environment(),
        )  # fmt: skip
        if done.returncode:
            raise CommandRefused(words, done.stdout + done.stderr)
        return done.stdout

    def _command(self, *words: str) -> list[str]:
        return [*self._prefix, *PROGRAM, *words, "--config", str(self.config)]

    @property
    def said(self) -> str:
        """All that its runs have printed."""
        return self.log.read_text() if self.log.exists() else ""

    def enrol(self, token: str, *, anew: bool = False) -> None:
        """Trade a token for an id; `anew`: after a revocation."""
        self.call("enrol", *(["--anew"] if anew else []), given=f"{token}\n")

    def status(self) -> dict[str, Any]:
        """What `keyturn agent status --json` says, with status 0 or not."""
        done = subprocess.run(  # noqa: S603  our own program
            self._command("status", "--json"), capture_output=True, text=True, check=False,
            timeout=READY_S, env=environment(),
        )  # fmt: skip
        found: dict[str, Any] = json.loads(done.stdout) if done.stdout else {}
        return found

    # --- a run

    def start(self) -> None:
        """Begin a run, and do not wait for it."""
        with self.log.open("ab") as log:
            self._running = subprocess.Popen(  # noqa: S603  our own program
                self._command("run"), stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                env={**environment(), **self.environment},
            )  # fmt: skip

    @property
    def ended(self) -> int | None:
        """The run's exit status; None while it goes on, or if there was none."""
        return self._running.poll() if self._running else None

    def stop(self) -> int | None:
        """End the run in good order; its exit status."""
        return self._end(signal.SIGTERM)

    def kill(self) -> int | None:
        """End it as a power cut does."""
        return self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """Its machine stands still: no process of it does anything."""
        if self._running is not None:
            self._running.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on where it stood."""
        if self._running is not None:
            self._running.send_signal(signal.SIGCONT)

    def _end(self, number: signal.Signals) -> int | None:
        running, self._running = self._running, None
        if running is None:
            return None
        if running.poll() is None:
            running.send_signal(number)
        try:
            return running.wait(STOP_S)
        except subprocess.TimeoutExpired:
            running.kill()
            return running.wait(STOP_S)

    @property
    def phase(self) -> str:
        """What it is at: "primary", "standby", "listener", "waiting"; "" when it does not run."""
        status = self.status()
        return str(status["last"]["phase"]) if status.get("running") and status["last"] else ""

    def reach(self, *phases: str, patience_s: float = READY_S) -> str:
        """Wait until it is at one of these phases; which. Raises InVain, CommandRefused: the run
        has ended.
        """
        seen = [""]

        def there() -> bool:
            if self.ended is not None:
                raise CommandRefused(("run",), self.said[-SAID:])
            seen[0] = self.phase
            return seen[0] in phases

        try:
            until(there, patience_s, f"{self.name} to be {' or '.join(phases)}", PAUSE_S)
        except InVain as vain:
            raise InVain(f"{vain.what}; it says: {self.said[-SAID:]}", vain.seconds) from None
        return seen[0]


def _toml(value: object) -> str:
    """A setting's value; a table in one line."""
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{json.dumps(k)} = {_toml(v)}' for k, v in value.items())} }}"
    return json.dumps(value)


def environment() -> dict[str, str]:
    """What an agent's process inherits: nothing of this one's settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith("KEYTURN_")}
