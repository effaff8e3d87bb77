"""Return paths: made, read again whatever a mail system did to them, never made up."""

from __future__ import annotations

import base64
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.rules import verp
from keyturn.rules.verp import Claim
from keyturn.settings import checks

ID = "01k2m3n4p5q6r7s8t9v0w1x2y3"
BOUNCES = "bounce@mail.northwind.test"


def digest(seed: int = 0) -> str:
    return base64.urlsafe_b64encode(bytes([seed] * 32)).rstrip(b"=").decode()


PATH = verp.return_path(BOUNCES, ID, digest())


def test_a_return_path_is_the_bounce_address_with_id_and_tag() -> None:
    assert PATH.address == f"bounce+{ID}.aaaaaaaaaaaaaaaa@mail.northwind.test"
    assert PATH.envelope_id == f"{ID}.aaaaaaaaaaaaaaaa"


def test_a_return_path_fits_the_limits_of_mail_systems() -> None:
    longest = "b" * verp.LOCAL_MAX
    assert verp.LOCAL_MAX == checks.BOUNCE_LOCAL_MAX
    path = verp.return_path(f"{longest}@mail.test", ID, digest())
    assert len(path.address.rpartition("@")[0]) == 64
    assert len(path.envelope_id) <= 100  # RFC 3461 §5.4
    assert set(path.envelope_id) <= set(string.ascii_lowercase + string.digits + ".")


@pytest.mark.parametrize(
    "text",
    [
        PATH.address,
        PATH.address.upper(),
        f"<{PATH.address}>",
        f"Bounces <{PATH.address}>",
        f"somebody@else.test,\r\n {PATH.address}",
        PATH.address.replace("+", "-"),
    ],
)
def test_the_claim_is_read_from_any_spelling(text: str) -> None:
    assert verp.claims(text) == (Claim(ID, "a" * 16),)


@pytest.mark.parametrize(
    "text",
    ["", "bounce@mail.northwind.test", PATH.envelope_id, f"bounce+{ID}@mail.test", "a" * 3000],
)
def test_other_addresses_claim_nothing(text: str) -> None:
    assert verp.claims(text) == ()


def test_a_field_is_searched_so_far_and_no_further() -> None:
    assert verp.claims(" " * 2000 + PATH.address) == ()
    assert len(verp.claims(f"{PATH.address} " * 20)) == 10


def test_an_envelope_identifier_claims_the_same() -> None:
    assert verp.envelope_claim(f" {PATH.envelope_id.upper()}\r\n") == (Claim(ID, "a" * 16),)
    assert verp.envelope_claim(f"{PATH.envelope_id}x") == ()


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (f"x\r\nTo: <{PATH.address.upper()}>\r\n\xff".encode("latin-1"), 1),
        (f"Original-Envelope-Id: {PATH.envelope_id}\n".encode(), 1),
        (f"{PATH.envelope_id} ".encode() * 20, 10),
        (f"x{PATH.envelope_id}".encode(), 0),
        (f"{PATH.envelope_id}x".encode(), 0),
        (b"", 0),
        (b"a" * 300_000, 0),
    ],
)
def test_a_mail_is_looked_through_for_claims_wherever_they_stand(raw: bytes, found: int) -> None:
    assert verp.claims_anywhere(raw) == (Claim(ID, "a" * 16),) * found


def test_a_claim_is_true_only_with_the_tag_of_its_own_id() -> None:
    (claim,) = verp.claims(PATH.address)
    assert verp.genuine(claim, digest(0))
    assert not verp.genuine(claim, digest(1))


@given(st.integers(0, len(PATH.envelope_id) - 1), st.sampled_from("0123456789abcdefxyz.2-"))
def test_an_altered_address_is_not_genuine(at: int, letter: str) -> None:
    altered = PATH.envelope_id[:at] + letter + PATH.envelope_id[at + 1 :]
    if altered == PATH.envelope_id:
        return
    for claim in verp.claims(f"bounce+{altered}@mail.northwind.test"):
        own = digest(0) if claim.message_id == ID else digest(1)
        assert not verp.genuine(claim, own)


@given(st.text())
def test_no_text_breaks_the_reading(text: str) -> None:
    for claim in (*verp.claims(text), *verp.envelope_claim(text)):
        assert not verp.genuine(claim, digest())
