"""Rooms of a transaction for the upkeep of the installation as a whole; no wall is here.

Only the background loop and commands on the host use them, never a request.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from keyturn.rules.retention import Kind


@dataclass(frozen=True, slots=True)
class Swept:
    """One window of rows was looked at.

    Attributes:
        removed: how many went, by tenant.
        after: the key of the last row looked at; () if there are no more to look at.
    """

    removed: Mapping[str, int]
    after: tuple[str, ...]


class Facts(Protocol):
    """What the installation itself remembers: a text by name (at most 40 characters)."""

    def get(self, name: str) -> str | None:
        """Held until the transaction ends when writing, if it is there."""
        ...

    def set(self, name: str, value: str) -> None: ...


class Upkeep(Protocol):
    """Old rows, and accounts to be erased."""

    def sweep(self, kind: Kind, after: Sequence[str], before: int, window: int) -> Swept:
        """Look at the next `window` rows of a kind after a key, and remove those that are
        over and older than `before` (ms).
        """
        ...

    def due_erasures(self, now: int, limit: int) -> Sequence[tuple[str, str]]:
        """(tenant, user) of accounts whose `erase_at` has come, earliest first."""
        ...

    def blur(
        self,
        tenant_id: str,
        user_id: str,
        limit: int,
        address: Callable[[str], str],
        kept: frozenset[str],
    ) -> int:
        """Take what is personal out of at most `limit` audit rows about a user that still
        have it; returns how many there were. What they did to others as staff stays whole.

        Args:
            address: an IP address to what stands in its place.
            kept: names of facts that are not personal; all others go.
        """
        ...

    def erase(self, tenant_id: str, user_id: str) -> None:
        """Remove a user and everything that is theirs but the audit trail; of their cases
        stays that there were any, without their logs.
        """
        ...
