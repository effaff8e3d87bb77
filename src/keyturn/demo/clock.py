"""The demo's clock: the host's, ahead by an offset that all its processes share.

It moves forward only.  No server that people rely on can have one: `keyturn.demo` is
imported by the demo command, the benchmarks and the tests, which a contract in
pyproject.toml holds.
"""

from __future__ import annotations

import fcntl
import mmap
import os
from pathlib import Path

from keyturn.adapters.system import SystemClock
from keyturn.ports.system import Clock
from keyturn.rules.lockout import DAY

#: far enough for everything that ends, and no way to the end of time
FURTHEST_MS = 400 * DAY
_SIZE = 8


class DemoClock:
    """Implements ports.system.Clock.

    Args:
        path: a file of eight bytes that holds the offset; made if there is none.
        real: the clock that the offset is added to.
    """

    def __init__(self, path: Path, real: Clock | None = None) -> None:
        self._real = real or SystemClock()
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        if os.fstat(self._file).st_size < _SIZE:
            os.truncate(self._file, _SIZE)
        # an aligned machine word: read and written whole by every process
        self._shared = memoryview(mmap.mmap(self._file, _SIZE)).cast("q")

    def now(self) -> int:
        """Milliseconds since the epoch, as the demo has it."""
        return self._real.now() + self.offset

    @property
    def offset(self) -> int:
        """By how many milliseconds the demo is ahead of the host."""
        return self._shared[0]

    def advance(self, by: int) -> int:
        """Move on by `by` milliseconds; the new offset.

        Raises ValueError for a step back, or beyond FURTHEST_MS in all.
        """
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            if by < 0 or self.offset + by > FURTHEST_MS:
                raise ValueError(by)
            self._shared[0] += by
            return self.offset
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)
