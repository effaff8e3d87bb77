"""Seals: what they bind, and the vectors that the browser's copy is checked against too."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from keyturn.wire import seals
from keyturn.wire.messages import Sealed
from keyturn.wire.seals import Purpose, Unsealable

KEY = X25519PrivateKey.from_private_bytes(b"k" * 32)
PUBLIC = KEY.public_key().public_bytes_raw()
PURPOSE = Purpose("job", "user", "directory", "agent", 1_700_000_000_000)
VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "seals.json").read_text())


def why(call: Callable[..., Any], *args: object) -> str:
    with pytest.raises(Unsealable) as caught:
        call(*args)
    return caught.value.why


@pytest.mark.parametrize("case", VECTORS, ids=lambda case: case["name"])
def test_a_vector_binds_pads_and_opens_as_it_says(case: dict[str, Any]) -> None:
    purpose = Purpose(
        case["job"], case["user"], case["directory"], case["agent"], case["expires_at"]
    )
    assert seals.info(purpose).hex() == case["info"]
    assert seals.pad(case["password"]).hex() == case["padded"]
    key = X25519PrivateKey.from_private_bytes(bytes.fromhex(case["private"]))
    assert key.public_key().public_bytes_raw().hex() == case["public"]
    sealed = Sealed(bytes.fromhex(case["enc"]), bytes.fromhex(case["ciphertext"]))
    assert seals.unseal(key, purpose, sealed) == case["password"]


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=63))
def test_a_sealed_password_comes_out_as_it_went_in(password: str) -> None:
    sealed = seals.seal(PUBLIC, PURPOSE, password)
    assert seals.unseal(KEY, PURPOSE, sealed) == password


@pytest.mark.parametrize("password", ["", "x", "x" * 254, "é" * 127])
def test_the_length_of_a_password_does_not_show(password: str) -> None:
    sealed = seals.seal(PUBLIC, PURPOSE, password)
    assert (len(sealed.enc), len(sealed.ciphertext)) == (32, 272)


@pytest.mark.parametrize("name", [field.name for field in fields(Purpose)])
def test_a_seal_opens_for_its_own_purpose_only(name: str) -> None:
    sealed = seals.seal(PUBLIC, PURPOSE, "secret")
    was = getattr(PURPOSE, name)
    changed: dict[str, Any] = {name: was + 1 if isinstance(was, int) else was + "x"}
    other = replace(PURPOSE, **changed)
    assert why(seals.unseal, KEY, other, sealed) == "open"


def test_what_one_part_loses_another_cannot_gain() -> None:
    assert seals.info(replace(PURPOSE, job_id="jobu", user_id="ser")) != seals.info(PURPOSE)


@pytest.mark.parametrize(
    "broken",
    [
        lambda s: Sealed(s.enc[:31], s.ciphertext),
        lambda s: Sealed(bytes(32), s.ciphertext),  # a point of small order
        lambda s: Sealed(s.enc, b""),
        lambda s: Sealed(s.enc, s.ciphertext[:-1]),
        lambda s: Sealed(s.enc, s.ciphertext[:-1] + bytes([s.ciphertext[-1] ^ 1])),
    ],
)
def test_a_broken_seal_does_not_open(broken: Callable[[Sealed], Sealed]) -> None:
    assert why(seals.unseal, KEY, PURPOSE, broken(seals.seal(PUBLIC, PURPOSE, "secret"))) == "open"


def test_another_key_does_not_open_it() -> None:
    other = X25519PrivateKey.generate()
    assert why(seals.unseal, other, PURPOSE, seals.seal(PUBLIC, PURPOSE, "secret")) == "open"


@pytest.mark.parametrize(("password", "cause"), [("x" * 255, "long"), ("\ud800", "text")])
def test_what_cannot_be_sealed_is_refused(password: str, cause: str) -> None:
    assert why(seals.seal, PUBLIC, PURPOSE, password) == cause


@pytest.mark.parametrize("key", [b"", bytes(31), bytes(32)])
def test_what_is_no_key_is_refused(key: bytes) -> None:
    assert why(seals.seal, key, PURPOSE, "secret") == "key"


@pytest.mark.parametrize(
    "padded",
    [
        b"",
        bytes(255),
        bytes(257),
        b"\x00\xff" + b"x" * 254,  # longer than there is room
        b"\x00\x01xy" + bytes(252),  # something after the end
        b"\x00\x01\xff" + bytes(253),  # not UTF-8
    ],
)
def test_padding_has_one_form(padded: bytes) -> None:
    assert why(seals.unpad, padded) == "padding"


def test_a_bequest_opens_for_its_heir_only() -> None:
    bequest = seals.bequeath(PUBLIC, "directory", "agent", b"i" * 32)
    assert seals.inherit(KEY, "directory", "agent", bequest) == b"i" * 32
    assert why(seals.inherit, KEY, "directory", "other", bequest) == "open"
    assert why(seals.inherit, KEY, "other", "agent", bequest) == "open"
    assert why(seals.inherit, X25519PrivateKey.generate(), "directory", "agent", bequest) == "open"
    assert why(seals.inherit, KEY, "directory", "agent", b"short") == "open"
    assert why(seals.bequeath, b"", "directory", "agent", b"i" * 32) == "key"


def test_a_password_is_no_bequest() -> None:
    sealed = seals.seal(PUBLIC, PURPOSE, "secret")
    assert why(seals.inherit, KEY, "directory", "agent", sealed.enc + sealed.ciphertext) == "open"
