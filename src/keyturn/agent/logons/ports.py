"""What the agent needs of controllers' logs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from keyturn.rules.directories.logons.logon import BadLogon

#: bad logons that one reading keeps: the newest
LOGONS_MAX: Final = 5_000


class Unread(Exception):
    """A log could not be read.

    Attributes:
        cause: "missing", "denied", "unreadable" (no file, a program that fails), "timeout".
    """

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


@dataclass(frozen=True, slots=True)
class Logged:
    """What a log tells.

    Attributes:
        logons: the newest last, at most `LOGONS_MAX`.
        since: the log tells of everything from then on, ms since the epoch; None: it is empty,
            and nobody knows since when.
    """

    logons: Sequence[BadLogon]
    since: int | None


class LogonLog(Protocol):
    """The log of one controller. Reading changes nothing, and keeps no place: each reading
    begins at the newest entry, so that no rotation and no restart can lose one.
    """

    async def bad_logons(self, since: int) -> Logged:
        """Bad logons of all accounts from `since` on (ms since the epoch), in bounded time and
        memory. Raises Unread.
        """
        ...


@dataclass(frozen=True, slots=True)
class Logs:
    """The logs that this agent can read.

    Attributes:
        of: by the controller's DNS name.
        now: ms since the epoch, to be compared with what controllers write.
    """

    of: Mapping[str, LogonLog]
    now: Callable[[], int]
