"""The store: one transaction a step.

`await store.write(fn)` runs `fn(tx)` in one serial transaction and commits it before
it returns; `fn` may run twice (a serialisation failure), so it does no I/O and its
only effects are those on `tx`.  `await store.read(fn)` gives a snapshot.  Everything
in a `Tx` is for one tenant at a time: each method takes the tenant's id and never
answers with another tenant's row.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeVar

from keyturn.ports.rooms import (
    Audit,
    Budgets,
    Cases,
    Clients,
    Codes,
    Factors,
    Flows,
    Lanes,
    Lookup,
    Messages,
    Page,
    Passkeys,
    Roles,
    SeenLane,
    Sessions,
    Tenants,
    Users,
    Wanted,
)
from keyturn.ports.upkeep import Facts, Upkeep

if TYPE_CHECKING:  # their value types are loaded when somebody comes to them
    from keyturn.ports.batches import Batches
    from keyturn.ports.cases import CaseLog, Recoveries
    from keyturn.ports.census import Census
    from keyturn.ports.countersigns import Countersigns
    from keyturn.ports.devices import Devices
    from keyturn.ports.directories import Agents, Directories, Jobs
    from keyturn.ports.directory_health import Health
    from keyturn.ports.phones import Phones
    from keyturn.ports.providers import Providers
    from keyturn.ports.signins import Signins
    from keyturn.ports.syncing import Syncs
    from keyturn.ports.tallies import Tallies
    from keyturn.ports.verifications import ApiKeys, Verifications
    from keyturn.ports.webhooks import Webhooks

__all__ = ["Lookup", "Page", "SeenLane", "Store", "StoreUnavailable", "Taken", "Tx", "Wanted"]

T = TypeVar("T")


class StoreUnavailable(Exception):
    """The database does not answer. Nobody gets in, nothing was changed."""


class Taken(Exception):
    """A unique value belongs to somebody else already. `what` names it, e.g. "identifier"."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class Tx(Protocol):
    """One open transaction."""

    @property
    def tenants(self) -> Tenants: ...
    @property
    def users(self) -> Users: ...
    @property
    def lanes(self) -> Lanes: ...
    @property
    def clients(self) -> Clients: ...
    @property
    def sessions(self) -> Sessions: ...
    @property
    def flows(self) -> Flows: ...
    @property
    def codes(self) -> Codes: ...
    @property
    def factors(self) -> Factors: ...
    @property
    def passkeys(self) -> Passkeys: ...
    @property
    def roles(self) -> Roles: ...
    @property
    def budgets(self) -> Budgets: ...
    @property
    def messages(self) -> Messages: ...
    @property
    def audit(self) -> Audit: ...
    @property
    def cases(self) -> Cases: ...
    @property
    def facts(self) -> Facts: ...
    @property
    def upkeep(self) -> Upkeep: ...
    @property
    def directories(self) -> Directories: ...
    @property
    def agents(self) -> Agents: ...
    @property
    def jobs(self) -> Jobs: ...
    @property
    def syncs(self) -> Syncs: ...
    @property
    def health(self) -> Health: ...
    @property
    def signins(self) -> Signins: ...
    @property
    def webhooks(self) -> Webhooks: ...
    @property
    def phones(self) -> Phones: ...
    @property
    def case_log(self) -> CaseLog: ...
    @property
    def recoveries(self) -> Recoveries: ...
    @property
    def batches(self) -> Batches: ...
    @property
    def api_keys(self) -> ApiKeys: ...
    @property
    def verifications(self) -> Verifications: ...
    @property
    def devices(self) -> Devices: ...
    @property
    def tallies(self) -> Tallies: ...
    @property
    def census(self) -> Census: ...
    @property
    def countersigns(self) -> Countersigns: ...
    @property
    def providers(self) -> Providers: ...


class Store(Protocol):
    """Transactions."""

    async def read(self, fn: Callable[[Tx], T]) -> T:
        """`fn` on a snapshot. Raises StoreUnavailable."""
        ...

    async def glance(self, fn: Callable[[Tx], T]) -> T:
        """`fn`, which changes nothing, and each statement of which may see a moment of its own:
        for what is looked for over and over, and decided about in another transaction. Raises
        StoreUnavailable.
        """
        ...

    async def each(self, fn: Callable[[Tx], T]) -> T:
        """`fn`, every statement of which may be a transaction of its own: for one read and
        one statement that changes something only if the read still holds.
        """
        ...

    async def write(self, fn: Callable[[Tx], T]) -> T:
        """`fn` in one transaction, committed and durable on return; rolled back if it
        raises. Raises StoreUnavailable and whatever `fn` raises.
        """
        ...

    def on_commit(self, listener: Callable[[], None]) -> None:
        """Call `listener` (from any thread) after a commit that added messages, so that
        delivery in this process need not wait for its next look.
        """
        ...

    def on_work(self, listener: Callable[[], None]) -> None:
        """Call `listener` (from any thread) after a commit that changed jobs, looks or agents, so
        that the agents which are connected to this process hear of it at once.
        """
        ...
