"""What staff see of directories: agents, who is primary, controllers and how they are reached."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keyturn.ports.store import Tx
from keyturn.rules.accounts import User
from keyturn.rules.directories import leases, topology
from keyturn.rules.directories.entries import DirectoryKind
from keyturn.rules.directories.known import sound_ids
from keyturn.rules.directories.proofs import ProofState
from keyturn.rules.directories.resets import Job, JobState
from keyturn.rules.directories.things import (
    Agent,
    AgentState,
    Directory,
    EnrolmentToken,
    Lease,
    LinkedAccount,
)
from keyturn.rules.directories.topology import Topology
from keyturn.steps import charts
from keyturn.steps.acts import Act

#: jobs whose proofs tell how long a change takes to each controller
RECENT = 20


@dataclass(frozen=True, slots=True)
class AgentRow:
    """One agent.

    Attributes:
        standing: "revoked", "cloned", "waiting", "silent" or "living".
        primary: it holds the lease now.
    """

    agent: Agent
    standing: str
    primary: bool


@dataclass(frozen=True, slots=True)
class DirectoryRow:
    """One directory in a list.

    Attributes:
        standing: "new" (no agent yet), "waiting" (none is approved), "silent" (none that may
            act is heard), "leaderless" (none is primary) or "served".
        primary: the agent that holds the lease, or None.
        until: to when its lease goes, unless it is renewed.
    """

    directory: Directory
    standing: str
    agents: tuple[AgentRow, ...]
    primary: Agent | None
    until: int | None


@dataclass(frozen=True, slots=True)
class Seen:
    """One controller, as staff see it.

    Attributes:
        state: "reached", "unreachable" (`cause` says why), "left_over" (a decommissioned one
            left it behind), "read_only" or "unknown" (the primary said nothing of it).
        delay_ms: how long the last change took to it that was watched, None if none was.
        agents: names of the living agents beside it.
    """

    host: str
    site: str
    pdc: bool
    read_only: bool
    state: str
    cause: str
    delay_ms: int | None
    agents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DirectoryPage:
    """One directory with all that belongs to it; `tokens` can still be used."""

    row: DirectoryRow
    chart: Topology | None
    controllers: tuple[Seen, ...]
    tokens: tuple[EnrolmentToken, ...]


@dataclass(frozen=True, slots=True)
class AccountRow:
    """A user's directory account, and its directory: the name, and what it is."""

    account: LinkedAccount
    directory: str
    kind: DirectoryKind


def row(tx: Tx, act: Act, directory: Directory) -> DirectoryRow:
    """A directory as the list shows it."""
    lease = tx.directories.lease(act.tenant.id, directory.id)
    found = tx.agents.of(act.tenant.id, directory.id)
    rows = tuple(_agent(agent, lease, act.now) for agent in found)
    primary = next((r.agent for r in rows if r.primary), None)
    return DirectoryRow(
        directory, _standing(rows, primary), rows, primary,
        lease.until if lease is not None and primary is not None else None,
    )  # fmt: skip


def _agent(agent: Agent, lease: Lease | None, now: int) -> AgentRow:
    leads = agent.run is not None and leases.leads(lease, agent.id, agent.run.id, now)
    if agent.state is AgentState.REVOKED:
        standing = "revoked"
    elif agent.clone_at is not None:
        standing = "cloned"
    elif agent.state is AgentState.WAITING:
        standing = "waiting"
    else:
        standing = "living" if leases.alive(agent.run, now) else "silent"
    return AgentRow(agent, standing, primary=leads and standing == "living")


def _standing(rows: Sequence[AgentRow], primary: Agent | None) -> str:
    if primary is not None:
        return "served"
    kinds = {row.standing for row in rows} - {"revoked"}
    if not kinds:
        return "new"
    if kinds == {"waiting"}:
        return "waiting"
    return "leaderless" if "living" in kinds else "silent"


def page(tx: Tx, act: Act, directory: Directory) -> DirectoryPage:
    """A directory as its own page shows it."""
    shown = row(tx, act, directory)
    chart = charts.chart(tx, act.tenant.id, directory.id)
    return DirectoryPage(
        shown, chart, _controllers(tx, shown, chart),
        tuple(tx.directories.tokens(act.tenant.id, directory.id, act.now)),
    )  # fmt: skip


def _controllers(tx: Tx, shown: DirectoryRow, chart: Topology | None) -> tuple[Seen, ...]:
    if chart is None:
        return ()
    directory = shown.directory
    reach: Mapping[str, str] = json.loads(directory.reachable) if directory.reachable else {}
    delays = _delays(tx, tx.jobs.of(directory.tenant_id, directory.id, None, RECENT))
    left = {c.host for c in topology.left_over(chart)}
    beside: dict[str, list[str]] = {}
    for each in shown.agents:
        if each.standing == "living":
            beside.setdefault(each.agent.controller, []).append(each.agent.name)
    seen = [
        Seen(
            host=c.host, site=c.site, pdc=c.pdc, read_only=c.read_only,
            state=_state(c.host, left, reach, read_only=c.read_only),
            cause=reach.get(c.host, ""), delay_ms=delays.get(c.host),
            agents=tuple(beside.get(c.host, ())),
        )
        for c in chart.controllers
    ]  # fmt: skip
    return tuple(sorted(seen, key=lambda c: (c.site.lower(), not c.pdc, c.host)))


def _state(host: str, left: set[str], reach: Mapping[str, str], *, read_only: bool) -> str:
    if host in left:
        return "left_over"
    if reach.get(host):
        return "unreachable"
    if read_only:
        return "read_only"
    return "reached" if host in reach else "unknown"


def _delays(tx: Tx, jobs: Sequence[Job]) -> Mapping[str, int]:
    """The newest delay known of each controller."""
    known: dict[str, int] = {}
    for job in jobs:
        if job.state is JobState.DONE:
            for proof in tx.jobs.proofs(job.tenant_id, job.id):
                arrived = proof.state in (ProofState.ARRIVED, ProofState.PROVED)
                if arrived and proof.delay_ms is not None:
                    known.setdefault(proof.controller, proof.delay_ms)
    return known


def accounts(tx: Tx, act: Act, user: User) -> tuple[AccountRow, ...]:
    """The directory accounts that are linked to a user."""
    found = tx.directories.linked(act.tenant.id, user.id)
    known = {d.id: (d.name, d.kind) for d in tx.directories.all(act.tenant.id)} if found else {}
    unknown = ("", DirectoryKind.ACTIVE_DIRECTORY)
    return tuple(AccountRow(a, *known.get(a.directory_id, unknown)) for a in found)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An account that the directory knows by the name typed.

    Attributes:
        protected: why Keyturn never sets its password (rules/directories/protected.py), "".
        disabled: it cannot be used in the directory.
    """

    guid: str
    name: str
    upn: str
    display: str
    protected: str
    disabled: bool


def candidate(view: str) -> Candidate | None:
    """What a look's view says of the account; None if it is no such thing. The view is an
    agent's word: nothing in it is believed to be of the right type.
    """
    try:
        told: Any = json.loads(view)
    except ValueError:
        return None
    if not isinstance(told, dict):
        return None
    named = ("guid", "name", "upn", "display", "protected")
    texts: dict[str, Any] = {name: told.get(name) for name in named}
    if not all(isinstance(text, str) and len(text) <= LONGEST for text in texts.values()):
        return None
    if not sound_ids((texts["guid"],), 1):
        return None
    return Candidate(**texts, disabled=told.get("disabled") is True)


#: longest name that is shown
LONGEST = 1024
