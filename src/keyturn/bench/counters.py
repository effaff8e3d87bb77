"""What hashing costs, counted inside the server's processes and read outside of them.

Each process keeps a small file of its own, mapped into memory: three numbers, written
after each hash and before the answer is sent, so that whoever holds the answer reads a
count that includes it. A process that ended leaves its file, and so its counts, behind.
"""

from __future__ import annotations

import mmap
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keyturn.adapters.argon import Hasher

_NUMBERS = struct.Struct("<QQQ")


@dataclass(frozen=True, slots=True)
class Hashing:
    """What was hashed so far.

    Attributes:
        compared: passwords really compared.
        made: new hashes.
        cpu_ns: thread CPU time of both.
        processes: how many processes hashed at all.
    """

    compared: int = 0
    made: int = 0
    cpu_ns: int = 0
    processes: int = 0

    def since(self, earlier: Hashing) -> Hashing:
        """The difference."""
        return Hashing(
            self.compared - earlier.compared,
            self.made - earlier.made,
            self.cpu_ns - earlier.cpu_ns,
            self.processes,
        )


class Counter:
    """This process's three numbers."""

    def __init__(self, folder: Path) -> None:
        file = os.open(folder / str(os.getpid()), os.O_RDWR | os.O_CREAT, 0o600)
        os.ftruncate(file, _NUMBERS.size)
        self._memory = mmap.mmap(file, _NUMBERS.size)
        os.close(file)

    def write(self, compared: int, made: int, cpu_ns: int) -> None:
        """Publish."""
        _NUMBERS.pack_into(self._memory, 0, compared, made, cpu_ns)


def read(folder: Path) -> Hashing:
    """The sum over all processes."""
    rows = [_NUMBERS.unpack(file.read_bytes()) for file in folder.iterdir()]
    compared, made, cpu_ns = (
        (sum(column) for column in zip(*rows, strict=True)) if rows else [0] * 3
    )
    return Hashing(compared, made, cpu_ns, sum(1 for row in rows if row[0]))


class CountedHasher:
    """The real hasher of one process, whose counts are published after each hash."""

    def __init__(self, inner: Hasher, counter: Counter) -> None:
        self._inner = inner
        self._counter = counter
        self.decoy = inner.decoy

    async def hash(self, password: str) -> str:
        """See ports.secrets.Hasher."""
        try:
            return await self._inner.hash(password)
        finally:
            self._publish()

    async def verify(self, encoded: str, password: str) -> bool:
        """See ports.secrets.Hasher."""
        try:
            return await self._inner.verify(encoded, password)
        finally:
            self._publish()

    def outdated(self, encoded: str) -> bool:
        """See ports.secrets.Hasher."""
        return self._inner.outdated(encoded)

    def _publish(self) -> None:
        inner = self._inner
        self._counter.write(inner.hashes, inner.made, inner.cpu_ns)
