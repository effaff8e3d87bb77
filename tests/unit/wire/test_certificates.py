"""Certificates of sealing keys, and fingerprints."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from keyturn.wire import certificates
from keyturn.wire.certificates import Certificate, Uncertified

IDENTITY = Ed25519PrivateKey.from_private_bytes(b"i" * 32)
PUBLIC = IDENTITY.public_key().public_bytes_raw()
SEALING = b"k" * 32
SAID = Certificate("directory", "agent", SEALING, 3, 1_000)
VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "certificates.json").read_text())


def why(
    data: bytes, directory: str = "directory", agent: str = "agent", key: bytes = SEALING,
    now: int = 999,
) -> str:  # fmt: skip
    with pytest.raises(Uncertified) as caught:
        certificates.verify(PUBLIC, data, directory, agent, key, now)
    return caught.value.why


@pytest.mark.parametrize("case", VECTORS, ids=lambda case: case["name"])
def test_a_vector_says_what_it_says(case: dict[str, Any]) -> None:
    sealing = bytes.fromhex(case["sealing_key"])
    said = Certificate(case["directory"], case["agent"], sealing, case["serial"], case["not_after"])
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(case["identity_private"]))
    assert key.public_key().public_bytes_raw().hex() == case["identity"]
    assert certificates.body(said).hex() == case["body"]
    data = bytes.fromhex(case["certificate"])
    assert certificates.sign(key, said) == data
    identity, now = bytes.fromhex(case["identity"]), case["not_after"] - 1
    found = certificates.verify(identity, data, case["directory"], case["agent"], sealing, now)
    assert found == said
    assert certificates.fingerprint(identity) == case["fingerprint"]


def test_a_certificate_holds_to_its_last_millisecond() -> None:
    data = certificates.sign(IDENTITY, SAID)
    assert certificates.verify(PUBLIC, data, "directory", "agent", SEALING, 999) == SAID
    assert why(data, now=1_000) == "expired"


def test_a_certificate_of_something_else_vouches_for_nothing() -> None:
    data = certificates.sign(IDENTITY, SAID)
    assert why(data, directory="other") == "directory"
    assert why(data, agent="other") == "agent"
    assert why(data, key=b"x" * 32) == "key"


def test_a_certificate_by_another_identity_vouches_for_nothing() -> None:
    other = Ed25519PrivateKey.generate()
    assert why(certificates.sign(other, SAID)) == "signature"
    data = certificates.sign(IDENTITY, SAID)
    with pytest.raises(Uncertified):
        certificates.verify(b"no key", data, "directory", "agent", SEALING, 0)


def test_no_bit_of_a_certificate_may_change() -> None:
    data = certificates.sign(IDENTITY, SAID)
    for place in range(len(data)):
        changed = bytearray(data)
        changed[place] ^= 1
        assert why(bytes(changed)) in {"layout", "signature"}


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_uncertified(rest: bytes) -> None:
    for data in (rest, b"keyturn-certificate-v1\0" + rest):
        assert why(data) in {"layout", "signature"}


def test_a_certificate_that_ends_too_early_or_late_is_none() -> None:
    body = certificates.body(SAID)
    for changed in (body[:-1], body + b"x", body[:24], body[:30]):
        assert why(changed + IDENTITY.sign(changed)) == "layout"


def test_texts_that_are_no_utf_8_are_no_certificate() -> None:
    data = certificates.sign(IDENTITY, SAID).replace(b"directory", b"\xff" * 9)
    assert why(data) == "layout"


@given(st.builds(Certificate, st.text(max_size=40), st.text(max_size=40),
                 st.binary(min_size=32, max_size=32), st.integers(0, 2**53),
                 st.integers(0, 2**53)))  # fmt: skip
def test_what_is_signed_is_what_is_read(said: Certificate) -> None:
    try:
        data = certificates.sign(IDENTITY, said)
    except UnicodeEncodeError:
        return  # half a surrogate pair is in no id
    assert certificates.read(data) == said


def test_fingerprints_tell_keys_apart_whatever_their_borders() -> None:
    assert certificates.fingerprint(b"ab", b"c") != certificates.fingerprint(b"a", b"bc")
    assert certificates.fingerprint(b"a") != certificates.fingerprint(b"b")
    assert len(certificates.fingerprint(b"a").split()) == 6


def test_a_renewed_certificate_differs_in_serial_alone() -> None:
    later = replace(SAID, serial=4)
    assert certificates.body(later) != certificates.body(SAID)
