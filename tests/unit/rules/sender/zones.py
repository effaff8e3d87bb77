"""A DNS made of a table: what evaluations are driven with in tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from keyturn.rules.sender.dns import ABSENT, EMPTY, SILENT, Answer, Asking, Query, Reply, settled
from keyturn.rules.sender.dns import T as Settled

Records = Mapping[str, Mapping[str, Sequence[str]]]


class Zone:
    """Names with their records by kind; whatever is not there is absent.

    Attributes:
        asked: every question, in order.
        silent: names that nobody answers for.
    """

    def __init__(self, records: Records, silent: Sequence[str] = ()) -> None:
        self.records = records
        self.silent = silent
        self.asked: list[Query] = []

    def look(self, query: Query) -> Answer:
        """One answer."""
        self.asked.append(query)
        if query.name in self.silent:
            return SILENT
        found = self.records.get(query.name)
        if found is None:
            return ABSENT
        if query.kind not in found:
            return EMPTY
        return Answer(Reply.FOUND, tuple(found[query.kind]))

    def settle(self, asking: Asking[Settled]) -> Settled:
        """Drive an evaluation."""
        return settled(asking, self.look)
