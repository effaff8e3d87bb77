"""What every store promises of what was read in directories (ports.syncing)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from keyturn.adapters.memory_secrets import START as NOW
from keyturn.adapters.sql import SqlStore
from keyturn.ports.syncing import Tally
from keyturn.rules.directories.comings import DAY_MS
from keyturn.rules.directories.entries import Entry, Scope
from keyturn.rules.directories.known import Known
from keyturn.rules.directories.syncs import Phase, Sync
from tests.unit.adapters.stores import new_id, read, write

SCOPE = Scope(("OU=Ärzte,DC=corp,DC=test",), ("CN=All,DC=corp,DC=test",))


@pytest.fixture
def here() -> tuple[str, str]:
    """A tenant and its directory."""
    return new_id(), new_id()


def make_entry(id_: str, **fields: Any) -> Entry:
    plain = Entry(
        id=id_, name=f"u{id_}", upn="", display="Ada \N{BLACK STAR}", mail="", phone="", unit="",
        disabled=False, must_change=True, locked_at=None, locked_until=0, password_set_at=NOW,
        password_expires_at=None, expires_at=2**41, groups=("CN=A", "CN=B"),
    )  # fmt: skip
    return replace(plain, **fields)


def keep(store: SqlStore, here: tuple[str, str], *every: Known) -> None:
    write(store, lambda tx: tx.syncs.keep(*here, every))


def known(store: SqlStore, here: tuple[str, str], *ids: str) -> Sequence[Known]:
    found: Sequence[Known] = read(store, lambda tx: tx.syncs.known(*here, ids))
    return found


def test_where_a_sync_stands_is_kept_and_replaced(store: SqlStore, here: tuple[str, str]) -> None:
    tenant, directory = here
    assert read(store, lambda tx: tx.syncs.get(tenant, directory)) is None
    first = Sync(directory, SCOPE)
    write(store, lambda tx: tx.syncs.put(tenant, first))
    assert read(store, lambda tx: tx.syncs.get(tenant, directory)) == first
    later = Sync(
        directory,
        Scope(),
        3,
        Phase.FOLLOWING,
        "ab",
        40,
        17,
        b"\x00\xff",
        NOW,
        NOW + 1,
        NOW + 2,
        "scope OU=A",
    )
    write(store, lambda tx: tx.syncs.put(tenant, later))
    assert write(store, lambda tx: tx.syncs.lock(tenant, directory)) == later
    assert read(store, lambda tx: tx.syncs.lock(tenant, directory)) == later


def test_accounts_are_kept_each_in_place_of_what_was(
    store: SqlStore, here: tuple[str, str]
) -> None:
    one, two = Known(make_entry("0a"), NOW), Known(make_entry("0b"), NOW, NOW + 1)
    keep(store, here, two, one)
    keep(store, here)
    assert known(store, here, "0b", "0a", "0c") == [one, two]
    back = Known(replace(two.entry, name="Zoë"), NOW + 5)
    keep(store, here, back)
    assert known(store, here, "0a", "0b") == [one, back]
    assert known(store, here) == []


def test_who_is_there_between_two_ids(store: SqlStore, here: tuple[str, str]) -> None:
    ids = ["0", "0a", "0a0", "9f", "a0"]
    keep(store, here, *(Known(make_entry(id_), NOW) for id_ in ids))
    keep(store, here, Known(make_entry("0b"), NOW, NOW))

    def between(after: str, upto: str | None) -> Any:
        return read(store, lambda tx: tx.syncs.between(*here, after, upto))

    assert between("", None) == ids
    assert between("0a", "9f") == ["0a0", "9f"]
    assert between("a0", None) == []


def test_accounts_are_found_by_how_their_name_begins(
    store: SqlStore, here: tuple[str, str]
) -> None:
    names = {"0c": "Ada", "0b": "adam", "0a": "ADAM", "0d": "ben", "0e": "a" * 300}
    every = {id_: Known(make_entry(id_, name=name), NOW) for id_, name in names.items()}
    keep(store, here, *every.values(), Known(make_entry("0f", name="adams"), NOW, NOW))

    def listed(begins: str, after: str | None, limit: int) -> list[str]:
        last = every[after] if after else None
        found = read(store, lambda tx: tx.syncs.listed(*here, begins, last, limit))
        return [one.entry.id for one in found]

    assert listed("AD", None, 9) == ["0c", "0a", "0b"]
    assert listed("ad", "0c", 1) == ["0a"]
    assert listed("", "0b", 9) == ["0d"]
    assert listed("a" * 200, None, 9) == ["0e"]
    assert listed("x", None, 9) == []


def test_who_is_there_and_who_went_lately_is_counted(
    store: SqlStore, here: tuple[str, str]
) -> None:
    tally = lambda tx: tx.syncs.tally(*here, NOW)  # noqa: E731  said three times
    assert read(store, tally) == Tally(0, 0)
    keep(store, here, *(Known(make_entry(f"0{n}"), NOW) for n in range(3)))
    keep(store, here, *(Known(make_entry(f"1{n}"), NOW, NOW + n - 1) for n in range(3)))
    assert read(store, tally) == Tally(3, 2)


def test_nothing_is_left_of_what_is_forgotten(store: SqlStore, here: tuple[str, str]) -> None:
    tenant, directory = here
    other = (tenant, new_id())
    for place in (here, other):
        write(store, lambda tx, place=place: tx.syncs.put(tenant, Sync(place[1], SCOPE)))
        keep(store, place, Known(make_entry("0a"), NOW))
    write(store, lambda tx: tx.syncs.forget(tenant, directory))
    assert read(store, lambda tx: tx.syncs.get(tenant, directory)) is None
    assert known(store, here, "0a") == []
    assert len(known(store, other, "0a")) == 1
    assert read(store, lambda tx: tx.syncs.get(*other)) is not None


def test_who_is_to_be_reminded_is_found_whosever_they_are(
    store: SqlStore, here: tuple[str, str]
) -> None:
    there = (new_id(), new_id())
    soon = Known(make_entry("0a", password_expires_at=NOW + DAY_MS, must_change=False), NOW)
    told = replace(soon, entry=replace(soon.entry, id="0b"), told=(14, 7, 3, 1))
    gone = replace(soon, entry=replace(soon.entry, id="0c"), gone_at=NOW)
    keep(store, here, soon, told, gone)
    keep(store, there, replace(soon, told=(14, 7)))
    moment = NOW + DAY_MS - 14 * DAY_MS

    def due(now: int) -> set[Any]:
        found = read(store, lambda tx: tx.syncs.to_remind(now, 99))
        return {(*place, known) for *place, known in found if tuple(place) in {here, there}}

    assert due(moment - 1) == set()
    assert due(moment) == {(*here, soon)}
    assert due(NOW) == {(*here, soon), (*there, replace(soon, told=(14, 7)))}
    assert len(read(store, lambda tx: tx.syncs.to_remind(NOW, 1))) == 1
    keep(store, here, replace(soon, told=(14, 7, 3, 1)))
    assert due(NOW) == {(*there, replace(soon, told=(14, 7)))}


def test_a_tenant_is_a_wall(store: SqlStore, here: tuple[str, str]) -> None:
    tenant, directory = here
    there = (new_id(), directory)
    mine, sync = Known(make_entry("0a"), NOW), Sync(directory, SCOPE)
    write(store, lambda tx: tx.syncs.put(tenant, sync))
    keep(store, here, mine)
    assert known(store, there, "0a") == []
    assert read(store, lambda tx: tx.syncs.get(*there)) is None
    assert read(store, lambda tx: tx.syncs.between(*there, "", None)) == []
    assert read(store, lambda tx: tx.syncs.listed(*there, "", None, 9)) == []
    assert read(store, lambda tx: tx.syncs.tally(*there, 0)) == Tally(0, 0)
    keep(store, there, replace(mine, gone_at=NOW))
    write(store, lambda tx: tx.syncs.put(there[0], replace(sync, number=9)))
    write(store, lambda tx: tx.syncs.forget(*there))
    assert known(store, here, "0a") == [mine]
    assert read(store, lambda tx: tx.syncs.get(*here)) == sync


def test_a_full_read_that_is_due_stirs_until_it_has_begun(
    store: SqlStore, here: tuple[str, str]
) -> None:
    tenant, directory = here

    def marks(sync: Sync) -> set[str]:
        write(store, lambda tx: tx.syncs.put(tenant, sync))
        stirring = read(store, lambda tx: tx.jobs.stirring(NOW))
        return {mark for place, mark in stirring if place == directory}

    assert marks(Sync(directory, SCOPE, 3)) == {"s|3"}
    assert marks(Sync(directory, SCOPE, 4, Phase.READING)) == set()
    assert marks(Sync(directory, SCOPE, 4, Phase.FOLLOWING)) == set()
