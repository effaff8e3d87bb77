"""What a directory's answer to one try leads to, and when it is shown."""

from __future__ import annotations

import pytest

from keyturn.rules.directories.answers import BIND_REASONS
from keyturn.rules.directories.proofs import Bind
from keyturn.rules.directories.signins.answers import (
    STEP_MS,
    TROUBLES,
    UNTRIED,
    Way,
    shown_at,
    way,
)

RIGHT = {
    "": Way.PASS,
    "must_change": Way.CHANGE,
    "password_expired": Way.CHANGE,
    **dict.fromkeys(
        ("disabled", "account_expired", "hours", "workstation", "logon_type"), Way.BARRED
    ),
}


@pytest.mark.parametrize("reason", ["", *BIND_REASONS, *UNTRIED, *TROUBLES, "unheard of"])
@pytest.mark.parametrize("bind", [*Bind, None])
def test_only_a_right_password_leads_anywhere(bind: Bind | None, reason: str) -> None:
    if bind is Bind.RIGHT:
        assert way(bind, reason) is RIGHT.get(reason, Way.BARRED)
    elif bind is None and reason in TROUBLES:
        assert way(bind, reason) is Way.TROUBLE
    else:
        assert way(bind, reason) is Way.REFUSED


def test_only_a_right_password_without_a_reason_passes() -> None:
    reasons = ["", *BIND_REASONS, *UNTRIED, *TROUBLES]
    passing = [(b, r) for b in [*Bind, None] for r in reasons if way(b, r) is Way.PASS]
    assert passing == [(Bind.RIGHT, "")]


def test_every_reason_after_a_right_password_is_known() -> None:
    said = {word for word, what in BIND_REASONS.items() if what.startswith("right")}
    assert said == set(RIGHT) - {""}


@pytest.mark.parametrize(
    ("took", "shown"),
    [(0, 1), (1, 1), (STEP_MS - 1, 1), (STEP_MS, 1), (STEP_MS + 1, 2), (5 * STEP_MS, 5)],
)
def test_an_answer_is_shown_at_a_whole_step(took: int, shown: int) -> None:
    assert shown_at(10**9, 10**9 + took) == 10**9 + shown * STEP_MS


def test_a_clock_that_other_servers_read_a_little_earlier_shows_nothing_early() -> None:
    assert shown_at(10**9, 10**9 - 5) == 10**9 + STEP_MS
