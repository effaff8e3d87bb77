"""Budgets: the limit and the window, to the very event and moment.

Spending itself is one statement of the store; its contract is tested there.
"""

from __future__ import annotations

import pytest

from keyturn.rules.budgets import Budget, Spending, exhausted, row_key

BUDGET = Budget("tries", 3, 100)
START = 1_000


@pytest.mark.parametrize(("spent", "within"), [(1, True), (3, True), (4, False)])
def test_the_limit_may_be_spent_and_not_one_more(spent: int, within: bool) -> None:
    assert BUDGET.allows(Spending(START, spent)) is within


@pytest.mark.parametrize(("spent", "over"), [(0, False), (2, False), (3, True), (4, True)])
def test_looking_ahead_says_whether_the_next_one_goes_over(spent: int, over: bool) -> None:
    assert exhausted(Spending(START, spent), START, BUDGET) is over
    assert BUDGET.allows(Spending(START, spent + 1)) is not over


@pytest.mark.parametrize(("moment", "over"), [(-1, True), (0, False), (1, False)])
def test_a_window_ends_when_it_is_over(moment: int, over: bool) -> None:
    assert exhausted(Spending(START, 3), START + BUDGET.window_ms + moment, BUDGET) is over


def test_nothing_spent_is_nothing_exhausted() -> None:
    assert not exhausted(None, START, BUDGET)


def test_budgets_and_subjects_have_rows_of_their_own() -> None:
    assert len({row_key(b, s) for b in ("mails", "tries") for s in ("ada", "eve")}) == 4
