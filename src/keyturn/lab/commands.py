"""Run a program to its end, and wait for what must come true."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

PATIENCE_S = 180
PAUSE_S, SELDOM_S, PART = 0.05, 0.5, 0.1


class CommandFailed(Exception):
    """A program of the lab ended with an error.

    Attributes:
        command: as it was run. status: its exit status; -1 if it did not end in time.
        said: the end of its output.
    """

    def __init__(self, command: str, status: int, said: str) -> None:
        super().__init__(command, status, said)
        self.command = command
        self.status = status
        self.said = said


class InVain(Exception):
    """What was waited for did not come: what, and for how many seconds."""

    def __init__(self, what: str, seconds: float) -> None:
        super().__init__(what, seconds)
        self.what = what
        self.seconds = seconds


def run(
    *command: str | Path,
    given: str = "",
    patience_s: float = PATIENCE_S,
    environment: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """What a program prints.

    Args:
        given: its standard input.
        environment: besides our own.

    Raises CommandFailed.
    """
    status, said, complaint = attempt(
        *command, given=given, patience_s=patience_s, environment=environment
    )
    if status:
        words = " ".join(map(str, command))
        raise CommandFailed(words, status, (said + complaint)[-2000:])
    return said


def attempt(
    *command: str | Path,
    given: str = "",
    patience_s: float = PATIENCE_S,
    environment: Mapping[str, str] = MappingProxyType({}),
) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of a program.

    The status is -1 if it did not end in time, 127 if there is no such program.
    """
    try:
        done = subprocess.run(
            [str(part) for part in command],
            input=given,
            env={**os.environ, "LC_ALL": "C.UTF-8", **environment},
            capture_output=True,
            text=True,
            errors="replace",
            timeout=patience_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return -1, "", f"no end after {patience_s:g} s"
    except FileNotFoundError as missing:
        return 127, "", f"no such program: {missing.filename}"
    return done.returncode, done.stdout, done.stderr


def until(
    true: Callable[[], bool], seconds: float, what: str, pause_s: float | None = None
) -> float:
    """Look again and again until `true()`; the seconds that took. Raises InVain.

    Args:
        pause_s: between two looks. None: the longer it takes the longer, for a look is often a
            process of its own, and many of them keep from coming true what they look for.
    """
    began, pause = time.monotonic(), threading.Event()
    while not true():
        waited = time.monotonic() - began
        if waited > seconds:
            raise InVain(what, seconds)
        pause.wait(min(max(PAUSE_S, waited * PART), SELDOM_S) if pause_s is None else pause_s)
    return time.monotonic() - began
