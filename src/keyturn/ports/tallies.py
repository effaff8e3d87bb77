"""Daily counts of the audit trail (rules/tallies.py)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from keyturn.rules.calendar import Days
from keyturn.rules.tallies import Tally


class Tallies(Protocol):
    """Counts of each tenant's own; every look is within its tenant alone."""

    def oldest(self, tenant_id: str) -> int | None:
        """When the first row of the trail was written (ms); None: there is none."""
        ...

    def count(self, tenant_id: str, since: int, until: int) -> Mapping[str, int]:
        """What the trail has from `since` to before `until` (ms), by names of rules.tallies."""
        ...

    def marks(self) -> Mapping[str, int]:
        """Up to when (ms) the trail of each tenant is counted; those that were begun."""
        ...

    def mark(self, tenant_id: str) -> int | None:
        """Up to when the tenant's trail is counted; None: it was not begun."""
        ...

    def begin(self, tenant_id: str, at: int) -> None:
        """Everything before `at` counts as counted, unless it was begun already."""
        ...

    def advance(self, tenant_id: str, was: int, to: int) -> bool:
        """Move the mark, if nobody else has meanwhile; whether it was moved."""
        ...

    def add(self, tenant_id: str, day: int, counts: Mapping[str, int]) -> None:
        """Add to the counts of a day."""
        ...

    def first(self, tenant_id: str) -> int | None:
        """The first day of which there are counts."""
        ...

    def by_span(
        self, tenant_id: str, spans: Sequence[Days], names: Collection[str], within: str
    ) -> Sequence[Tally]:
        """Counts of some names, and of those that begin with `within`, added up over each of some
        spans that follow one another; `Tally.day` is the span's first.
        """
        ...

    def totals(self, tenant_id: str, first: int, last: int) -> Mapping[str, int]:
        """Counts of all names, all days together."""
        ...
