"""What every store promises of cases' logs and of recoveries (ports.cases)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from threading import Barrier, Thread
from typing import Any

import pytest

from keyturn.adapters.memory_secrets import START as NOW
from keyturn.adapters.sql import SqlStore, case_restore
from keyturn.adapters.sql.store import engine_of
from keyturn.ports.store import Taken, Tx
from keyturn.rules.accounts import Case
from keyturn.rules.caselog import Kind, Row
from keyturn.rules.recoveries import Recovery, State, Stop
from tests.unit.adapters.stores import new_id, read, write


def case_of(tenant_id: str, **other: Any) -> Case:
    plain = Case(
        id=new_id(), ref="KT-" + new_id()[-6:], tenant_id=tenant_id, user_id=new_id(),
        identifier="alice", state="open", contact="", note="", created_at=NOW,
    )  # fmt: skip
    return replace(plain, **other)


def row_of(
    case: Case, number: int, kind: Kind = Kind.NOTE, about: str = "", **facts: object
) -> Row:
    return Row(new_id(), case.tenant_id, case.id, number, kind, NOW, None, about, facts)


def recovery_of(tenant_id: str, **other: Any) -> Recovery:
    plain = Recovery(
        id=new_id(), tenant_id=tenant_id, user_id=new_id(), case_id=new_id(), ref="KT-7F3K-2M",
        epoch=2, by=new_id(), made_at=NOW, due_at=NOW + 10,
    )  # fmt: skip
    return replace(plain, **other)


def stored(store: SqlStore, case: Case, rows: Iterable[Row] = ()) -> Case:
    def step(tx: Tx) -> None:
        tx.cases.add(case)
        for row in rows:
            tx.case_log.add(row)

    write(store, step)
    return case


def kept(store: SqlStore, one: Recovery) -> Recovery:
    write(store, lambda tx: tx.recoveries.add(one))
    return one


class TestLog:
    def test_rows_come_back_in_order_as_they_were_written(self, store: SqlStore, here: str) -> None:
        case = case_of(here)
        rows = [row_of(case, 2, Kind.TAKEN, "tom"), row_of(case, 1, Kind.OPENED, name="alice")]
        rows[0] = replace(rows[0], actor_id=new_id(), facts={"a": 1, "b": None})
        stored(store, case, rows)
        assert read(store, lambda tx: tx.case_log.rows(here, case.id)) == rows[::-1]

    def test_tenants_are_walls(self, store: SqlStore, here: str, there: str) -> None:
        case = case_of(here)
        asked = row_of(case, 1, Kind.ASKED, new_id())
        stored(store, case, [asked, row_of(case, 2, Kind.TAKEN, "tom")])
        assert read(store, lambda tx: tx.case_log.rows(there, case.id)) == []
        assert write(store, lambda tx: tx.case_log.hold(there, case.ref)) is None
        assert read(store, lambda tx: tx.case_log.asked(there, asked.about)) is None
        assert read(store, lambda tx: tx.case_log.holders(there, [case.id])) == {}
        assert read(store, lambda tx: tx.case_log.open_of(there, "tom", 9)) == []

    def test_a_case_is_held_by_its_reference(self, store: SqlStore, here: str) -> None:
        case = stored(store, case_of(here))
        assert write(store, lambda tx: tx.case_log.hold(here, case.ref)) == case
        assert read(store, lambda tx: tx.case_log.hold(here, case.ref)) == case

    def test_of_two_who_write_at_once_one_is_second(self, store: SqlStore, here: str) -> None:
        case, start = stored(store, case_of(here)), Barrier(2)

        def more(tx: Tx) -> None:
            tx.case_log.hold(here, case.ref)
            tx.case_log.add(row_of(case, len(tx.case_log.rows(here, case.id)) + 1))

        def step() -> None:
            start.wait()
            for _ in range(5):
                write(store, more)

        threads = [Thread(target=step) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        found = read(store, lambda tx: tx.case_log.rows(here, case.id))
        assert [row.number for row in found] == list(range(1, 11))

    def test_what_was_asked_is_found_by_it(self, store: SqlStore, here: str) -> None:
        case, about = case_of(here), new_id()
        asked = row_of(case, 1, Kind.ASKED, about, method="push")
        stored(store, case, [asked, row_of(case, 2, Kind.PROVED, about)])
        assert read(store, lambda tx: tx.case_log.asked(here, about)) == (case, asked)
        assert read(store, lambda tx: tx.case_log.asked(here, new_id())) is None

    def test_whose_cases_are(self, store: SqlStore, here: str) -> None:
        free, toms, passed, closed = (case_of(here) for _ in range(4))
        closed = replace(closed, state="closed", closed_at=NOW)
        stored(store, free, [row_of(free, 1)])
        stored(store, toms, [row_of(toms, 1, Kind.TAKEN, "tom"), row_of(toms, 2)])
        stored(store, passed, [row_of(passed, 1, Kind.TAKEN, "tom"),
                               row_of(passed, 2, Kind.HANDED, "mia")])  # fmt: skip
        stored(store, closed, [row_of(closed, 1, Kind.TAKEN, "tom")])
        every = [free.id, toms.id, passed.id, closed.id]
        wanted = {toms.id: "tom", passed.id: "mia", closed.id: "tom"}
        assert read(store, lambda tx: tx.case_log.holders(here, every)) == wanted
        assert read(store, lambda tx: tx.case_log.open_of(here, "tom", 9)) == [toms]
        assert read(store, lambda tx: tx.case_log.open_of(here, "mia", 9)) == [passed]
        assert read(store, lambda tx: tx.case_log.open_of(here, "", 9)) == [free]

    def test_the_newest_first_and_no_more_than_wanted(self, store: SqlStore, here: str) -> None:
        made = [stored(store, case_of(here)) for _ in range(3)]
        newest = sorted(made, key=lambda case: case.id, reverse=True)
        assert read(store, lambda tx: tx.case_log.open_of(here, "", 2)) == newest[:2]


class TestRecoveries:
    def test_one_comes_back_as_it_was_stored(self, store: SqlStore, here: str) -> None:
        one = kept(store, recovery_of(here))
        assert read(store, lambda tx: tx.recoveries.get(here, one.id)) == one
        after = replace(
            one, state=State.STOPPED, why=Stop.STAFF, ended_at=NOW, link_number=3, sent_at=NOW
        )
        write(store, lambda tx: tx.recoveries.save(after))
        assert write(store, lambda tx: tx.recoveries.newest(here, one.user_id)) == after

    def test_one_of_a_user_waits(self, store: SqlStore, here: str) -> None:
        one = kept(store, recovery_of(here))
        other = recovery_of(here, user_id=one.user_id)
        with pytest.raises(Taken):
            kept(store, other)
        write(store, lambda tx: tx.recoveries.save(replace(one, state=State.SENT)))
        kept(store, other)
        found = read(store, lambda tx: tx.recoveries.of_user(here, one.user_id))
        assert [each.id for each in found] == [other.id, one.id]
        assert read(store, lambda tx: tx.recoveries.newest(here, one.user_id)) == other

    def test_the_last_of_a_case(self, store: SqlStore, here: str) -> None:
        first = kept(store, recovery_of(here, state=State.STOPPED))
        last = kept(store, recovery_of(here, case_id=first.case_id))
        assert read(store, lambda tx: tx.recoveries.of_case(here, first.case_id)) == last
        assert read(store, lambda tx: tx.recoveries.of_case(here, new_id())) is None

    def test_tenants_are_walls(self, store: SqlStore, here: str, there: str) -> None:
        one = kept(store, recovery_of(here))
        assert read(store, lambda tx: tx.recoveries.get(there, one.id)) is None
        assert read(store, lambda tx: tx.recoveries.newest(there, one.user_id)) is None
        assert read(store, lambda tx: tx.recoveries.of_case(there, one.case_id)) is None
        assert read(store, lambda tx: tx.recoveries.of_user(there, one.user_id)) == []

    def test_those_whose_wait_is_over(self, store: SqlStore, here: str, there: str) -> None:
        late = kept(store, recovery_of(here, due_at=NOW - 1))
        first = kept(store, recovery_of(there, due_at=NOW - 2))
        kept(store, recovery_of(here, due_at=NOW - 3, state=State.SENT))
        kept(store, recovery_of(here, due_at=NOW + 1))
        found = read(store, lambda tx: tx.recoveries.due(NOW, 500))
        ours = [row for row in found if row[0] in {here, there}]
        assert ours == [(one.tenant_id, one.user_id, one.id) for one in (first, late)]
        assert len(read(store, lambda tx: tx.recoveries.due(NOW, 1))) == 1

    def test_a_restore_stops_what_has_no_end(self, store: SqlStore, here: str) -> None:
        states = [State.WAITING, State.SENT, State.STOPPED]
        every = [kept(store, recovery_of(here, state=state)) for state in states]
        with engine_of(store).begin() as connection:
            case_restore.void(connection, NOW + 5)
        gone = {"state": State.STOPPED, "why": Stop.CHANGED, "ended_at": NOW + 5}
        wanted = [replace(one, **gone) for one in every[:2]] + every[2:]  # type: ignore[arg-type]
        found = [read(store, lambda tx, i=one.id: tx.recoveries.get(here, i)) for one in every]
        assert found == wanted
