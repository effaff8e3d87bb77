"""Prepared folders: a domain is made once, stopped, kept, and copied for each lab.

The shelf is in the user's cache.  A prepared folder is named by everything that decides what
is in it; it is made under a lock, so that of two processes one waits for the other, and
copied under the same lock, shared.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import inspect
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from keyturn.lab import people, provisioning
from keyturn.lab.commands import run
from keyturn.lab.controllers import CONFIGURATION

FRESH_MS = 14 * 86_400_000
"""Passwords age in a folder, too: an older one is made anew."""
PASSING = ("log", "run", "tls", "etc", "cache")
"""Folders of a controller that are made anew at each start."""


def default_shelf() -> Path:
    """$XDG_CACHE_HOME/keyturn/lab (XDG Base Directory Specification)."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "keyturn" / "lab"


class Shelf:
    """Prepared folders of one network's addresses.

    Args:
        folder: where they are kept. homes: the controllers' addresses that are in their DNS.
        now: ms since the epoch; what is older than FRESH_MS is not used.
    """

    def __init__(self, folder: Path, homes: tuple[str, ...], now: int) -> None:
        self._folder = folder
        self._now = now
        deciding = [run("samba", "-V"), CONFIGURATION, *homes]
        deciding += [inspect.getsource(part) for part in (people, provisioning)]
        self.key = hashlib.sha256("\0".join(deciding).encode()).hexdigest()[:16]

    def __contains__(self, kind: str) -> bool:
        """Whether it is there and fresh."""
        with contextlib.suppress(FileNotFoundError):
            made = self._place(kind).stat().st_mtime_ns // 1_000_000
            return self._now - made < FRESH_MS
        return False

    @contextlib.contextmanager
    def locked(self, kind: str, *, shared: bool = False) -> Iterator[None]:
        """While this is open nobody else makes it; shared: nobody replaces it."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(self._folder / f"{self.key}-{kind}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def take(self, kind: str, into: Path) -> None:
        """Copy the prepared folders into `into`. The lock must be held."""
        run("cp", "-a", "--reflink=auto", f"{self._place(kind)}/.", into)

    def put(self, kind: str, *controllers: Path) -> None:
        """Keep these folders of stopped controllers. The exclusive lock must be held."""
        draft = self._folder / f"{self.key}-{kind}.draft"
        shutil.rmtree(draft, ignore_errors=True)  # of somebody who died over it
        draft.mkdir()
        for folder in controllers:
            run("cp", "-a", "--reflink=auto", folder, draft)
            for part in PASSING:
                shutil.rmtree(draft / folder.name / part, ignore_errors=True)
        shutil.rmtree(self._place(kind), ignore_errors=True)
        draft.rename(self._place(kind))
        self._forget_others(kind)

    def _place(self, kind: str) -> Path:
        return self._folder / f"{self.key}-{kind}"

    def _forget_others(self, kind: str) -> None:
        """Remove prepared folders of other keys that are stale: two of them are 200 MB."""
        for other in self._folder.glob(f"*-{kind}"):
            made = other.stat().st_mtime_ns // 1_000_000
            if other != self._place(kind) and self._now - made > FRESH_MS:
                shutil.rmtree(other, ignore_errors=True)
                other.with_name(other.name + ".lock").unlink(missing_ok=True)
