"""A device, whose it is, and the code on its label."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.rules.crockford import ALPHABET
from keyturn.rules.devices import (
    SILENT_MS,
    WAIT_MS,
    Held,
    Pairing,
    label_digest,
    label_letters,
    label_shown,
    over,
    proves_from,
    silent,
)

NOW = 10_000_000
#: printf 'keyturn-label-v1\0ABCDEFGHJKMNPQRS' | sha256sum
DIGEST = "0b2451c43c279d6d7fa9b49c6adebe39ce653ac5ff8772a40ae07eb0e7b78665"
PAIRING = Pairing("p", "t", "u", "d", "key", paired_at=NOW)


@pytest.mark.parametrize("state", [one for one in Held if one is not Held.ACTIVE])
def test_a_pairing_ends_once(state: Held) -> None:
    ended = over(PAIRING, state, NOW + 1)
    assert (ended.state, ended.ended_at) == (state, NOW + 1)
    assert over(ended, Held.RELEASED, NOW + 2) is ended


def test_a_fresh_pairing_waits_a_day() -> None:
    assert proves_from(PAIRING) == NOW + WAIT_MS == NOW + 86_400_000


@pytest.mark.parametrize(("since", "is_silent"), [(SILENT_MS - 1, False), (SILENT_MS, True)])
def test_silence(since: int, is_silent: bool) -> None:
    assert silent(NOW, NOW + since) is is_silent
    assert silent(None, NOW)


@given(st.text(ALPHABET, min_size=16, max_size=16))
def test_a_label_is_read_as_it_is_shown(letters: str) -> None:
    assert label_letters(label_shown(letters)) == letters
    assert label_letters(label_shown(letters).lower().replace("-", " ")) == letters


@pytest.mark.parametrize("typed", ["", "ABCD-EFGH-JKMN-PQR", "ABCD-EFGH-JKMN-PQRSS", "u" * 16])
def test_what_can_be_no_label(typed: str) -> None:
    assert label_letters(typed) is None


def test_the_digest_that_a_maker_hands_in() -> None:
    assert label_digest("ABCDEFGHJKMNPQRS") == DIGEST
