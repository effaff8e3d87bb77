"""What verifications of callers store, and keys of the programs that may start them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from keyturn.rules.api_keys import ApiKey
from keyturn.rules.verifications import Ending, Verification


class ApiKeys(Protocol):
    """Keys of tenants' programs; one that was revoked is as one that never was."""

    def all(self, tenant_id: str) -> Sequence[ApiKey]:
        """The tenant's, by name."""
        ...

    def find(self, tenant_id: str, digest: str) -> ApiKey | None:
        """The key of this digest."""
        ...

    def add(self, key: ApiKey) -> None:
        """Raises Taken: a key of the tenant's has the name."""
        ...

    def used(self, tenant_id: str, key_id: str, now: int) -> bool:
        """Store that it is used, and hold it until the transaction ends: of two requests by one
        key one is second. Whether there is such a key.
        """
        ...

    def revoke(self, tenant_id: str, key_id: str, now: int) -> ApiKey | None:
        """The key, which opens nothing any more; None: there is none."""
        ...


class Verifications(Protocol):
    """Verifications of callers. Every id is looked for in its tenant alone."""

    def add(self, one: Verification) -> None: ...
    def get(self, tenant_id: str, one_id: str) -> Verification | None: ...
    def requested(self, tenant_id: str, key_id: str, request: str) -> Verification | None:
        """What this request of this key has started."""
        ...

    def of_user(self, tenant_id: str, user_id: str, limit: int) -> Sequence[Verification]:
        """The newest first."""
        ...

    def settle(self, tenant_id: str, one_id: str, ending: Ending) -> Verification | None:
        """Store how it ended; None: there is none, or it had its end before. One statement: of
        two at a time one settles.
        """
        ...

    def due(self, now: int, limit: int) -> Sequence[Verification]:
        """Of all tenants those whose question is over, or whose time is, and that were not
        settled; the oldest first.
        """
        ...
