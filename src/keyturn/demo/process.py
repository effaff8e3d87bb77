"""A demo in a process of its own, as a play and the lab use it."""

from __future__ import annotations

import select
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

PROGRAM = (sys.executable, "-m", "keyturn", "demo")
START_S, STOP_S = 60, 20


class DidNotStart(Exception):
    """The demo ended, or said nothing, before it was ready. status: None if it said nothing."""

    def __init__(self, status: int | None) -> None:
        super().__init__(status)
        self.status = status


class DemoProcess:
    """A running demo. A context manager.

    Args:
        data: its folder. port: on 127.0.0.1; 0 for any.
        more: further words of the command.

    Attributes:
        origin: its address. port: as wanted. status: its exit status, once it has ended.
    """

    def __init__(self, data: Path, port: int = 0, more: Sequence[str] = ()) -> None:
        self.data = data
        self.origin = ""
        self.status: int | None = None
        self.port = port
        self._more = more

    def __enter__(self) -> Self:
        """Raises DidNotStart."""
        command = [*PROGRAM, "--quiet", "--alone", "--port", str(self.port), *self._more]
        self._demo = subprocess.Popen(  # noqa: S603  our own program
            [*command, "--data", str(self.data)], stdout=subprocess.PIPE, text=True
        )
        try:
            self.origin = self._ready().partition(" ")[2]
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def _end(self) -> None:
        """Tell the demo to stop, and wait until it has."""
        self._demo.terminate()
        self.status = self._demo.wait(STOP_S)
        if self._demo.stdout:
            self._demo.stdout.close()

    def _ready(self) -> str:
        """The line that says where it is."""
        output = self._demo.stdout
        if output is None or not select.select([output], [], [], START_S)[0]:
            raise DidNotStart(None)
        line = output.readline().strip()
        if not line.startswith("ready "):
            raise DidNotStart(self._demo.wait(STOP_S))
        return line

    def keyturn(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command on the host, in this demo."""
        command = [*PROGRAM, "--data", str(self.data), *words]
        return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
