"""Counting a tenant's people, for whoever wants to know what a change would mean for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from keyturn.rules.policies.counts import Locked, People


@dataclass(frozen=True, slots=True)
class Mailboxes:
    """Active users with an address at one mail domain; `stuck`: those without a proved number."""

    all: int
    stuck: int


class Census(Protocol):
    """Counts of each tenant's own; each look is within its tenant alone, and over `most` of its
    users at most.
    """

    def people(self, tenant_id: str, most: int) -> People:
        """See People."""
        ...

    def locked(self, tenant_id: str, now: int) -> Locked:
        """See Locked."""
        ...

    def domains(self, tenant_id: str, most: int) -> Mapping[str, Mailboxes]:
        """By mail domain as it is written in the addresses."""
        ...
