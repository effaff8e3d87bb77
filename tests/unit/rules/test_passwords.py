"""New passwords: what is refused and why, what is only asked about."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.rules.passwords import (
    PasswordFault,
    PasswordProblem,
    SpaceWarning,
    check,
    normalised,
    spaces,
)

COMMON = frozenset({"password", "12345678", "sunshine", "letmein123"})
CONTEXT = ("Ada Lovelace", "ada.l", "Northwind", "Keyturn", "it")


def problems(password: str, minimum: int = 8) -> tuple[PasswordProblem, ...]:
    return check(password, minimum=minimum, context=CONTEXT, is_common=lambda word: word in COMMON)


def context(word: str) -> PasswordProblem:
    return PasswordProblem(PasswordFault.CONTEXT, word=word)


SHORT = PasswordProblem(PasswordFault.TOO_SHORT, limit=8)
LONG = PasswordProblem(PasswordFault.TOO_LONG, limit=256)
IS_COMMON = PasswordProblem(PasswordFault.COMMON)


@pytest.mark.parametrize(
    "password",
    [
        "rainy tuesday", "zx8-Qpl2", "onlysmallletters", "9471630285", "p\u00e4ssw\u00f6rter",
        "\u5c71\u7530\u306e\u5e03\u56e3\u3068\u732b\u3060", "correct horse northwind staple",
        "it was raining", " padded with spaces ", "tab\tand\nline end", "zqxj" * 16,
    ],
)  # fmt: skip
def test_a_good_password_is_taken_whatever_it_is_composed_of(password: str) -> None:
    assert problems(password) == ()


@pytest.mark.parametrize(
    ("password", "reasons"),
    [
        ("", (SHORT,)),
        ("zx8-Qpl", (SHORT,)),
        ("Password", (IS_COMMON,)),
        ("PASSWORD!!", (IS_COMMON,)),
        ("  password ", (IS_COMMON,)),
        ("passwordpassword", (IS_COMMON,)),
        ("aaaaaaaaaaaa", (IS_COMMON,)),
        ("abcabcabcabc", (IS_COMMON,)),
        ("aaaa", (SHORT, IS_COMMON)),
        ("!!!!????----", ()),
        ("northwind2024", (context("northwind"),)),
        ("N0rthw1nd2024", (context("northwind"),)),
        ("Lovelace-Ada-Lovelace", (context("lovelace"),)),
        ("northwind-password-ada", (context("northwind"),)),
        ("keyturn", (SHORT, context("keyturn"))),
    ],
)
def test_a_bad_password_is_refused_with_every_reason(
    password: str, reasons: tuple[PasswordProblem, ...]
) -> None:
    assert problems(password) == reasons


@pytest.mark.parametrize(
    ("length", "reasons"), [(64, ()), (256, ()), (257, (LONG,)), (1025, (LONG,))]
)
def test_length_ends_at_256_characters(length: int, reasons: tuple[PasswordProblem, ...]) -> None:
    password = "".join(chr(0x4E00 + at) for at in range(length))
    assert problems(password) == reasons


def test_length_is_counted_in_the_form_that_is_kept() -> None:
    distinct = "".join(chr(0x4E00 + at) for at in range(250))
    assert problems(distinct + "e\u0301" * 6) == ()
    assert problems("".join(f"{base}\u0301" for base in "aeiouyn")) == (SHORT,)


@pytest.mark.parametrize("password", ["nul\0 in a password", "half a pair \ud83d here"])
def test_what_is_no_text_is_refused(password: str) -> None:
    assert problems(password) == (PasswordProblem(PasswordFault.NOT_TEXT),)


def test_the_tenants_own_minimum_holds() -> None:
    assert problems("rainy tuesday", 15) == (PasswordProblem(PasswordFault.TOO_SHORT, limit=15),)
    assert problems("rainy tuesday", 13) == ()


@given(st.text(max_size=40))
def test_normal_form_is_stable_and_never_trims(password: str) -> None:
    once = normalised(password)
    assert normalised(once) == once
    assert once == unicodedata.normalize("NFC", password)
    assert once[:1].isspace() == password[:1].isspace()


@given(st.text(max_size=40), st.lists(st.text(max_size=10), max_size=4), st.integers(8, 64))
def test_no_text_breaks_the_check_and_short_ones_never_pass(
    password: str, words: list[str], minimum: int
) -> None:
    found = check(password, minimum=minimum, context=words, is_common=lambda _: False)
    if len(normalised(password)) < minimum:
        assert found


@given(st.from_regex("[a-z]{3,20}", fullmatch=True))
def test_a_password_that_is_just_a_known_word_is_refused(word: str) -> None:
    found = check(word + word, minimum=8, context=[word], is_common=lambda _: False)
    assert PasswordProblem(PasswordFault.CONTEXT, word=word) in found


@pytest.mark.parametrize(
    ("password", "warnings"),
    [
        ("rainy tuesday", ()),
        ("", ()),
        (" rainy", (SpaceWarning.STARTS,)),
        ("rainy ", (SpaceWarning.ENDS,)),
        ("rainy\t", (SpaceWarning.ENDS,)),
        ("rainy\u00a0tuesday", (SpaceWarning.NO_BREAK,)),
        ("rainy\ufefftuesday", (SpaceWarning.NO_BREAK,)),
        ("rainy\ntuesday", (SpaceWarning.LINE_END,)),
        ("rainy\r\n", (SpaceWarning.ENDS, SpaceWarning.LINE_END)),
        ("\u00a0rainy", (SpaceWarning.STARTS, SpaceWarning.NO_BREAK)),
    ],
)
def test_space_nobody_may_have_meant_is_named(
    password: str, warnings: tuple[SpaceWarning, ...]
) -> None:
    assert spaces(password) == warnings
