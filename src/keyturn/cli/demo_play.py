"""`keyturn demo --play`."""

from __future__ import annotations

from keyturn.cli.commands import DONE, NOT_DONE
from keyturn.demo.play.playing import play as played


def play() -> int:
    """Play it through; the exit status."""
    return DONE if played() else NOT_DONE
