"""`keyturn agent` as processes of their own, each with a folder, beside a server in another."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from keyturn.adapters.system import SystemClock
from tests.lab.commanded import SRC, Server, environment, keyturn

DOMAIN = "corp.example.test"


def authority(path: Path) -> None:
    """Somebody who vouches for controllers."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "nobody's CA")])
    now = datetime.fromtimestamp(SystemClock().now() / 1000, UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name)
        .public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    path.write_bytes(made.public_bytes(Encoding.PEM))


class Host:
    """A machine with an agent on it. Its controllers do not answer: the channel is what is tried.

    Attributes:
        process: `keyturn agent run`, once started.
    """

    def __init__(self, folder: Path, server: Server, name: str) -> None:
        self.folder, self.server, self.name = folder / name, server, name
        self.folder.mkdir()
        authority(self.folder / "ca.pem")
        (self.folder / "password").write_text("not used here")
        (self.folder / "password").chmod(0o600)
        self.state = self.folder / "state"
        self.config = self.folder / "agent.toml"
        self.config.write_text(
            f'server = "{server.origin}"\ndirectory = "{DOMAIN}"\nname = "{name}"\n'
            f'controller = "{name}.{DOMAIN}"\naccount = "svc@{DOMAIN}"\n'
            f'password_file = "{self.folder}/password"\nca_file = "{self.folder}/ca.pem"\n'
            f'state = "{self.state}"\nproxy = "none"\n'
            f'[addresses]\n"{name}.{DOMAIN}" = "127.0.0.1"\n'
        )
        self.process: subprocess.Popen[str] | None = None
        self._looked = threading.Event()

    def agent(self, *words: str, said: str = "") -> subprocess.CompletedProcess[str]:
        """Run one command of the agent to its end."""
        return subprocess.run(
            [sys.executable, "-m", "keyturn", "agent", words[0], "--config", str(self.config),
             *words[1:]],
            cwd=self.folder, env=environment(), capture_output=True, text=True, timeout=90,
            input=said, check=False,
        )  # fmt: skip

    def enrol(self, role: str = "candidate") -> subprocess.CompletedProcess[str]:
        """With a fresh token, piped in."""
        made = keyturn(
            self.folder.parent, "directory", "token", DOMAIN, "--role", role, "--json",
            **self.server.settings,
        )  # fmt: skip
        assert made.returncode == 0, made.stderr
        return self.agent("enrol", said=json.loads(made.stdout)["token"])

    def start(self) -> subprocess.Popen[str]:
        """`keyturn agent run`, in the background."""
        with (self.folder / "log").open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "keyturn", "agent", "run", "--config", str(self.config)],
                cwd=self.folder, env={**environment(), "PYTHONPATH": str(SRC)}, stderr=log,
                stdout=log, text=True,
            )  # fmt: skip
        return self.process

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End it; its exit status."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(60)

    def close(self) -> None:
        """End it, however it stands."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(30)

    def log(self) -> str:
        """What it has said so far."""
        return (self.folder / "log").read_text()

    def sight(self) -> Mapping[str, Any]:
        """The status file as it is."""
        try:
            found: Mapping[str, Any] = json.loads((self.state / "status.json").read_text())
        except (FileNotFoundError, ValueError):
            return {}
        return found

    def until(self, holds: Callable[[Mapping[str, Any]], object], seconds: float = 60) -> float:
        """Wait for a status that is as it must be; how long that took, seconds."""
        start = time.monotonic()
        while time.monotonic() < start + seconds:
            sight = self.sight()
            if sight.get("pid") == (self.process.pid if self.process else os.getpid()) and holds(
                sight
            ):
                return time.monotonic() - start
            self._looked.wait(0.05)  # a process of its own tells nobody when it is so far
        raise TimeoutError(self.name, dict(self.sight()), self.log())
