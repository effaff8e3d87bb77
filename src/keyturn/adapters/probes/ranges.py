"""The operator's range file, read as a server reads it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from keyturn.adapters.probes.threads import aside
from keyturn.adapters.ranges import Unusable, read
from keyturn.rules.health.sights import RangesSight

_NS_PER_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class RangesProbe:
    """See ports.health.KnownRanges."""

    path: Path

    async def look(self) -> RangesSight:
        """See the port."""
        return await aside(self._look)

    def _look(self) -> RangesSight:
        try:
            read(self.path)
            changed_at = self.path.stat().st_mtime_ns // _NS_PER_MS
        except Unusable as error:
            line = f"line {error.line}: " if error.line else ""
            return RangesSight(str(self.path), fault=f"{line}{error.why}")
        except OSError as error:  # it went between the two
            return RangesSight(str(self.path), fault=error.strerror or "unreadable")
        return RangesSight(str(self.path), changed_at)
