"""The code that a phone scans, or whose letters it is given."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.rules import codes, enrolment
from keyturn.rules.crockford import ALPHABET
from keyturn.rules.enrolment import (
    LIFE_MS,
    NUMBER_MS,
    OPEN,
    TABLE,
    CodeState,
    ScanCode,
    Why,
    ended,
    ends_at,
    match,
    scan,
    shown,
    spelled,
    type_in,
    typed_name,
)
from keyturn.rules.matching import TRIES, Ended

NOW = 1_000_000
WAITING = ScanCode(
    id="c", tenant_id="t", user_id="u", flow_id="f", link=1, epoch=0, digest="d", name="ABCD",
    typed="e", number="42", made_at=NOW, expires_at=NOW + LIFE_MS,
)  # fmt: skip
SCANNED, _ = scan(WAITING, "k", NOW + 1)
BOUND, _ = match(SCANNED, "k", "42", "p", NOW + 2)
OVER = ended(WAITING, Ended.RESET, NOW + 1)


def test_the_states_are_reached_in_order() -> None:
    assert (SCANNED.state, SCANNED.key, SCANNED.scanned_at) == (CodeState.SCANNED, "k", NOW + 1)
    assert (BOUND.state, BOUND.phone_id) == (CodeState.BOUND, "p")
    assert (OVER.state, OVER.ended, OVER.ended_at) == (CodeState.OVER, Ended.RESET, NOW + 1)


def test_what_is_bound_or_over_ends_no_more() -> None:
    assert {state for state, _ in TABLE} == OPEN
    for code in (BOUND, OVER):
        assert ended(code, Ended.DISABLED, NOW + 3) is code
        assert ends_at(code) is None
        assert shown(code, NOW + 10 * LIFE_MS) is code


@pytest.mark.parametrize(("late", "why"), [(-1, None), (0, Ended.EXPIRED), (1, Ended.EXPIRED)])
def test_it_can_be_scanned_for_ten_minutes(late: int, why: Ended | None) -> None:
    code, said = scan(WAITING, "k", NOW + LIFE_MS + late)
    assert said is why
    assert code.ended_at == (None if why is None else NOW + LIFE_MS)


@pytest.mark.parametrize(("late", "why"), [(-1, None), (0, Ended.EXPIRED), (1, Ended.EXPIRED)])
def test_who_scans_in_the_last_moment_has_time_for_the_number(late: int, why: Ended | None) -> None:
    last, _ = scan(WAITING, "k", NOW + LIFE_MS - 1)
    code, said = match(last, "k", "42", "p", NOW + LIFE_MS - 1 + NUMBER_MS + late)
    assert said is why
    assert code.state is (CodeState.BOUND if why is None else CodeState.OVER)


def test_the_same_phone_scanning_again_is_the_same_scan_and_another_hears_that_it_is_taken() -> (
    None
):
    assert scan(SCANNED, "k", NOW + 5) == (SCANNED, None)
    assert scan(SCANNED, "other", NOW + 5) == (SCANNED, Why.TAKEN)
    assert scan(BOUND, "k", NOW + 5) == (BOUND, None)
    assert scan(BOUND, "other", NOW + 5) == (BOUND, Why.TAKEN)
    assert scan(OVER, "k", NOW + 5) == (OVER, Ended.RESET)


def test_the_number_is_said_by_the_phone_that_scanned_and_by_no_other() -> None:
    assert match(WAITING, "k", "42", "p", NOW) == (WAITING, Why.UNSCANNED)
    assert match(SCANNED, "other", "42", "p", NOW + 2) == (SCANNED, Why.TAKEN)
    assert match(BOUND, "other", "42", "q", NOW + 3) == (BOUND, Why.TAKEN)
    assert match(OVER, "k", "42", "p", NOW + 3) == (OVER, Ended.RESET)


def test_said_again_it_binds_the_same_phone() -> None:
    assert match(BOUND, "k", "42", "another id", NOW + 3) == (BOUND, None)


def test_three_wrong_numbers_end_it() -> None:
    code, said = SCANNED, []
    for _ in range(TRIES):
        code, why = match(code, "k", "41", "p", NOW + 2)
        said.append(why)
    assert said == [Why.WRONG, Why.WRONG, Ended.NUMBER]
    assert match(code, "k", "42", "p", NOW + 2)[1] is Ended.NUMBER
    assert code.wrong == TRIES


def test_another_phones_numbers_use_up_no_tries() -> None:
    code, _ = match(SCANNED, "other", "41", "p", NOW + 2)
    assert code.wrong == 0


# -- typing


def test_right_letters_are_a_scan() -> None:
    assert type_in(WAITING, "k", NOW + 1, matches=True) == (SCANNED, None)
    assert type_in(SCANNED, "k", NOW + 2, matches=True) == (SCANNED, None)
    assert type_in(SCANNED, "other", NOW + 2, matches=True) == (SCANNED, Why.TAKEN)


def test_letters_have_the_tries_of_all_codes_and_scanning_goes_on_without_them() -> None:
    code, said = WAITING, []
    for _ in range(codes.TRIES):
        code, why = type_in(code, "k", NOW, matches=False)
        said.append(why)
    assert said == [*[Why.WRONG] * (codes.TRIES - 1), Why.SPENT]
    assert type_in(code, "k", NOW, matches=True) == (code, Why.SPENT)
    assert scan(code, "k", NOW)[1] is None


def test_wrong_letters_change_nothing_once_a_phone_has_the_code() -> None:
    assert type_in(SCANNED, "other", NOW + 2, matches=False) == (SCANNED, Why.TAKEN)
    assert type_in(OVER, "k", NOW + 2, matches=False) == (OVER, Ended.RESET)
    late, why = type_in(WAITING, "k", NOW + LIFE_MS, matches=False)
    assert (late.tries, why) == (0, Ended.EXPIRED)


def test_letters_are_shown_in_groups_and_the_first_four_name_the_code() -> None:
    assert spelled("0123456789") == "0123-456-789"
    assert typed_name("o123 45-6 789") == ("0123", "0123456789")


@pytest.mark.parametrize("typed", ["", "012345678", "01234567890", "012345678U", "💥" * 10])
def test_what_cannot_be_ten_letters_is_no_try(typed: str) -> None:
    assert typed_name(typed) is None


@pytest.mark.parametrize("letters", ["", "ABC", "ABCDEFGHIJ"])
def test_only_drawn_letters_are_spelled(letters: str) -> None:
    with pytest.raises(ValueError, match="alphabet"):
        spelled(letters)


@given(st.text(alphabet=ALPHABET, min_size=10, max_size=10))
def test_whatever_is_shown_can_be_typed(letters: str) -> None:
    assert typed_name(spelled(letters)) == (letters[: enrolment.NAMING], letters)
    assert typed_name(spelled(letters).lower()) == (letters[:4], letters)


def test_a_scanned_code_without_a_moment_never_ends_by_itself() -> None:
    assert ends_at(replace(SCANNED, scanned_at=None)) is None
