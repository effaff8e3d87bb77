"""Charts and a report as they look in a practice of some sixty people; see preview_samples.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from keyturn.rules import calendar, figures
from keyturn.rules.calendar import Days, Unit
from keyturn.rules.diagnosis.catalogue import BY_ID
from keyturn.rules.events import Event
from keyturn.rules.figures import CHARTS, Figures
from keyturn.rules.tallies import BY, FIRST, STEPS, Tally
from keyturn.web.console.bars import draw

SATURDAY = 5
_CAUSES = (("lock.now", 9), ("signin.password-space", 4), ("delivery.bounced", 2))


def _tallies(days: Days) -> list[Tally]:
    """What an ordinary practice has: little at week-ends, a bad Monday."""
    found = []
    for day in range(days.first, days.last + 1):
        weekday, late = calendar.day(day).weekday(), not day % 3
        weekend, bad = weekday >= SATURDAY, weekday == 0
        counts = {
            "signin.passed": 3 if weekend else 48 + day % 11,
            "signin.failed": 0 if weekend else 4 + 9 * bad,
            "signin.locked": int(bad) * 2, "reset.done": 0 if weekend else day % 4,
            "reset.not_done": int(day % 9 == 0), "reset.refused": int(day % 13 == 0),
            "recovery.started": day % 3, "recovery.done": int(late),
            f"recovery.done/{2 + day % 5}": int(late), "user.unlocked": int(bad),
        }  # fmt: skip
        found += [Tally(day, name, count) for name, count in counts.items() if count]
    return found


def _figures(spans: tuple[Days, ...], today: int) -> Figures:
    daily = _tallies(Days(spans[0].first, min(spans[-1].last, today)))
    totals: dict[str, int] = {}
    for tally in daily:
        totals[tally.name] = totals.get(tally.name, 0) + tally.count
    totals |= {f"{FIRST}{e}": n for e, n in zip(STEPS, (24, 21, 20, 18, 18, 16), strict=True)}
    totals |= {"second.failed": 7, "second.failed/clock": 4, "second.failed/reused": 2}
    totals |= {f"{Event.CASE_CLOSED}/{cause}": count for cause, count in _CAUSES if cause in BY_ID}
    totals |= {f"{BY}u1/user.unlocked": 6, f"{BY}u1/diagnosis.read": 31, f"{BY}u2/user.invited": 24}
    return Figures(
        bars=figures.bars(spans, daily), totals=totals, median=figures.median(totals),
        steps=figures.steps(totals), refusals=figures.refusals(totals),
        cases=figures.cases(totals), staff=figures.deeds(totals),
        today=today, since=spans[0].first, until=None,
    )  # fmt: skip


def _context(found: Figures) -> dict[str, Any]:
    return {
        "figures": found, "charts": CHARTS, "day": calendar.day, "zone": "Europe/London",
        "pictures": {key: draw(found.bars, events) for key, events in CHARTS.items()},
        "names": {"u1": "Tom Technician", "u2": "Olga Owner"},
        "causes": {cause: BY_ID[cause].title for cause, _ in found.cases},
    }  # fmt: skip


def figure_pages(
    always: Callable[..., dict[str, Any]], now: int
) -> dict[str, tuple[str, dict[str, Any]]]:
    """Every page of them."""
    today = now // 86_400_000
    on = calendar.day(today).replace(day=1)
    months = [on.replace(month=month) for month in range(on.month, 0, -1)]
    pages: dict[str, tuple[str, dict[str, Any]]] = {}
    for unit in Unit:
        found = _figures(calendar.latest(unit, today), today)
        context = always(**_context(found), unit=str(unit), months=months)
        pages[f"console-figures-{unit}"] = ("console/figures.html", context)
    spans = calendar.latest(Unit.DAY, today)
    nothing = replace(
        _figures(spans, today), bars=figures.bars(spans, ()), totals={}, since=None, staff=()
    )
    pages["console-figures-none"] = (
        "console/figures.html",
        always(**_context(nothing), unit="day", months=months),
    )
    month = tuple(calendar.each(calendar.month(on.year, on.month)))
    full = always(**_context(_figures(month, today)), month=f"{on:%Y-%m}", on=on)
    pages["console-report"] = ("console/report.html", full)
    empty = _context(replace(nothing, bars=figures.bars(month, ())))
    pages["console-report-none"] = ("console/report.html", always(**empty, month="x", on=on))
    return pages
