"""Several labs at once: each has a number of its own, and what a dead one left is removed.

A number is a locked file.  The lock ends with the process that holds it, however that ends,
so whoever can take the lock of a number may remove whatever carries it.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from keyturn.lab.commands import attempt
from keyturn.lab.processes import end_all

LOCKS = Path("/run/keyturn-lab")
MOST = 100
FOLDER_PREFIX = "keyturn-lab-"
NAMED = Path("/etc/netns")
_OURS = re.compile(r"\bkeyt(\d{1,2})(?=[-:@ \n]|$)")


class NoneFree(Exception):
    """All numbers are taken: so many labs are running."""


class Instance:
    """A number that nobody else has while this lives.

    Attributes:
        number: 0 to 99. tag: the beginning of every name it gives, e.g. "keyt0".
        folder: for this instance's files; removed with it.
    """

    def __init__(self, number: int, lock: int) -> None:
        self.number = number
        self.tag = f"keyt{number}"
        self.folder = Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX))
        self._lock = lock
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(self.folder).encode(), 0)

    def close(self) -> None:
        """Remove all that carries the number, and give it back. May be called twice."""
        if self._lock < 0:
            return
        _remove(self.number, self.folder)
        os.ftruncate(self._lock, 0)
        os.close(self._lock)
        self._lock = -1


def claim() -> Instance:
    """The lowest free number, once what dead instances left is gone. Raises NoneFree."""
    LOCKS.mkdir(mode=0o700, exist_ok=True)
    sweep()
    for number in range(MOST):
        lock = _try_lock(number)
        if lock is not None:
            return Instance(number, lock)
    raise NoneFree


def sweep() -> list[int]:
    """Remove what instances left whose process is dead; their numbers."""
    swept = []
    for number in sorted(_seen()):
        lock = _try_lock(number)
        if lock is None:
            continue
        folder = os.pread(lock, 4096, 0).decode()
        _remove(number, Path(folder) if folder else None)
        os.ftruncate(lock, 0)
        os.close(lock)
        swept.append(number)
    return swept


def _seen() -> set[int]:
    """Numbers that something on this machine carries."""
    links = _told("-o", "link", "show")
    found = {int(n) for n in _OURS.findall(_told("netns", "list") + links)}
    if LOCKS.is_dir():
        found |= {int(file.name) for file in LOCKS.iterdir() if file.stat().st_size}
    return found


def _try_lock(number: int) -> int | None:
    """The open lock, or None while somebody holds it."""
    LOCKS.mkdir(mode=0o700, exist_ok=True)
    lock = os.open(LOCKS / str(number), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock


def _remove(number: int, folder: Path | None) -> None:
    tag = f"keyt{number}"
    for space in _spaces(tag):
        end_all(space)
        attempt("ip", "netns", "del", space)
        shutil.rmtree(NAMED / space, ignore_errors=True)
    for link in re.findall(
        rf"^\d+: ({tag}(?:-[^:@]+)?)[:@]", _told("-o", "link", "show"), re.MULTILINE
    ):
        attempt("ip", "link", "del", link)
    if folder is not None and folder.name.startswith(FOLDER_PREFIX):
        shutil.rmtree(folder, ignore_errors=True)


def _spaces(tag: str) -> Iterator[str]:
    for line in _told("netns", "list").splitlines():
        name = line.split()[0]
        if name.startswith(f"{tag}-"):
            yield name


def _told(*words: str) -> str:
    """What `ip` says; nothing where it cannot, as in a lab on loopback."""
    return attempt("ip", *words)[1]
