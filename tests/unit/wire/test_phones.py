"""What a phone signs: what is covered, and that nothing else passes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from keyturn.wire import phone_vectors, phones, signatures
from keyturn.wire.phones import Spoken
from keyturn.wire.signatures import Forged

KEY = phone_vectors.phone_key()
POINT = phones.point(KEY.public_key())
PHONE = "01jd0123456789abcdefghjkmn"
HOST, PATH, BODY = "keyturn.example.test", "/t/acme/app/v1/state", b"{}"
CREATED = 1_790_000_000
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def request(body: bytes = BODY, keyid: str = PHONE, sequence: int = 17) -> dict[str, str]:
    return phones.sign_request(KEY, HOST, PATH, (keyid, sequence, CREATED), body)


def why(call: Callable[..., Any], *args: object) -> str:
    with pytest.raises(Forged) as caught:
        call(*args)
    return caught.value.why


def test_a_request_as_it_was_sent_is_accepted() -> None:
    headers = request()
    spoken = phones.verify(POINT, HOST, PATH, headers, BODY)
    assert spoken == Spoken(PHONE, 17, CREATED, signatures.claimed_signature(headers))


def test_it_has_this_one_shape() -> None:
    assert request()["signature-input"] == (
        'keyturn=("@method" "@authority" "@path" "content-digest" "keyturn-sequence");'
        f'created={CREATED};keyid="{PHONE}";alg="ecdsa-p256-sha256";tag="keyturn-phone"'
    )


def test_a_library_that_signs_at_random_is_understood_too() -> None:
    """As browsers do: each signature is another one, and right."""
    base = phones.request_base(HOST, PATH, 17, BODY, request()["signature-input"][8:])
    r, s = decode_dss_signature(KEY.sign(base, ec.ECDSA(hashes.SHA256())))
    signature = signatures.signature_header(r.to_bytes(32) + s.to_bytes(32))
    headers = {**request(), "signature": signature}
    assert phones.verify(POINT, HOST, PATH, headers, BODY).keyid == PHONE


@pytest.mark.parametrize(
    ("host", "path", "body", "expected"),
    [
        ("other.example.test", PATH, BODY, "signature"),
        (HOST, "/t/acme/app/v1/unlock", BODY, "signature"),
        (HOST, "/t/other/app/v1/state", BODY, "signature"),
        (HOST, PATH, b"{ }", "digest"),
        (HOST, PATH, b"", "digest"),
    ],
)
def test_another_target_or_body_is_refused(
    host: str, path: str, body: bytes, expected: str
) -> None:  # fmt: skip
    assert why(phones.verify, POINT, host, path, request(), body) == expected


def test_another_method_was_not_signed() -> None:
    headers = request()
    signed = phones.request_base(HOST, PATH, 17, BODY, headers["signature-input"][8:])
    assert signed.startswith(b'"@method": POST\n')


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("signature", None, "missing"),
        ("signature", "keyturn=:AAAA:", "missing"),
        ("signature-input", None, "covered"),
        ("keyturn-sequence", None, "headers"),
        ("keyturn-sequence", "0", "headers"),
        ("keyturn-sequence", "017", "headers"),
        ("keyturn-sequence", "-1", "headers"),
        ("keyturn-sequence", "1" * 16, "headers"),
        ("keyturn-sequence", "\u0661", "headers"),
        ("keyturn-sequence", "18", "signature"),
        ("content-digest", None, "digest"),
        ("content-digest", signatures.content_digest(b"other"), "digest"),
    ],
)
def test_a_header_that_is_missing_or_another_is_refused(
    name: str, value: str | None, expected: str
) -> None:
    headers = {k: v for k, v in request().items() if k != name}
    if value is not None:
        headers[name] = value
    assert why(phones.verify, POINT, HOST, PATH, headers, BODY) == expected


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("keyturn=", "other="),
        ('"@path" ', ""),
        ("ecdsa-p256-sha256", "ed25519"),
        ("keyturn-phone", "keyturn"),
        (f"created={CREATED}", "created=0"),
        (f"created={CREATED};", ""),
        (f"created={CREATED}", f"created={CREATED}.5"),
        (PHONE, PHONE.upper()),
        (PHONE, PHONE[1:]),
        (PHONE, "installation"),
        ('"@method"', '"@method";req'),
        (";alg", ";nonce=1;alg"),
    ],
)
def test_what_is_covered_is_not_up_to_the_sender(old: str, new: str) -> None:
    headers = request()
    changed = headers["signature-input"].replace(old, new, 1)
    assert changed != headers["signature-input"]
    assert why(phones.read, {**headers, "signature-input": changed}) == "covered"


@pytest.mark.parametrize(
    ("old", "new"), [(f"created={CREATED}", f"created={CREATED + 1}"), (PHONE, "new")]
)
def test_who_and_when_are_signed(old: str, new: str) -> None:
    headers = request()
    headers["signature-input"] = headers["signature-input"].replace(old, new)
    assert why(phones.verify, POINT, HOST, PATH, headers, BODY) == "signature"


def test_a_header_that_came_twice_is_refused() -> None:
    headers = request()
    twice = {**headers, "signature-input": ", ".join([headers["signature-input"]] * 2)}
    assert why(phones.read, twice) == "covered"


@pytest.mark.parametrize("r", [0, 1, ORDER, 2**256 - 1])
@pytest.mark.parametrize("s", [0, 1, ORDER, 2**256 - 1])
def test_numbers_that_are_no_signature_are_refused(r: int, s: int) -> None:
    """Zeros were once a right signature of anything to some verifiers."""
    signature = signatures.signature_header(r.to_bytes(32) + s.to_bytes(32))
    headers = {**request(), "signature": signature}
    assert why(phones.verify, POINT, HOST, PATH, headers, BODY) == "signature"


@pytest.mark.parametrize("key", ["", "A" * 87, phones.point(ec.derive_private_key(
    7, ec.SECP256R1()).public_key())])  # fmt: skip
def test_another_key_or_none_is_refused(key: str) -> None:
    assert why(phones.verify, key, HOST, PATH, request(), BODY) == "signature"


@pytest.mark.parametrize(
    ("off", "late"),
    [(-60_001, True), (-60_000, False), (0, False), (60_000, False), (60_001, True)],
)
def test_what_was_made_too_far_from_now_is_late(off: int, late: bool) -> None:
    spoken = phones.read(request())
    assert phones.late(spoken, CREATED * 1000 + off) is late


def test_the_vectors_are_what_is_signed_here() -> None:
    stored = Path("tests/vectors/phone_requests.json").read_text("utf-8")
    assert stored == phone_vectors.as_json()


def test_the_vectors_verify() -> None:
    told = json.loads(Path("tests/vectors/phone_requests.json").read_text("utf-8"))
    for one in told["requests"]:
        body = one["body"].encode()
        spoken = phones.verify(told["phone"]["point"], one["authority"], one["path"],
                               one["headers"], body)  # fmt: skip
        assert (spoken.keyid, spoken.sequence) == (one["keyid"], one["sequence"])
    public = bytes.fromhex(told["installation"]["public"])
    for one in told["answers"]:
        bound = signatures.claimed_signature(told["requests"][one["request"]]["headers"])
        body = one["body"].encode()
        signatures.verify_answer(public, one["status"], one["headers"], body, bound, phones.TAG)
    for one in told["forged"]:
        bound = signatures.claimed_signature(told["requests"][one["request"]]["headers"])
        args = (public, one["status"], one["headers"], one["body"].encode(), bound, phones.TAG)
        assert why(signatures.verify_answer, *args) == one["why"]
    assert [one["text"] for one in told["points"] if one["key"]] == [POINT]
