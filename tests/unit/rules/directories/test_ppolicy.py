"""OpenLDAP's password policy, in the words of every directory."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keyturn.rules.directories.answers import BIND_REASONS, REASONS, Tried
from keyturn.rules.directories.policies import Policy
from keyturn.rules.directories.ppolicy import (
    FOR_GOOD,
    Error,
    Rule,
    lock_ends,
    locked_until,
    must_change_binds,
    policy,
    refusal,
    said_nothing,
    tried,
)
from keyturn.rules.directories.proofs import Bind

RULE = Rule(
    name="staff",
    quality=2,
    min_length=10,
    history=3,
    min_age_ms=86_400_000,
    max_age_ms=90 * 86_400_000,
    lockout=True,
    failures=5,
    lockout_ms=600_000,
    window_ms=300_000,
    idle_ms=0,
    must_change=True,
    user_change=True,
)
SINCE = 1_700_000_000_000


def test_a_rule_is_told_as_every_policy() -> None:
    own = Policy(
        "staff", 10, False, 3, True, 86_400_000, 90 * 86_400_000, 5, 600_000, 300_000
    )  # fmt: skip
    assert policy(RULE, own=True) == own
    assert policy(RULE, own=False) == replace(own, source="domain")


def test_what_is_not_looked_at_is_not_told() -> None:
    assert policy(replace(RULE, quality=0), own=True).min_length == 0
    assert policy(replace(RULE, lockout=False), own=True).lockout_threshold == 0
    assert not policy(replace(RULE, history=0), own=True).history_on_reset


@pytest.mark.parametrize(
    ("rule", "word"),
    [
        (RULE, ""),
        (None, "must_change"),
        (replace(RULE, must_change=False), "must_change"),
        (replace(RULE, user_change=False), "cannot_change"),
    ],
)
def test_whether_a_required_change_binds(rule: Rule | None, word: str) -> None:
    assert must_change_binds(rule) == word


@pytest.mark.parametrize(
    ("rule", "since", "ends"),
    [
        (RULE, None, None),
        (RULE, SINCE, SINCE + 600_000),
        (RULE, FOR_GOOD, 0),
        (None, SINCE, 0),
        (None, None, None),
        (replace(RULE, lockout_ms=0), SINCE, 0),
        (replace(RULE, lockout=False), SINCE, None),
        (replace(RULE, lockout=False), FOR_GOOD, None),
    ],
)
def test_when_a_lock_ends(rule: Rule | None, since: int | None, ends: int | None) -> None:
    assert lock_ends(rule, since) == ends


@pytest.mark.parametrize(("later", "locked"), [(-1, True), (0, False), (1, False)])
def test_a_lock_ends_at_its_moment(later: int, locked: bool) -> None:
    until = SINCE + 600_000
    assert locked_until(RULE, SINCE, until + later) == (until if locked else None)
    assert locked_until(RULE, FOR_GOOD, until + later) == 0
    assert locked_until(RULE, None, until + later) is None


@pytest.mark.parametrize(
    ("error", "reason", "data"),
    [
        (Error.TOO_SHORT, "too_short", {"minimum": 10}),
        (Error.IN_HISTORY, "used_before", {"history": 3}),
        (Error.TOO_YOUNG, "too_young", {"min_age_ms": 86_400_000}),
        (Error.QUALITY, "policy", {}),
        (Error.TOO_LONG, "policy", {}),
        (Error.NOT_ALLOWED, "no_right", {}),
        (Error.OLD_WANTED, "no_right", {}),
        (Error.CHANGE_AFTER_RESET, "credentials", {}),
        (Error.EXPIRED, "credentials", {}),
        (Error.LOCKED, "credentials", {}),
        (77, "policy", {}),
        (None, "policy", {}),
    ],
)
def test_why_a_change_is_refused(error: int | None, reason: str, data: dict[str, int]) -> None:
    found = refusal(19, "words of its own", error, RULE)
    assert (found.reason, found.data, found.diagnostic) == (reason, data, "words of its own")
    assert reason in REASONS


@pytest.mark.parametrize(
    ("result", "diagnostic", "reason"),
    [
        (19, "Password is in history of old passwords", "used_before"),
        (19, "Password is too young to change", "too_young"),
        (19, "Password fails quality checking policy", "policy"),
        (50, "", "no_right"),
        (32, "", "gone"),
        (10, "", "read_only"),
        (53, "shadow context; no update referral", "unwilling"),
    ],
)
def test_an_answer_without_the_control_is_told_by_its_code_and_words(
    result: int, diagnostic: str, reason: str
) -> None:
    assert refusal(result, diagnostic, None, RULE).reason == reason


def test_without_a_rule_there_are_no_numbers() -> None:
    assert refusal(19, "", Error.TOO_SHORT, None).data == {}


@pytest.mark.parametrize(
    ("result", "error", "grace", "expected"),
    [
        (0, None, False, Tried(Bind.RIGHT, "")),
        (0, Error.CHANGE_AFTER_RESET, False, Tried(Bind.RIGHT, "must_change")),
        (0, None, True, Tried(Bind.RIGHT, "password_expired")),
        (49, None, False, Tried(Bind.WRONG, "wrong")),
        (49, Error.EXPIRED, False, Tried(Bind.RIGHT, "password_expired")),
        (49, Error.LOCKED, False, Tried(Bind.SILENT, "locked")),
        (49, Error.QUALITY, False, Tried(Bind.SILENT, "unsaid")),
        (53, None, False, Tried(Bind.SILENT, "unsaid")),
        (48, None, False, Tried(Bind.SILENT, "unsaid")),
    ],
)
def test_what_a_bind_shows(result: int, error: int | None, grace: bool, expected: Tried) -> None:
    assert tried(result, error, grace=grace) == expected
    assert expected.reason in {"", *BIND_REASONS}


@pytest.mark.parametrize(
    ("rule", "since", "delayed", "nothing"),
    [
        (RULE, None, False, False),
        (RULE, SINCE, False, True),
        (RULE, FOR_GOOD, False, True),
        (RULE, None, True, True),
        (None, None, False, False),
        (None, SINCE, False, True),
        (replace(RULE, idle_ms=1), None, False, True),
        (replace(RULE, lockout=False), SINCE, False, False),
    ],
)
def test_when_invalid_credentials_say_nothing(
    rule: Rule | None, since: int | None, delayed: bool, nothing: bool
) -> None:
    assert said_nothing(rule, since, delayed=delayed) is nothing
