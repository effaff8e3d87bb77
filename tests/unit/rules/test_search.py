"""Whom a query finds, and that the index of words finds the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.rules.accounts import User, UserState
from keyturn.rules.search import LAST, TERMS_MAX, TURNED, WORD_MAX, found, terms, words

ADA = User(
    id="u", tenant_id="t", state=UserState.ACTIVE, name="Ada Łovelace-Byron", username="a.king_9",
    email="Ada.Byron@Mail.Northwind.test", phone="+447700900123", phone_verified_at=None,
    password_hash=None, password_set_at=None, epoch=0, frozen_at=None, timezone=None, created_at=0,
)  # fmt: skip


def user(**changed: object) -> User:
    fields = {name: getattr(ADA, name) for name in ADA.__slots__}
    return User(**{**fields, **changed})


@pytest.mark.parametrize(
    "query",
    [
        "ada", "ADA", "byron", "łove", "Ada Łovelace-B", "byron ada", "a.king", "king", "9",
        "ada.byron@", "ADA.BYRON@mail.northwind.test", "mail.northwind", "447700", "+44 7700",
        "+44 (7700) 900-123", "0123", "123", "00123", "ada 0123", "ada, byron", "“ada", "ａｄａ",
    ],
)  # fmt: skip
def test_the_beginning_of_any_word_finds(query: str) -> None:
    wanted = terms(query.replace("“", '"'))
    assert wanted
    assert found(wanted, ADA)


@pytest.mark.parametrize(
    "query", ["velace", "bob", "ada bob", "%", "_", "a_a", "999", "012", "test", "' or 1=1 --"]
)
def test_what_begins_no_word_does_not(query: str) -> None:
    assert not found(terms(query), ADA)


@pytest.mark.parametrize("query", ["", "   ", ",", "\" '", "()", "...", "+ - -"])
def test_a_query_without_a_word_looks_for_nothing(query: str) -> None:
    assert terms(query) == () or not found(terms(query), ADA)


def test_accents_do_not_matter() -> None:
    zoe = user(name="Zoë Müller-Ångström", username=None, phone=None)
    for query in ("zoe", "ZOË", "muller", "müller", "angstr", "Zoe\u0308"):
        assert found(terms(query), zoe)


def test_a_number_is_filed_from_both_ends() -> None:
    assert {"447700900123", TURNED + "321009007744"} <= words(ADA)


def test_no_word_begins_another() -> None:
    filed = words(ADA)
    assert not [(a, b) for a in filed for b in filed if a != b and b.startswith(a)]
    assert "ada" not in filed  # "ada.byron@…" is found by whatever finds it


def test_words_and_terms_are_cut_at_the_same_length() -> None:
    long = "x" * 100
    assert found(terms(long), user(name=long))
    assert max(map(len, words(user(name=long)))) == WORD_MAX


def test_only_the_first_terms_count() -> None:
    assert len(terms(" ".join(map(str, "abcdefg")))) == TERMS_MAX


TEXTS = st.text(max_size=60)


@given(TEXTS, TEXTS)
def test_whoever_is_called_so_is_found_by_it(name: str, username: str) -> None:
    person = user(name=name, username=username, phone=None)
    for chunk in name.split():
        wanted = terms(chunk)
        if wanted and len(wanted) == 1 and len(wanted[0].starts) == 1:
            stripped = chunk == chunk.strip(",;\"'()")
            assert found(wanted, person) or not stripped


@given(TEXTS)
def test_words_are_short_and_sort_before_the_last(name: str) -> None:
    for word in words(user(name=name)):
        assert 0 < len(word) <= WORD_MAX
        assert word < LAST
