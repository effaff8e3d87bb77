"""The command line of measurements."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import signal
import sys
from collections.abc import Sequence

from keyturn.bench.crowd import NoRoom
from keyturn.bench.herd import HerdFailed
from keyturn.bench.places import (
    POSTGRES,
    SQLITE,
    NoPostgres,
    ServerFailed,
    open_databases,
    scratch,
)
from keyturn.bench.report import Findings, Reporter
from keyturn.bench.task import Task

BROKEN, UNMEASURED = 1, 2
TEXTS = {
    "lockout": "Exactly five guesses are compared, whatever comes at once.",
    "signin": "What a sign-in costs beside its one hash, and what a refusal costs.",
    "oracle": "Whether time or bytes of an answer tell who has an account.",
    "start": "How soon two workers answer and how much memory they take.",
    "growth": "Whether a million accounts and ten million rows make anybody wait.",
    "console": "How long the console's lists and searches take, at 100,000 users.",
    "directory": "What a proved reset and thousands of idle agents cost.",
    "sync": "What reading everybody out of a directory costs, and following.",
}
#: what needs no database of ours
_BARE = {"sync"}
#: options by measurement: what they mean, the usual number, that of --quick
_NUMBERS = {
    "lockout": {
        "processes": ("server processes", 4, 2),
        "parallel": ("tries at once", 200, 20),
        "rounds": ("bursts, each on a fresh account", 100, 2),
        "hidden": ("bursts with one right password among the wrong ones", 40, 10),
        "right": ("right sign-ins at once on one account", 64, 8),
    },
    "signin": {
        "runs": ("runs of which the median counts", 5, 1),
        "tries": ("sign-ins in a run, at least", 64, 2),
        "workers": ("server processes", 2, 1),
    },
    "oracle": {
        "samples": ("answers of each class", 1000, 12),
    },
    "start": {
        "runs": ("starts of which the median counts", 5, 1),
    },
    "growth": {
        "accounts": ("accounts of the big database", 1_000_000, 4_000),
        "rows": ("rows of lanes, and as many of the audit trail", 10_000_000, 4_000),
        "samples": ("right sign-ins, and as many wrong ones, on each database", 1000, 5),
        "looks": ("looks at each page of the console", 40, 1),
    },
    "console": {
        "accounts": ("accounts", 100_000, 2_000),
        "rows": ("rows of lanes, and as many of the audit trail", 1_000_000, 4_000),
        "looks": ("looks at each page", 40, 1),
    },
    "directory": {
        "resets": ("resets on a real controller, each beside a bare one; at most 50", 50, 2),
        "agents": ("agents that are connected", 5000, 40),
        "jobs": ("jobs, each of another agent", 500, 10),
    },
    "sync": {
        "users": ("people in the directory", 10_000, 400),
        "rounds": ("full reads, each beside a bare one", 3, 1),
        "changes": ("changes, one at a time", 10, 2),
    },
}


def run(name: str, argv: Sequence[str]) -> int:
    """Measure.

    Args:
        name: one of NAMES.
        argv: its options; `--help` lists them.

    Returns: 0 if every bound held, 1 if one is broken, 2 if it could not be measured.
    Raises SystemExit for --help and for options that there are none of.
    """
    options = _parser().parse_args([name, *argv])
    signal.signal(signal.SIGTERM, _stopped)
    engines = [options.engine] if options.engine else [SQLITE, POSTGRES]
    if options.name in _BARE:
        engines = []
    reporter = Reporter(as_json=options.json)
    try:
        with scratch() as folder, open_databases(engines, options.database, folder) as databases:
            task = Task(engines, databases, folder, reporter, options.quick, _numbers(options))
            found = _measure(options.name, task)
    except NoPostgres:
        reporter.say(
            "There is no PostgreSQL here: install keyturn with its extra “dev”, name an empty "
            "database with --database, or measure with --engine sqlite."
        )
        return UNMEASURED
    except NoRoom as short:
        reporter.say(f"This needs {short.wanted} GiB of disk, and {short.free} GiB are free.")
        return UNMEASURED
    except HerdFailed as failed:
        reporter.say(f"The agents did not come to what was waited for: {failed}")
        return UNMEASURED
    except ServerFailed:
        reporter.say("The server under test did not start; what it said stands above.")
        return UNMEASURED
    reporter.show(found)
    return 0 if found.ok else BROKEN


def _measure(name: str, task: Task) -> Findings:
    module = importlib.import_module(f"keyturn.bench.{name}")
    found: Findings = asyncio.run(module.measure(task))
    return found


def _stopped(_number: int, _frame: object) -> None:
    """Servers and databases that were started end with us."""
    sys.exit(128 + signal.SIGTERM)


def _numbers(options: argparse.Namespace) -> dict[str, int]:
    """What was asked for, else the usual, or with --quick the least."""
    return {
        flag: getattr(options, flag) or (quick if options.quick else usual)
        for flag, (_, usual, quick) in _NUMBERS[options.name].items()
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="keyturn bench")
    benches = parser.add_subparsers(dest="name", required=True, metavar="NAME")
    for name, text in TEXTS.items():
        bench = benches.add_parser(name, help=text, description=text)
        bench.add_argument("--json", action="store_true", help="print one JSON document")
        bench.add_argument("--quick", action="store_true", help="few rounds, to see that it works")
        bench.add_argument("--engine", choices=[SQLITE, POSTGRES], help="measure on this one only")
        bench.add_argument(
            "--database", metavar="URL",
            help="an empty PostgreSQL database instead of a server started from pip",
        )  # fmt: skip
        for flag, (meaning, usual, _) in _NUMBERS[name].items():
            bench.add_argument(f"--{flag}", type=_count, metavar="N", help=f"{meaning} ({usual})")
    return parser


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("a whole number, 1 or more")
    return number
