"""`keyturn` as a process of its own, as an administrator starts it."""

from __future__ import annotations

import os
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SRC = Path(__file__).parents[2] / "src"
PATIENCE_S = 60


def environment(**settings: str) -> dict[str, str]:
    """The environment of a command: ours without any setting, and these."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("KEYTURN_")}
    return {**kept, "PYTHONPATH": str(SRC), "COLUMNS": "200", **settings}


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def keyturn(folder: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run one command to its end, in `folder`."""
    return subprocess.run(
        [sys.executable, "-m", "keyturn", *words],
        cwd=folder, env=environment(**settings), capture_output=True, text=True,
        timeout=PATIENCE_S, check=False,
    )  # fmt: skip


class Server:
    """A `keyturn serve` that runs. Attributes: `origin`, `said` (lines until it listened)."""

    def __init__(self, folder: Path, **settings: str) -> None:
        port = free_port()
        self.origin = f"http://localhost:{port}"
        self.settings = {
            "KEYTURN_SERVER__PORT": str(port),
            "KEYTURN_SERVER__ORIGIN": self.origin,
            "KEYTURN_STORE__DATA_DIR": str(folder / "data"),
            **settings,
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "keyturn", "serve"],
            cwd=folder, env=environment(**self.settings), stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self.said: list[str] = []
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, name="reader")
        self._reader.start()

    def _read(self) -> None:
        for line in self.process.stdout or ():
            self._lines.put(line.strip())

    def until(self, words: str) -> str:
        """The line that holds these words, waited for. Raises Silent."""
        while not any(words in line for line in self.said):
            try:
                line = self._lines.get(timeout=PATIENCE_S)
            except queue.Empty:
                raise Silent(words, self.process.poll(), self.said) from None
            self.said.append(line)
        return next(line for line in self.said if words in line)

    def listening(self) -> None:
        """Wait until it listens."""
        self.until("listens")

    def link(self) -> str:
        """The set-up link it prints."""
        return self.until("/setup/")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Tell it to stop; its exit status."""
        self.process.send_signal(number)
        return self.process.wait(30)

    def close(self) -> None:
        """End it, however it stands."""
        if self.process.poll() is None:
            self.stop()
        self._reader.join()
        if self.process.stdout:
            self.process.stdout.close()


class Silent(Exception):
    """A server did not say these words in time. Arguments: the words, its exit status (None: it
    lives) and what it has said.
    """


@contextmanager
def serving(folder: Path, **settings: str) -> Iterator[Server]:
    """A `keyturn serve` for the length of a block."""
    server = Server(folder, **settings)
    try:
        yield server
    finally:
        server.close()
