"""What agents tell of who is in a directory: how far it was read, and what happened there.

What was read and how far are stored in one transaction, so that a crash of either side
resumes where the other one knows.  Nothing is taken that does not go on from the place as it
is: whoever sent it is told the place, and goes on from there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from keyturn.ports.store import Tx
from keyturn.rules.alarms import Alarm
from keyturn.rules.directories import known, syncs
from keyturn.rules.directories.comings import Happened
from keyturn.rules.directories.entries import PAGE, Entry
from keyturn.rules.directories.known import Turn
from keyturn.rules.directories.syncs import Phase, Sync
from keyturn.rules.directories.things import Agent
from keyturn.rules.events import Event
from keyturn.steps import alarms
from keyturn.steps.acts import Act, record
from keyturn.wire.messages import SyncBegun, SyncChanges, Syncing, SyncLost, SyncPage, SyncStuck

#: longest cursor, bytes: a workgroup's is 24 KiB, DirSync's grows with the number of controllers
CURSOR_MAX: Final = 96 * 1024
#: longest name of what a trouble is about
NAME_MAX: Final = 2_000
_WORD = re.compile(r"[a-z_]{1,30}")
#: accounts of a directory at most
TOTAL_MAX: Final = 10_000_000

#: what of an account is worth a row of its person's trail
EVENTS: Final[Mapping[Happened, Event]] = {
    Happened.PASSWORD: Event.ACCOUNT_PASSWORD,
    Happened.LOCKED: Event.ACCOUNT_LOCKED,
    Happened.UNLOCKED: Event.ACCOUNT_UNLOCKED,
    Happened.DISABLED: Event.ACCOUNT_DISABLED,
    Happened.ENABLED: Event.ACCOUNT_ENABLED,
    Happened.MUST_CHANGE: Event.ACCOUNT_MUST_CHANGE,
    Happened.EXPIRY: Event.ACCOUNT_EXPIRY,
    Happened.RENAMED: Event.ACCOUNT_RENAMED,
    Happened.GONE: Event.ACCOUNT_GONE,
}


@dataclass(frozen=True, slots=True)
class Reading:
    """A directory that is read. act: what its primary does."""

    act: Act
    sync: Sync


def standing(tx: Tx, agent: Agent) -> Syncing | None:
    """Where a directory's primary is to go on; None if nobody wants it to be read."""
    sync = tx.syncs.get(agent.tenant_id, agent.directory_id)
    return told(sync) if sync is not None else None


def told(sync: Sync) -> Syncing:
    """A place, as agents are told of it."""
    return Syncing(sync.scope, sync.phase, syncs.place(sync), sync.after, sync.cursor)


# -- what may be said


def sound(message: SyncBegun | SyncPage | SyncChanges | SyncLost | SyncStuck) -> bool:
    """Whether a report can be one, whatever the place is."""
    match message:
        case SyncBegun():
            return len(message.cursor) <= CURSOR_MAX and 0 <= message.total <= TOTAL_MAX
        case SyncPage():
            return known.sound_page("", None if message.last else message.upto,
                                    _ids(message.entries), PAGE)  # fmt: skip
        case SyncChanges():
            several = (_ids(message.entries), message.gone)
            fit = all(known.sound_ids(ids, PAGE) for ids in several)
            return fit and len(message.cursor) <= CURSOR_MAX
        case SyncStuck():
            return _WORD.fullmatch(message.cause) is not None and len(message.name) <= NAME_MAX
        case _:  # SyncLost: nothing but its place
            return True


def _ids(entries: Sequence[Entry]) -> tuple[str, ...]:
    return tuple(entry.id for entry in entries)


# -- taking it


def begun(tx: Tx, at: Reading, message: SyncBegun) -> Sync:
    """A full read begins."""
    sync = syncs.begun(at.sync, message.at, message.cursor, message.total, at.act.now)
    if sync is not None:
        facts = {"total": message.total, "number": sync.number}
        record(tx, at.act, Event.SYNC_BEGUN, None, _of(at, facts))
    return _stored(tx, at, sync)


def paged(tx: Tx, at: Reading, message: SyncPage) -> Sync:
    """A page of it; who was known in its range and is not in it, is gone."""
    upto = None if message.last else message.upto
    sync = syncs.paged(
        at.sync, message.at, message.upto, len(message.entries), at.act.now, last=message.last
    )
    if sync is None or not known.sound_page(at.sync.after, upto, _ids(message.entries), PAGE):
        return at.sync
    here = tx.syncs.between(at.act.tenant.id, sync.directory_id, at.sync.after, upto)
    gone = sorted(set(here) - set(_ids(message.entries)))
    _keep(tx, at, message.entries, gone)
    if message.last:
        record(tx, at.act, Event.SYNC_DONE, None, _of(at, {"total": sync.done}))
    return _stored(tx, at, sync)


def followed(tx: Tx, at: Reading, message: SyncChanges) -> Sync:
    """What changed."""
    sync = syncs.followed(at.sync, message.at, message.cursor, at.act.now, whole=message.whole)
    if sync is not None:
        _keep(tx, at, message.entries, message.gone)
    return _stored(tx, at, sync)


def lost(tx: Tx, at: Reading, message: SyncLost) -> Sync:
    """Everything is to be read again."""
    sync = syncs.lost(at.sync, message.at)
    if sync is not None and at.sync.phase is not Phase.DUE:
        record(tx, at.act, Event.SYNC_LOST, None, _of(at, {"number": sync.number}))
    return _stored(tx, at, sync)


def stuck(tx: Tx, at: Reading, message: SyncStuck) -> Sync:
    """It cannot go on for now."""
    trouble = f"{message.cause} {message.name}".strip()
    return _stored(tx, at, syncs.stuck(at.sync, message.at, trouble))


def _of(at: Reading, facts: Mapping[str, object]) -> Mapping[str, object]:
    return {"directory": at.sync.directory_id, **facts}


def _stored(tx: Tx, at: Reading, sync: Sync | None) -> Sync:
    """The place as it is from now on; as it was, if nothing was taken."""
    if sync is None:
        return at.sync
    tx.syncs.put(at.act.tenant.id, sync)
    return sync


def _keep(tx: Tx, at: Reading, entries: Sequence[Entry], gone: Sequence[str]) -> None:
    tenant_id, directory_id = at.act.tenant.id, at.sync.directory_id
    before = tx.syncs.known(tenant_id, directory_id, [*_ids(entries), *gone])
    turns = known.turned(before, entries, gone, at.act.now)
    tx.syncs.keep(tenant_id, directory_id, [turn.known for turn in turns])
    for turn in turns:
        _written(tx, at, turn)
    if any(Happened.GONE in turn.happened for turn in turns):
        _counted(tx, at)


def _counted(tx: Tx, at: Reading) -> None:
    """Owners hear of it when so many disappear that a cut link, an emptied choice of OUs or a
    lost right look just so.
    """
    act, directory_id = at.act, at.sync.directory_id
    tally = tx.syncs.tally(act.tenant.id, directory_id, act.now - syncs.GONE_WINDOW_MS)
    known_before = tally.present + tally.gone
    directory = tx.directories.get(act.tenant.id, directory_id)
    if directory is not None and syncs.held_back(known_before, tally.gone):
        facts = {"subject": directory.name, "gone": tally.gone, "of": known_before}
        alarms.sound(tx, act, Alarm.ACCOUNTS_GONE, facts)


def _written(tx: Tx, at: Reading, turn: Turn) -> None:
    """What happened to the account of somebody who is known here is in their trail."""
    events = [EVENTS[what] for what in turn.happened if what in EVENTS]
    entry = turn.known.entry
    act = at.act
    held = tx.directories.holder(act.tenant.id, at.sync.directory_id, entry.id) if events else None
    user = tx.users.get(act.tenant.id, held.user_id) if held else None
    if user is not None:
        for event in events:
            record(tx, act, event, user, {"account": entry.upn or entry.name, "guid": entry.id})
