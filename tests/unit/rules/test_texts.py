"""Reasons why texts do not arrive, and spellings of numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.rules.texts import Reason, reason_of, same_number, told

DIGITS = st.text("0123456789", min_size=7, max_size=15)


@given(st.sampled_from(Reason), st.text())
def test_a_reason_is_read_back(reason: Reason, words: str) -> None:
    assert reason_of(told(reason, words)) is reason


@pytest.mark.parametrize("detail", ["", "UNDELIV err:001", "HTTP 500: x", "filtered", "none: x"])
def test_words_without_a_reason_have_none(detail: str) -> None:
    assert told(None, detail) == detail
    assert reason_of(detail) is None


@given(DIGITS)
def test_a_number_is_itself_with_or_without_its_plus(digits: str) -> None:
    significant = digits.lstrip("0")
    assert same_number(f"+{digits}", f"00{digits}") is (len(significant) >= 7)
