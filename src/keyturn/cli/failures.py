"""Failures that an administrator can do something about: in words, without a traceback.

The settings' failure is known by what has been imported: whoever runs an agent has neither
settings nor the library that reads them.
"""

from __future__ import annotations

import sys
from typing import NamedTuple

from rich.text import Text

from keyturn.cli.commands import NOT_DONE, WRONG_USAGE
from keyturn.cli.terminal import ERR
from keyturn.ports.store import StoreUnavailable


class NotDone(Exception):
    """The command was understood and could not be done.

    Attributes:
        what: one sentence that says so.
        remedy: what to do about it, or "".
        status: the command's exit status.
    """

    status = NOT_DONE

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy


class WrongUse(NotDone):
    """The command line asks for something that does not go together."""

    status = WRONG_USAGE


_SETTINGS = "keyturn.settings"


def expected(failure: Exception) -> bool:
    """Whether it has words of its own."""
    return isinstance(failure, NotDone | StoreUnavailable) or _of_settings(failure)


def _of_settings(failure: Exception) -> bool:
    settings = sys.modules.get(_SETTINGS)
    return settings is not None and isinstance(failure, settings.SettingsRefused)


class _Words(NamedTuple):
    what: str
    remedy: str
    status: int


def show(failure: Exception) -> int:
    """Print a failure on standard error; the exit status."""
    words = _words(failure)
    ERR.print(Text(words.what))
    if words.remedy:
        ERR.print(Text(words.remedy, "dim"))
    return words.status


def _words(failure: Exception) -> _Words:
    match failure:
        case NotDone():
            return _Words(failure.what, failure.remedy, failure.status)
        case _ if _of_settings(failure):
            remedy = "`keyturn settings` explains every setting."
            return _Words(sys.modules[_SETTINGS].report(failure), remedy, WRONG_USAGE)
        case _:
            remedy = f"Is it running, and is store.url right? It said: {failure}"
            return _Words("The database does not answer. Nothing was changed.", remedy, NOT_DONE)
