"""A `keyturn serve` whose power can be cut, whose workers can be killed, and that comes back."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

from keyturn.lab.commands import until
from tests.lab.commanded import environment, free_port
from tests.lab.own import listens

START_S, STOP_S = 90, 40
WORKERS = 2


class PoweredServer:
    """A server in a process group of its own; what it prints is kept in `log`.

    Args:
        folder: for its data. origin: how it is reached; "" for its own port.
        settings: further ones, by their names in the environment.
    """

    def __init__(self, folder: Path, *, origin: str = "", **settings: str) -> None:
        self.folder, self.data = folder, folder / "data"
        self.log = folder / "server.log"
        self.port = free_port()
        self.origin = origin or f"http://localhost:{self.port}"
        self.settings = {
            "KEYTURN_SERVER__PORT": str(self.port),
            "KEYTURN_SERVER__ORIGIN": self.origin,
            "KEYTURN_SERVER__WORKERS": str(WORKERS),
            "KEYTURN_STORE__DATA_DIR": str(self.data),
            **settings,
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Begin, and wait until it listens. Raises InVain."""
        with self.log.open("ab") as said:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "keyturn", "serve"], cwd=self.folder, stdout=said,
                stderr=said, stdin=subprocess.DEVNULL, env=environment(**self.settings),
                start_new_session=True,
            )  # fmt: skip
        until(lambda: listens(self.port) or self.ended, START_S, "the server")
        assert not self.ended, self.log.read_text()[-2000:]

    @property
    def ended(self) -> bool:
        """Whether there is no server now."""
        return self._process is None or self._process.poll() is not None

    @property
    def workers(self) -> list[int]:
        """Its workers' process ids."""
        if self._process is None:
            return []
        pid = self._process.pid
        with contextlib.suppress(OSError):
            return [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        return []

    @property
    def processes(self) -> list[int]:
        """Master and workers."""
        return [self._process.pid, *self.workers] if self._process else []

    def kill_worker(self, number: int) -> None:
        """End one of the workers as the kernel does when memory is short."""
        workers = self.workers
        if workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(workers[number % len(workers)], signal.SIGKILL)

    def cut(self) -> None:
        """End master and workers at once, as a power cut does."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it in good order, if it runs."""
        self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            if number is signal.SIGKILL:
                os.killpg(process.pid, number)
            else:
                process.send_signal(number)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(STOP_S)

    def keyturn(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command on the server's host."""
        return subprocess.run(
            [sys.executable, "-m", "keyturn", *words], cwd=self.folder, capture_output=True,
            env=environment(**self.settings), text=True, timeout=START_S, check=False,
        )  # fmt: skip
