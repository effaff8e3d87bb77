"""What processes cost, read from /proc: CPU time in nanoseconds, memory in bytes.

CPU is the first number of /proc/PID/task/TID/schedstat: nanoseconds on a core, summed
over all threads. Unlike utime and stime it is not sampled, so that it is exact for work
that takes less than a tick. Threads and processes that ended in between are not seen;
the servers measured here start theirs once.
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PROC = Path("/proc")
_PSS = re.compile(r"^Pss: +(\d+) kB", re.MULTILINE)


def family(pid: int) -> list[int]:
    """A process and all its descendants."""
    parents: dict[int, list[int]] = {}
    for folder in PROC.iterdir():
        if folder.name.isdecimal():
            with suppress(OSError):
                parents.setdefault(parent_of(int(folder.name)), []).append(int(folder.name))
    found, ahead = [], [pid]
    while ahead:
        one = ahead.pop()
        found.append(one)
        ahead += parents.get(one, [])
    return found


def parent_of(pid: int) -> int:
    """The parent's id. Raises OSError for a process that is gone."""
    # the name, in brackets, may hold anything; the numbers follow the last bracket
    return int((PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])


def name_of(pid: int) -> str:
    """The program's short name; "" for a process that is gone."""
    with suppress(OSError):
        return (PROC / str(pid) / "comm").read_text().strip()
    return ""


def cpu_ns(pids: Iterable[int]) -> int:
    """Nanoseconds that these processes have spent on a core so far."""
    total = 0
    for pid in pids:
        with suppress(OSError):
            for task in (PROC / str(pid) / "task").iterdir():
                with suppress(OSError):
                    total += int((task / "schedstat").read_text().split()[0])
    return total


def pss(pids: Iterable[int]) -> int:
    """Bytes of memory, shared pages divided among those who share them."""
    total = 0
    for pid in pids:
        match = _PSS.search((PROC / str(pid) / "smaps_rollup").read_text())
        total += int(match[1]) * 1024 if match else 0
    return total


@contextmanager
def asleep(pid: int) -> Iterator[None]:
    """A process and all its descendants are stopped, so that they cost nothing meanwhile."""
    those = family(pid)
    _tell(those, signal.SIGSTOP)
    try:
        yield
    finally:
        _tell(those, signal.SIGCONT)


def _tell(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
