"""Many people invited together: who they are is read and shown, then somebody begins it.

A file, an OU, a group and a search make the same: a draft of rows, each with what an invitation
means for it (steps.batch_rows).  Who begins it answers for it: what is sent is sent with their
rights, as they are at that moment (flows.batch_sending).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules import batches, people_csv
from keyturn.rules.access import ALLOWED, Action, Staff, Why, hindrance, lacking
from keyturn.rules.accounts import UserState
from keyturn.rules.batches import Batch, BatchState, Row, RowState, Source, Stop
from keyturn.rules.directories.syncs import Phase
from keyturn.rules.directories.things import Directory
from keyturn.rules.events import Event
from keyturn.rules.people_csv import BadFile
from keyturn.steps import batch_rows, batch_sources, colleagues
from keyturn.steps.acts import Act, begin, record
from keyturn.steps.batch_sources import Place, TooMany
from keyturn.steps.naming import is_id

__all__ = [
    "PAGE",
    "BadFile",
    "Drafted",
    "NoSuchPlace",
    "Nobody",
    "NotAllowed",
    "NotFound",
    "NotRead",
    "Places",
    "Shown",
    "Stale",
    "everyone",
    "from_directory",
    "from_file",
    "from_search",
    "outcome",
    "places",
    "recent",
    "show",
    "start",
    "stop",
]  # fmt: skip

T = TypeVar("T")
#: rows of a page, and batches of the list
PAGE: Final = 100
RECENT: Final = 20


@dataclass(frozen=True, slots=True)
class NotAllowed:
    """Staff may not do that; nothing was done."""

    why: Why


@dataclass(frozen=True, slots=True)
class NotFound:
    """No such batch or directory in this tenant."""


@dataclass(frozen=True, slots=True)
class Nobody:
    """There is nobody to invite in it. `many`: more than a batch may have."""

    many: bool = False


@dataclass(frozen=True, slots=True)
class NotRead:
    """Who is in this directory is not known: nobody has chosen to read it, or it is being read."""

    directory: Directory


@dataclass(frozen=True, slots=True)
class NoSuchPlace:
    """No OU, or group, of that name among those that are read."""

    known: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Drafted:
    """What a batch would do, or is to do."""

    batch: Batch
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Places:
    """What of a directory can be chosen; `read`: who is in it is known."""

    directory: Directory
    read: bool
    units: tuple[Place, ...]
    groups: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """A batch, and a page of its rows.

    Attributes:
        tally: rows by state and meaning.
        after: the number that the next page follows; None for the last.
        makers: names of whoever made and began it, by id.
        fresh: a draft that can be begun.
    """

    batch: Batch
    tally: Mapping[tuple[RowState, str], int]
    rows: tuple[Row, ...]
    after: int | None
    makers: Mapping[str, str]
    fresh: bool

    def count(self, state: str) -> int:
        """Rows of a state."""
        return sum(count for (one, _), count in self.tally.items() if one == state)


@dataclass(frozen=True, slots=True)
class Stale:
    """The batch is not what it was taken for: begun, over, or too old to be begun."""

    batch: Batch


# -- a draft

Find = Callable[[Tx, Act, Batch], tuple[Row, ...]]


async def from_file(
    parts: Parts, staff: Staff, name: str, raw: bytes, *, keep: bool = True
) -> Drafted | Nobody | BadFile | NotAllowed:
    """The people of a CSV file. A file that is refused leaves nothing.

    Args:
        keep: the draft is stored, so that it can be begun.
    """
    lines = people_csv.read(raw)
    if isinstance(lines, BadFile):
        return lines
    return await _draft(
        parts, staff, (Source.FILE, name, None),
        lambda _tx, _act, batch: batch_sources.of_lines(batch, lines), keep=keep,
    )  # fmt: skip


async def from_search(
    parts: Parts, staff: Staff, query: str, state: UserState | None, *, keep: bool = True
) -> Drafted | Nobody | NotAllowed:
    """The users whom a search finds; see flows.staff.users."""
    label = " ".join(filter(None, (query, state)))
    return await _draft(
        parts, staff, (Source.SEARCH, label, None),
        lambda tx, act, batch: batch_sources.of_search(tx, act, batch, query, state), keep=keep,
    )  # fmt: skip


async def from_directory(
    parts: Parts, staff: Staff, directory_id: str, source: Source, typed: str, *, keep: bool = True
) -> Drafted | Nobody | NoSuchPlace | NotRead | NotFound | NotAllowed:
    """The accounts in or below an OU, or in a group.

    Args:
        source: Source.UNIT or Source.GROUP.
        typed: its distinguished name, or the first value of it.
    """
    if (why := hindrance(staff, Action.INVITE, None, 0)) is not None:
        return NotAllowed(why)
    found = await places(parts, staff, directory_id)
    if isinstance(found, NotFound | NotAllowed):
        return found
    if not found.read:
        return NotRead(found.directory)
    known = found.units if source is Source.UNIT else found.groups
    place = batch_sources.chosen(known, typed)
    if place is None:
        return NoSuchPlace(known)
    of = batch_sources.of_unit if source is Source.UNIT else batch_sources.of_group
    return await _draft(
        parts, staff, (source, place, directory_id),
        lambda tx, _act, batch: of(tx, batch, directory_id, place), keep=keep,
    )  # fmt: skip


async def places(parts: Parts, staff: Staff, directory_id: str) -> Places | NotFound | NotAllowed:
    """The OUs and groups of a directory that can be chosen."""
    if (why := lacking(staff, Action.INVITE, None, 0)) is not None:
        return NotAllowed(why)

    def step(tx: Tx) -> Places | NotFound:
        here = staff.caller.tenant.id, directory_id
        directory = tx.directories.get(*here) if is_id(directory_id) else None
        if directory is None:
            return NotFound()
        sync = tx.syncs.get(*here)
        read = sync is not None and sync.phase is Phase.FOLLOWING
        units = batch_sources.units(tx, *here) if read else ()
        return Places(directory, read, units, batch_sources.groups(tx, *here) if read else ())

    return await parts.store.read(step)


async def _draft(
    parts: Parts, staff: Staff, of: tuple[Source, str, str | None], find: Find, *, keep: bool
) -> Drafted | Nobody | NotAllowed:
    """Args: of: source, label, directory."""
    if (why := hindrance(staff, Action.INVITE, None, 0)) is not None:
        return NotAllowed(why)
    act = _act(parts, staff)
    source, label, directory_id = of
    blank = batches.draft(act.id(), act.tenant.id, source, label, _id(staff), act.now)

    def look(tx: Tx) -> tuple[Row, ...]:
        return batch_rows.judged(tx, act, staff, find(tx, act, blank))

    try:
        found = tuple(map(batches.kept, await parts.store.read(look)))
    except TooMany:
        return Nobody(many=True)
    if not found:
        return Nobody()
    batch = replace(blank, directory_id=directory_id, people=len(found))
    if keep:
        await parts.store.write(lambda tx: tx.batches.add(batch, found))
    return Drafted(batch, found)


# -- looking


async def recent(parts: Parts, staff: Staff) -> tuple[Batch, ...] | NotAllowed:
    """The newest batches, of what these staff may do."""
    may = ALLOWED[staff.role]
    if may.isdisjoint(batches.NEEDS.values()):
        return NotAllowed(Why.NO_ROLE)
    tenant_id = staff.caller.tenant.id
    found = await parts.store.read(lambda tx: tx.batches.recent(tenant_id, RECENT))
    return tuple(batch for batch in found if batch.needs in may)


async def everyone(parts: Parts, staff: Staff) -> tuple[Directory, ...]:
    """The directories whose OUs and groups can be chosen."""
    tenant_id = staff.caller.tenant.id
    return await parts.store.read(lambda tx: tuple(tx.directories.all(tenant_id)))


async def show(
    parts: Parts, staff: Staff, batch_id: str, after: int = 0, only: Collection[RowState] = ()
) -> Shown | NotFound | NotAllowed:
    """A batch, how far it is, and a page of its rows.

    Args:
        after: the number that the page follows. only: rows of these states; none: of all.
    """

    def look(tx: Tx, act: Act, batch: Batch) -> Shown:
        tenant_id = act.tenant.id
        found = tx.batches.rows(tenant_id, batch.id, after, PAGE + 1, only)
        shown = tuple(found[:PAGE])
        more = shown[-1].number if len(found) > PAGE else None
        ids = {one for one in (batch.made_by, batch.begun_by) if one}
        makers = colleagues.names(tx, tenant_id, ids)
        tally = tx.batches.tally(tenant_id, batch.id)
        return Shown(batch, tally, shown, more, makers, batches.fresh(batch, act.now))

    return await _look(parts, staff, batch_id, look)


async def outcome(parts: Parts, staff: Staff, batch_id: str) -> Drafted | NotFound | NotAllowed:
    """A batch with all of its rows."""

    def look(tx: Tx, act: Act, batch: Batch) -> Drafted:
        rows = tx.batches.rows(act.tenant.id, batch.id, 0, batches.MOST)
        return Drafted(batch, tuple(rows))

    return await _look(parts, staff, batch_id, look)


# -- acting


async def start(parts: Parts, staff: Staff, batch_id: str) -> Batch | Stale | NotFound | NotAllowed:
    """Do what the draft shows."""

    def do(tx: Tx, act: Act, batch: Batch) -> Batch | Stale | NotAllowed:
        if (why := hindrance(staff, batch.needs, None, 0)) is not None:
            return NotAllowed(why)
        if not batches.fresh(batch, act.now):
            return Stale(batch)
        begun = batches.begun(batch, _id(staff), act.now)
        tx.batches.save(begun)
        facts = {"batch": batch.id, "source": str(batch.source), "people": batch.people,
                 "waiting": _waiting(tx, batch), "act": str(batch.act)}  # fmt: skip
        record(tx, act, Event.BATCH_BEGUN, None, facts)
        return begun

    return await _do(parts, staff, batch_id, do)


def _waiting(tx: Tx, batch: Batch) -> int:
    tally = tx.batches.tally(batch.tenant_id, batch.id)
    return sum(count for (state, _), count in tally.items() if state is RowState.WAITING)


async def stop(parts: Parts, staff: Staff, batch_id: str) -> Batch | Stale | NotFound | NotAllowed:
    """Send no more of it; a draft is thrown away. What was sent stays so."""

    def do(tx: Tx, act: Act, batch: Batch) -> Batch | Stale:
        if batch.state is BatchState.DRAFT:
            tx.batches.drop(act.tenant.id, batch.id)
            return batch
        if batch.state is not BatchState.SENDING:
            return Stale(batch)
        over = batches.ended(batch, act.now, Stop.STAFF)
        tx.batches.save(over)
        facts = {"batch": batch.id, "stop": str(Stop.STAFF), "waiting": _waiting(tx, batch)}
        record(tx, act, Event.BATCH_ENDED, None, facts)
        return over

    return await _do(parts, staff, batch_id, do)


# -- what these need


def _act(parts: Parts, staff: Staff) -> Act:
    return begin(parts, staff.caller, staff.user)


def _id(staff: Staff) -> str:
    return staff.user.id if staff.user else ""


async def _look(
    parts: Parts, staff: Staff, batch_id: str, look: Callable[[Tx, Act, Batch], T]
) -> T | NotFound | NotAllowed:
    return await parts.store.read(lambda tx: _found(tx, parts, staff, batch_id, look))


async def _do(
    parts: Parts, staff: Staff, batch_id: str, do: Callable[[Tx, Act, Batch], T]
) -> T | NotFound | NotAllowed:
    if staff.looking:
        return NotAllowed(Why.LOOKING)
    return await parts.store.write(lambda tx: _found(tx, parts, staff, batch_id, do))


def _found(
    tx: Tx, parts: Parts, staff: Staff, batch_id: str, do: Callable[[Tx, Act, Batch], T]
) -> T | NotFound | NotAllowed:
    """Find, judge and act; the batch is held when writing."""
    act, may = _act(parts, staff), ALLOWED[staff.role]
    if may.isdisjoint(batches.NEEDS.values()):
        return NotAllowed(Why.NO_ROLE)
    batch = tx.batches.get(act.tenant.id, batch_id) if is_id(batch_id) else None
    if batch is None:
        return NotFound()
    return do(tx, act, batch) if batch.needs in may else NotAllowed(Why.NO_ROLE)
