"""Who is in a directory: staff choose whom to read, its primary reads, the console shows.

Nobody is read before staff have chosen so.  Rights as in `rules.access`: whoever has a role
may look, owners and managers may choose.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeVar

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.ports.syncing import Held
from keyturn.rules.access import Action, Staff, Why, hindrance
from keyturn.rules.directories import leases, syncs
from keyturn.rules.directories.entries import Scope
from keyturn.rules.directories.syncs import Sync
from keyturn.rules.directories.things import Directory
from keyturn.rules.events import Event
from keyturn.steps import agents, syncing
from keyturn.steps.acts import Act, record
from keyturn.steps.acts import begin as acting
from keyturn.steps.agents import Said, Speaker, denied
from keyturn.steps.syncing import Reading
from keyturn.wire.messages import (
    Denied,
    SyncBegun,
    SyncChanges,
    Syncing,
    SyncLost,
    SyncPage,
    SyncStuck,
)

T = TypeVar("T")
#: OUs, and groups, of one scope; characters of the name of one
NAMES_MOST: Final = 40
NAME_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class NotAllowed:
    """Staff may not do that; nothing was done."""

    why: Why


@dataclass(frozen=True, slots=True)
class NotFound:
    """No such directory in this tenant."""


@dataclass(frozen=True, slots=True)
class BadScope:
    """Not a scope.

    Attributes:
        name: what is no distinguished name, or "" for too many of them.
    """

    name: str


@dataclass(frozen=True, slots=True)
class Read:
    """How a directory is read.

    Attributes:
        sync: None: nobody has chosen to read it.
        present: accounts that are known to be there.
        late: nothing was heard of it for some minutes.
        unclear: accounts of which a person is to say whose they are. held: that went together.
    """

    directory: Directory
    sync: Sync | None
    present: int
    late: bool = False
    unclear: int = 0
    held: Held = field(default_factory=Held)


# -- what the primary says


async def begun(parts: Parts, said: Said, message: SyncBegun) -> Syncing | Denied:
    """A full read begins. Answered by the place to go on from, as all of these.

    Denied besides what steps.agents.heard says: "epoch" (it is not primary), "message",
    "unsynced".
    """
    return await _told(parts, said, message, syncing.begun)


async def paged(parts: Parts, said: Said, message: SyncPage) -> Syncing | Denied:
    """A page of it. Denied as `begun`."""
    return await _told(parts, said, message, syncing.paged)


async def followed(parts: Parts, said: Said, message: SyncChanges) -> Syncing | Denied:
    """What changed. Denied as `begun`."""
    return await _told(parts, said, message, syncing.followed)


async def lost(parts: Parts, said: Said, message: SyncLost) -> Syncing | Denied:
    """It has to be read anew. Denied as `begun`."""
    return await _told(parts, said, message, syncing.lost)


async def stuck(parts: Parts, said: Said, message: SyncStuck) -> Syncing | Denied:
    """It cannot go on for now. Denied as `begun`."""
    return await _told(parts, said, message, syncing.stuck)


M = TypeVar("M", SyncBegun, SyncPage, SyncChanges, SyncLost, SyncStuck)


async def _told(
    parts: Parts, said: Said, message: M, take: Callable[[Tx, Reading, M], Sync]
) -> Syncing | Denied:
    if not syncing.sound(message):
        return denied("message")

    def do(tx: Tx, speaker: Speaker) -> Syncing | Denied:
        agent, act = speaker.agent, speaker.act
        lease = tx.directories.lease(agent.tenant_id, agent.directory_id)
        if not leases.leads(lease, agent.id, said.run_id, act.now):
            return denied("epoch")
        sync = tx.syncs.lock(agent.tenant_id, agent.directory_id)
        if sync is None:
            return denied("unsynced")
        return syncing.told(take(tx, Reading(act, sync), message))

    return await parts.store.write(agents.hearing(parts, said, said.run_id, do))


# -- what staff do


async def one(parts: Parts, staff: Staff, directory_id: str) -> Read | NotFound:
    """How a directory is read."""

    def step(tx: Tx) -> Read | NotFound:
        act = acting(parts, staff.caller, staff.user)
        found = tx.directories.get(act.tenant.id, directory_id)
        return _read(tx, act, found) if found else NotFound()

    return await parts.store.read(step)


async def choose(
    parts: Parts, staff: Staff, directory_id: str, units: str, groups: str
) -> Read | BadScope | NotAllowed | NotFound:
    """Read the accounts below some OUs, in some groups; a scope that is another than before
    begins anew.

    Args:
        units, groups: distinguished names, one a line; none: everywhere, everybody.
    """
    scope = Scope(_lines(units), _lines(groups))
    wrong = _wrong(scope)

    def do(tx: Tx, act: Act, directory: Directory) -> Read | BadScope:
        if wrong is not None:
            return BadScope(wrong)
        was = tx.syncs.lock(act.tenant.id, directory.id)
        now = Sync(directory.id, scope) if was is None else syncs.rescoped(was, scope)
        if now != was:
            tx.syncs.put(act.tenant.id, now)
            facts = {"directory": directory.name, "units": list(scope.units),
                     "groups": list(scope.groups)}  # fmt: skip
            record(tx, act, Event.SYNC_CHOSEN, None, facts)
        return _read(tx, act, directory)

    return await _do(parts, staff, directory_id, do)


async def end(parts: Parts, staff: Staff, directory_id: str) -> Read | NotAllowed | NotFound:
    """Read the directory no more, and forget what was read."""

    def do(tx: Tx, act: Act, directory: Directory) -> Read:
        if tx.syncs.lock(act.tenant.id, directory.id) is not None:
            tx.syncs.forget(act.tenant.id, directory.id)
            record(tx, act, Event.SYNC_ENDED, None, {"directory": directory.name})
        return _read(tx, act, directory)

    return await _do(parts, staff, directory_id, do)


def _lines(typed: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(line.strip() for line in typed.splitlines() if line.strip()))


def _wrong(scope: Scope) -> str | None:
    """What of a scope cannot be; the directory itself says what does not exist."""
    for names in (scope.units, scope.groups):
        if len(names) > NAMES_MOST:
            return ""
        for name in names:
            if "=" not in name or len(name) > NAME_MAX or not name.isprintable():
                return name
    return None


def _read(tx: Tx, act: Act, directory: Directory) -> Read:
    here = (act.tenant.id, directory.id)
    sync = tx.syncs.get(*here)
    if sync is None:
        return Read(directory, None, 0)
    present, unclear = tx.syncs.tally(*here, act.now).present, tx.syncs.count_unclear(*here)
    return Read(directory, sync, present, syncs.late(sync, act.now), unclear, tx.syncs.held(*here))


async def _do(
    parts: Parts, staff: Staff, directory_id: str, do: Callable[[Tx, Act, Directory], T]
) -> T | NotAllowed | NotFound:
    """Judge, find and act on a directory, in one transaction."""
    if (why := hindrance(staff, Action.DIRECTORIES, None, 0)) is not None:
        return NotAllowed(why)

    def step(tx: Tx) -> T | NotFound:
        act = acting(parts, staff.caller, staff.user)
        found = tx.directories.get(act.tenant.id, directory_id)
        return do(tx, act, found) if found else NotFound()

    return await parts.store.write(step)
