"""Lists of users: looked through by whoever has a role here, and handed out as a file.

As with the audit trail (flows.trail): looking is every role's; a file leaves the house, so it takes
a right of its own and stands in the trail, with what was asked for, before its first line is handed
out.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules.access import Action, Staff, Why, hindrance
from keyturn.rules.events import Event
from keyturn.rules.user_lists import Filter, told
from keyturn.steps import user_rows
from keyturn.steps.acts import begin, record
from keyturn.steps.user_rows import UserRow, Users

#: users that are read at once: nobody who writes waits for a file
PORTION = 500


@dataclass(frozen=True, slots=True)
class NotAllowed:
    """Staff may not do that; nothing was handed out."""

    why: Why


async def look(parts: Parts, staff: Staff, wanted: Filter, after: str | None = None) -> Users:
    """A page of users.

    Args:
        after: the cursor that the page before gave.
    """

    def step(tx: Tx) -> Users:
        return user_rows.page(tx, begin(parts, staff.caller, staff.user), wanted, after)

    return await parts.store.read(step)


async def export(
    parts: Parts, staff: Staff, wanted: Filter
) -> AsyncIterator[tuple[UserRow, ...]] | NotAllowed:
    """All users of a list, some at a time."""
    if (why := hindrance(staff, Action.EXPORT_USERS, None, 0)) is not None:
        return NotAllowed(why)

    def step(tx: Tx) -> None:
        act = begin(parts, staff.caller, staff.user)
        record(tx, act, Event.USERS_EXPORTED, None, told(wanted))

    await parts.store.write(step)
    return _portions(parts, staff, wanted)


async def _portions(
    parts: Parts, staff: Staff, wanted: Filter
) -> AsyncIterator[tuple[UserRow, ...]]:
    act = begin(parts, staff.caller, staff.user)  # who is locked at this moment, in all of it
    after: str | None = None

    def step(tx: Tx) -> tuple[tuple[UserRow, ...], str | None]:
        names = {one.id: one.name for one in tx.directories.all(act.tenant.id)}
        listed = tx.users.table(act.tenant.id, wanted, act.now, after, PORTION)
        return user_rows.rows(tx, act, listed.users, names), listed.after

    while True:
        rows, after = await parts.store.read(step)
        yield rows
        if after is None:
            return
