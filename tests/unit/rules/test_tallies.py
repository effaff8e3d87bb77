"""What is counted under which name, and in which slices."""

from __future__ import annotations

from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.rules import calendar
from keyturn.rules.events import Event
from keyturn.rules.lockout import DAY, MINUTE
from keyturn.rules.tallies import BEHIND_MS, GRACE_MS, SLICE_MS, detailed, due, rest

NOW = 1_770_000_000_000
LONDON = ZoneInfo("Europe/London")
ZONES = st.sampled_from((LONDON, ZoneInfo("Asia/Kathmandu"), ZoneInfo("America/St_Johns")))


@pytest.mark.parametrize(
    ("event", "facts", "name"),
    [
        (Event.SECOND_FAILED, {"why": "reused"}, "second.failed/reused"),
        (Event.RECOVERY_DONE, {"took_ms": 3 * MINUTE - 1}, "recovery.done/2"),
        (Event.CASE_CLOSED, {"cause": None}, ""),
        (Event.CODE_FAILED, {}, ""),
        (Event.RESET_NOT_DONE, {"reason": "said by a far side: 0000052D"}, ""),
        (Event.RESET_NOT_DONE, {"reason": "x" * 41}, ""),
        (Event.RESET_NOT_DONE, {"reason": ""}, ""),
    ],
)
def test_only_a_short_term_of_ours_is_a_name(
    event: Event, facts: dict[str, object], name: str
) -> None:
    assert detailed(event, facts) == name


@pytest.mark.parametrize(
    ("age", "counted"), [(0, 0), (GRACE_MS, 0), (GRACE_MS + SLICE_MS - 1, 0),
                         (GRACE_MS + SLICE_MS, SLICE_MS), (GRACE_MS + SLICE_MS + 1, SLICE_MS + 1)],
)  # fmt: skip
def test_a_slice_waits_until_nothing_can_come_into_it(age: int, counted: int) -> None:
    noon = calendar.begins(calendar.day_of(NOW, LONDON), LONDON) + DAY // 2
    piece = due(noon, noon + age, LONDON)
    assert (piece.until - piece.since if piece else 0) == counted


@given(mark=st.integers(NOW, NOW + 400 * DAY), tz=ZONES, age=st.integers(0, 5 * DAY))
def test_slices_follow_one_another_each_within_its_day(mark: int, tz: ZoneInfo, age: int) -> None:
    now, at, seen = mark + age, mark, 0
    while (piece := due(at, now, tz)) is not None:
        assert piece.since == at < piece.until <= now - GRACE_MS
        assert calendar.day_of(at, tz) == calendar.day_of(piece.until - 1, tz) == piece.day
        at, seen = piece.until, seen + 1
    assert now - at < GRACE_MS + SLICE_MS
    assert seen <= age // DAY + 2


@given(mark=st.integers(NOW, NOW + 400 * DAY), tz=ZONES, age=st.integers(0, BEHIND_MS))
def test_what_is_not_counted_yet_is_counted_for_whoever_asks(
    mark: int, tz: ZoneInfo, age: int
) -> None:
    pieces = rest(mark, mark + age, tz)
    assert (pieces[0].since, pieces[-1].until) == (mark, mark + age + 1)
    assert all(a.until == b.since and a.day + 1 == b.day for a, b in pairwise(pieces))
    assert all(calendar.day_of(p.since, tz) == p.day for p in pieces)


@pytest.mark.parametrize("age", [BEHIND_MS + 1, 400 * DAY, -1])
def test_too_much_is_not_counted_while_somebody_waits(age: int) -> None:
    assert rest(NOW, NOW + age, LONDON) == ()
