"""Judging the operator's range file."""

from __future__ import annotations

from typing import Final

from keyturn.rules.health.sights import RangesSight
from keyturn.rules.health.verdicts import Finding, Value
from keyturn.rules.lockout import DAY

#: from when a file is told as old
OLD_DAYS: Final = 90


def unused(at: int) -> Finding:
    """No file is set."""
    return Finding("ranges.unused", "", at)


def ranges(sight: RangesSight, at: int) -> Finding:
    """The file, as it was met."""
    days = max(0, at - sight.changed_at) // DAY
    facts: dict[str, Value] = {"path": sight.path, "days": days, "said": sight.fault}
    if sight.fault:
        return Finding("ranges.bad", "", at, facts)
    return Finding("ranges.old" if days >= OLD_DAYS else "ranges.ok", "", at, facts)
