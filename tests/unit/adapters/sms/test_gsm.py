"""Alphabets and splitting of texts, against the standard's figures and another implementation."""

from __future__ import annotations

import pytest
import smpplib.gsm
from hypothesis import given
from hypothesis import strategies as st

from keyturn.adapters.sms import gsm
from keyturn.adapters.sms.gsm import DEFAULT, UCS2, Encoded

DEFAULT_TEXTS = st.text(st.sampled_from(sorted(gsm.BASIC | gsm.EXTENSION)), max_size=700)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=400)


@given(st.one_of(DEFAULT_TEXTS, TEXTS), st.integers(0, 1000))
def test_the_phone_shows_what_was_written(text: str, number: int) -> None:
    assert gsm.decode(gsm.encode(text, number)) == text


@given(st.one_of(DEFAULT_TEXTS, TEXTS))
def test_no_part_is_longer_than_the_air_interface_takes(text: str) -> None:
    coded = gsm.encode(text, 7)
    most = gsm.SEPTETS if coded.coding == DEFAULT else gsm.OCTETS
    for part in coded.parts:
        # 7 septets of a part hold the 6 octets of its header
        length = len(part) + (1 if coded.split and coded.coding == DEFAULT else 0)
        assert length <= most


@given(st.one_of(DEFAULT_TEXTS, TEXTS), st.integers(0, 1000))
def test_parts_are_headed_by_number_count_and_place(text: str, number: int) -> None:
    coded = gsm.encode(text, number)
    if coded.split:
        heads = [tuple(part[:6]) for part in coded.parts]
        count = len(coded.parts)
        assert heads == [(5, 0, 3, number % 256, count, at) for at in range(1, count + 1)]


@given(DEFAULT_TEXTS)
def test_no_escape_pair_is_torn_apart(text: str) -> None:
    coded = gsm.encode(text, 0)
    for part in coded.parts:
        assert part[6 if coded.split else 0 :][-1:] != b"\x1b"


@pytest.mark.parametrize(
    ("text", "coding", "lengths"),
    [
        ("", DEFAULT, [0]),
        ("x" * 160, DEFAULT, [160]),
        ("x" * 161, DEFAULT, [159, 14]),
        ("x" * 306, DEFAULT, [159, 159]),
        ("x" * 307, DEFAULT, [159, 159, 7]),
        ("€" * 80, DEFAULT, [160]),
        ("x" * 152 + "€" * 5, DEFAULT, [158, 16]),
        ("ж" * 70, UCS2, [140]),
        ("ж" * 71, UCS2, [140, 14]),
        ("ж" * 134, UCS2, [140, 140]),
        ("ж" * 66 + "😀😀😀", UCS2, [138, 18]),
    ],
)
def test_lengths_are_those_of_the_standard(text: str, coding: int, lengths: list[int]) -> None:
    coded = gsm.encode(text, 1)
    assert (coded.coding, [len(part) for part in coded.parts]) == (coding, lengths)


def test_half_an_emoji_becomes_a_question_mark() -> None:
    assert gsm.decode(gsm.encode("ж\ud83d", 1)) == "ж?"


def test_more_than_255_parts_are_refused() -> None:
    assert len(gsm.encode("x" * 153 * 255, 1).parts) == 255
    with pytest.raises(gsm.TooLong):
        gsm.encode("x" * (153 * 255 + 1), 1)


@given(st.text(st.sampled_from(sorted(gsm.BASIC | gsm.EXTENSION - {"\f"})), max_size=160))
def test_another_implementation_writes_the_same_septets(text: str) -> None:
    coded = gsm.encode(text, 1)
    # section sign: smpplib has a backtick in its place, which the alphabet does not know
    assert b"".join(p[6:] if coded.split else p for p in coded.parts) == smpplib.gsm.gsm_encode(
        text.replace("§", "`")
    )


def test_an_escape_that_means_nothing_shows_as_a_space() -> None:
    assert gsm.decode(Encoded(DEFAULT, (b"a\x1b\x01b",))) == "a b"
