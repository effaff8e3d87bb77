"""Where a read of a directory stands: nothing is lost, nothing counts twice."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.rules.directories.entries import Scope
from keyturn.rules.directories.syncs import (
    LATE_MS,
    Phase,
    Sync,
    begun,
    followed,
    held_back,
    late,
    lost,
    paged,
    place,
    rescoped,
    stuck,
)

FRESH = Sync("d", Scope())
IDS = [f"{number:02x}" for number in range(40)]


def reading(total: int = 40) -> Sync:
    found = begun(FRESH, place(FRESH), b"cookie", total, 1)
    assert found is not None
    return found


def test_a_read_begins_at_its_beginning_and_has_a_number_of_its_own() -> None:
    first = reading()
    assert (first.number, first.phase, first.after, first.done) == (1, Phase.READING, "", 0)
    half = paged(first, place(first), "10", 17, 2, last=False)
    assert half is not None
    again = begun(half, place(half), b"later", 3, 5)
    assert again == replace(half, number=2, after="", done=0, total=3, cursor=b"later", begun_at=5)


def test_the_last_page_ends_the_read() -> None:
    first = reading()
    done = paged(first, place(first), "", 40, 9, last=True)
    assert done is not None
    assert (done.phase, done.done, done.finished_at, done.cursor) == (
        Phase.FOLLOWING, 40, 9, b"cookie",
    )  # fmt: skip


def test_what_is_stuck_stays_where_it_is_until_it_goes_on() -> None:
    first = reading()
    held = stuck(first, place(first), "scope OU=A")
    assert held == replace(first, trouble="scope OU=A")
    assert place(held) == place(first)
    assert stuck(first, "elsewhere", "scope") is None
    on = paged(held, place(held), "10", 1, 2, last=False)
    assert on is not None
    assert on.trouble == ""
    assert rescoped(held, Scope(("OU=B",))).trouble == ""


@pytest.mark.parametrize(
    ("phase", "after_ms", "is_late"),
    [
        (Phase.FOLLOWING, LATE_MS - 1, False),
        (Phase.FOLLOWING, LATE_MS, True),
        (Phase.READING, LATE_MS, False),
        (Phase.DUE, LATE_MS, False),
    ],
)
def test_who_follows_is_late_after_five_minutes_of_silence(
    phase: Phase, after_ms: int, is_late: bool
) -> None:
    sync = replace(FRESH, phase=phase, heard_at=7)
    assert late(sync, 7 + after_ms) is is_late
    assert not late(replace(sync, heard_at=None), 10**12)


def test_what_goes_on_from_elsewhere_is_not_taken() -> None:
    first = reading()
    half = paged(first, place(first), "10", 17, 2, last=False)
    assert half is not None
    assert paged(half, place(first), "20", 16, 3, last=False) is None
    assert begun(half, place(first), b"x", 1, 3) is None
    assert followed(half, place(half), b"x", 3, whole=False) is None
    assert lost(half, place(first)) is None
    assert paged(half, place(half), "10", 0, 3, last=False) is None  # no step ahead


def test_changes_are_followed_once_the_read_is_over() -> None:
    first = reading()
    done = paged(first, place(first), "", 40, 9, last=True)
    assert done is not None
    after = followed(done, place(done), b"next", 11, whole=False)
    assert after == replace(done, cursor=b"next", heard_at=11)
    assert followed(done, place(reading()), b"next", 11, whole=False) is None
    assert paged(done, place(done), "11", 1, 11, last=False) is None
    whole = followed(done, place(done), b"next", 11, whole=True)
    assert whole is not None
    assert whole.phase is Phase.DUE
    forgotten = lost(done, place(done))
    assert forgotten is not None
    assert forgotten.phase is Phase.DUE


def test_another_scope_reads_again_and_takes_nothing_of_the_old_one() -> None:
    half = reading()
    other = rescoped(half, Scope(units=("OU=Staff",)))
    assert other.phase is Phase.DUE
    assert paged(other, place(half), "10", 1, 2, last=False) is None
    assert rescoped(half, Scope()) is half


@dataclass
class _Store:
    """A server: place and accounts in one transaction."""

    sync: Sync = FRESH
    kept: dict[str, int] = field(default_factory=dict)


@given(st.data())
def test_however_it_is_interrupted_everybody_is_stored_once(data: st.DataObject) -> None:
    """Agents die, repeat and overtake each other; each knows the place that it was last told."""
    store = _Store()
    told = [place(store.sync)] * 2
    for _ in range(200):
        if store.sync.phase is Phase.FOLLOWING:
            break
        who = data.draw(st.integers(0, 1))
        at = told[who]
        known = store.sync if at == place(store.sync) else None
        if known is None or known.phase is Phase.DUE:
            after = begun(store.sync, at, b"c", len(IDS), 1) if known else None
            taken: list[str] = []
        else:
            size = data.draw(st.integers(1, 15))
            rest = [one for one in IDS if one > store.sync.after]
            taken, last = rest[:size], len(rest) <= size
            after = paged(store.sync, at, taken[-1], len(taken), 1, last=last)
        if after is not None:
            store.sync = after
            for one in taken:
                store.kept[one] = store.kept.get(one, 0) + 1
        if data.draw(st.booleans()):  # else the answer is lost, and the old place said again
            told[who] = place(store.sync)
    assert set(store.kept.values()) <= {1}
    if store.sync.phase is Phase.FOLLOWING:
        assert sorted(store.kept) == IDS
        assert store.sync.done == len(IDS)


@pytest.mark.parametrize(
    ("known", "gone", "held"),
    [(100, 10, False), (100, 11, True), (1000, 50, False), (1000, 51, True), (0, 0, False)],
)
def test_many_who_are_gone_at_once_are_held_back(known: int, gone: int, *, held: bool) -> None:
    assert held_back(known, gone) is held
