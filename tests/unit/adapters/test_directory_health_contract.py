"""What every store promises of how directories are (ports.directory_health)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from keyturn.adapters.memory_secrets import START as NOW
from keyturn.adapters.sql import SqlStore
from keyturn.ports.directory_health import AgentNote, Book, Line
from keyturn.rules.directories.things import Directory
from keyturn.rules.lockout import MINUTE
from tests.unit.adapters.stores import RANDOM, new_id


@pytest.fixture
def write(store: SqlStore) -> Callable[[Callable[..., Any]], Any]:
    return lambda fn: store.submit_write(fn).result(timeout=30)


@pytest.fixture
def at() -> tuple[str, str]:
    """A tenant and a directory."""
    return new_id(), new_id()


Write = Callable[[Callable[..., Any]], Any]
At = tuple[str, str]


def test_of_an_agent_is_known_what_was_noted_last(write: Write, at: At) -> None:
    note = AgentNote(
        agent_id=new_id(), tenant_id=at[0], directory_id=at[1], left_at=NOW, left_place="dc1",
        ahead_ms=-5, second_at=NOW + 1, second_place="dc9", beside="{}", beside_at=NOW + 2,
    )  # fmt: skip
    bare = AgentNote(note.agent_id, *at)
    assert write(lambda tx: tx.health.note(*at, note.agent_id)) == bare
    for each in (bare, note):
        write(lambda tx, each=each: tx.health.put_note(each))
        assert write(lambda tx: tx.health.note(*at, note.agent_id)) == each
    assert write(lambda tx: tx.health.notes(*at)) == {note.agent_id: note}


def test_no_tenant_sees_what_another_keeps(write: Write, at: At) -> None:
    tenant, directory = at
    note = AgentNote(new_id(), tenant, directory, ahead_ms=1)
    line = Line(new_id(), tenant, directory, NOW, "opened", "disk.full", "a", "")
    write(lambda tx: tx.health.put_note(note))
    write(lambda tx: tx.health.saw(tenant, directory, "seen", NOW))
    write(lambda tx: tx.health.add(line))
    other = new_id()
    assert write(lambda tx: tx.health.notes(other, directory)) == {}
    assert write(lambda tx: tx.health.note(other, directory, note.agent_id)).ahead_ms is None
    assert write(lambda tx: tx.health.book(other, directory)) == Book(directory, other)
    assert write(lambda tx: tx.health.history(other, directory, 9)) == []
    write(lambda tx: tx.health.judged(other, directory, "stolen", NOW))
    assert write(lambda tx: tx.health.book(*at)).memory == ""


def test_what_the_primary_saw_and_what_was_judged_leave_each_other_alone(
    write: Write, at: At
) -> None:
    assert write(lambda tx: tx.health.book(*at)) == Book(at[1], at[0])
    write(lambda tx: tx.health.saw(*at, "first", NOW))
    assert write(lambda tx: tx.health.take(*at, NOW, NOW + 5))
    write(lambda tx: tx.health.judged(*at, "memory", NOW + 5))
    write(lambda tx: tx.health.saw(*at, "second", NOW + 9))
    whole = Book(at[1], at[0], "second", NOW + 9, "memory", NOW + 5, NOW + 5)
    assert write(lambda tx: tx.health.book(*at)) == whole


def test_a_directory_is_judged_by_one_server_at_a_time(store: SqlStore, at: At) -> None:
    tries = [store.submit_write(lambda tx: tx.health.take(*at, NOW, NOW + 1)) for _ in range(8)]
    assert sorted(each.result(timeout=30) for each in tries) == [False] * 7 + [True]
    later = store.submit_write(lambda tx: tx.health.take(*at, NOW + 1, NOW + 2))
    assert later.result(timeout=30)


def test_whose_turn_it_is_first_those_never_judged_then_the_longest_ago(
    write: Write, at: At
) -> None:
    tenant = at[0]
    ids = [new_id() for _ in range(4)]
    for n, each in enumerate(ids):
        made = Directory(each, tenant, f"d{n}.test", None, "", None, NOW)
        write(lambda tx, made=made: tx.directories.add(made))
    for each, when in ((ids[0], 30), (ids[1], 10), (ids[2], 99)):
        write(lambda tx, each=each, when=when: tx.health.take(tenant, each, NOW, NOW + when))

    def due(limit: int) -> list[str]:
        found = write(lambda tx: tx.health.due(NOW + 50, limit))
        return [directory for whose, directory in found if whose == tenant]

    assert due(1000) == [ids[3], ids[1], ids[0]]
    assert len(write(lambda tx: tx.health.due(NOW + 50, 2))) == 2


def test_history_is_read_newest_first(write: Write, at: At) -> None:
    lines = [
        Line(
            id=RANDOM.id(NOW + n * MINUTE), tenant_id=at[0], directory_id=at[1], at=NOW + n,
            change="opened", cause="disk.full", subject="a", before="disk.ok",
            facts={"free": n, "place": "dc1", "leads": True, "machine": None},
        )
        for n in range(3)
    ]  # fmt: skip
    elsewhere = replace(lines[0], id=new_id(), directory_id=new_id())
    for each in (*lines, elsewhere):
        write(lambda tx, each=each: tx.health.add(each))
    assert write(lambda tx: tx.health.history(*at, 2)) == [lines[2], lines[1]]
