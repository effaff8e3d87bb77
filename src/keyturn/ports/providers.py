"""The room of a transaction that holds links of customers with providers, memberships and stays.

`tenant_id` is the customer's; a provider's side names its own id, and is answered with what is
its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from keyturn.rules.accounts import Tenant, User
from keyturn.rules.providers import Link, Member, Stay


@dataclass(frozen=True, slots=True)
class Acting:
    """Somebody of a provider who may act at a customer, at this moment.

    Attributes:
        user: in the provider's tenant.
    """

    link: Link
    member: Member
    provider: Tenant
    user: User


@dataclass(frozen=True, slots=True)
class Counted:
    """What was counted at a customer.

    Attributes:
        memories: how each of its directories was judged last (Book.memory).
        cases, locked, agents, silent: see rules.providers.Standing.
    """

    cases: int = 0
    locked: int = 0
    agents: int = 0
    silent: int = 0
    memories: tuple[str, ...] = ()


class Providers(Protocol):
    """See rules/providers.py."""

    def add_link(self, link: Link) -> None:
        """Raises Taken("link") if the customer has one with this provider."""
        ...

    def link(self, tenant_id: str, link_id: str) -> Link | None:
        """A customer's, ended or not; when writing nobody else changes it until this transaction
        ends.
        """
        ...

    def link_to(self, tenant_id: str, provider_id: str) -> Link | None:
        """The one that is not ended; held as by `link`."""
        ...

    def links(self, tenant_id: str, limit: int) -> Sequence[Link]:
        """A customer's, the newest first, ended ones too."""
        ...

    def live_links(self, tenant_id: str) -> Sequence[Link]:
        """A customer's that are not ended, the oldest first."""
        ...

    def customers(self, provider_id: str) -> Sequence[tuple[Link, Tenant]]:
        """Those who are linked with a provider now, by name."""
        ...

    def serves(self, tenant_id: str) -> bool:
        """Whether anybody is linked with it as their provider."""
        ...

    def end_link(self, link: Link, now: int, by: str | None) -> None:
        """It is over, and with it every membership; its stays lead nowhere."""
        ...

    def add_member(self, member: Member) -> None:
        """Raises Taken("member") if they act there already."""
        ...

    def end_members(
        self, now: int, by: str | None, user_id: str, link_id: str | None = None
    ) -> Sequence[Member]:
        """They act by this link no more; by none at all with None. What there was to end."""
        ...

    def members(self, link_id: str) -> Sequence[tuple[Member, User]]:
        """Who acts by a link now, by name; also who cannot just now, being disabled."""
        ...

    def of_user(self, user_id: str) -> Sequence[Member]:
        """Where somebody of a provider acts or did, the newest first."""
        ...

    def acting(self, tenant_id: str, user_id: str) -> Acting | None:
        """By which membership somebody of a provider acts at a customer now: their link is live,
        their account in use, and they have a role at the provider's.
        """
        ...

    def people(self, tenant_id: str, user_ids: Sequence[str]) -> Mapping[str, tuple[User, str]]:
        """Those of these who are or were a provider's people here, with its name."""
        ...

    def add_stay(self, stay: Stay) -> None:
        """In place of an older one by the same session in the same tenant."""
        ...

    def stay(self, tenant_id: str, digest: str) -> Stay | None: ...
    def end_stay(self, tenant_id: str, digest: str) -> int: ...
    def follow(self, session: str, after: str) -> None:
        """A session goes on under another token: so do its stays."""
        ...

    def counted(
        self, tenant_ids: Sequence[str], now: int, silent_ms: int
    ) -> Mapping[str, Counted]:  # fmt: skip
        """What waits at each of these customers, in a few statements however many they are.

        Args:
            silent_ms: an agent that was not heard of for so long is silent.
        """
        ...
