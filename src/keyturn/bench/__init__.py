"""Measurements of a real server, from outside, over real HTTP. See docs/benchmarks.md.

    lockout   exactly five guesses are compared, whatever comes at once
    signin    what a sign-in costs beside its one hash
    oracle    whether time or bytes tell who has an account
    start     how fast and how small two workers start
    growth    whether a million accounts make anybody wait
    console   how long the console's lists and searches take
    directory what a proved reset and thousands of idle agents cost
    sync      what reading everybody out of a directory costs, and following

Each starts its servers and databases itself, prints a table with a verdict for each
bound, or one JSON document, and ends with 1 if a bound is broken.
"""

from __future__ import annotations

from collections.abc import Sequence

NAMES = ("lockout", "signin", "oracle", "start", "growth", "console", "directory", "sync")


def run(name: str, argv: Sequence[str]) -> int:
    """Measure `name`, one of NAMES; `argv` are its options (`--help` lists them).

    Returns: 0 if every bound held, 1 if one is broken, 2 if it could not be measured.
    Raises SystemExit for --help and for options that there are none of.
    """
    from keyturn.bench.command import run as measure  # noqa: PLC0415  servers import this package

    return measure(name, argv)
