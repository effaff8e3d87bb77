"""Which passwords are common or were in a breach.

Two sources: the 30,000 most frequent ones that zxcvbn carries, and, if the installation
has it, a file of its own: either plain passwords, one a line, or the ordered-by-hash
download of Have I Been Pwned ("SHA1HEX:COUNT" lines; shortened hashes will do), which is
searched in place and never loaded.
"""

from __future__ import annotations

import hashlib
import mmap
import re
import threading
from collections.abc import Callable
from pathlib import Path

_HASH_LINE = re.compile(rb"([0-9A-Fa-f]{10,40})(:\d+)?\r?\n?\Z")


class CommonPasswords:
    """Answers `is_common`; reads its lists at the first question, from any thread.

    Args:
        breached: the installation's own file, or None.
    """

    def __init__(self, breached: Path | None = None) -> None:
        self._breached = breached
        self._guard = threading.Lock()
        self._lists: tuple[Callable[[str], bool], ...] | None = None

    def is_common(self, password: str) -> bool:
        """Whether `password`, as typed or case folded, is on a list."""
        spellings = {password, password.casefold()}
        return any(has(spelling) for has in self.load() for spelling in spellings)

    def load(self) -> tuple[Callable[[str], bool], ...]:
        """The lists, read once. Raises OSError if the installation's file cannot be read."""
        with self._guard:
            if self._lists is None:
                own = () if self._breached is None else (open_list(self._breached),)
                self._lists = (_frequent(), *own)
            return self._lists


def _frequent() -> Callable[[str], bool]:
    # Here, because the import costs memory that only those who set passwords need.
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # noqa: PLC0415

    return frozenset(FREQUENCY_LISTS["passwords"]).__contains__


def open_list(path: Path) -> Callable[[str], bool]:
    """Whether a password is in `path`; the file's first line tells which kind it is."""
    with path.open("rb") as file:
        first = file.readline()
        if _HASH_LINE.match(first):
            return HashList(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)).has
    text = path.read_text("utf-8", "replace")
    return frozenset(line.casefold() for line in text.splitlines() if line).__contains__


class HashList:
    """SHA-1 hashes in ascending order, one a line, all of one length; found by bisection."""

    def __init__(self, data: mmap.mmap | bytes) -> None:
        self._data = data
        self._digits = len(_hash_of(data[: data.find(b"\n") + 1 or len(data)]))

    def has(self, password: str) -> bool:
        """Whether the password's hash is in the list."""
        raw = password.encode("utf-8", "surrogatepass")
        wanted = hashlib.sha1(raw, usedforsecurity=False).hexdigest().upper().encode()
        wanted = wanted[: self._digits]
        low, high = 0, len(self._data)
        while low < high:
            start, end = self._line((low + high) // 2)
            found = _hash_of(self._data[start:end])
            if found == wanted:
                return True
            if found < wanted:
                low = end
            else:
                high = start
        return False

    def _line(self, at: int) -> tuple[int, int]:
        """Where the line that contains `at` begins and where the next begins."""
        start = self._data.rfind(b"\n", 0, at) + 1
        end = self._data.find(b"\n", at)
        return start, len(self._data) if end < 0 else end + 1


def _hash_of(line: bytes) -> bytes:
    return line.partition(b":")[0].strip().upper()
