"""A phone's signature over what it showed and what was said."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from keyturn.wire.phone_answers import sign, signed
from keyturn.wire.phones import point

KEY = ec.derive_private_key(7, ec.SECP256R1())
PUBLIC, OTHER = (
    point(KEY.public_key()),
    point(ec.derive_private_key(8, ec.SECP256R1()).public_key()),
)
SAID = b"what was shown, and what was said"
SIGNATURE = sign(KEY, SAID)


def test_a_key_vouches_for_what_it_has_signed() -> None:
    assert signed(PUBLIC, SAID, SIGNATURE)


def test_another_statement_is_not_signed() -> None:
    assert not any(signed(PUBLIC, SAID[:at] + b"x" + SAID[at + 1 :], SIGNATURE) for at in range(9))


def test_another_key_has_not_signed() -> None:
    assert not signed(OTHER, SAID, SIGNATURE)


@pytest.mark.parametrize("key", ["", "A" * 87, PUBLIC[:-1], PUBLIC + "="])
def test_what_is_no_key_has_signed_nothing(key: str) -> None:
    assert not signed(key, SAID, SIGNATURE)


@pytest.mark.parametrize(
    "signature", ["", SIGNATURE[:-1], SIGNATURE + "=", "A" * 86, "_" * 86, SIGNATURE[:-1] + "é"]
)
def test_what_is_no_signature_vouches_for_nothing(signature: str) -> None:
    assert not signed(PUBLIC, SAID, signature)
