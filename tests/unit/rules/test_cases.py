"""Case references as people type them, and notes that give something away."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.rules.cases import SecretKind, looks_like_secret, parse_reference, reference
from keyturn.rules.crockford import ALPHABET

LETTERS = st.text(alphabet=ALPHABET, min_size=6, max_size=6)


def test_a_reference_is_shown_in_groups() -> None:
    assert reference("7F3K2M") == "KT-7F3K-2M"


@pytest.mark.parametrize("letters", ["", "7F3K2", "7F3K2M9", "7F3K2U", "7f3k2m", "7F3K2O"])
def test_only_six_drawn_letters_make_a_reference(letters: str) -> None:
    with pytest.raises(ValueError, match="6 letters"):
        reference(letters)


@given(LETTERS)
def test_a_reference_is_found_again_however_it_is_typed(letters: str) -> None:
    ref = reference(letters)
    mistaken = ref.replace("0", "o").replace("1", "L")
    for typed in (ref, ref.lower(), letters, f" {' '.join(letters)} ", f"KT {letters}", mistaken):
        assert parse_reference(typed) == ref


@pytest.mark.parametrize(
    "typed",
    ["", "---", "KT-7F3K-2", "KT-7F3K-2M9", "XX-7F3K-2M", "KT-7F3K-2U", "7F3K2\0", "0" * 999],
)
def test_what_cannot_be_a_reference_is_none(typed: str) -> None:
    assert parse_reference(typed) is None


@given(st.text(max_size=120))
def test_whatever_is_read_as_a_reference_is_one(typed: str) -> None:
    ref = parse_reference(typed)
    assert ref is None or parse_reference(ref) == ref


@pytest.mark.parametrize(
    ("note", "kind"),
    [
        ("My code is 123456.", SecretKind.CODE),
        ("it said 123 456", SecretKind.CODE),
        ("012-345 came at 14:07", SecretKind.CODE),
        ("password: hunter2", SecretKind.PASSWORD),
        ("My Password is sunshine", SecretKind.PASSWORD),
        ("pw=hunter2", SecretKind.PASSWORD),
        ("PIN -> 4711", SecretKind.PASSWORD),
        ("Mein Passwort ist geheim1", SecretKind.PASSWORD),
        ("the password is wrong, the password is hunter2", SecretKind.PASSWORD),
        ("7F3K-2M3K-AAAA-9999", SecretKind.RECOVERY_CODE),
        ("my saved one 7f3k 2m3k aaaa 9999", SecretKind.RECOVERY_CODE),
    ],
)
def test_a_note_with_a_secret_is_held_back_with_the_reason(note: str, kind: SecretKind) -> None:
    assert looks_like_secret(note) is kind


@pytest.mark.parametrize(
    "note",
    [
        "",
        "I was locked out at 14:07 on 2024-01-05",
        "call me on +44 7700 900123",
        "or 07700 900123, or (020) 7946 0123",
        "my password is not accepted",
        "The password is wrong.",
        "case KT-7F3K-2M",
        "invoice 1234567",
        "555-123-4567",
        "ASKS THAT WHEN THEN",
        "my password: .",
    ],
)
def test_a_plain_note_is_taken(note: str) -> None:
    assert looks_like_secret(note) is None
