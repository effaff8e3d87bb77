"""What is the same for every tenant, and why: shown beside what can be chosen.

The numbers are those that the rules go by; none is written here a second time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from keyturn.rules import (
    activation,
    codes,
    countersigns,
    enrolment,
    lockout,
    passwords,
    recoveries,
    sessions,
    verified,
)
from keyturn.rules.directories import resets
from keyturn.rules.lockout import HOUR, MINUTE, SECOND


@dataclass(frozen=True, slots=True)
class Fixed:
    """A rule that nobody changes. `what`: with `{name}` of `values` to be filled in."""

    what: str
    why: str
    values: Mapping[str, int | str]


FIXED: Final = (
    Fixed(
        "{tries} wrong passwords in a row lock for {minutes} minutes; then it opens by itself.",
        "Enough for honest slips, too few to guess by; and a lock that ends by itself needs "
        "nobody’s help.",
        {"tries": lockout.DEFAULT.limit, "minutes": lockout.DEFAULT.lock_ms // MINUTE},
    ),
    Fixed(
        "{tries} wrong passwords in all, with no right one between, close a password until its "
        "owner sets a new one.",
        "A patient guesser would otherwise have some 700 tries a day, for ever.",
        {"tries": lockout.DEFAULT.close_after},
    ),
    Fixed(
        "Codes by mail and text have six digits, {tries} tries and {minutes} minutes; another "
        "one after {seconds} seconds.",
        "So few tries at so many codes that guessing is no way in; long enough for a slow mail.",
        {
            "tries": codes.TRIES,
            "minutes": codes.LIFE_MS // MINUTE,
            "seconds": codes.RESEND_MS // SECOND,
        },
    ),
    Fixed(
        "An activation link works for {hours} hours and for one phone; a newer one ends it.",
        "A weekend is not lost, and no old mail opens an account.",
        {"hours": activation.LIFE_MS // HOUR},
    ),
    Fixed(
        "The code that a phone scans works for {minutes} minutes, once.",
        "It stands on a screen that others see.",
        {"minutes": enrolment.LIFE_MS // MINUTE},
    ),
    Fixed(
        "Passwords may have up to {longest} characters and follow no rules of composition; common, "
        "breached ones and those made of your name are refused.",
        "Rules of composition make passwords worse; lists of known ones make them better.",
        {"longest": passwords.LENGTH_MAX},
    ),
    Fixed(
        "What staff do that is dangerous needs a second step shown within {minutes} minutes.",
        "A screen that was left open must not be enough.",
        {"minutes": sessions.FRESH_MS // MINUTE},
    ),
    Fixed(
        "What is done to a colleague’s account waits for a second person, {hours} hours at most.",
        "Nobody alone, and no thief of one account, takes another’s rights.",
        {"hours": countersigns.LIFE_MS // HOUR},
    ),
    Fixed(
        "A proof in a case is good for {minutes} minutes, for the technician who took it.",
        "Who was on the phone an hour ago need not be who is on it now.",
        {"minutes": verified.PROOF_MS // MINUTE},
    ),
    Fixed(
        "A lost phone is replaced after {hours} hours where nothing bound to the account took "
        "part, and its owner can object.",
        "Whoever talked the help desk into it is stopped by the notice to the owner.",
        {"hours": recoveries.WAIT_MS // HOUR},
    ),
    Fixed(
        "A directory password is set and proved within {seconds} seconds, or it is said that it "
        "was not.",
        "An answer that may still change is none.",
        {"seconds": resets.DEADLINE_MS // SECOND},
    ),
    Fixed(
        "Support never asks for a password, and no page of staff’s takes one.",
        "So whoever asks for one is an impostor.",
        {},
    ),
)
