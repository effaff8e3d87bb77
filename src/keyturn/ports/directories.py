"""The rooms of a transaction that hold directories, agents and jobs.

Each method takes the tenant's id and never answers with another tenant's row, except those
that find whose tenant it is: `Agents.by_id` (the agent has proved its key by then) and
`Directories.token` (the token is the proof).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from keyturn.rules.directories.resets import Job, JobState, Proof
from keyturn.rules.directories.things import (
    Agent,
    Directory,
    EnrolmentToken,
    Lease,
    LinkedAccount,
    Run,
)


@dataclass(frozen=True, slots=True)
class Look:
    """A question about one account, and its answer when there is one.

    Attributes:
        asked_by: staff member or user, for whom it is answered.
        view: JSON object as the agent sent it; "" before, and with a cause.
        cause: why there is no view: Unreachable.cause, "not_found", "no_agent"; "" else.
    """

    id: str
    tenant_id: str
    directory_id: str
    user_id: str | None
    guid: str
    name: str
    asked_by: str
    asked_at: int
    expires_at: int
    view: str
    cause: str
    answered_at: int | None


class Directories(Protocol):
    """Directories, their enrolment tokens, leases and linked accounts."""

    def add(self, directory: Directory) -> None:
        """Raises Taken("directory") if the tenant has one of that name."""
        ...

    def all(self, tenant_id: str) -> Sequence[Directory]: ...
    def get(self, tenant_id: str, directory_id: str) -> Directory | None: ...
    def update(self, directory: Directory) -> None:
        """All but `identity`, which has a call of its own, and `kind`, which never changes."""
        ...

    def take_identity(self, tenant_id: str, directory_id: str, identity: bytes) -> bool:
        """Store the identity key if there is none yet (one statement): whether it was this one."""
        ...

    def add_token(self, token: EnrolmentToken) -> None: ...
    def token(self, digest: str) -> EnrolmentToken | None: ...
    def tokens(self, tenant_id: str, directory_id: str, now: int) -> Sequence[EnrolmentToken]:
        """Those that can still be used, the first to expire first."""
        ...

    def use_token(self, digest: str, now: int) -> bool:
        """Whether it was this call that used it up; never twice, never when it has expired."""
        ...

    def lease(self, tenant_id: str, directory_id: str) -> Lease | None: ...
    def take_lease(self, tenant_id: str, lease: Lease, was: Lease | None) -> bool:
        """Store `lease` if the stored one is still `was` (None: there is none)."""
        ...

    def link(self, account: LinkedAccount) -> None:
        """Raises Taken("account") if somebody else holds that account. Replaces the user's own."""
        ...

    def unlink(self, tenant_id: str, directory_id: str, user_id: str) -> None: ...
    def linked(self, tenant_id: str, user_id: str) -> Sequence[LinkedAccount]: ...
    def holder(self, tenant_id: str, directory_id: str, guid: str) -> LinkedAccount | None: ...
    def link_all(self, accounts: Sequence[LinkedAccount]) -> None:
        """As `link`, of many at once; then nobody's, if one is taken."""
        ...

    def holders(
        self, tenant_id: str, directory_id: str, guids: Sequence[str]
    ) -> Sequence[LinkedAccount]:
        """Whose these accounts are, of those that are somebody's."""
        ...

    def of_users(
        self, tenant_id: str, directory_id: str, user_ids: Sequence[str]
    ) -> Sequence[LinkedAccount]:
        """The accounts of these users in a directory."""
        ...


class Agents(Protocol):
    """Agents and what was last heard of them."""

    def add(self, agent: Agent) -> None:
        """Raises Taken("agent") if the directory has one of that name that is not revoked."""
        ...

    def by_id(self, agent_id: str) -> Agent | None: ...
    def lock(self, agent_id: str) -> Agent | None:
        """As by_id, but nobody else changes the row until this transaction ends."""
        ...

    def of(self, tenant_id: str, directory_id: str) -> Sequence[Agent]: ...
    def update(self, agent: Agent) -> None:
        """All but `sequences` and `run`, which have calls of their own. Raises Taken("agent")."""
        ...

    def advance(self, agent_id: str, lane: str, number: int) -> bool:
        """Take a request's number: False if it is not higher than all before it in that lane."""
        ...

    def begin(self, agent_id: str, run: Run, was: str | None) -> bool:
        """Store a new run if the present one is still `was` (its id, None for none)."""
        ...

    def end(self, agent_id: str, run_id: str) -> bool:
        """The run has ended in good order: there is none any more. False if it was not this one."""
        ...

    def heard(self, agent_ids: Sequence[str], now: int) -> None:
        """They live (written in batches)."""
        ...

    def stopped(self, since: int) -> Sequence[str]:
        """Ids of agents of all tenants that were revoked, or flagged as cloned, at `since` or
        later: whose sockets are to be closed.
        """
        ...


class Jobs(Protocol):
    """Jobs, the proofs of each, and looks."""

    def add(self, job: Job) -> None:
        """Raises Taken("permit"), as `update`."""
        ...

    def get(self, tenant_id: str, job_id: str) -> Job | None: ...
    def lock(self, tenant_id: str, job_id: str) -> Job | None:
        """As get, but nobody else changes the job, nor any other of the same account, until this
        transaction ends.
        """
        ...

    def update(self, job: Job, was: JobState) -> bool:
        """Store it if its state is still `was`. Raises Taken("permit") if it would be the second
        of its account that is permitted or unsettled.
        """
        ...

    def open(self, tenant_id: str, directory_id: str) -> Sequence[Job]:
        """Queued, permitted and unsettled ones, oldest first."""
        ...

    def open_of(self, tenant_id: str, directory_id: str, guid: str) -> Sequence[Job]:
        """Those of one account, CHOOSING included; held when writing."""
        ...

    def watched(self, tenant_id: str, directory_id: str) -> Sequence[Job]:
        """Done, not everywhere yet, and not given up (a done job that was has a reason)."""
        ...

    def of(self, tenant_id: str, directory_id: str | None, user_id: str | None,
           limit: int) -> Sequence[Job]:  # fmt: skip
        """The newest first, for console and account page."""
        ...

    def due(self, now: int, limit: int) -> Sequence[Job]:
        """Of all tenants: those that a sweep has something to do with (rules' `due_at`), the first
        due first.
        """
        ...

    def put_proof(self, tenant_id: str, job_id: str, proof: Proof) -> None: ...
    def proofs(self, tenant_id: str, job_id: str) -> Sequence[Proof]: ...
    def ask(self, look: Look) -> None: ...
    def look(self, tenant_id: str, look_id: str) -> Look | None: ...
    def last_look(self, tenant_id: str, directory_id: str, guid: str) -> Look | None:
        """The newest that was asked by guid, answered or not."""
        ...

    def unanswered(self, tenant_id: str, directory_id: str, now: int) -> Sequence[Look]: ...
    def stirring(self, now: int) -> Sequence[tuple[str, str]]:
        """(directory, mark) of all tenants: one for each job that is queued, unsettled or still
        watched, each look and each try of a password that waits and has not expired, each agent
        that waits for approval, and each full read that is due.

        A mark says kind, id and state ("j|ID|queued", "l|ID", "t|ID", "a|ID", "s|NUMBER"): the
        same thing keeps its mark until something happens to it, so that whoever has seen it need
        not ring again.
        """
        ...

    def answer(self, tenant_id: str, look_id: str, view: str, cause: str, now: int) -> bool:
        """False if it was answered already or never asked."""
        ...
