"""Daily counts of the audit trail."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import case, func, or_, select, update

from keyturn.adapters.sql.rows import Repository, upsert
from keyturn.adapters.sql.schema import RARE, audit
from keyturn.adapters.sql.tally_tables import marks, tallies
from keyturn.adapters.system import ulid
from keyturn.rules.calendar import Days
from keyturn.rules.tallies import BY, DETAILS, FIRST, STEPS, Tally, detailed


class SqlTallies(Repository):
    """See ports.tallies.Tallies."""

    def oldest(self, tenant_id: str) -> int | None:
        rows = select(audit.c.at).where(audit.c.tenant_id == tenant_id)
        return self._c.execute(rows.order_by(audit.c.id).limit(1)).scalar()

    def count(self, tenant_id: str, since: int, until: int) -> Mapping[str, int]:
        span = (
            audit.c.tenant_id == tenant_id,
            audit.c.id >= ulid(since, 0), audit.c.id < ulid(until, 0),
        )  # fmt: skip
        return self._events(span) + self._why(span) + self._first(span)

    def _events(self, span: tuple[Any, ...]) -> Counter[str]:
        """How often each event happened, and who of staff did it."""
        groups = select(audit.c.event, audit.c.actor_id, func.count()).where(*span)
        found: Counter[str] = Counter()
        for event, actor, count in self._c.execute(
            groups.group_by(audit.c.event, audit.c.actor_id)
        ):
            found[event] += count
            if actor is not None:
                found[f"{BY}{actor}/{event}"] += count
        return found

    def _why(self, span: tuple[Any, ...]) -> Counter[str]:
        """Events of which a fact says why: few, so that their facts are read one by one."""
        rows = select(audit.c.event, audit.c.facts).where(
            *span, RARE, audit.c.event.in_(sorted(DETAILS))
        )
        named = (detailed(event, json.loads(facts)) for event, facts in self._c.execute(rows))
        return Counter(name for name in named if name)

    def _first(self, span: tuple[Any, ...]) -> Counter[str]:
        """People who did something for the first time."""
        before = audit.alias()
        earlier = select(before.c.id).where(
            before.c.user_id == audit.c.user_id, before.c.event == audit.c.event,
            before.c.tenant_id == audit.c.tenant_id, before.c.id < audit.c.id,
        )  # fmt: skip
        rows = select(audit.c.event, func.count()).where(
            *span, RARE, audit.c.event.in_(map(str, STEPS)),
            audit.c.user_id.is_not(None), ~earlier.exists(),
        )  # fmt: skip
        found = self._c.execute(rows.group_by(audit.c.event))
        return Counter({f"{FIRST}{event}": count for event, count in found})

    def marks(self) -> Mapping[str, int]:
        rows = self._c.execute(select(marks.c.tenant_id, marks.c.until))
        return {row[0]: row[1] for row in rows}

    def mark(self, tenant_id: str) -> int | None:
        wanted = select(marks.c.until).where(marks.c.tenant_id == tenant_id)
        return self._c.execute(wanted).scalar()

    def begin(self, tenant_id: str, at: int) -> None:
        fresh = upsert(self._dialect)(marks).values(tenant_id=tenant_id, until=at)
        self._c.execute(fresh.on_conflict_do_nothing())

    def advance(self, tenant_id: str, was: int, to: int) -> bool:
        this = marks.c.tenant_id == tenant_id, marks.c.until == was
        return self._c.execute(update(marks).where(*this).values(until=to)).rowcount == 1

    def add(self, tenant_id: str, day: int, counts: Mapping[str, int]) -> None:
        fresh = upsert(self._dialect)(tallies)
        more = fresh.on_conflict_do_update(
            index_elements=list(tallies.primary_key.columns),
            set_={"count": tallies.c.count + fresh.excluded.count},
        )
        rows = [
            {"tenant_id": tenant_id, "day": day, "name": name, "count": count}
            for name, count in sorted(counts.items())
        ]
        if rows:
            self._c.execute(more, rows)

    def first(self, tenant_id: str) -> int | None:
        days = select(tallies.c.day).where(tallies.c.tenant_id == tenant_id)
        return self._c.execute(days.order_by(tallies.c.day).limit(1)).scalar()

    def by_span(
        self, tenant_id: str, spans: Sequence[Days], names: Collection[str], within: str
    ) -> Sequence[Tally]:
        first, last = spans[0].first, spans[-1].last
        this = tallies.c.tenant_id == tenant_id, tallies.c.day.between(first, last)
        called = or_(tallies.c.name.in_(sorted(names)), tallies.c.name.startswith(within))
        span = case(*((tallies.c.day <= one.last, one.first) for one in spans)).label("span")
        rows = select(span, tallies.c.name, func.sum(tallies.c.count)).where(*this, called)
        found = self._c.execute(rows.group_by(span, tallies.c.name))
        return [Tally(day, name, int(count)) for day, name, count in found]

    def totals(self, tenant_id: str, first: int, last: int) -> Mapping[str, int]:
        this = tallies.c.tenant_id == tenant_id, tallies.c.day.between(first, last)
        rows = select(tallies.c.name, func.sum(tallies.c.count)).where(*this)
        found = self._c.execute(rows.group_by(tallies.c.name))
        return {name: int(count) for name, count in found}
