"""Checks and tests in order; used by `make test`.

Usage: run_tests.py [check] [unit] [lab] [lock] [fuzz] [properties]
       (without arguments: check unit lab)

Checks come first with a summary of their own; pytest comes last, so that what it says at the
end (what could not run, how many passed) is the end.  tests/fuzz and tests/models belong to
the unit tests, with small budgets and always the same inputs; `fuzz` runs them for longer, and
`properties` the unit tests that draw their inputs, with other inputs for each KEYTURN_SEED.

Some begin before everything else, run in a process beside it and are waited for at the end: what
mostly waits (controllers and agents, part of `lab`; ten minutes for a real lock) and takes longest,
and what only computes (tests/fuzz, tests/models and their like), which takes what the others leave
of the machine (nice 19); the others leave the first its turn (nice 5), so that nobody waits for it
alone at the end.  The real lock `make test` leaves to `make lock`, and says so.  With
KEYTURN_NOTHING_LEFT_OUT=1 it always runs, and whatever cannot run on this machine is a failure.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Self

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"

CHECKS: dict[str, tuple[str, ...]] = {
    "lint": ("ruff", "check", "--quiet", "."),
    "format": ("ruff", "format", "--check", "."),
    "types": ("mypy", "--no-error-summary"),
    "stairs": ("lint-imports", "--no-logo"),
    "pages": ("python", "tools/write_docs.py", "--check"),
    "previews": ("python", "tools/preview_pages.py"),
}

PYTEST = ("pytest", "-q")
#: no dump of what hangs: it waits on purpose, or has so much to try
PATIENT = ("-o", "faulthandler_timeout=3600")
LONGER = ("--hypothesis-profile=fuzz", f"--hypothesis-seed={os.environ.get('KEYTURN_SEED', '0')}")
#: what looks for as long as it is given; see tests/fuzz/budget.py
SEARCHING = ("tests/models", "tests/fuzz")
#: what only computes, like them, but stands among the unit tests
COMPUTING = (
    "tests/unit/rules/test_lockout_model.py",
    "tests/unit/rules/test_codes_model.py",
    "tests/unit/agent/test_crashes.py",
    "tests/unit/agent/test_schedules.py",
)

#: in two processes, each with one half of what there is, and then of what the other has left: files
#: stay together, and with them what a file sets up once
STEALING = ("-n", "2", "--dist=worksteal")

REAL_LOCK, DOMAINS = "tests/lab/test_real_lock.py", "tests/lab/domain"
#: in two processes; each file's servers and browsers belong to one of them
BY_FILES = ("-n", "2", "--dist=loadfile", "--no-loadscope-reorder")


def _files(folder: str, *first: str) -> tuple[str, ...]:
    """The test files of a folder, these first: what takes longest, or one process waits for it at
    the end. Each by its name: pytest reads a folder and files in it as the folder alone.
    """
    chosen = [f"{folder}/test_{name}.py" for name in first]
    every = sorted(f"{folder}/{path.name}" for path in (ROOT / folder).glob("test_*.py"))
    return (*chosen, *(path for path in every if path not in {*chosen, REAL_LOCK}))


CONTROLLERS = (
    *BY_FILES,
    *_files(
        DOMAINS, "lab_play", "directory_crash", "agent_channel", "lab_kinds", "directory_canaries"
    ),
)

TESTS: dict[str, tuple[str, ...]] = {
    "unit": (
        *PYTEST,
        *STEALING,
        *(f"--ignore={path}" for path in COMPUTING),
        "tests/unit",
    ),
    "lab": (*PYTEST, *BY_FILES, *_files("tests/lab", "bench", "upgrade", "several")),
    "fuzz": (*PYTEST, "-n", "2", *PATIENT, *LONGER, *SEARCHING),
    "properties": (*PYTEST, "-n", "2", *PATIENT, *LONGER, "-m", "hypothesis", "tests/unit"),
}
LEFT_OUT = f"""
{"!" * 78}
LEFT OUT: {REAL_LOCK}, which waits ten minutes for a lock
to open by itself. `make lock` runs it, and so does every check of a change.
{"!" * 78}"""


def main(wanted: Sequence[str]) -> int:
    """0 if everything passed, else 1."""
    # some machines set it: each of hundreds of processes would compile every module anew
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    wanted = wanted or ("check", "unit", "lab")
    locking = "lock" in wanted or os.environ.get("KEYTURN_NOTHING_LEFT_OUT") == "1"
    with ExitStack() as stack:
        beside = [
            stack.enter_context(_Beside(*what))
            for what, needed in (
                (("the real lock", (*PATIENT, REAL_LOCK), "ten minutes"), locking),
                (("the tests with controllers and agents", (*PATIENT, *CONTROLLERS), "minutes"),
                 "lab" in wanted),
                (("models and hostile input",
                  (*STEALING, *PATIENT, *COMPUTING, *SEARCHING), "minutes", 19), "unit" in wanted),
            )
            if needed
        ]  # fmt: skip
        failed = _check() if "check" in wanted else []
        for name in wanted:
            if name in TESTS and not _tested(name):
                failed.append(f"{name} tests")
        failed += [tests.name for tests in beside if not tests.passed()]
    if not locking and "lab" in wanted:
        print(LEFT_OUT)
    if failed:
        print(f"\nFAILED: {', '.join(failed)}")
    return int(bool(failed))


class _Beside:
    """Tests in a process beside the others. A context manager: whoever leaves early, by Ctrl-C
    for instance, ends it.

    Args:
        name: of these tests. words: for pytest. long: how long they take, for people.
        nice: how far they stand back while others compute (nice(1)).
    """

    def __init__(self, name: str, words: Sequence[str], long: str, nice: int = 0) -> None:
        self.name = name
        self._words = words
        self._long = long
        self._nice = nice

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        self._output = tempfile.TemporaryFile("w+")
        command = [str(BIN / "pytest"), "-q", "-p", "no:cacheprovider", *self._words]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdout=self._output, stderr=subprocess.STDOUT
        )
        os.setpriority(os.PRIO_PROCESS, self._process.pid, self._nice)
        print(f"{self.name} begin: {self._long}, beside everything else", flush=True)
        return self

    def __exit__(self, *_error: object) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)  # pytest ends its servers, too
            self._process.wait()
        self._output.close()

    def passed(self) -> bool:
        """Wait for their end and show what they said."""
        cpu_s = _cpu_s()  # it is added when its process is waited for
        if self._process.poll() is None:
            print(f"\n{self.name} still run: {self._long} in all", flush=True)
        status = self._process.wait()
        took = _took(self._began, cpu_s)
        self._output.seek(0)
        print(f"\n{self.name}, {took}:\n{self._output.read()}", flush=True)
        return status == 0


def _cpu_s() -> float:
    """The CPU time of all children that have ended, s."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _took(began: float, cpu_s: float) -> str:
    """How long something took since `began` (time.monotonic), and the CPU beyond `cpu_s`."""
    seconds = time.monotonic() - began
    return f"{seconds // 60:.0f} min {seconds % 60:.0f} s, {_cpu_s() - cpu_s:.0f} s of CPU"


def _check() -> list[str]:
    """Run every check; the names of those that failed."""
    lines, failed = [], []
    for name, command in CHECKS.items():
        began = time.monotonic()
        passed = _run(command)
        lines.append(f"  {'ok' if passed else 'FAILED':8}{name:8}{time.monotonic() - began:6.1f} s")
        if not passed:
            failed.append(name)
    print("\nchecks:", *lines, sep="\n", flush=True)
    return failed


def _tested(name: str) -> bool:
    began, cpu_s = time.monotonic(), _cpu_s()
    passed = _run(TESTS[name], nice=5, KEYTURN_COVERED="1" if name == "unit" else "0")
    print(f"{name} tests: {_took(began, cpu_s)}", flush=True)
    return passed


def _run(command: Sequence[str], nice: int = 0, **environment: str) -> bool:
    """Whether it passed. nice: how far it stands back while others compute (nice(1))."""
    print(f"\n$ {' '.join(command)}", flush=True)
    program, *arguments = command
    with subprocess.Popen(
        [BIN / program, *arguments], cwd=ROOT, env={**os.environ, **environment}
    ) as process:
        os.setpriority(os.PRIO_PROCESS, process.pid, nice)
        return not process.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
