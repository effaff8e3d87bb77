"""What staff do about directories: add one, let agents in, revoke them.

Rights as in `rules.access`: whoever has a role may look, owners and managers may act.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from keyturn.ports.parts import Parts
from keyturn.ports.store import Taken, Tx
from keyturn.rules.access import Action, Staff, Why, hindrance
from keyturn.rules.directories import names
from keyturn.rules.directories.entries import DirectoryKind
from keyturn.rules.directories.names import Unnamed
from keyturn.rules.directories.things import (
    Agent,
    AgentRole,
    AgentState,
    Directory,
    EnrolmentToken,
)
from keyturn.rules.events import Event
from keyturn.rules.lockout import DAY
from keyturn.steps import agents, directory_views
from keyturn.steps.acts import Act, begin, record
from keyturn.steps.directory_views import DirectoryPage, DirectoryRow

T = TypeVar("T")
#: how long an enrolment token lets somebody in
TOKEN_MS: Final = DAY


@dataclass(frozen=True, slots=True)
class NotAllowed:
    """Staff may not do that; nothing was done."""

    why: Why


@dataclass(frozen=True, slots=True)
class NotFound:
    """No such directory or agent in this tenant."""


@dataclass(frozen=True, slots=True)
class BadName:
    """No domain is called like that."""

    why: Unnamed


@dataclass(frozen=True, slots=True)
class Known:
    """The tenant has a directory of that name."""

    directory: Directory | None


@dataclass(frozen=True, slots=True)
class Invited:
    """Lets one agent in, once; shown now and never again.

    Attributes:
        token: stored nowhere but as a digest.
    """

    token: str
    role: AgentRole
    expires_at: int
    directory: Directory


@dataclass(frozen=True, slots=True)
class Revoked:
    """The agent is not listened to any more."""

    agent: Agent


# -- looking


async def everyone(parts: Parts, staff: Staff) -> tuple[DirectoryRow, ...]:
    """The tenant's directories, by name."""

    def step(tx: Tx) -> tuple[DirectoryRow, ...]:
        act = _act(parts, staff)
        found = tx.directories.all(act.tenant.id)
        return tuple(directory_views.row(tx, act, one) for one in found)

    return await parts.store.read(step)


async def one(parts: Parts, staff: Staff, directory_id: str) -> DirectoryPage | NotFound:
    """Everything about one directory."""

    def step(tx: Tx) -> DirectoryPage | NotFound:
        act = _act(parts, staff)
        found = tx.directories.get(act.tenant.id, directory_id)
        return directory_views.page(tx, act, found) if found else NotFound()

    return await parts.store.read(step)


# -- directories and agents


async def add(
    parts: Parts,
    staff: Staff,
    typed: str,
    kind: DirectoryKind = DirectoryKind.ACTIVE_DIRECTORY,
) -> Directory | BadName | Known | NotAllowed:
    """Add a directory by its DNS name; a short name is refused, and why is said. Its kind is
    for its whole life.
    """
    if (why := hindrance(staff, Action.DIRECTORIES, None, 0)) is not None:
        return NotAllowed(why)
    name = names.domain(typed)
    if isinstance(name, Unnamed):
        return BadName(name)

    def step(tx: Tx) -> Directory:
        act = _act(parts, staff)
        fresh = Directory(act.id(), act.tenant.id, name, None, "", None, act.now, kind=kind)
        tx.directories.add(fresh)
        record(tx, act, Event.DIRECTORY_ADDED, None, {"directory": name, "kind": str(kind)})
        return fresh

    try:
        return await parts.store.write(step)
    except Taken:
        rows = await everyone(parts, staff)
        return Known(next((r.directory for r in rows if r.directory.name == name), None))


async def invite(
    parts: Parts, staff: Staff, directory_id: str, role: AgentRole
) -> Invited | NotAllowed | NotFound:
    """A token that lets one agent in, within a day."""
    token = parts.random.token()

    def do(tx: Tx, act: Act, directory: Directory) -> Invited:
        made_by = staff.user.id if staff.user else act.tenant.id
        fresh = EnrolmentToken(
            digest=parts.sealer.digest(agents.TOKEN, token), tenant_id=act.tenant.id,
            directory_id=directory.id, role=role, made_by=made_by,
            expires_at=act.now + TOKEN_MS, used_at=None,
        )  # fmt: skip
        tx.directories.add_token(fresh)
        facts = {"directory": directory.name, "role": str(role), "until": fresh.expires_at}
        record(tx, act, Event.AGENT_INVITED, None, facts)
        return Invited(token, role, fresh.expires_at, directory)

    return await _do(parts, staff, directory_id, do)


async def revoke(
    parts: Parts, staff: Staff, directory_id: str, agent_id: str
) -> Revoked | NotAllowed | NotFound:
    """An agent is not listened to from now on. Its lease runs out by itself: it may be acting
    just now, and only when that is over may another begin.
    """

    def do(tx: Tx, act: Act, directory: Directory) -> Revoked | NotFound:
        found = tx.agents.lock(agent_id)
        if found is None or (found.tenant_id, found.directory_id) != (act.tenant.id, directory.id):
            return NotFound()
        if found.state is AgentState.REVOKED:
            return Revoked(found)
        gone = replace(found, state=AgentState.REVOKED, revoked_at=act.now, bequest=None)
        tx.agents.update(gone)
        facts = {"directory": directory.name, "agent": gone.id, "name": gone.name}
        record(tx, act, Event.AGENT_REVOKED, None, facts)
        return Revoked(gone)

    return await _do(parts, staff, directory_id, do)


# -- what all need


def _act(parts: Parts, staff: Staff) -> Act:
    return begin(parts, staff.caller, staff.user)


async def _do(
    parts: Parts, staff: Staff, directory_id: str, do: Callable[[Tx, Act, Directory], T]
) -> T | NotAllowed | NotFound:
    """Judge, find and act on a directory, in one transaction."""
    if (why := hindrance(staff, Action.DIRECTORIES, None, 0)) is not None:
        return NotAllowed(why)

    def step(tx: Tx) -> T | NotFound:
        act = _act(parts, staff)
        found = tx.directories.get(act.tenant.id, directory_id)
        return do(tx, act, found) if found else NotFound()

    return await parts.store.write(step)
