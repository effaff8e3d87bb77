"""TOTP against the vectors of RFC 6238, its window, and one use per step."""

from __future__ import annotations

import base64
from urllib.parse import parse_qs, urlsplit

import pytest

from keyturn.adapters.otp import Totp

SECRET = base64.b32encode(b"12345678901234567890").decode()
NOW = 1_111_111_109_000
STEP = NOW // 30_000
RFC_CODE = "081804"


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_the_vectors_of_the_rfc_are_right(seconds: int, code: str) -> None:
    assert Totp().verify(SECRET, code, seconds * 1_000, None) == seconds // 30


@pytest.mark.parametrize(
    ("at", "step"),
    [
        ((STEP - 1) * 30_000 - 1, None),
        ((STEP - 1) * 30_000, STEP),
        (STEP * 30_000, STEP),
        ((STEP + 2) * 30_000 - 1, STEP),
        ((STEP + 2) * 30_000, None),
    ],
)
def test_a_code_is_right_from_one_step_before_to_one_step_after(at: int, step: int | None) -> None:
    assert Totp().verify(SECRET, RFC_CODE, at, None) == step


@pytest.mark.parametrize(("after", "step"), [(STEP - 1, STEP), (STEP, None), (STEP + 1, None)])
def test_a_step_that_was_used_is_used_up(after: int, step: int | None) -> None:
    assert Totp().verify(SECRET, RFC_CODE, NOW, after) == step


@pytest.mark.parametrize(
    "code", ["", "81804", "0081804", "081805", "٠٨١٨٠٤", "08180４", "\0" * 6, "\ud800", " 081804"]
)
def test_anything_else_is_wrong_and_no_error(code: str) -> None:
    assert Totp().verify(SECRET, code, NOW, None) is None


@pytest.mark.parametrize("secret", ["", "1", "not base32!", "ä", SECRET[:16]])
def test_a_stored_secret_that_is_none_lets_nobody_in(secret: str) -> None:
    code_of_an_empty_key = "743009"
    for code in (RFC_CODE, "\0" * 6, "000000", code_of_an_empty_key):
        assert Totp().verify(secret, code, NOW, None) is None


def test_the_first_moments_of_time_have_no_step_before_them() -> None:
    assert Totp().verify(SECRET, "755224", 0, None) == 0


def test_a_new_secret_has_160_bits_and_works() -> None:
    otp = Totp()
    secret = otp.new_secret()
    assert len(base64.b32decode(secret)) == 20
    assert secret != otp.new_secret()


def test_the_address_carries_account_and_issuer_safely() -> None:
    uri = urlsplit(Totp().uri(SECRET, "ann+x@example.com", "North & Wind"))
    query = parse_qs(uri.query)
    assert (uri.scheme, uri.netloc) == ("otpauth", "totp")
    assert query == {"secret": [SECRET], "issuer": ["North & Wind"]}
    assert "ann%2Bx%40example.com" in uri.path
