"""The round of retention: one server at a time, window by window, on and on."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.rules.lockout import DAY
from keyturn.rules.retention import (
    BREATH_MS,
    LEASE_MS,
    ORDER,
    PAUSE_MS,
    REST_MS,
    Kind,
    Round,
    before,
    is_over,
    may_step,
    stepped,
)

NOW = 1_700_000_000_000


@pytest.mark.parametrize(
    ("holder", "late", "may"),
    [("me", 0, True), ("other", -1, False), ("other", 0, True), ("", -1, True)],
)
def test_another_server_goes_on_only_when_the_lease_is_over(
    holder: str, late: int, may: bool
) -> None:
    at = Round(holder=holder, until=NOW - late)
    assert may_step(at, "me", NOW) is may


@pytest.mark.parametrize(("early", "may"), [(1, False), (0, True)])
def test_a_step_waits_until_it_is_due(early: int, may: bool) -> None:
    assert may_step(Round(holder="me", due_at=NOW + early), "me", NOW) is may


def test_a_clock_that_was_set_back_does_not_stop_it() -> None:
    assert may_step(Round(holder="other", until=NOW + DAY, due_at=NOW + DAY), "me", NOW)
    assert not may_step(Round(holder="other", until=NOW + LEASE_MS), "me", NOW)
    assert not may_step(Round(due_at=NOW + REST_MS), "me", NOW)


def test_what_has_no_days_goes_as_soon_as_it_is_over() -> None:
    assert before({}, Kind.BUDGETS, NOW) == NOW
    assert before({Kind.AUDIT: 30}, Kind.AUDIT, NOW) == NOW - 30 * DAY


@given(windows=st.lists(st.integers(0, 5), min_size=len(ORDER), max_size=len(ORDER)))
def test_a_round_goes_through_every_window_of_every_kind_and_then_rests(
    windows: list[int],
) -> None:
    at, seen = Round(), []
    for kind, more in zip(ORDER, windows, strict=True):
        for left in reversed(range(more + 1)):
            seen.append(ORDER[at.kind])
            at = stepped(at, "me", NOW, {"t": 1}, ("key",) if left else ())
        assert seen.count(kind) == more + 1
    assert is_over(at)
    assert (at.holder, at.until, at.due_at) == ("me", NOW + LEASE_MS, NOW + REST_MS)
    assert at.removed == {"t": {str(k): n + 1 for k, n in zip(ORDER, windows, strict=True)}}


@pytest.mark.parametrize(("removed", "pause"), [({}, BREATH_MS), ({"t": 1}, PAUSE_MS)])
def test_a_kind_of_which_nothing_goes_makes_nobody_wait(
    removed: dict[str, int], pause: int
) -> None:
    assert stepped(Round(), "me", NOW, removed, ()).due_at == NOW + pause


def test_between_two_windows_there_is_a_pause() -> None:
    at = stepped(Round(), "me", NOW, {}, ("key",))
    assert (at.due_at, at.kind, at.after) == (NOW + PAUSE_MS, 0, ("key",))
    assert not is_over(at)
    assert not is_over(replace(at, kind=1, after=()))
