"""`keyturn device run` on a real terminal: asked for its label, set up by its owner's pages,
pressed by Enter, ended by Ctrl-C, and still somebody's when it is switched on again.
"""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from keyturn.demo import company
from keyturn.demo.play.locking import try_in
from keyturn.demo.play.stage import Stage
from tests.lab.commanded import environment

PATIENCE_S = 40
#: 128 + SIGINT, as shells have it
INTERRUPTED = 130
_DIGITS = re.compile(r"display shows (\d{3}) (\d{3})")


class Terminal:
    """A command on a terminal of 80 columns. A context manager. Attribute: `said`, so far."""

    def __init__(self, *words: str) -> None:
        self._words = words
        self.said = ""

    def __enter__(self) -> Self:
        self._master, slave = pty.openpty()
        self._process = subprocess.Popen(
            # whoever runs the tests in the background may have had Ctrl-C ignored
            ["env", "--default-signal=INT", sys.executable, "-m", "keyturn", *self._words],
            stdin=slave, stdout=slave,
            stderr=slave, start_new_session=True, env={**environment(), "COLUMNS": "80"},
        )  # fmt: skip
        os.close(slave)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        os.close(self._master)

    def shows(self, words: str, after: int = 0) -> int:
        """Wait until it shows these words; where they end."""
        until = time.monotonic() + PATIENCE_S
        while (found := self.said.find(words, after)) < 0:
            left = until - time.monotonic()
            assert left > 0, self.said
            if select.select([self._master], [], [], left)[0]:
                self.said += os.read(self._master, 4096).decode("utf-8", "replace")
        return found + len(words)

    def types(self, line: str = "") -> None:
        """A line, and Enter."""
        os.write(self._master, f"{line}\n".encode())

    def interrupted(self) -> int:
        """Ctrl-C; its exit status."""
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(PATIENCE_S)


@pytest.fixture
def stage() -> Iterator[Stage]:
    """A demo, in which a camera is registered."""
    with Stage() as running:
        yield running


def test_a_camera_on_a_terminal(stage: Stage, tmp_path: Path) -> None:
    label = company.CAMERA[2]
    server = ("--server", f"{stage.origin}/t/northwind")
    words = ("device", "run", *server, "--folder", str(tmp_path / "camera"))
    with Terminal(*words) as camera:
        camera.shows("The code on its label")
        camera.types(label.lower())
        camera.shows("Ready to be set up in an account of Northwind Cameras.")
        set_up(stage, camera)
        assert camera.interrupted() == INTERRUPTED
        assert "Traceback" not in camera.said
    with Terminal(*words, "--label", label) as camera:
        camera.shows("Its display shows")
        assert "Ready to be set up" not in camera.said
        with Terminal(*words, "--label", label) as second:
            second.shows("A device is running in this folder.")
        assert camera.interrupted() == INTERRUPTED
    with Terminal(*words, "--label", "ABCD-EFGH-JKMN-PQRS") as other:
        other.shows("This folder belongs to another device.")


def set_up(stage: Stage, camera: Terminal) -> None:
    """By its owner, who reads its display and presses Enter."""
    _, serial, label = company.CAMERA
    mia = stage.browser()
    try_in(mia, company.MIA.email, company.MIA.password)
    mia.get("/account/devices/add")
    mia.send("/account/devices/add", label=label)
    camera.shows("Somebody sets it up.")
    met = camera.shows("press its button (Enter)")
    found = _DIGITS.search(camera.said)
    assert found is not None
    mia.get("/account/devices/add")
    mia.send("/account/devices/add/digits", digits="".join(found.groups()))
    camera.types()
    camera.shows("Set up. It belongs to an account of Northwind Cameras now.", met)
    shown = camera.shows("Its display shows", met)
    assert mia.get("/account/devices").has(serial)
    camera.types()
    camera.shows("Pressed, but nobody asks.", shown)
