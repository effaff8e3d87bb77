"""A password judged by the directory's policy: verdicts worked out by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.rules.directories import policies, vectors
from keyturn.rules.directories.policies import (
    Complaint,
    Fault,
    Policy,
    judge,
    length,
    warnings,
)
from keyturn.rules.passwords import SpaceWarning

STRICT = Policy("domain", 10, True, 24, False, 0, 0, 5, 0, 0)
LOOSE = Policy("domain", 8, False, 0, False, 0, 0, 0, 0, 0)
NONE = Policy("domain", 0, False, 0, False, 0, 0, 0, 0, 0)


def faults(password: str, name: str = "ada", display: str = "Ada M. Lovelace-King") -> list[Fault]:
    return [complaint.fault for complaint in judge(STRICT, password, name, display)]


@pytest.mark.parametrize(
    ("password", "expected"),
    [
        ("Summer-rain-4", []),
        ("summer-rain-4", []),  # lower case, sign, digit
        ("summerrain", [Fault.TOO_SIMPLE]),
        ("summerrain4", [Fault.TOO_SIMPLE]),
        ("Summer rain", [Fault.TOO_SIMPLE]),  # a space is no sign
        ("Summer rain 4", []),
        ("Sum-4", [Fault.TOO_SHORT]),
        ("sum", [Fault.TOO_SHORT, Fault.TOO_SIMPLE]),
        ("\u0416\u0436-\u0436\u0436\u0436\u0436\u0436\u0436\u0436", []),  # Cyrillic, both cases
        ("\u5c71\u7530a1\u5c71\u7530\u5c71\u7530\u5c71\u7530", []),  # other letters are a kind
        ("\u20acuro\u20acuro\u20acuro4", [Fault.TOO_SIMPLE]),  # a currency sign is none
        ("\u0661\u0662\u0663abcABCdef", [Fault.TOO_SIMPLE]),  # digits are 0 to 9 alone
        ("Tea-ADA-time-4", [Fault.HAS_NAME]),
        ("kingdom-Come-4", [Fault.HAS_NAME]),  # "King" is a part of the display name
        ("M.-is-too-short-4", []),  # "M" is too short to count
        ("Love-lace-time-4", []),
        ("Nul\0inside-44", [Fault.NOT_TEXT]),
        ("Half\ud83da-pair-4", [Fault.NOT_TEXT]),
    ],
)
def test_each_rule_of_complexity(password: str, expected: list[Fault]) -> None:
    assert faults(password) == expected


def test_length_counts_utf_16_code_units() -> None:
    assert length("\U0001f600") == 2
    assert faults("\U0001f600\U0001f600\U0001f600Ab-1") == []
    assert faults("\U0001f600\U0001f600Ab-1") == [Fault.TOO_SHORT]


def test_limits_are_told() -> None:
    assert judge(STRICT, "Sum-4", "", "") == (Complaint(Fault.TOO_SHORT, limit=10),)
    assert judge(STRICT, "summerrain", "", "") == (Complaint(Fault.TOO_SIMPLE, limit=3, found=1),)
    assert judge(STRICT, "Aa1-" * 64, "", "") == ()
    assert judge(STRICT, "Aa1-" * 64 + "x", "", "") == (Complaint(Fault.TOO_LONG, limit=256),)


def test_a_name_is_told_as_the_directory_writes_it_and_once() -> None:
    assert judge(STRICT, "my-ada-password-4", "ADA", "Ada") == (
        Complaint(Fault.HAS_NAME, word="ADA"),
    )
    found = judge(STRICT, "lovelace-king-4-Tea", "ada", "Ada M. Lovelace-King")
    assert [complaint.word for complaint in found] == ["Lovelace", "King"]


def test_names_count_only_where_complexity_is_on() -> None:
    assert judge(LOOSE, "adaadaada", "ada", "Ada") == ()


def test_an_empty_password_is_too_short_whatever_the_policy() -> None:
    assert judge(NONE, "", "", "") == (Complaint(Fault.TOO_SHORT, limit=1),)
    assert judge(NONE, "x", "", "") == ()


def test_white_space_is_warned_of_and_not_refused() -> None:
    assert faults("Summer-rain-4 ") == []
    assert warnings("Summer-rain-4 ") == (SpaceWarning.ENDS,)
    assert warnings("\u00a0Summer\n") == (
        SpaceWarning.STARTS,
        SpaceWarning.ENDS,
        SpaceWarning.NO_BREAK,
        SpaceWarning.LINE_END,
    )


@given(st.text(), st.text(max_size=10), st.text(max_size=20))
def test_no_text_upsets_it(password: str, name: str, display: str) -> None:
    first = judge(STRICT, password, name, display)
    assert first == judge(STRICT, password, name, display)
    # what is taken under a policy is taken under every weaker one
    assert first or judge(LOOSE, password, name, display) == ()


def test_the_vectors_are_what_the_judge_says_and_hold_every_fault_and_warning() -> None:
    stored = Path("tests/vectors/directory_policy.json").read_text("utf-8")
    assert stored == vectors.as_json()
    cases = json.loads(stored)["cases"]
    said = {complaint["fault"] for case in cases for complaint in case["complaints"]}
    assert said == set(Fault)
    assert {word for case in cases for word in case["warnings"]} == set(SpaceWarning)


@pytest.mark.parametrize(
    ("password", "can"),
    [("Right-1", True), (" ", True), ("", False), ("a\0b", False), ("a\ud800b", False)],
)
def test_what_no_keyboard_types_is_told_apart(password: str, *, can: bool) -> None:
    assert policies.typable(password) is can
