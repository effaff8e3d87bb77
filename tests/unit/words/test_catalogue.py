"""The translations are in step with what is to be translated."""

from __future__ import annotations

import pytest

from keyturn.rules.languages import ENGLISH, LANGUAGES
from keyturn.words.catalogue import catalogue
from tools import words

OTHERS = [code for code in LANGUAGES if code != ENGLISH]


@pytest.mark.parametrize("language", OTHERS)
def test_every_message_is_there_none_is_old_or_guessed_and_all_hold_what_theirs_hold(
    language: str,
) -> None:
    assert list(words.wrong(language, words.places())) == []


def test_a_language_that_is_not_there_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        catalogue("xx")
