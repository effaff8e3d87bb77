"""Private instances of real servers: programs, free ports, waiting, and ending what we began."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

#: a call that was told to give up after one or two seconds has given up by then, also on a busy
#: machine; by itself it would not have (agents wait for 10 s)
IN_TIME_S = 8


def program(name: str, package: str, *, beside: str = "") -> str:
    """The path of a program. Its absence fails the test: it would prove nothing."""
    found = shutil.which(name, path=f"/usr/sbin:/usr/bin:/sbin:/bin:{beside}")
    if found is None:
        pytest.fail(f"failed to run: {package} is not installed", pytrace=False)
    return found


def free_port() -> int:
    """A loopback port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def until(true: Callable[[], bool], seconds: float = 15, what: str = "it") -> None:
    """Look every 50 ms until `true()`; fails the test if it never is."""
    end, pause = time.monotonic() + seconds, threading.Event()
    while not true():
        if time.monotonic() > end:
            pytest.fail(f"waited {seconds:g} s in vain for {what}")
        pause.wait(0.05)


def listens(port: int) -> bool:
    """Whether somebody answers on a loopback port."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


@contextlib.contextmanager
def open_folder(name: str) -> Iterator[Path]:
    """A temporary folder that servers under users of their own can enter."""
    with tempfile.TemporaryDirectory(prefix=f"keyturn-{name}-", ignore_cleanup_errors=True) as it:
        folder = Path(it)
        folder.chmod(0o755)
        yield folder


@contextlib.contextmanager
def running(*command: str | Path, log: Path) -> Iterator[None]:
    """A process of our own, ended at the end."""
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(8)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
