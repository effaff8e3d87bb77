"""The list of commands, and how one is found and run.

A command's module is imported when it is used, so that `keyturn --help` answers at once
and a mistake in one command spoils no other.  Every module has `app`, a typer.Typer.

Exit status: 0 done, 1 not done, 2 wrong usage or settings.
"""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module

DONE, NOT_DONE, WRONG_USAGE = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Command:
    """A command: its module in this package, and what it is for."""

    module: str
    text: str


#: groups, in the order in which an administrator meets them
GROUPS: Mapping[str, Mapping[str, Command]] = {
    "Try it": {
        "demo": Command("demo", "A small company to try out on this machine; --play plays it"),
        "lab": Command("lab", "The same with a real domain of three controllers; --play as well"),
    },
    "Run it": {
        "serve": Command("serve", "The server; the first start prints a link for the first owner"),
        "settings": Command("settings", "Every setting: what it means, what it may be"),
        "tenant": Command("tenant", "Tenants: list, add, set"),
        "mail-key": Command("mail_key", "A key that signs mail (DKIM), and its DNS record"),
        "bounce": Command("bounce", "What a mail system pipes returned mail into"),
    },
    "Beside a directory": {
        "directory": Command("directory", "Connect one, let agents in; links, jobs"),
        "agent": Command("agent", "Enrol, approve, run; status, doctor; the identity key's safe"),
    },
    "Keep it": {
        "backup": Command("backup", "Everything into one file, while the server runs"),
        "restore": Command("restore", "A backup in the place of what is there"),
    },
    "Help people": {
        "user": Command("user", "Find, create, unlock, disable; roles; a new owner"),
        "diagnose": Command("diagnose", "Why somebody cannot get in: looked at, found, not seen"),
        "audit": Command("audit", "What happened: search it, or follow it live"),
    },
    "Devices": {
        "device": Command("device", "Register, list, release; a camera to try it with"),
    },
    "Check it": {
        "doctor": Command("doctor", "What is wrong: mail, texts, clock, disk, database, settings"),
    },
    "Measure it": {
        "bench": Command("bench", "lockout, signin, oracle, start"),
    },
}
COMMANDS: Mapping[str, Command] = {
    name: command for group in GROUPS.values() for name, command in group.items()
}
HELP = ("-h", "--help", "help")


def run(words: Sequence[str]) -> int:
    """Run the command line `words` (without the program's name); its exit status."""
    # what typer prints of its own errors is as plain as ours
    os.environ.setdefault("TYPER_STANDARD_TRACEBACK", "1")
    if not words or words[0] in HELP:
        return _help(words[1:])
    if words[0] == "--version":
        return _version()
    command = COMMANDS.get(words[0])
    if command is None:
        return _unknown(words[0])
    try:
        return _started(words[0], command, words[1:])
    except KeyboardInterrupt:
        return 130  # 128 + SIGINT, as shells have it


def _help(words: Sequence[str]) -> int:
    """`keyturn help COMMAND` is `keyturn COMMAND --help`."""
    if words:
        return run([words[0], "--help"]) if words[0] not in HELP else _help([])
    from keyturn.cli import overview  # noqa: PLC0415  rich is imported only when needed

    overview.show()
    return DONE


def _version() -> int:
    from keyturn import __version__  # noqa: PLC0415  as above

    print(f"keyturn {__version__}")
    return DONE


def _unknown(name: str) -> int:
    close = difflib.get_close_matches(name, COMMANDS, n=1, cutoff=0.5)
    hint = f"Did you mean `keyturn {close[0]}`?" if close else "`keyturn --help` lists them all."
    print(f"There is no command `{name[:40]}`. {hint}", file=sys.stderr)
    return WRONG_USAGE


def _started(name: str, command: Command, words: Sequence[str]) -> int:
    from keyturn.cli import failures  # noqa: PLC0415  as above

    app = import_module(f"keyturn.cli.{command.module}").app
    try:
        status = app(list(words), prog_name=f"keyturn {name}", standalone_mode=True)
    except SystemExit as leaving:
        status = leaving.code
    except Exception as failure:
        if failures.expected(failure):
            return failures.show(failure)
        raise
    return status if isinstance(status, int) else DONE
