"""`python -m keyturn` and the `keyturn` command."""

from __future__ import annotations

import gc
import sys


def patient_gc() -> None:
    """Look for cycles less often than every 700 objects: imports make many objects and no
    cycles, which costs a tenth of a server's start, and a request makes few.
    """
    gc.set_threshold(50_000, 20, 20)


def main() -> int:
    """Run one command; its exit status. Nothing is imported that the command does not need."""
    patient_gc()
    from keyturn.cli.commands import run  # noqa: PLC0415  see above

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
