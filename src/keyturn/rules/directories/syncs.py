"""How a directory is read into Keyturn: where that stands, and what a report makes of it.

    begin --> READING --page, page, last page--> FOLLOWING --changes, changes, …
                ^                                    |
                +-- begin: another scope, a cursor that was lost, a change that needs it --+

The server alone knows the place (docs/design/09).  A report says from which place it goes on;
if that is not the place any more, nothing of it is taken, and whoever sent it is told where to go
on.  So whatever is sent twice, late, or by two agents at once counts once.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from keyturn.rules.directories.entries import Scope

#: how many accounts may be gone within an hour before a person is asked: so many, or this part
GONE_LEAST: Final = 10
GONE_PART: Final = 20  # a twentieth
GONE_WINDOW_MS: Final = 3_600_000
#: after so long without a word of a directory that is followed, something is wrong
LATE_MS: Final = 300_000


class Phase(StrEnum):
    """What goes on."""

    DUE = "due"  # a full read is to begin
    READING = "reading"
    FOLLOWING = "following"


@dataclass(frozen=True, slots=True)
class Sync:
    """Where one directory stands.

    Attributes:
        number: of the full read; rises with each, so that what is late for one is not taken
            for the next.
        after: id of the last account that was stored in this read, "" before the first.
        total, done: accounts on the roll, and stored of them.
        cursor: to follow from; taken before the roll.
        begun_at, finished_at: of this read; finished_at None while it goes on.
        heard_at: when changes were last told, or that there are none.
        trouble: why it does not go on: a word, and after a space what it is about; "" while it
            does.
    """

    directory_id: str
    scope: Scope
    number: int = 0
    phase: Phase = Phase.DUE
    after: str = ""
    total: int = 0
    done: int = 0
    cursor: bytes = b""
    begun_at: int | None = None
    finished_at: int | None = None
    heard_at: int | None = None
    trouble: str = ""


def place(sync: Sync) -> str:
    """What a report must name to be taken: it changes with everything that is taken."""
    parts = (str(sync.number), sync.phase, sync.after, sync.cursor.hex())
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def begun(sync: Sync, at: str, cursor: bytes, total: int, now: int) -> Sync | None:
    """A full read begins, whatever went on before.

    Args:
        at: the `place` that the sender knows.
        cursor, total: of its roll.

    Returns: None if it is not the place any more: nothing changes.
    """
    if at != place(sync):
        return None
    return replace(
        sync, number=sync.number + 1, phase=Phase.READING, after="", total=total, done=0,
        cursor=cursor, begun_at=now, finished_at=None, trouble="",
    )  # fmt: skip


def paged(sync: Sync, at: str, upto: str, count: int, now: int, *, last: bool) -> Sync | None:
    """A page was read: `count` accounts after `sync.after` and up to `upto`, and no others.

    Args:
        upto: the highest id that the page speaks of; ignored for the last, which speaks of all
            that are left.

    Returns: None if it is not the place any more, or no page of this read: then nothing of it
    is taken.
    """
    if at != place(sync) or sync.phase is not Phase.READING:
        return None
    if last:
        return replace(
            sync, phase=Phase.FOLLOWING, after="", done=sync.done + count, finished_at=now,
            heard_at=now, trouble="",
        )  # fmt: skip
    if upto <= sync.after:
        return None
    return replace(sync, after=upto, done=sync.done + count, trouble="")


def followed(sync: Sync, at: str, cursor: bytes, now: int, *, whole: bool) -> Sync | None:
    """Changes were told, up to `cursor`.

    Args:
        whole: they showed that everything has to be read again.

    Returns: None if it is not the place any more, or there is nothing to follow yet.
    """
    if at != place(sync) or sync.phase is not Phase.FOLLOWING:
        return None
    phase = Phase.DUE if whole else Phase.FOLLOWING
    return replace(sync, phase=phase, cursor=cursor, heard_at=now, trouble="")


def lost(sync: Sync, at: str) -> Sync | None:
    """The directory cannot tell what changed since the cursor. Returns as `followed`."""
    return None if at != place(sync) else replace(sync, phase=Phase.DUE)


def stuck(sync: Sync, at: str, trouble: str) -> Sync | None:
    """It cannot go on for now. The place stays. Returns as `followed`."""
    return None if at != place(sync) else replace(sync, trouble=trouble)


def rescoped(sync: Sync, scope: Scope) -> Sync:
    """Other OUs or groups were chosen: everything is read again, and what is on its way for the
    old scope is not taken.
    """
    if scope == sync.scope:
        return sync
    return replace(sync, scope=scope, number=sync.number + 1, phase=Phase.DUE, trouble="")


def late(sync: Sync, now: int) -> bool:
    """Whether a directory that is followed was not heard of for so long that people should look:
    its primary tells every minute at least, changes or none.
    """
    followed_at = sync.heard_at if sync.phase is Phase.FOLLOWING else None
    return followed_at is not None and now - followed_at >= LATE_MS


def held_back(known: int, gone: int) -> bool:
    """Whether so many disappeared that nobody is disabled before a person has said so.

    Args:
        known: accounts that were there at the beginning of the last hour.
        gone: of them, that are not there any more.
    """
    return gone > max(GONE_LEAST, known // GONE_PART)
