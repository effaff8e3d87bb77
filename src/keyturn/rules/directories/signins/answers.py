"""What a directory's answer to one try leads to, and when it is shown.

Whoever asks from outside learns one of few things, and from nothing but their own right
password: a wrong one, a name that nobody has, a locked account, a spent budget and a directory
that bears no tries all look the same (SPEC §2).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from keyturn.rules.directories.proofs import Bind
from keyturn.rules.lockout import SECOND

#: an answer is shown so long after it was asked for, or twice as long, …: what is shorter than
#: this is not seen from outside (whether there was an account to look at, whether it was tried)
STEP_MS: Final = 2 * SECOND


class Way(StrEnum):
    """What an answer leads to."""

    PASS = "pass"  # noqa: S105  not a password: the account is let in, by the ordinary rules
    CHANGE = "change"  # right, and a new one must be chosen first: never a session
    BARRED = "barred"  # right, and the directory lets the account in nowhere, or not now
    REFUSED = "refused"  # the one neutral answer
    TROUBLE = "trouble"  # nothing was asked: no name has to do with it


#: after a right password, by the directory's reason (directories/answers.BIND_REASONS)
_AFTER_RIGHT: Final[Mapping[str, Way]] = MappingProxyType({
    "": Way.PASS,
    "must_change": Way.CHANGE,
    "password_expired": Way.CHANGE,
    "disabled": Way.BARRED,
    "account_expired": Way.BARRED,
    "hours": Way.BARRED,
    "workstation": Way.BARRED,
    "logon_type": Way.BARRED,
})  # fmt: skip

#: why nothing could be asked: of the directory, the agent or the page, never of the account
TROUBLES: Final[Mapping[str, str]] = MappingProxyType({
    "unreachable": "the controller that counts (the PDC emulator) does not answer",
    "seal": "what was sealed does not open for this agent: the page is old",
    "late": "no agent took it within its time, or its leave was used up before the bind",
})  # fmt: skip

#: why nothing was tried, which is told to nobody from outside
UNTRIED: Final[Mapping[str, str]] = MappingProxyType({
    "nobody": "no account has this name; the way was gone all the same",
    "locked": "the directory has locked it, and would not look at a password",
    "no_margin": "the controller's own count leaves no more than two",
    "spent": "Keyturn has tried it as often as it may, within the directory's window",
    "off": "the directory locks after fewer than three: it is never tried from here",
    "unreadable": "what binds the account, or how it is counted, could not be read",
})  # fmt: skip


def way(bind: Bind | None, reason: str) -> Way:
    """What comes of a try.

    Args:
        bind: what the controller said to the password; None: it was not tried.
        reason: the directory's word (BIND_REASONS), or one of UNTRIED or TROUBLES.

    A right password whose reason nobody has listed lets nobody in.
    """
    if bind is Bind.RIGHT:
        return _AFTER_RIGHT.get(reason, Way.BARRED)
    if bind is None and reason in TROUBLES:
        return Way.TROUBLE
    return Way.REFUSED


def shown_at(asked_at: int, answered_at: int) -> int:
    """When an answer is shown, ms: at the first whole step after it was asked for.

    Args:
        asked_at: when the sealed password was handed in.
        answered_at: when the answer was stored.
    """
    steps = -(-max(answered_at - asked_at, 1) // STEP_MS)
    return asked_at + steps * STEP_MS
