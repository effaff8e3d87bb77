"""Stamps compared: the table of docs/design/08, arrival, everywhere."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keyturn.rules.directories.proofs import (
    Bind,
    ProofState,
    Stamp,
    Verdict,
    arrived,
    everywhere,
    settle,
    settle_flag,
)

BEFORE = Stamp(3, "aa", 10, 100)
OURS = Stamp(4, "aa", 20, 101)
THEIRS = Stamp(4, "bb", 20, 55)
LATER = Stamp(5, "aa", 30, 102)


@pytest.mark.parametrize(
    ("now", "bind", "answer"),
    [
        (BEFORE, None, Verdict.NOT_DONE), (OURS, None, Verdict.TRY),
        (OURS, Bind.RIGHT, Verdict.DONE), (OURS, Bind.WRONG, Verdict.CHANGED),
        (OURS, Bind.SILENT, None), (THEIRS, None, Verdict.CHANGED),
        (THEIRS, Bind.RIGHT, Verdict.CHANGED), (LATER, None, Verdict.CHANGED),
        (replace(BEFORE, at=11), None, Verdict.CHANGED),
        (Stamp(2, "aa", 1, 1), None, Verdict.CHANGED),
    ],
)  # fmt: skip
def test_an_open_change_is_settled_as_the_table_says(
    now: Stamp, bind: Bind | None, answer: Verdict | None
) -> None:
    assert settle(BEFORE, now, "aa", bind) is answer


@pytest.mark.parametrize(
    ("now", "still", "answer"),
    [
        (BEFORE, True, Verdict.ALREADY), (OURS, True, Verdict.DONE),
        (THEIRS, True, Verdict.ALREADY), (LATER, True, Verdict.ALREADY),
        (BEFORE, False, Verdict.NOT_DONE), (OURS, False, Verdict.CHANGED),
        (LATER, False, Verdict.CHANGED),
    ],
)  # fmt: skip
def test_an_unlock_is_settled_by_how_it_is_and_who_wrote(
    now: Stamp, still: bool, answer: Verdict
) -> None:
    assert settle_flag(BEFORE, now, "aa", still=still) is answer


@pytest.mark.parametrize(
    ("seen", "bind", "state"),
    [
        (BEFORE, None, ProofState.WAITING), (BEFORE, Bind.RIGHT, ProofState.WAITING),
        (OURS, None, ProofState.ARRIVED), (OURS, Bind.SILENT, ProofState.ARRIVED),
        (OURS, Bind.RIGHT, ProofState.PROVED), (OURS, Bind.WRONG, ProofState.WAITING),
        (LATER, None, ProofState.CHANGED), (THEIRS, None, ProofState.CHANGED),
        (Stamp(4, "cc", 19, 9), None, ProofState.WAITING),
    ],
)  # fmt: skip
def test_a_controller_shows_how_far_it_has_come(
    seen: Stamp, bind: Bind | None, state: ProofState
) -> None:
    assert arrived(OURS, seen, bind) is state


MOMENT = Stamp(1_000_000, "", 1_000, 0)


@pytest.mark.parametrize(
    ("now", "bind", "answer"),
    [
        (MOMENT, None, Verdict.NOT_DONE),
        (Stamp(1_000_001, "", 1_000, 0), None, Verdict.TRY),
        (Stamp(9_000_000, "", 9_000, 0), Bind.RIGHT, Verdict.DONE),
        (Stamp(9_000_000, "", 9_000, 0), Bind.WRONG, Verdict.CHANGED),
        (Stamp(999_999, "", 999, 0), Bind.RIGHT, Verdict.CHANGED),
        (Stamp(9_000_000, "aa", 9_000, 7), Bind.RIGHT, Verdict.CHANGED),
    ],
)  # fmt: skip
def test_where_writes_are_not_counted_a_later_one_may_be_ours_and_the_password_decides(
    now: Stamp, bind: Bind | None, answer: Verdict
) -> None:
    assert settle(MOMENT, now, "", bind) is answer


def test_everywhere_is_every_writable_controller_and_never_none() -> None:
    proofs = {"dc1": ProofState.PROVED, "dc2": ProofState.ARRIVED}
    assert everywhere(proofs, {"dc1", "dc2"})
    assert not everywhere(proofs, {"dc1", "dc2", "dc3"})
    assert not everywhere({**proofs, "dc2": ProofState.WAITING}, {"dc1", "dc2"})
    assert not everywhere(proofs, ())
