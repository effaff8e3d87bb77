"""The trail is counted once, whoever counts; charts say what there is at this moment."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from keyturn.flows import counting, figures
from keyturn.ports.store import Tx
from keyturn.rules import calendar
from keyturn.rules.access import Staff
from keyturn.rules.calendar import Days, Unit
from keyturn.rules.events import Event
from keyturn.rules.lockout import DAY, HOUR, MINUTE
from keyturn.rules.tallies import GRACE_MS, SLICE_MS
from keyturn.steps.acts import begin, record
from keyturn.steps.zones import zone
from tests.unit.flows.house import House, run, together
from tests.unit.flows.test_staff import staff_of


def count_all(house: House) -> None:
    while run(counting.advance(house.parts)):
        pass


def stored(house: House) -> dict[str, int]:
    return dict(house.write(lambda tx: tx.tallies.totals(house.tenant.id, 0, 99_999)))


def shown(house: House, me: Staff, unit: Unit = Unit.DAY) -> figures.Shown:
    return run(figures.latest(house.parts, me, unit))


def trail(house: House) -> dict[str, int]:
    """What is in the trail itself."""
    found: dict[str, int] = {}
    for entry in house.trail():
        found[str(entry.event)] = found.get(str(entry.event), 0) + 1
    return found


def events(counts: dict[str, int]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if "/" not in name}


def test_of_an_empty_house_there_is_nothing(house: House) -> None:
    count_all(house)
    me = staff_of(house)
    found = shown(house, me).figures
    assert found.empty
    assert (found.since, found.until) == (None, None)
    assert house.count("tally_marks") == 0


def test_every_row_is_counted_once_in_its_own_day(house: House) -> None:
    house.user()
    me = staff_of(house)
    for hours in (1, 5, 26, 49):
        browser = house.browser()
        browser.fail(2)
        browser.sign_in()
        house.clock.move(hours * HOUR)
        count_all(house)
    count_all(house)
    assert events(stored(house)) == trail(house)
    tz = zone(house.tenant.timezone)
    days = {calendar.day_of(e.at, tz) for e in house.trail()}
    bars = [bar for bar in shown(house, me).figures.bars if bar.counts["signin.failed"]]
    assert {bar.days.first for bar in bars} == days


def test_a_page_tells_of_what_happened_this_very_moment(house: House) -> None:
    house.user()
    me = staff_of(house)
    house.browser().sign_in()
    count_all(house)
    before = shown(house, me).figures
    assert before.totals["signin.passed"] == 1
    house.clock.move(GRACE_MS + SLICE_MS)
    count_all(house)
    house.browser().sign_in()
    found = shown(house, me).figures
    assert found.totals["signin.passed"] == found.bars[-1].counts["signin.passed"] == 2
    assert (stored(house)["signin.passed"], found.until) == (1, None)


def test_where_counting_fell_behind_the_page_says_up_to_when_it_goes(house: House) -> None:
    house.user()
    me = staff_of(house)
    house.browser().sign_in()
    count_all(house)
    house.clock.move(3 * DAY)
    house.browser().sign_in()
    found = shown(house, me).figures
    assert found.until is not None
    assert found.until < house.clock.now() - 2 * DAY
    count_all(house)
    assert shown(house, me).figures.until is None


def test_two_servers_count_what_one_would(house: House) -> None:
    house.user()
    house.browser().sign_in()
    run(counting.advance(house.parts))
    house.clock.move(DAY)
    for _ in range(4):
        together(*(counting.advance(house.parts) for _ in range(3)))
    assert events(stored(house)) == trail(house)


def test_a_slice_that_another_has_counted_meanwhile_is_not_added(house: House) -> None:
    house.user()
    house.browser().sign_in()
    run(counting.advance(house.parts))
    house.clock.move(DAY)
    whole = house.parts.store
    asked: list[int] = []

    class Slow:
        """While this server reads, another one counts."""

        async def read(self, fn: Any) -> Any:
            answer = await whole.read(fn)
            asked.append(1)
            if len(asked) == 2:
                await counting.advance(house.parts)
            return answer

        async def write(self, fn: Any) -> Any:
            return await whole.write(fn)

    slow: Any = Slow()
    run(counting.advance(replace(house.parts, store=slow)))
    count_all(house)
    assert events(stored(house)) == trail(house)


def test_tenants_are_counted_each_by_itself(house: House) -> None:
    other = house.add_tenant("fabrikam")
    house.user()
    house.browser().sign_in()
    house.browser(tenant=other).fail(1)
    house.clock.move(DAY)
    count_all(house)
    there = house.write(lambda tx: tx.tallies.totals(other.id, 0, 99_999))
    assert events(dict(there)) == {"signin.failed": 1}
    assert stored(house)["signin.passed"] == 1
    assert "signin.failed" not in stored(house)


def test_a_tenant_that_is_gone_is_begun_nowhere(house: House) -> None:
    house.write(lambda tx: counting._begin(tx, "t" * 26))
    house.write(lambda tx: counting._begin(tx, house.tenant.id))
    assert house.count("tally_marks") == 0


def test_a_month_is_told_day_by_day_and_other_months_are_not_in_it(house: House) -> None:
    house.user()
    me = staff_of(house)
    house.browser().sign_in()
    today = calendar.day_of(house.clock.now(), zone(house.tenant.timezone))
    on = calendar.day(today)
    house.clock.move(32 * DAY)
    count_all(house)
    house.browser().sign_in()
    days = calendar.month(on.year, on.month)
    found = run(figures.month(house.parts, me, days)).figures
    assert found.days == days
    assert found.totals["signin.passed"] == 1
    assert [bar.days for bar in found.bars if bar.counts["signin.passed"]] == [Days(today, today)]


def test_the_median_of_recoveries_and_who_of_staff_did_what(house: House) -> None:
    ada = house.user()
    me = staff_of(house)

    def happen(tx: Tx) -> None:
        act = begin(house.parts, me.caller)
        for minutes in (2, 3, 11):
            record(tx, act, Event.RECOVERY_DONE, ada, {"took_ms": minutes * MINUTE})
        record(tx, replace(act, actor=me.user), Event.USER_UNLOCKED, ada)

    house.write(happen)
    count_all(house)
    answer = shown(house, me)
    assert (answer.figures.median, answer.figures.bars[-1].median) == (3, 3)
    (deeds,) = answer.figures.staff
    assert me.user is not None
    assert (answer.names[deeds.actor_id], deeds.count) == (me.user.name, 1)


@pytest.mark.parametrize("name", ["Nowhere/Else", "../etc/passwd", ""])
def test_a_zone_that_this_host_does_not_know_is_utc(name: str) -> None:
    assert zone(name).utcoffset(None) == zone("UTC").utcoffset(None) or str(zone(name)) == "UTC"
