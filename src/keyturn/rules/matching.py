"""Number matching: two digits that one screen shows and the phone asks for.

Whoever answers must have read the number, so a prompt cannot be approved by habit, nor by
somebody who sees only the phone.  The numbers have no leading zero, because "7" and "07" are
the same to whoever types them and are not to a comparison.
"""

from __future__ import annotations

import unicodedata
from enum import StrEnum
from typing import Final

#: the numbers are FIRST, FIRST + 1, … ; COUNT of them
FIRST: Final = 10
COUNT: Final = 90
DIGITS: Final = 2
#: wrong numbers that end a question
TRIES: Final = 3


class Ended(StrEnum):
    """Why what waited for a phone waits no more, though no phone has settled it."""

    EXPIRED = "expired"  # its time is over
    NEWER = "newer"  # a newer one took its place
    NUMBER = "number"  # three wrong numbers
    RESET = "reset"  # Reset User
    DISABLED = "disabled"  # the account was disabled
    RECALLED = "recalled"  # whoever asked took it back


def number(drawn: int) -> str:
    """The number to show for a draw from 0 to COUNT - 1. Raises ValueError outside of it."""
    if not 0 <= drawn < COUNT:
        msg = f"a draw from 0 to {COUNT - 1} is needed"
        raise ValueError(msg)
    return str(FIRST + drawn)


def said(typed: str) -> str | None:
    """The number meant: two digits, in any script's digits, spaces around them ignored. None:
    that can be no number, and is no try.
    """
    plain = unicodedata.normalize("NFKC", typed[:20]).strip()
    if len(plain) != DIGITS or not plain.isdecimal():
        return None
    return "".join(str(unicodedata.decimal(letter)) for letter in plain)
