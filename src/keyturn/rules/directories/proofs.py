"""The stamp of a password, and what two of them say together.

A directory keeps, for each attribute of each object, replication metadata: a version that
every originating write raises by one, the controller that originated the last one and when
(MS-ADTS 3.1.1.1.9, `msDS-ReplAttributeMetaData`).  For `unicodePwd` that is a stamp which
no reading changes and no clock is needed for.  `pwdLastSet` is none: writing 0 over 0
leaves it as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Stamp:
    """Replication metadata of one attribute of one account, as one controller sees it.

    Attributes:
        version: raised by one at every originating write; 0 if it was never written.
        origin: invocationId of the controller where the last write began, hex.
        at: when, by that controller's clock, ms since the epoch.
        usn: the originating controller's update sequence number of that write. Attributes
            written by one modify share it.
    """

    version: int
    origin: str
    at: int
    usn: int


class Bind(StrEnum):
    """What a controller said to a password tried there once."""

    RIGHT = "right"  # accepted, or refused for a reason that shows it was right (answers.py)
    WRONG = "wrong"  # 52e and kin
    SILENT = "silent"  # it said nothing about the password (775, unreachable)


class ProofState(StrEnum):
    """How far one controller has come with one reset."""

    WAITING = "waiting"  # the change has not arrived
    ARRIVED = "arrived"  # metadata shows it; the password not tried (only a listener reaches)
    PROVED = "proved"  # arrived, and the password was tried there once and is right
    CHANGED = "changed"  # a later write of somebody else is there
    UNREACHABLE = "unreachable"  # nobody could ask it
    READ_ONLY = "read_only"  # holds no password of its own: asks a writable one
