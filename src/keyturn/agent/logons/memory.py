"""A pretend log."""

from __future__ import annotations

from dataclasses import dataclass, field

from keyturn.agent.logons.ports import LOGONS_MAX, Logged, Unread
from keyturn.rules.directories.logons.logon import BadLogon


@dataclass(slots=True)
class MemoryLog:
    """A log that a test writes.

    Attributes:
        entries: in any order.
        fault: why it cannot be read, "".
    """

    entries: list[BadLogon] = field(default_factory=list)
    fault: str = ""

    async def bad_logons(self, since: int) -> Logged:
        if self.fault:
            raise Unread(self.fault)
        every = sorted(self.entries, key=lambda one: one.at)
        if not every:
            return Logged((), None)
        kept = [one for one in every if one.at >= since][-LOGONS_MAX:]
        return Logged(kept, max(every[0].at, since))
