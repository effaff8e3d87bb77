"""`python -m keyturn` and the `keyturn` command."""

from __future__ import annotations

import sys

from keyturn import patient_gc


def main() -> int:
    """Run one command; its exit status. Nothing is imported that the command does not need."""
    patient_gc()
    from keyturn.cli.commands import run  # noqa: PLC0415  see above

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
