"""What the code to scan carries: read as it was written, and nothing else read at all."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from keyturn.rules import enrolment_address as address
from keyturn.rules import enrolment_vectors as vectors
from keyturn.rules.crockford import ALPHABET
from keyturn.rules.enrolment_address import Content, Unread, fragment, part, read

PART = st.binary(min_size=16, max_size=16).map(part)
ULID = st.builds(
    lambda first, rest: first + rest,
    st.sampled_from("01234567"),
    st.text(ALPHABET, min_size=25, max_size=25),
)
CONTENTS = st.builds(Content, ULID, PART, PART, PART)
GOOD = fragment(
    Content(
        "01JD0123456789ABCDEFGHJKMN", part(bytes(16)), part(b"\xff" * 16), part(b"16 bytes in here")
    )
)


@given(CONTENTS)
def test_what_was_written_is_read(content: Content) -> None:
    text = fragment(content)
    assert read(text) == content
    assert len(text) <= 100  # a small picture
    assert read(text).secret == content.secret  # type: ignore[union-attr]


@given(st.text())
@example("2.")
@example("1." + "x" * 300)
def test_no_text_upsets_it(text: str) -> None:
    found = read(text)
    assert found in set(Unread) or fragment(found) == text  # type: ignore[arg-type]


@given(CONTENTS, st.integers(0, 96), st.characters())
def test_a_changed_letter_is_another_code_or_none(content: Content, at: int, letter: str) -> None:
    text = fragment(content)
    changed = text[:at] + letter + text[at + 1 :]
    found = read(changed)
    assert (found == content) is (changed == text)


@given(st.binary(min_size=16, max_size=16))
def test_sixteen_bytes_have_one_spelling(data: bytes) -> None:
    text = part(data)
    last = text[-1]
    assert base64.urlsafe_b64decode(text + "==") == data
    others = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") - {last}
    same = [o for o in others if base64.urlsafe_b64decode(text[:-1] + o + "==") == data]
    assert same  # base64 itself would take others …
    at = GOOD.rindex(".") + 1
    assert all(read(GOOD[:at] + text[:-1] + other) in set(Unread) for other in same)


@pytest.mark.parametrize("content", [
    Content("01JD0123456789ABCDEFGHJKM", part(bytes(16)), part(bytes(16)), part(bytes(16))),
    Content("01JD0123456789ABCDEFGHJKMN", "short", part(bytes(16)), part(bytes(16))),
])  # fmt: skip
def test_parts_of_another_shape_are_not_written(content: Content) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        fragment(content)


@pytest.mark.parametrize("size", [0, 15, 17])
def test_a_part_has_sixteen_bytes(size: int) -> None:
    with pytest.raises(ValueError, match="16"):
        part(bytes(size))


def test_a_newer_version_is_told_apart_from_what_is_no_code() -> None:
    assert read("2" + GOOD[1:]) is Unread.VERSION
    assert read("2.of another shape") is Unread.VERSION
    assert read("1.of another shape") is Unread.SHAPE
    assert read("hello") is Unread.SHAPE


KEYS = st.dictionaries(st.text(max_size=3), st.binary(max_size=3), max_size=3)


@given(KEYS, KEYS)
def test_two_lists_of_directories_have_one_fingerprint_only_if_they_are_the_same(
    one: dict[str, bytes], other: dict[str, bytes]
) -> None:
    same = address.directories_pin(one) == address.directories_pin(other)
    assert same is (one == other)


def test_an_installation_is_no_directory() -> None:
    key = bytes(32)
    assert address.installation_pin(key) != address.directories_pin({"": key})
    assert address.installation_pin(key) != address.installation_pin(b"1" + bytes(31))


def test_the_vectors_are_what_the_reader_says_and_hold_every_answer() -> None:
    stored = Path("tests/vectors/enrolment_address.json").read_text("utf-8")
    assert stored == vectors.addresses_as_json()
    cases = json.loads(stored)["cases"]
    assert {case["unread"] for case in cases} == {None, *Unread}
    taken = [case["fragment"] for case in cases if case["content"]]
    assert len(taken) == 2
    assert taken[0][:-2] == taken[1][:-2]  # the second has other bytes at its end
