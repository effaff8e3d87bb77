"""Saved recovery codes: shown in groups, read back however they are typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.rules.crockford import ALPHABET
from keyturn.rules.recovery_codes import COUNT, LENGTH, canonical, shown

LETTERS = st.text(alphabet=ALPHABET, min_size=LENGTH, max_size=LENGTH)


def test_ten_codes_of_eighty_bits() -> None:
    assert COUNT == 10
    assert LENGTH * 5 == 80
    assert len(set(ALPHABET)) == 32


def test_a_code_is_shown_in_groups_of_four() -> None:
    assert shown("7F3K2M3KAAAA9999") == "7F3K-2M3K-AAAA-9999"


@pytest.mark.parametrize("letters", ["", "7F3K", "7F3K2M3KAAAA999U", "7f3k2m3kaaaa9999"])
def test_only_sixteen_drawn_letters_are_shown(letters: str) -> None:
    with pytest.raises(ValueError, match="16 letters"):
        shown(letters)


@given(LETTERS)
def test_a_code_is_read_back_however_it_is_typed(letters: str) -> None:
    code = shown(letters)
    mistaken = code.lower().replace("0", "o").replace("1", "i")
    for typed in (code, code.lower(), letters, code.replace("-", " "), f" {code}\n", mistaken):
        assert canonical(typed) == letters


@pytest.mark.parametrize("typed", ["", "7F3K", "7F3K-2M3K-AAAA-9999-0", "7F3K-2M3K-AAAA-999U"])
def test_what_cannot_be_a_code_is_none(typed: str) -> None:
    assert canonical(typed) is None
