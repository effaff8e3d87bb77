"""Figures of measurements."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from keyturn.bench.figures import auc, binomial_most, ms, quantile

numbers = st.lists(st.integers(0, 20), min_size=1, max_size=30)


@given(ones=numbers, others=numbers)
def test_auc_is_the_share_of_pairs_won(ones: list[int], others: list[int]) -> None:
    won = sum((a > b) + (a == b) / 2 for a in ones for b in others)
    assert abs(auc(ones, others) - won / (len(ones) * len(others))) < 1e-9


def test_groups_that_never_meet_are_told_apart_for_certain() -> None:
    assert auc([3, 4], [1, 2]) == 1
    assert auc([1, 2], [3, 4]) == 0
    assert auc([1, 2], [1, 2]) == 0.5


def test_a_quantile_is_a_value_that_was_measured() -> None:
    values = list(range(1, 101))
    assert quantile(values, 0.95) == 96
    assert quantile(values, 1) == 100
    assert quantile([7], 0.5) == 7


def test_nanoseconds_become_milliseconds() -> None:
    assert ms(1_234_567) == 1.235


def test_the_most_successes_grow_with_tries_and_chance() -> None:
    assert binomial_most(0, 0.5) == 0
    assert binomial_most(1, 0.5) == 1
    assert binomial_most(30, 0.025) == 5
    assert binomial_most(30, 1.0) == 30
