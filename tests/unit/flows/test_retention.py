"""What is old goes, a window at a time; what is not, stays."""

from __future__ import annotations

import json
from typing import Any

import pytest

from keyturn.flows import retention
from keyturn.ports.store import Tx
from keyturn.rules.events import Entry, Event
from keyturn.rules.lockout import DAY, MINUTE
from keyturn.rules.retention import LEASE_MS, ORDER, REST_MS, WINDOW, Keep, Kind
from tests.unit.flows.house import EMAIL, PASSWORD, House, run

KEEP: Keep = {kind: 30 for kind in Kind if kind is not Kind.BUDGETS}
TABLES = ("codes", "flows", "sessions", "budgets", "lanes", "messages", "clients", "audit")


def step(house: House, holder: str = "me") -> int:
    return run(retention.step(house.parts, KEEP, holder))


def fact(house: House, name: str) -> dict[str, Any]:
    """What is remembered under a name."""
    told = house.write(lambda tx: tx.facts.get(name))
    return dict(json.loads(told or "{}"))


def whole_round(house: House) -> None:
    """Go on until the server rests."""
    for _ in range(50 * len(ORDER)):
        house.clock.move(step(house))
        if fact(house, retention.STATE)["kind"] == 0:
            return
    raise AssertionError


def busy(house: House) -> None:
    """A day on which something of every kind happens."""
    browser = house.browser()
    browser.sign_in(EMAIL, PASSWORD)
    browser.fail(2, "nobody@northwind.test")
    browser.fail(1)


def counts(house: House) -> dict[str, int]:
    return {name: house.count(name) for name in TABLES}


def test_what_is_young_stays_and_what_is_old_goes(house: House) -> None:
    house.user(EMAIL, PASSWORD)
    busy(house)
    before = counts(house)
    house.clock.move(29 * DAY)
    whole_round(house)
    assert counts(house) == {**before, "budgets": 0, "audit": before["audit"] + 1}
    assert house.trail()[-1].facts == {"budgets": before["budgets"]}
    house.clock.move(40 * DAY)
    whole_round(house)
    after = counts(house)
    assert {n for n, c in after.items() if c == 0} == set(TABLES) - {"lanes", "audit"}
    lanes = house.dump("lanes")
    assert "'a:" not in lanes
    assert "'u:" in lanes


def test_the_trail_of_a_purge_stays_with_its_counts(house: House) -> None:
    house.user(EMAIL, PASSWORD)
    busy(house)
    rows = house.count("audit")
    house.clock.move(100 * DAY)
    whole_round(house)
    [entry] = house.trail()
    assert entry.event is Event.PURGED
    assert entry.facts["audit"] == rows
    assert entry.facts["absent"] == 1
    told = fact(house, retention.LAST)
    assert told["removed"] == dict(entry.facts)
    house.clock.move(1000 * DAY)
    whole_round(house)
    assert [e.event for e in house.trail()] == [Event.PURGED]


def _trail(house: House, count: int) -> None:
    now = house.clock.now()

    def fill(tx: Tx) -> None:
        for _ in range(count):
            row = Entry(house.random.id(now), house.tenant.id, now, Event.SIGNIN_FAILED, None,
                        None, "192.0.2.1", "Firefox", {})  # fmt: skip
            tx.audit.add(row)

    house.write(fill)


@pytest.mark.parametrize("count", [WINDOW - 1, WINDOW, WINDOW + 1, 2 * WINDOW + 1])
def test_no_step_removes_more_than_a_window(house: House, count: int) -> None:
    _trail(house, count)
    house.clock.move(31 * DAY)
    left = house.count("audit")
    for _ in range(len(ORDER) + 4):
        house.clock.move(step(house))
        assert left - house.count("audit") <= WINDOW
        left = house.count("audit")
    assert [e.event for e in house.trail()] == [Event.PURGED]


def test_another_server_goes_on_where_one_died(house: House) -> None:
    _trail(house, 2 * WINDOW + 1)
    house.clock.move(31 * DAY)
    while house.count("audit") == 2 * WINDOW + 1:
        house.clock.move(step(house, "first"))
    assert house.count("audit") == WINDOW + 1
    wait = step(house, "second")
    assert house.count("audit") == WINDOW + 1
    assert 0 < wait <= LEASE_MS
    house.clock.move(LEASE_MS)
    step(house, "second")
    assert house.count("audit") == 1


def test_after_a_round_it_rests_and_looks_again(house: House) -> None:
    whole_round(house)
    state = house.write(lambda tx: tx.facts.get(retention.STATE))
    house.clock.move(REST_MS - LEASE_MS - MINUTE)
    assert step(house) <= LEASE_MS
    assert house.write(lambda tx: tx.facts.get(retention.STATE)) == state


def test_a_round_that_a_later_release_began_begins_anew(house: House) -> None:
    later = {"holder": "x", "until": 0, "due_at": 0, "kind": 99, "after": [], "removed": {}}
    house.write(lambda tx: tx.facts.set(retention.STATE, json.dumps(later)))
    whole_round(house)


def test_what_a_tenant_that_is_gone_had_is_written_down_nowhere(house: House) -> None:
    now = house.clock.now()
    row = Entry(house.random.id(now), "t" * 26, now, Event.SIGNOUT, None, None, "", "", {})
    house.write(lambda tx: tx.audit.add(row))
    house.clock.move(31 * DAY)
    whole_round(house)
    assert house.count("audit") == 0
