"""Charts, the report of a month, its file; and the trail that a bar leads to."""

from __future__ import annotations

import csv
import re
from html import unescape

import pytest

from keyturn.flows import counting
from keyturn.rules import calendar
from keyturn.rules.accounts import Role
from keyturn.rules.calendar import Days
from keyturn.rules.figures import Bar
from keyturn.rules.lockout import DAY
from keyturn.steps.zones import zone
from keyturn.web.console.bars import HIGH, LEAST, draw, nice
from tests.unit.flows.house import run
from tests.unit.web.console.desk import Desk, Office, heading


@pytest.fixture
def busy(office: Office) -> Desk:
    """Somebody at a desk, after a day on which things happened."""
    office.house.user()
    desk = office.desk(Role.AUDITOR)
    for name in ("ada@northwind.test", "=cmd|calc@northwind.test"):
        office.house.browser().fail(5, name)
    office.house.browser(ip="198.51.100.9").sign_in()
    return desk


def today(office: Office) -> str:
    tz = zone(office.house.tenant.timezone)
    return str(calendar.day(calendar.day_of(office.house.clock.now(), tz)))


def test_an_empty_house_says_so_in_words(office: Office) -> None:
    page = office.desk(Role.AUDITOR).get("/console/figures")
    assert heading(page) == "Nothing has happened here yet."
    assert "<rect" not in page.text


def test_charts_name_the_zone_and_count_what_happened(busy: Desk) -> None:
    page = busy.get("/console/figures")
    assert heading(page).startswith("0 sign-ins since")  # ada is locked out
    assert heading(page).endswith("2 locks.")
    assert "Days begin and end in Europe/London" in page.text
    assert "style=" not in page.text
    assert "<script" not in page.text.split("<main", 1)[1]


@pytest.mark.parametrize("unit", ["day", "week", "month", ""])
def test_a_bar_and_the_number_in_the_table_lead_to_the_entries(busy: Desk, unit: str) -> None:
    page = unescape(busy.get(f"/console/figures?by={unit}").text)
    found = set(re.findall(r'href="[^"]*(/console/audit\?event=signin\.failed[^"]*)"', page))
    assert len(found) <= 2  # the bar's and the whole span's
    for path in found:
        listed = busy.get(path)
        assert heading(listed).startswith("The newest 10 entries that match")


def test_there_is_a_row_for_each_day_and_those_before_the_first_have_no_zero(busy: Desk) -> None:
    page = busy.get("/console/figures").text
    (table,) = re.findall(r'<caption class="sr">Locks</caption>(.*?)</table>', page, re.DOTALL)
    rows = re.findall(r"<td>(.*?)</td>", table)
    assert len(rows) == 15
    assert rows[:13] == ['<span class="muted">–</span>'] * 13
    assert ">2</a>" in rows[13]


def test_a_quiet_day_is_a_zero(office: Office, busy: Desk) -> None:
    office.house.clock.move(DAY)
    while run(counting.advance(office.house.parts)):
        pass
    busy.sign_in(office.staff(Role.AUDITOR), 2)
    page = busy.get("/console/figures").text
    (table,) = re.findall(r'<caption class="sr">Locks</caption>(.*?)</table>', page, re.DOTALL)
    assert re.findall(r"<td>(.*?)</td>", table)[13] == "0"


def test_where_counting_fell_behind_it_is_said(office: Office, busy: Desk) -> None:
    run(counting.advance(office.house.parts))
    office.house.clock.move(DAY)
    busy.sign_in(office.staff(Role.AUDITOR), 2)
    page = busy.get("/console/figures")
    assert heading(page).endswith("is not counted yet.")
    assert "counted up to" in page.text
    month = today(office)[:7]
    assert "is not counted yet" in busy.get(f"/console/report?month={month}").text


def test_the_report_of_a_month_and_of_the_one_before(office: Office, busy: Desk) -> None:
    month = today(office)[:7]
    page = busy.get(f"/console/report?month={month}")
    assert heading(page).startswith("Report for ")
    assert "The month is not over." in page.text
    assert "What staff did" in page.text
    before = busy.get("/console/report")
    assert "Nothing happened in" in before.text


def test_the_figures_of_a_month_are_a_file(office: Office, busy: Desk) -> None:
    month = today(office)[:7]
    got = busy.get(f"/console/report/figures.csv?month={month}")
    assert got.headers["content-disposition"] == f'attachment; filename="northwind-{month}.csv"'
    rows = list(csv.DictReader(got.text.splitlines()))
    (on,) = (row for row in rows if row["day"] == today(office))
    assert (on["signin.failed"], on["signin.passed"], on["recovery.median_minutes"]) == (
        "10", "0", "",
    )  # fmt: skip
    assert rows[-1]["day"] == "all"
    assert rows[-1]["signin.locked"] == "2"
    assert all(row["signin.failed"] == "" for row in rows if row["day"] < today(office))


@pytest.mark.parametrize(
    "path",
    [
        "/console/figures?by=year", "/console/report?month=2026-13", "/console/report?month=x",
        "/console/report?month=1999-01", "/console/report/figures.csv?month=2026-1",
        "/console/audit?first=2026-02-30", "/console/audit?last=0000-01-01",
        "/console/audit?first=9999-12-31", "/console/audit?first=20260101",
    ],
)  # fmt: skip
def test_a_made_up_time_is_refused(busy: Desk, path: str) -> None:
    assert busy.get(path).status_code == 422


def test_a_file_of_the_trail_is_of_the_days_that_were_asked_for(office: Office, busy: Desk) -> None:
    on = today(office)
    got = busy.post("/console/audit/file", q="", event="", first=on, last=on, format="csv")
    assert got.text.count("signin.failed") == 10
    got = busy.post(
        "/console/audit/file", q="", event="", first="", last="2020-01-01", format="csv"
    )
    assert "signin.failed" not in got.text
    assert dict(office.house.trail()[-1].facts)["last"] == "2020-01-01"


def test_one_tenants_figures_are_not_anothers(office: Office, busy: Desk) -> None:
    other = office.desk(Role.OWNER, tenant=office.other)
    assert heading(other.get("/console/figures")) == "Nothing has happened here yet."


# -- the picture


def test_what_is_not_nothing_can_be_seen_and_nothing_is_higher_than_the_picture() -> None:
    bars = [
        Bar(Days(n, n), {"a": a, "b": b}, None) for n, (a, b) in enumerate(((0, 0), (1, 9_999)))
    ]
    picture = draw(bars, ("a", "b"))
    low, high = picture.pieces
    assert (picture.top, low.height) == (10_000, LEAST)
    assert (high.y, high.y + high.height) == (0, HIGH - LEAST)


@pytest.mark.parametrize(
    ("most", "top"), [(0, 5), (5, 5), (6, 10), (11, 20), (21, 50), (51, 100), (1_001, 2_000)]
)
def test_the_line_at_the_top_is_a_round_number(most: int, top: int) -> None:
    assert nice(most) == top
