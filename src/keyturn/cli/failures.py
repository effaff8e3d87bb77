"""Failures that an administrator can do something about: in words, without a traceback."""

from __future__ import annotations

from typing import NamedTuple

from rich.text import Text

from keyturn.cli.commands import NOT_DONE, WRONG_USAGE
from keyturn.cli.terminal import ERR
from keyturn.ports.store import StoreUnavailable
from keyturn.settings import SettingsRefused, report


class NotDone(Exception):
    """The command was understood and could not be done.

    Attributes:
        what: one sentence that says so.
        remedy: what to do about it, or "".
    """

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy


class WrongUse(NotDone):
    """The command line asks for something that does not go together."""


EXPECTED = (NotDone, SettingsRefused, StoreUnavailable)


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
        case WrongUse():
            return _Words(failure.what, failure.remedy, WRONG_USAGE)
        case NotDone():
            return _Words(failure.what, failure.remedy, NOT_DONE)
        case SettingsRefused():
            remedy = "`keyturn settings` explains every setting."
            return _Words(report(failure), remedy, WRONG_USAGE)
        case _:
            remedy = f"Is it running, and is store.url right? It said: {failure}"
            return _Words("The database does not answer. Nothing was changed.", remedy, NOT_DONE)
