"""What waits for a second person. Whoever decides about one holds the row of its user first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from keyturn.rules.countersigns import Countersign


class Countersigns(Protocol):
    """See rules/countersigns.py. Every id is looked for in its tenant alone."""

    def add(self, one: Countersign) -> None: ...
    def save(self, one: Countersign) -> None: ...
    def get(self, tenant_id: str, countersign_id: str) -> Countersign | None:
        """The one; when writing nobody else changes it until this transaction ends."""
        ...

    def of_user(self, tenant_id: str, user_id: str) -> Sequence[Countersign]:
        """All about a user, the newest first."""
        ...

    def recent(self, tenant_id: str, limit: int) -> Sequence[Countersign]:
        """The newest first."""
        ...
