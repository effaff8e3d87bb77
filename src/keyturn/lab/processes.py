"""Processes that the lab started: found by their group or their namespace, ended, weighed."""

from __future__ import annotations

import contextlib
import os
import re
import signal
from pathlib import Path

from keyturn.lab.commands import attempt, until


def group(number: int) -> list[int]:
    """The living processes of a process group."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _parent, its = stat.read_text().rpartition(")")[2].split()[:3]
            if int(its) == number and state != "Z":
                found.append(int(stat.parent.name))
    return found


def signal_group(number: int, sent: signal.Signals) -> None:
    """Signal all of a process group; it may have ended already."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(number, sent)


def pids(space: str) -> list[int]:
    """The processes that live in a network namespace."""
    return [int(pid) for pid in attempt("ip", "netns", "pids", space)[1].split()]


def end_all(space: str, patience_s: float = 10) -> None:
    """Kill every process of a namespace, and wait until none is left. Raises InVain."""

    def ended() -> bool:
        alive = pids(space)
        for pid in alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return not alive

    until(ended, patience_s, f"the end of all processes in {space}")


def memory_kib(pid: int) -> int:
    """What a process holds, shared pages by its share of them (PSS); 0 if it has ended."""
    with contextlib.suppress(OSError):
        said = Path(f"/proc/{pid}/smaps_rollup").read_text()
        found = re.search(r"^Pss:\s+(\d+)", said, re.MULTILINE)
        return int(found[1]) if found else 0
    return 0
