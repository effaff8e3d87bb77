"""Charts and reports: a tenant's counts, for whoever has a role here.

What is stored as counts (flows/counting.py) ends a few minutes ago; what came since is counted
while the page is made.  Where that would be too much, because counting has fallen behind, the page
says up to when it goes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules import calendar, figures, tallies
from keyturn.rules.access import Staff
from keyturn.rules.calendar import Days, Unit
from keyturn.rules.figures import DAILY, MINUTES, Figures
from keyturn.rules.tallies import Tally
from keyturn.steps import colleagues
from keyturn.steps.acts import Act, begin
from keyturn.steps.zones import zone


@dataclass(frozen=True, slots=True)
class Shown:
    """Figures, and who is who of staff in them, by id."""

    figures: Figures
    names: Mapping[str, str]


async def latest(parts: Parts, staff: Staff, unit: Unit) -> Shown:
    """The newest days, weeks or months (rules.calendar.BARS)."""

    def step(tx: Tx) -> Shown:
        act = begin(parts, staff.caller, staff.user)
        today = calendar.day_of(act.now, zone(act.tenant.timezone))
        return _shown(tx, act, calendar.latest(unit, today))

    return await parts.store.read(step)


async def month(parts: Parts, staff: Staff, days: Days) -> Shown:
    """A month, day by day."""

    def step(tx: Tx) -> Shown:
        act = begin(parts, staff.caller, staff.user)
        return _shown(tx, act, tuple(calendar.each(days)))

    return await parts.store.read(step)


def _shown(tx: Tx, act: Act, spans: Sequence[Days]) -> Shown:
    tz, tenant_id = zone(act.tenant.timezone), act.tenant.id
    first, last = spans[0].first, spans[-1].last
    oldest, mark = tx.tallies.oldest(tenant_id), tx.tallies.mark(tenant_id)
    start = oldest if mark is None else mark
    daily = list(tx.tallies.by_span(tenant_id, spans, DAILY, MINUTES))
    totals = Counter(tx.tallies.totals(tenant_id, first, last))
    rest = () if start is None else tallies.rest(start, act.now, tz)
    for piece in rest:
        if first <= piece.day <= last:
            counts = tx.tallies.count(tenant_id, piece.since, piece.until)
            totals.update(counts)
            daily += [Tally(piece.day, name, count) for name, count in counts.items()
                      if name in DAILY or name.startswith(MINUTES)]  # fmt: skip
    staff = figures.deeds(totals)
    found = Figures(
        bars=figures.bars(spans, daily),
        totals=totals,
        median=figures.median(totals),
        steps=figures.steps(totals),
        refusals=figures.refusals(totals),
        cases=figures.cases(totals),
        staff=staff,
        today=calendar.day_of(act.now, tz),
        since=_since(tx, tenant_id, oldest, tz),
        until=None if rest else start,
    )
    return Shown(found, colleagues.names(tx, tenant_id, (one.actor_id for one in staff)))


def _since(tx: Tx, tenant_id: str, oldest: int | None, tz: tzinfo) -> int | None:
    """The first day of which there is anything; counts stay longer than the trail."""
    counted = tx.tallies.first(tenant_id)
    return counted if counted is not None or oldest is None else calendar.day_of(oldest, tz)
