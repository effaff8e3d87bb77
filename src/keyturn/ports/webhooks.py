"""Tenants' addresses for alarms, and what calls them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from keyturn.ports.delivery import Receipt


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where a tenant's alarms go, besides its owners' mailboxes.

    Attributes:
        host: of the address, for people.
        sealed: JSON of `url` and `secret`: both are secrets.
    """

    tenant_id: str
    host: str
    sealed: str = field(repr=False)
    made_at: int


class Webhooks(Protocol):
    """The room of a transaction that holds them: one a tenant."""

    def of(self, tenant_id: str) -> Webhook | None:
        """The tenant's; None if it has none."""
        ...

    def put(self, webhook: Webhook) -> None:
        """Store it in place of the one before."""
        ...

    def remove(self, tenant_id: str) -> bool:
        """Whether there was one."""
        ...


@dataclass(frozen=True, slots=True)
class Call:
    """A request ready to be sent: POST, with exactly this body."""

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class Caller(Protocol):
    """HTTPS to wherever a tenant says."""

    async def send(self, call: Call) -> Receipt:
        """Call it once. Raises NotDelivered: final if it says that it is gone for good."""
        ...
