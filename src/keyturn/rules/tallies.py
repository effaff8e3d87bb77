"""What of the audit trail is counted by day, under which names, and when.

A chart of a year cannot read a million rows while somebody waits.  So each row is counted once, a
few minutes after it was written, into its day (rules/calendar.py, in the zone that the tenant had
then).  Names of counts:

    signin.passed              how often it happened
    second.failed/reused       … and why (DETAILS)
    recovery.done/12           … in how many whole minutes
    first/app.bound            people who did it for the first time (STEPS)
    by/01j…/user.unlocked      done by somebody of staff

The trail is counted in *slices*, each within one day.  A slice ends where no row can come any more:
GRACE_MS before now, since a row's id is of the moment when its transaction began.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from keyturn.rules import calendar
from keyturn.rules.events import Event
from keyturn.rules.lockout import MINUTE

#: no transaction is open for so long
GRACE_MS = 2 * MINUTE
#: a slice is no shorter, but at the end of a day
SLICE_MS = 5 * MINUTE
#: a page counts by itself what is younger than the last slice, unless that is so long ago
BEHIND_MS = 30 * MINUTE

FIRST, BY = "first/", "by/"
#: the fact that says why, by event
DETAILS: Mapping[str, str] = {
    Event.SECOND_FAILED: "why",
    Event.CODE_FAILED: "verdict",
    Event.ENROLMENT_FAILED: "why",
    Event.PASSKEY_REFUSED: "why",
    Event.DEVICE_REFUSED: "why",
    Event.RESET_REFUSED: "reason",
    Event.RESET_NOT_DONE: "reason",
    Event.CASE_CLOSED: "cause",
    Event.RECOVERY_DONE: "took_ms",
}
#: from an invitation to a phone that works, in order
STEPS = (
    Event.USER_INVITED, Event.ACTIVATION_BEGUN, Event.PHONE_PROVED, Event.ENROLMENT_SCANNED,
    Event.APP_BOUND, Event.APP_PUSHED,
)  # fmt: skip
_WORD = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")


@dataclass(frozen=True, slots=True)
class Slice:
    """A piece of the trail within one day: from `since` to before `until` (ms)."""

    day: int
    since: int
    until: int


@dataclass(frozen=True, slots=True)
class Tally:
    """How often something happened on a day."""

    day: int
    name: str
    count: int


def detailed(event: str, facts: Mapping[str, object]) -> str:
    """The name under which a row of DETAILS is counted besides its event; "" for none."""
    told = facts.get(DETAILS[event])
    if isinstance(told, int):
        return f"{event}/{told // MINUTE}"
    return f"{event}/{told}" if isinstance(told, str) and _WORD.fullmatch(told) else ""


def due(mark: int, now: int, tz: tzinfo) -> Slice | None:
    """What may be counted by now; None: nothing yet.

    Args:
        mark: everything before it is counted.
    """
    day = calendar.day_of(mark, tz)
    ends = calendar.begins(day + 1, tz)
    until = min(ends, now - GRACE_MS)
    enough = until - mark >= SLICE_MS or until == ends
    return Slice(day, mark, until) if enough else None


def rest(mark: int, now: int, tz: tzinfo) -> Sequence[Slice]:
    """What is not counted yet, day by day; () if it is too long for somebody who waits."""
    if not 0 <= now - mark <= BEHIND_MS:
        return ()
    first, last = calendar.day_of(mark, tz), calendar.day_of(now, tz)
    edges = [mark, *(calendar.begins(n, tz) for n in range(first + 1, last + 1)), now + 1]
    return [Slice(first + n, edges[n], edges[n + 1]) for n in range(len(edges) - 1)]
