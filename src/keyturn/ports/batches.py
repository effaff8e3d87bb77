"""The room of a transaction that holds people who are invited together (rules/batches.py).

Each method takes the tenant's id and never answers with another tenant's row.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from keyturn.rules.batches import Batch, Row, RowState


class Batches(Protocol):
    """Batches, and the rows of each."""

    def add(self, batch: Batch, rows: Sequence[Row]) -> None: ...
    def get(self, tenant_id: str, batch_id: str) -> Batch | None:
        """Held when writing: nobody else changes it, nor any of its rows."""
        ...

    def save(self, batch: Batch) -> None: ...
    def drop(self, tenant_id: str, batch_id: str) -> None:
        """The batch and its rows go."""
        ...

    def recent(self, tenant_id: str, limit: int) -> Sequence[Batch]:
        """The newest first."""
        ...

    def sending(self, limit: int) -> Sequence[tuple[str, str]]:
        """(tenant, batch) of all tenants: those that are being sent, the oldest first."""
        ...

    def rows(
        self, tenant_id: str, batch_id: str, after: int, limit: int,
        states: Collection[RowState] = (),
    ) -> Sequence[Row]:  # fmt: skip
        """By number, after one; of these states, none: of all."""
        ...

    def put(self, row: Row) -> None:
        """Store what has become of a row: all but what it began with."""
        ...

    def tally(self, tenant_id: str, batch_id: str) -> Mapping[tuple[RowState, str], int]:
        """How many rows there are of each state and meaning."""
        ...

    def of_user(self, tenant_id: str, user_id: str, limit: int) -> Sequence[Row]:
        """A user's rows, in the newest batches first."""
        ...
