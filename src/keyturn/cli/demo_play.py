"""`keyturn demo --play`."""

from __future__ import annotations

from keyturn.cli.commands import DONE, NOT_DONE
from keyturn.demo.play.playing import calls
from keyturn.demo.play.playing import play as played


def play(*, helpdesk: bool = False) -> int:
    """Play it through, or the callers at the help desk; the exit status."""
    return DONE if (calls() if helpdesk else played()) else NOT_DONE
