"""The room of a transaction that holds who is in directories, and how far each was read.

Each method takes the tenant's id and never answers with another tenant's row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from keyturn.rules.directories.known import Known, Owing
from keyturn.rules.directories.syncs import Sync


@dataclass(frozen=True, slots=True)
class Tally:
    """Attributes:
    present: accounts that are there. gone: that went within the time asked for, and of which no
        person has said what that means.
    """

    present: int
    gone: int


@dataclass(frozen=True, slots=True)
class Held:
    """Accounts that went together, and wait for a person.

    Attributes:
        since: when the first of them went; None: there are none.
    """

    count: int = 0
    since: int | None = None


class Syncs(Protocol):
    """How far directories were read, and their accounts."""

    def get(self, tenant_id: str, directory_id: str) -> Sync | None:
        """None: nobody has asked for this directory to be read."""
        ...

    def lock(self, tenant_id: str, directory_id: str) -> Sync | None:
        """As get, but nobody else changes it, nor any of its accounts, until this transaction
        ends.
        """
        ...

    def put(self, tenant_id: str, sync: Sync) -> None:
        """Store it, in place of what was."""
        ...

    def known(self, tenant_id: str, directory_id: str, ids: Sequence[str]) -> Sequence[Known]:
        """Those of `ids` that were ever there, ascending."""
        ...

    def between(
        self, tenant_id: str, directory_id: str, after: str, upto: str | None
    ) -> Sequence[str]:
        """Ids of those that are there, after the one and up to the other (None: to the end),
        ascending.
        """
        ...

    def keep(self, tenant_id: str, directory_id: str, every: Sequence[Known]) -> None:
        """Store them, each in place of what was."""
        ...

    def listed(
        self, tenant_id: str, directory_id: str, begins: str, after: Known | None, limit: int
    ) -> Sequence[Known]:
        """Those that are there and whose name begins so, whatever the case, by name.

        `after`: the last of the page before.
        """
        ...

    def tally(self, tenant_id: str, directory_id: str, since: int) -> Tally:
        """How many are there, and how many have gone at `since` or later."""
        ...

    def owing(self, limit: int) -> Sequence[tuple[str, str]]:
        """(tenant, directory) of all tenants: those that are followed and have accounts that
        are DUE or SURE.
        """
        ...

    def to_settle(self, tenant_id: str, directory_id: str, limit: int) -> Sequence[Known]:
        """Accounts that are DUE or SURE, ascending by id."""
        ...

    def mails(self, tenant_id: str, directory_id: str, mails: Sequence[str]) -> Mapping[str, int]:
        """How many accounts that are there have each of these addresses (`Known.mail`)."""
        ...

    def with_mail(
        self, tenant_id: str, directory_id: str, mail: str, limit: int
    ) -> Sequence[Known]:
        """Accounts that are there and have this address, ascending by id."""
        ...

    def among(
        self, tenant_id: str, directory_id: str, *, names: Sequence[str] = (),
        mails: Sequence[str] = (),
    ) -> Sequence[Known]:  # fmt: skip
        """Accounts that are there and have one of these names, whatever the case, or one of these
        addresses (`Known.mail`); each once, ascending by id.
        """
        ...

    def unclear(self, tenant_id: str, directory_id: str, after: str, limit: int) -> Sequence[Known]:
        """Accounts that are there and of which nobody knows whose they are, after an id."""
        ...

    def count_unclear(self, tenant_id: str, directory_id: str) -> int:
        """How many of them nobody has decided about: those that are not LEFT."""
        ...

    def hold(self, tenant_id: str, directory_id: str, since: int) -> Sequence[str]:
        """Accounts that went at `since` or later and that no person has spoken of are HELD from
        now on; their ids.
        """
        ...

    def held(self, tenant_id: str, directory_id: str) -> Held: ...
    def held_of(self, tenant_id: str, directory_id: str, limit: int) -> Sequence[Known]:
        """Those that are HELD, who went first first."""
        ...

    def release(self, tenant_id: str, directory_id: str, to: Owing) -> int:
        """What is HELD is this from now on; how many there were."""
        ...

    def to_remind(self, now: int, limit: int) -> Sequence[tuple[str, str, Known]]:
        """(tenant, directory, account) of all tenants: accounts whose `remind_at` has come, the
        first due first.
        """
        ...

    def forget(self, tenant_id: str, directory_id: str) -> None:
        """Nobody asks for this directory to be read any more: nothing of it is kept."""
        ...
