"""Checks and tests in order; used by `make test`.

Usage: run_tests.py [check] [unit | lab | all]      (without arguments: check all)

Checks come first with a summary of their own; pytest comes last, so that what it says at the
end (what could not run, how many passed) is the end.  With KEYTURN_NOTHING_LEFT_OUT=1
whatever cannot run on this machine is a failure.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"

CHECKS: dict[str, tuple[str, ...]] = {
    "lint": ("ruff", "check", "--quiet", "."),
    "format": ("ruff", "format", "--check", "."),
    "types": ("mypy", "--no-error-summary"),
    "stairs": ("lint-imports", "--no-logo"),
    "pages": ("python", "tools/write_docs.py", "--check"),
}

PYTEST = ("pytest", "-q")
COVERED = ("--cov", "--cov-report=term")

TESTS: dict[str, tuple[str, ...]] = {
    "unit": (*PYTEST, "-n", "2", *COVERED, "tests/unit"),
    "lab": (*PYTEST, "tests/lab"),
    # The lab keeps to one process (its servers have ports), unit tests use the other.
    "all": (*PYTEST, "-n", "2", "--dist", "loadgroup", *COVERED, "tests"),
}


def main(wanted: Sequence[str]) -> int:
    """0 if everything passed, else 1."""
    wanted = wanted or ("check", "all")
    failed = _check() if "check" in wanted else []
    for name in wanted:
        if name in TESTS and not _run(TESTS[name]):
            failed.append(f"{name} tests")
    if failed:
        print(f"\nFAILED: {', '.join(failed)}")
    return int(bool(failed))


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


def _run(command: Sequence[str]) -> bool:
    print(f"\n$ {' '.join(command)}", flush=True)
    program, *arguments = command
    return not subprocess.run([BIN / program, *arguments], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
