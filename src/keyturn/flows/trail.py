"""The audit trail: looked through by whoever has a role here, and handed out as a file.

Reading is every role's.  A file leaves the house, so it takes a right of its own and stands in the
trail itself, with what was asked for, before its first line is handed out.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules import calendar
from keyturn.rules.access import Action, Staff, Why, hindrance
from keyturn.rules.accounts import Tenant
from keyturn.rules.events import Entry, Event
from keyturn.rules.trail_formats import Format
from keyturn.steps import views
from keyturn.steps.acts import Act, begin, record
from keyturn.steps.naming import name_of
from keyturn.steps.zones import zone

#: rows that are read at once: nobody who writes waits for a file
PAGE = 500


@dataclass(frozen=True, slots=True)
class NotAllowed:
    """Staff may not do that; nothing was handed out."""

    why: Why


@dataclass(frozen=True, slots=True)
class Trail:
    """A page of the audit trail, newest first.

    Attributes:
        names: who is who in `entries`, by id.
        before: the cursor of the next page, or None.
    """

    entries: tuple[Entry, ...]
    names: Mapping[str, str]
    before: str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """What of the trail is wanted.

    Attributes:
        query: a user's id or any of their names, or an IP address; "" for all.
        event: an event, or the beginning of some ("signin."); "" for all.
        first, last: the days of it, in the tenant's zone (rules/calendar.py); None for all.
    """

    query: str = ""
    event: str = ""
    first: int | None = None
    last: int | None = None


async def look(
    parts: Parts, staff: Staff, asked: Asked, before: str | None, limit: int = 50
) -> Trail:
    """A page of the audit trail.

    Args:
        before: the cursor that the page before gave; None for the first.
    """

    def step(tx: Tx) -> Trail:
        act = begin(parts, staff.caller, staff.user)
        events = (asked.event,) if asked.event else ()
        wanted = _wanted(tx, act, asked.query)
        since, until = _moments(act.tenant, asked)
        found = tx.audit.search(
            act.tenant.id, events, wanted, before, limit + 1, since=since, until=until
        )
        rows = tuple(found[:limit])
        older = rows[-1].id if len(found) > limit else None
        return Trail(rows, views.names(tx, act, rows), older)

    return await parts.store.read(step)


def _moments(tenant: Tenant, asked: Asked) -> tuple[int | None, int | None]:
    tz = zone(tenant.timezone)
    since = None if asked.first is None else calendar.begins(asked.first, tz)
    return since, None if asked.last is None else calendar.begins(asked.last + 1, tz)


def _wanted(tx: Tx, act: Act, query: str) -> str:
    """The id of whom a name names; else what was typed."""
    name = name_of(act.parts, act.tenant, query)
    named = tx.users.named(act.tenant.id, name) if name else None
    return named.id if named else query


async def export(
    parts: Parts, staff: Staff, asked: Asked, form: Format, most: int
) -> AsyncIterator[Trail] | NotAllowed:
    """The newest of what is asked for, page by page.

    Args:
        most: so many entries at most.
    """
    if (why := hindrance(staff, Action.EXPORT_TRAIL, None, 0)) is not None:
        return NotAllowed(why)
    facts = {"format": str(form), "query": asked.query, "event": asked.event}
    days = {"first": asked.first, "last": asked.last}
    facts |= {name: str(calendar.day(n)) for name, n in days.items() if n is not None}

    def step(tx: Tx) -> None:
        record(tx, begin(parts, staff.caller, staff.user), Event.TRAIL_EXPORTED, None, facts)

    await parts.store.write(step)
    return _pages(parts, staff, asked, most)


async def _pages(parts: Parts, staff: Staff, asked: Asked, most: int) -> AsyncIterator[Trail]:
    before: str | None = None
    while most > 0:
        page = await look(parts, staff, asked, before, min(PAGE, most))
        yield page
        most, before = most - len(page.entries), page.before
        if before is None:
            return
