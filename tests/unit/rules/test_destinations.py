"""Where texts may go, and which destinations look pumped."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.rules.destinations import NOWHERE, pumped, range_of, served


@pytest.mark.parametrize(
    ("region", "allowed", "goes"),
    [
        ("GB", (), True),
        ("GB", ("GB", "IE"), True),
        ("US", ("GB", "IE"), False),
        (NOWHERE, (), False),
        (NOWHERE, (NOWHERE,), False),
    ],
)
def test_texts_go_to_named_countries_and_never_to_no_country(
    region: str, allowed: tuple[str, ...], goes: bool
) -> None:
    assert served(region, allowed) is goes


@given(st.integers(10**6, 10**14), st.integers(0, 9999), st.integers(0, 9999))
def test_ten_thousand_numbers_share_a_range(block: int, one: int, other: int) -> None:
    assert range_of(f"+{block}{one:04}") == range_of(f"+{block}{other:04}")
    assert range_of(f"+{block}{one:04}") != range_of(f"+{block + 1}{one:04}")


@pytest.mark.parametrize(
    ("asked", "entered", "alarm"),
    [(9, 0, False), (10, 0, True), (10, 2, True), (10, 3, False), (12, 3, False), (13, 3, True)],
)
def test_fewer_than_one_in_four_of_ten_looks_pumped(asked: int, entered: int, alarm: bool) -> None:
    assert pumped(asked, entered, 10) is alarm
