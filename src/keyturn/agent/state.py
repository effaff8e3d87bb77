"""The agent's state folder: for its own user only, one process at a time, nothing half written.

lock              held by the running agent (flock(2))
lock.gate         held for as long as it takes to try that one
agent.json        who it is: what enrolment said
signing.key …     keys.py
certificate       over the sealing key (wire/certificates.py)
sequences.json    numbers.py
run.json          the last run that began, and in which boot
known.json        the highest epoch ever seen
status.json       what `keyturn agent status` prints
journal.sqlite    journal.py
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_FOLDER, _FILE = 0o700, 0o600


class StateUnusable(Exception):
    """The folder, or a file in it, must not or cannot be used.

    Attributes:
        path: which.
        cause: "absent", "open to others", "not ours" (its owner), "not readable", "damaged".
        mode: permission bits, 0 if they are not known.
    """

    def __init__(self, path: Path, cause: str, mode: int = 0) -> None:
        super().__init__(str(path), cause, f"{mode:04o}")
        self.path = path
        self.cause = cause
        self.mode = mode


class Locked(Exception):
    """Another process has the folder. Attributes: pid: its number, 0 if it is not known."""

    def __init__(self, pid: int) -> None:
        super().__init__(pid)
        self.pid = pid


class State:
    """The folder.

    Args:
        path: made (0700) if `make` and it is not there.

    Raises:
        StateUnusable: it is not there, not ours, or others may look into it.
    """

    def __init__(self, path: Path, *, make: bool = False) -> None:
        self.path = path
        if make:
            path.mkdir(mode=_FOLDER, parents=True, exist_ok=True)
        self._check(path)

    def _check(self, path: Path) -> None:
        try:
            found = path.stat()
        except FileNotFoundError:
            raise StateUnusable(path, "absent") from None
        except OSError:
            raise StateUnusable(path, "not readable") from None
        mode = stat.S_IMODE(found.st_mode)
        if mode & _OTHERS:
            raise StateUnusable(path, "open to others", mode)
        if found.st_uid != os.geteuid():
            raise StateUnusable(path, "not ours", mode)

    def has(self, name: str) -> bool:
        """Whether there is such a file."""
        return (self.path / name).exists()

    def read(self, name: str) -> bytes | None:
        """A file; None if it is not there. Raises StateUnusable."""
        path = self.path / name
        try:
            with path.open("rb") as file:
                self._check(path)
                return file.read()
        except FileNotFoundError:
            return None
        except OSError:
            raise StateUnusable(path, "not readable") from None

    def write(self, name: str, data: bytes) -> None:
        """Put a file in place: whoever reads sees the old one or the new one, after a power
        cut too.
        """
        path, fresh = self.path / name, self.path / f".{name}.new"
        with contextlib.suppress(FileNotFoundError):
            fresh.unlink()
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, _FILE)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        self._sync()

    def remove(self, name: str) -> None:
        """Take a file away, if it is there."""
        with contextlib.suppress(FileNotFoundError):
            (self.path / name).unlink()
            self._sync()

    def _sync(self) -> None:
        handle = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def read_json(self, name: str) -> dict[str, Any] | None:
        """An object out of a file; None if there is no file. Raises StateUnusable."""
        data = self.read(name)
        if data is None:
            return None
        try:
            found = json.loads(data)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise StateUnusable(self.path / name, "damaged")
        return found

    def write_json(self, name: str, document: dict[str, Any]) -> None:
        """As `write`, an object."""
        self.write(name, json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n")

    @contextlib.contextmanager
    def lock(self, name: str = "lock", *, wait: bool = False) -> Iterator[None]:
        """Hold the folder until the end of the block; the kernel lets go of it when we die.

        Raises Locked, unless told to `wait`.
        """
        with self._open(name) as handle:
            if wait:
                fcntl.flock(handle, fcntl.LOCK_EX)
            else:
                with self._gate(name):  # nobody sees it held under the number of who had it before
                    _take(handle)
                    os.ftruncate(handle, 0)
                    os.pwrite(handle, str(os.getpid()).encode(), 0)
            yield

    def holder(self) -> int | None:
        """The number of the process that holds the folder, 0 if it is not known; None if there
        is none.
        """
        with self._gate("lock"), self._open("lock") as handle:
            try:
                _take(handle)
            except Locked as locked:
                return locked.pid
            return None

    @contextlib.contextmanager
    def _gate(self, name: str) -> Iterator[None]:
        """Whoever tries the lock passes here, one at a time: flock(2) cannot be looked at without
        being taken, and an agent that starts must not be refused because somebody looks.
        """
        with self._open(f"{name}.gate") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    @contextlib.contextmanager
    def _open(self, name: str) -> Iterator[int]:
        handle = os.open(self.path / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _FILE)
        try:
            yield handle
        finally:
            os.close(handle)


def _take(handle: int) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Locked(_pid(os.pread(handle, 20, 0))) from None


def _pid(text: bytes) -> int:
    return int(text) if text.isdigit() else 0
