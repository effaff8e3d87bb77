"""What every store promises of daily counts (ports.tallies)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from keyturn.adapters.memory_secrets import START as NOW
from keyturn.adapters.sql import SqlStore
from keyturn.rules.calendar import Days
from keyturn.rules.events import Entry, Event
from keyturn.rules.lockout import DAY, MINUTE
from keyturn.rules.retention import Kind
from tests.unit.adapters.stores import RANDOM, new_id, read, write


def happened(store: SqlStore, tenant_id: str, event: Event, at: int = NOW, **fields: Any) -> None:
    entry = Entry(RANDOM.id(at), tenant_id, at, event, None, None, "192.0.2.1", "Firefox", {})
    write(store, lambda tx: tx.audit.add(replace(entry, **fields)))


def counted(store: SqlStore, tenant_id: str, since: int = NOW, until: int = NOW + 1) -> Any:
    return dict(read(store, lambda tx: tx.tallies.count(tenant_id, since, until)))


def test_events_are_counted_between_two_moments_in_their_tenant_alone(
    store: SqlStore, here: str, there: str
) -> None:
    for at in (NOW - 1, NOW, NOW, NOW + MINUTE - 1, NOW + MINUTE):
        happened(store, here, Event.SIGNIN_PASSED, at)
    happened(store, there, Event.SIGNIN_PASSED)
    happened(store, here, Event.SIGNIN_LOCKED)
    found = counted(store, here, NOW, NOW + MINUTE)
    assert found == {"signin.passed": 3, "signin.locked": 1}
    assert read(store, lambda tx: tx.tallies.oldest(here)) == NOW - 1
    assert read(store, lambda tx: tx.tallies.oldest(new_id())) is None


def test_why_is_counted_besides(store: SqlStore, here: str) -> None:
    for why in ("reused", "reused", "wrong", "what a far side said"):
        happened(store, here, Event.SECOND_FAILED, facts={"why": why})
    happened(store, here, Event.RECOVERY_DONE, facts={"took_ms": 5 * MINUTE})
    happened(store, here, Event.SIGNIN_FAILED, facts={"why": "x"})
    assert counted(store, here) == {
        "second.failed": 4, "second.failed/reused": 2, "second.failed/wrong": 1,
        "recovery.done": 1, "recovery.done/5": 1, "signin.failed": 1,
    }  # fmt: skip


def test_a_step_of_enrolment_counts_once_for_a_person(store: SqlStore, here: str) -> None:
    ann, bea = new_id(), new_id()
    happened(store, here, Event.APP_BOUND, NOW - DAY, user_id=ann)
    for user_id in (ann, bea, bea):
        happened(store, here, Event.APP_BOUND, user_id=user_id)
    happened(store, here, Event.APP_BOUND)
    assert counted(store, here) == {"app.bound": 4, "first/app.bound": 1}


def test_what_staff_do_is_counted_by_who_did_it(store: SqlStore, here: str) -> None:
    tom = new_id()
    for actor_id in (tom, tom, None):
        happened(store, here, Event.USER_UNLOCKED, actor_id=actor_id)
    assert counted(store, here) == {"user.unlocked": 3, f"by/{tom}/user.unlocked": 2}


def test_a_mark_is_begun_once_and_moved_by_one(store: SqlStore, here: str, there: str) -> None:
    assert read(store, lambda tx: tx.tallies.mark(here)) is None
    assert not write(store, lambda tx: tx.tallies.advance(here, NOW, NOW + 1))
    for at in (NOW, NOW + 9):
        write(store, lambda tx, at=at: tx.tallies.begin(here, at))
    write(store, lambda tx: tx.tallies.begin(there, 7))
    assert write(store, lambda tx: tx.tallies.advance(here, NOW, NOW + 1))
    assert not write(store, lambda tx: tx.tallies.advance(here, NOW, NOW + 2))
    assert read(store, lambda tx: tx.tallies.mark(here)) == NOW + 1
    marks = read(store, lambda tx: tx.tallies.marks())
    assert (marks[here], marks[there]) == (NOW + 1, 7)


def test_counts_add_up_by_day_and_over_days(store: SqlStore, here: str, there: str) -> None:
    for day, counts in ((10, {"a": 1, "b/1": 2}), (10, {"a": 4}), (12, {"a": 8, "c": 1}), (13, {})):
        write(store, lambda tx, d=day, c=counts: tx.tallies.add(here, d, c))
    write(store, lambda tx: tx.tallies.add(there, 9, {"a": 100}))
    write(store, lambda tx: tx.tallies.add(here, 14, {"a": 1_000}))
    for spans, wanted in (
        ([Days(n, n) for n in (10, 11, 12)], [(10, "a", 5), (10, "b/1", 2), (12, "a", 8)]),
        ([Days(4, 10), Days(11, 13)], [(4, "a", 5), (4, "b/1", 2), (11, "a", 8)]),
    ):
        found = read(store, lambda tx, s=spans: tx.tallies.by_span(here, s, {"a"}, "b/"))
        assert sorted((t.day, t.name, t.count) for t in found) == wanted
    assert read(store, lambda tx: tx.tallies.totals(here, 10, 12)) == {"a": 13, "b/1": 2, "c": 1}
    assert read(store, lambda tx: tx.tallies.totals(here, 11, 11)) == {}
    assert read(store, lambda tx: tx.tallies.first(here)) == 10
    assert read(store, lambda tx: tx.tallies.first(new_id())) is None


def test_counts_of_old_days_go(store: SqlStore, here: str) -> None:
    today = NOW // DAY
    for day in (today - 31, today - 30):
        write(store, lambda tx, d=day: tx.tallies.add(here, d, {"a": 1, "b": 1}))
    after: tuple[str, ...] = ()
    removed = 0
    while True:
        swept = write(
            store, lambda tx, a=after: tx.upkeep.sweep(Kind.TALLIES, a, NOW - 30 * DAY, 3)
        )
        removed += swept.removed.get(here, 0)
        after = swept.after
        if not after:
            break
    assert removed == 2
    assert read(store, lambda tx: tx.tallies.first(here)) == today - 30


def test_the_trail_is_searched_between_two_moments(store: SqlStore, here: str) -> None:
    for at in range(NOW, NOW + 5):
        happened(store, here, Event.SIGNIN_FAILED, at)
        happened(store, here, Event.CODE_SENT, at)

    def search(events: tuple[str, ...], before: str | None = None) -> Any:
        return read(
            store,
            lambda tx: tx.audit.search(here, events, "", before, 9, since=NOW + 1, until=NOW + 4),
        )

    for events in ((), ("signin.failed",), ("code.sent",)):
        found = search(events)
        assert {e.at for e in found} == {NOW + 1, NOW + 2, NOW + 3}
        assert {e.at for e in search(events, found[-1].id)} <= {NOW + 1}
        assert found[-1] not in search(events, found[-1].id)
