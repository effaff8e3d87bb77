"""Two words that two screens show."""

from __future__ import annotations

import base64

from hypothesis import given
from hypothesis import strategies as st

from keyturn.rules.word_pairs import WORDS, pair


def test_there_are_as_many_words_as_an_octet_has_values() -> None:
    assert len(WORDS) == len(set(WORDS)) == 256


def test_words_differ_in_their_first_four_letters_and_are_short() -> None:
    assert len({word[:4] for word in WORDS}) == 256
    assert all(word.isalpha() and word.islower() and 3 <= len(word) <= 8 for word in WORDS)


@given(st.binary(min_size=2, max_size=32))
def test_each_octet_picks_its_word(octets: bytes) -> None:
    digest = base64.urlsafe_b64encode(octets + b"\0").decode()
    assert pair(digest) == f"{WORDS[octets[0]]} {WORDS[octets[1]]}"
