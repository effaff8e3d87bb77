"""An open transaction: a room for each port, made when it is first asked for."""

from __future__ import annotations

from enum import Flag, auto
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import Connection

from keyturn.adapters.sql.accounts import (
    SqlClients,
    SqlFactors,
    SqlPasskeys,
    SqlRoles,
    SqlSessions,
    SqlTenants,
)
from keyturn.adapters.sql.flows import SqlCases, SqlCodes, SqlFlows
from keyturn.adapters.sql.lanes import SqlBudgets, SqlLanes
from keyturn.adapters.sql.rows import Repository
from keyturn.adapters.sql.trail import SqlAudit, SqlMessages
from keyturn.adapters.sql.upkeep import SqlFacts, SqlUpkeep
from keyturn.adapters.sql.users import SqlUsers

if TYPE_CHECKING:
    from keyturn.adapters.sql.agents import SqlAgents
    from keyturn.adapters.sql.batches import SqlBatches
    from keyturn.adapters.sql.casework import SqlCaseLog, SqlRecoveries
    from keyturn.adapters.sql.census import SqlCensus
    from keyturn.adapters.sql.countersigns import SqlCountersigns
    from keyturn.adapters.sql.devices import SqlDevices
    from keyturn.adapters.sql.directories import SqlDirectories
    from keyturn.adapters.sql.directory_health import SqlHealth
    from keyturn.adapters.sql.jobs import SqlJobs
    from keyturn.adapters.sql.phones import SqlPhones
    from keyturn.adapters.sql.providers import SqlProviders
    from keyturn.adapters.sql.signins import SqlSignins
    from keyturn.adapters.sql.syncing import SqlSyncs
    from keyturn.adapters.sql.tallies import SqlTallies
    from keyturn.adapters.sql.verifications import SqlApiKeys, SqlVerifications
    from keyturn.adapters.sql.webhooks import SqlWebhooks

R = TypeVar("R", bound=Repository)


class News(Flag):
    """What a transaction has added for somebody who waits for it."""

    MESSAGES = auto()
    WORK = auto()


NOTHING = News(0)


class SqlTx:
    """See ports.store.Tx."""

    def __init__(self, connection: Connection, dialect: str, *, writing: bool) -> None:
        self.connection = connection
        self._dialect = dialect
        self._writing = writing

    def _room(self, kind: type[R]) -> R:
        return kind(self.connection, self._dialect, writing=self._writing)

    @property
    def news(self) -> News:
        """What the store is to tell of after the commit."""
        rooms = [room for room in self.__dict__.values() if isinstance(room, Repository)]
        enqueued, stirred = any(r.enqueued for r in rooms), any(r.stirred for r in rooms)
        return (News.MESSAGES if enqueued else NOTHING) | (News.WORK if stirred else NOTHING)

    @cached_property
    def tenants(self) -> SqlTenants:
        return self._room(SqlTenants)

    @cached_property
    def users(self) -> SqlUsers:
        return self._room(SqlUsers)

    @cached_property
    def lanes(self) -> SqlLanes:
        return self._room(SqlLanes)

    @cached_property
    def clients(self) -> SqlClients:
        return self._room(SqlClients)

    @cached_property
    def sessions(self) -> SqlSessions:
        return self._room(SqlSessions)

    @cached_property
    def flows(self) -> SqlFlows:
        return self._room(SqlFlows)

    @cached_property
    def codes(self) -> SqlCodes:
        return self._room(SqlCodes)

    @cached_property
    def passkeys(self) -> SqlPasskeys:
        return self._room(SqlPasskeys)

    @cached_property
    def factors(self) -> SqlFactors:
        return self._room(SqlFactors)

    @cached_property
    def roles(self) -> SqlRoles:
        return self._room(SqlRoles)

    @cached_property
    def budgets(self) -> SqlBudgets:
        return self._room(SqlBudgets)

    @cached_property
    def messages(self) -> SqlMessages:
        return self._room(SqlMessages)

    @cached_property
    def audit(self) -> SqlAudit:
        return self._room(SqlAudit)

    @cached_property
    def cases(self) -> SqlCases:
        return self._room(SqlCases)

    @cached_property
    def facts(self) -> SqlFacts:
        return self._room(SqlFacts)

    @cached_property
    def upkeep(self) -> SqlUpkeep:
        return self._room(SqlUpkeep)

    # the rooms of directories, and of phones, are loaded when somebody comes to them: most
    # starts need none

    @cached_property
    def directories(self) -> SqlDirectories:
        from keyturn.adapters.sql.directories import SqlDirectories  # noqa: PLC0415  as said

        return self._room(SqlDirectories)

    @cached_property
    def agents(self) -> SqlAgents:
        from keyturn.adapters.sql.agents import SqlAgents  # noqa: PLC0415  as said

        return self._room(SqlAgents)

    @cached_property
    def jobs(self) -> SqlJobs:
        from keyturn.adapters.sql.jobs import SqlJobs  # noqa: PLC0415  as said

        return self._room(SqlJobs)

    @cached_property
    def syncs(self) -> SqlSyncs:
        from keyturn.adapters.sql.syncing import SqlSyncs  # noqa: PLC0415  as said

        return self._room(SqlSyncs)

    @cached_property
    def health(self) -> SqlHealth:
        from keyturn.adapters.sql.directory_health import SqlHealth  # noqa: PLC0415  as said

        return self._room(SqlHealth)

    @cached_property
    def webhooks(self) -> SqlWebhooks:
        from keyturn.adapters.sql.webhooks import SqlWebhooks  # noqa: PLC0415  as said

        return self._room(SqlWebhooks)

    @cached_property
    def signins(self) -> SqlSignins:
        from keyturn.adapters.sql.signins import SqlSignins  # noqa: PLC0415  as said

        return self._room(SqlSignins)

    @cached_property
    def phones(self) -> SqlPhones:
        from keyturn.adapters.sql.phones import SqlPhones  # noqa: PLC0415  as said

        return self._room(SqlPhones)

    @cached_property
    def case_log(self) -> SqlCaseLog:
        from keyturn.adapters.sql.casework import SqlCaseLog  # noqa: PLC0415  as said

        return self._room(SqlCaseLog)

    @cached_property
    def recoveries(self) -> SqlRecoveries:
        from keyturn.adapters.sql.casework import SqlRecoveries  # noqa: PLC0415  as said

        return self._room(SqlRecoveries)

    @cached_property
    def batches(self) -> SqlBatches:
        from keyturn.adapters.sql.batches import SqlBatches  # noqa: PLC0415  as said

        return self._room(SqlBatches)

    @cached_property
    def api_keys(self) -> SqlApiKeys:
        from keyturn.adapters.sql.verifications import SqlApiKeys  # noqa: PLC0415  as said

        return self._room(SqlApiKeys)

    @cached_property
    def verifications(self) -> SqlVerifications:
        from keyturn.adapters.sql.verifications import SqlVerifications  # noqa: PLC0415  as said

        return self._room(SqlVerifications)

    @cached_property
    def devices(self) -> SqlDevices:
        from keyturn.adapters.sql.devices import SqlDevices  # noqa: PLC0415  as said

        return self._room(SqlDevices)

    @cached_property
    def tallies(self) -> SqlTallies:
        from keyturn.adapters.sql.tallies import SqlTallies  # noqa: PLC0415  as said

        return self._room(SqlTallies)

    @cached_property
    def census(self) -> SqlCensus:
        from keyturn.adapters.sql.census import SqlCensus  # noqa: PLC0415  as said

        return self._room(SqlCensus)

    @cached_property
    def countersigns(self) -> SqlCountersigns:
        from keyturn.adapters.sql.countersigns import SqlCountersigns  # noqa: PLC0415  as said

        return self._room(SqlCountersigns)

    @cached_property
    def providers(self) -> SqlProviders:
        from keyturn.adapters.sql.providers import SqlProviders  # noqa: PLC0415  as said

        return self._room(SqlProviders)
