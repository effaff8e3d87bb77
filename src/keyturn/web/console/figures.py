"""Charts of what happened, the report of a month to print, and its figures as a file."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from starlette.responses import Response

from keyturn.flows import figures as flow
from keyturn.flows.figures import Shown
from keyturn.rules import calendar
from keyturn.rules.access import Staff
from keyturn.rules.calendar import Days, Unit
from keyturn.rules.diagnosis.catalogue import BY_ID
from keyturn.rules.figures import BESIDE, CHARTS
from keyturn.steps.zones import zone
from keyturn.web.console.bars import draw
from keyturn.web.console.reading import WORD_MAX, choice
from keyturn.web.refusals import Refusal
from keyturn.web.visit import Visit

_MONTH = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])")
#: months that are offered, newest first
MONTHS = 12


async def show(visit: Visit, staff: Staff) -> Response:
    """Charts by day, week or month."""
    unit = Unit(choice("by", visit.query(by=WORD_MAX)["by"], frozenset(map(str, Unit))) or Unit.DAY)
    shown = await flow.latest(visit.site.parts, staff, unit)
    return visit.page(
        "console/figures.html", unit=str(unit), months=_months(visit), **_told(visit, shown)
    )


async def report(visit: Visit, staff: Staff) -> Response:
    """A month on paper."""
    days = _month(visit)
    shown = await flow.month(visit.site.parts, staff, days)
    on = calendar.day(days.first)
    return visit.page("console/report.html", month=f"{on:%Y-%m}", on=on, **_told(visit, shown))


async def sheet(visit: Visit, staff: Staff) -> Response:
    """The figures of a month: a row for each day, and what they come to."""
    days = _month(visit)
    shown = await flow.month(visit.site.parts, staff, days)
    name = f"{visit.tenant.slug}-{calendar.day(days.first):%Y-%m}.csv"
    return Response(
        _csv(shown), media_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )  # fmt: skip


def _told(visit: Visit, shown: Shown) -> dict[str, Any]:
    found = shown.figures
    pictures = {key: draw(found.bars, events) for key, events in CHARTS.items()}
    return {
        "figures": found, "pictures": pictures, "charts": CHARTS, "names": shown.names,
        "causes": {cause: BY_ID[cause].title for cause, _ in found.cases if cause in BY_ID},
        "day": calendar.day, "zone": visit.tenant.timezone,
    }  # fmt: skip


def _today(visit: Visit) -> date:
    tz = zone(visit.tenant.timezone)
    return calendar.day(calendar.day_of(visit.site.parts.clock.now(), tz))


def _months(visit: Visit) -> list[date]:
    found = [_today(visit).replace(day=1)]
    while len(found) < MONTHS:
        found.append(calendar.day(calendar.number(found[-1]) - 1).replace(day=1))
    return found


def _month(visit: Visit) -> Days:
    """The month that is asked for; the one before this, if none is. Raises Refusal 422."""
    text = visit.query(month=WORD_MAX)["month"]
    if not text:
        before = _months(visit)[1]
        return calendar.month(before.year, before.month)
    named = _MONTH.fullmatch(text)
    if named is None:
        raise Refusal(422, "not-a-value", {"field": "month"})
    return calendar.month(int(named[1]), int(named[2]))


def _csv(shown: Shown) -> str:
    """Days that are not counted have no figures: a 0 is a day on which nothing happened."""
    out = io.StringIO()
    rows = csv.writer(out)
    events = [str(event) for drawn in CHARTS.values() for event in drawn] + list(map(str, BESIDE))
    rows.writerow(["day", *events, "recovery.median_minutes"])
    for bar in shown.figures.bars:
        rows.writerow([calendar.day(bar.days.first), *_row(shown, bar.counts, events, bar)])
    totals: Mapping[str, int] = shown.figures.totals
    last = shown.figures.median
    rows.writerow(["all", *(totals.get(e, 0) for e in events), "" if last is None else last])
    return out.getvalue()


def _row(shown: Shown, counts: Mapping[str, int], events: list[str], bar: Any) -> Iterator[Any]:
    found = shown.figures
    known = found.since is not None and found.since <= bar.days.first <= found.today
    yield from ((counts[event] if known else "") for event in events)
    yield "" if bar.median is None else bar.median
