"""What the help desk stores of its work: each case's log, and recoveries of lost phones.

Whoever changes a case holds its row first (`hold`); whoever changes a recovery holds the row of
its user (ports/phones.Phones.held).  Who needs both holds the user's first: so nobody waits for
the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from keyturn.rules.accounts import Case
from keyturn.rules.caselog import Row
from keyturn.rules.recoveries import Recovery


class CaseLog(Protocol):
    """The logs of cases (rules/caselog.py). Every id is looked for in its tenant alone."""

    def hold(self, tenant_id: str, ref: str) -> Case | None:
        """The case, which nobody else changes until this transaction ends, when writing."""
        ...

    def rows(self, tenant_id: str, case_id: str) -> Sequence[Row]:
        """A case's log, in order."""
        ...

    def add(self, row: Row) -> None:
        """One more row, of the next number; the case is held."""
        ...

    def asked(self, tenant_id: str, about: str) -> tuple[Case, Row] | None:
        """The case in which a proof was asked, by what was asked, and the row that says so."""
        ...

    def holders(self, tenant_id: str, case_ids: Sequence[str]) -> Mapping[str, str]:
        """Whose each of these cases is, by id; nobody's are left out."""
        ...

    def open_of(self, tenant_id: str, holder: str, limit: int) -> Sequence[Case]:
        """The open cases of somebody, or of nobody (""), the newest first."""
        ...


class Recoveries(Protocol):
    """Recoveries of lost phones (rules/recoveries.py)."""

    def add(self, one: Recovery) -> None:
        """Raises Taken if one of the user's waits already."""
        ...

    def save(self, one: Recovery) -> None: ...
    def get(self, tenant_id: str, recovery_id: str) -> Recovery | None: ...
    def newest(self, tenant_id: str, user_id: str) -> Recovery | None:
        """The user's last one, in any state; held when writing."""
        ...

    def of_case(self, tenant_id: str, case_id: str) -> Recovery | None:
        """The last one that was granted in a case."""
        ...

    def of_user(self, tenant_id: str, user_id: str) -> Sequence[Recovery]:
        """All of a user's, the newest first."""
        ...

    def due(self, now: int, limit: int) -> Sequence[tuple[str, str, str]]:
        """(tenant, user, id) of those of all tenants whose wait is over, the first due first."""
        ...
