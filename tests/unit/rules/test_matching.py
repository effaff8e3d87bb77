"""Two digits that one screen shows and the phone asks for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.rules import matching


def test_numbers_have_two_digits_and_no_leading_zero() -> None:
    drawn = [matching.number(draw) for draw in range(matching.COUNT)]
    assert (drawn[0], drawn[-1], len(set(drawn))) == ("10", "99", 90)


@pytest.mark.parametrize("draw", [-1, matching.COUNT])
def test_a_draw_outside_is_a_mistake(draw: int) -> None:
    with pytest.raises(ValueError, match="draw"):
        matching.number(draw)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("42", "42"), (" 42\n", "42"), ("٤٢", "42"), ("４２", "42"), ("07", "07"), ("", None),
        ("4", None), ("421", None), ("4x", None), ("4 2", None), ("+4", None), ("½1", None),
    ],
)  # fmt: skip
def test_what_is_typed_is_two_digits_or_no_try(typed: str, meant: str | None) -> None:
    assert matching.said(typed) == meant


@given(st.text())
def test_no_text_upsets_it(typed: str) -> None:
    meant = matching.said(typed)
    assert meant is None or (len(meant) == 2 and meant.isascii() and meant.isdigit())
