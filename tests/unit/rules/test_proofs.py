"""Proofs: what counts, for whom and how long."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from keyturn.rules.proofs import TABLE, Method, Proof, counts, suffice, until
from keyturn.rules.verified import PROOF_MS
from tests.unit.rules.cases import CASE, NOW, OLD, OPENED, USER, about

PUSH = Proof(CASE, USER, 1, "tom", Method.PUSH, NOW, OLD)
WORD = Proof(CASE, USER, 1, "tom", Method.APPROVAL, NOW, 0, "mia")


def of(method: Method) -> Proof:
    return replace(PUSH, method=method)


@pytest.mark.parametrize("late", [-1, 0, 1])
def test_ten_minutes(late: int) -> None:
    assert until(PUSH) == NOW + PROOF_MS
    assert counts(PUSH, about("tom"), NOW + PROOF_MS + late) is (late < 0)


def test_not_before_it_was_made() -> None:
    assert not counts(PUSH, about("tom"), NOW - 1)


@pytest.mark.parametrize(
    "other",
    [
        {"case_id": "another"}, {"user_id": "bob"}, {"epoch": 2}, {"epoch": 0},
        {"technician_id": "mia"},
    ],
)  # fmt: skip
def test_one_of_another_case_user_epoch_or_technician_counts_nothing(other: dict[str, str]) -> None:
    assert counts(PUSH, about("tom"), NOW)
    assert not counts(replace(PUSH, **other), about("tom"), NOW)  # type: ignore[arg-type]


@pytest.mark.parametrize("late", [-1, 0, 1])
def test_what_is_newer_than_the_case_proves_nothing_in_it(late: int) -> None:
    assert counts(replace(PUSH, since=OPENED + late), about("tom"), NOW) is (late < 0)


@pytest.mark.parametrize(
    ("by", "good"), [("mia", True), ("tom", False), (USER, False), ("", False)]
)
def test_the_word_of_somebody_else_alone(by: str, good: bool) -> None:
    assert counts(replace(WORD, by=by), about("tom"), NOW) is good


#: every pair that does, by hand
ENOUGH = {
    frozenset(pair)
    for pair in [
        ("push", "text"), ("push", "mail"), ("push", "presence"), ("push", "approval"),
        ("offline", "presence"), ("offline", "approval"), ("text", "presence"),
        ("text", "approval"), ("mail", "presence"), ("mail", "approval"),
        ("presence", "approval"), ("device", "push"), ("device", "approval"),
    ]
}  # fmt: skip


@pytest.mark.parametrize(("one", "other"), list(product(Method, Method)))
def test_two_by_different_means_of_which_not_both_are_read_aloud(
    one: Method, other: Method
) -> None:  # fmt: skip
    assert suffice(of(one), of(other)) is (frozenset({one, other}) in ENOUGH)


def test_every_method_has_its_row() -> None:
    assert set(TABLE) == set(Method)
