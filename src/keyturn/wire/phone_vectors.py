"""Requests of phones and their answers, signed, as JSON for the app's own script.

`tools/write_docs.py` writes tests/vectors/phone_requests.json; tests run them through the app's
script.  ECDSA is signed deterministically here (RFC 6979), so that the file stays as it is;
a browser's own signatures differ each time and are as good.
"""

from __future__ import annotations

import base64
import json
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from keyturn.wire import phones, signatures

_ABOUT: Final = (
    "Made by tools/write_docs.py from wire/phone_vectors.py. Change that, not this. phone: JWK of "
    "the key that signs, and its point as it travels. installation: Ed25519, hex. requests: what "
    "is asked (authority, path, keyid, sequence, created, body as text), base (what is signed, as "
    "text), headers. answers: to which request (its number from 0), status, body as text, base, "
    "headers. forged: an answer as in answers, and why it is refused: 'missing', 'digest', "
    "'covered' or 'signature'. points: text, and whether it is a public key."
)
#: the key of RFC 6979, A.2.5
_PRIVATE: Final = 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721
_CODE, _PHONE = "01jd0123456789abcdefghjkmn", "01jd0123456789abcdefghjkmp"
_HOST, _BASE = "keyturn.example.test", "/t/acme"


def phone_key() -> ec.EllipticCurvePrivateKey:
    """The phone's key in the vectors."""
    return ec.derive_private_key(_PRIVATE, ec.SECP256R1())


def installation_key() -> Ed25519PrivateKey:
    """The installation's key in the vectors."""
    return Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def as_json() -> str:
    """The text of tests/vectors/phone_requests.json."""
    requests, answers = _requests(), []
    for number, (status, body) in enumerate(_said()):
        answers.append(_answer(number % len(requests), requests, status, body))
    document = {
        "about": _ABOUT, "phone": _phone(), "installation": _installation(), "requests": requests,
        "answers": answers, "forged": _forged(answers, requests), "points": _points(),
    }  # fmt: skip
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _phone() -> dict[str, Any]:
    public = phone_key().public_key()
    numbers = public.public_numbers()
    parts = {"x": numbers.x, "y": numbers.y, "d": _PRIVATE}
    jwk = {name: _plain(number.to_bytes(32)) for name, number in parts.items()}
    return {"jwk": {"kty": "EC", "crv": "P-256", **jwk}, "point": phones.point(public)}


def _installation() -> dict[str, str]:
    key = installation_key()
    return {
        "private": key.private_bytes_raw().hex(),
        "public": key.public_key().public_bytes_raw().hex(),
    }


def _requests() -> list[dict[str, Any]]:
    scan = {"key": phones.point(phone_key().public_key()), "code": _CODE, "secret": "A" * 22}
    asked: tuple[tuple[str, str, str, int, int, Any], ...] = (
        (_HOST, f"{_BASE}/app/v1/scan", "new", 1, 1_790_000_000, scan),
        (_HOST, f"{_BASE}/app/v1/number", _CODE, 2, 1_790_000_031, {"said": "47", "model": ""}),
        ("phones.example.test", "/app/v1/state", _PHONE, 17, 1_790_000_100, {}),
        ("localhost:8443", "/app/v1/unlock", _PHONE, 999_999_999_999_999, 1, {"proof": "Zürich"}),
    )
    return [_request(*one) for one in asked]


def _request(
    authority: str, path: str, keyid: str, sequence: int, created: int, body: object
) -> dict[str, Any]:  # fmt: skip
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    spoken = (keyid, sequence, created)
    headers = phones.sign_request(phone_key(), authority, path, spoken, text.encode())
    params = headers["signature-input"].partition("=")[2]
    base = phones.request_base(authority, path, sequence, text.encode(), params)
    return {
        "authority": authority, "path": path, "keyid": keyid, "sequence": sequence,
        "created": created, "body": text, "base": base.decode(), "headers": headers,
    }  # fmt: skip


def _said() -> tuple[tuple[int, str], ...]:
    return (
        (200, '{"now":1790000000123,"result":{"code":"01jd0123456789abcdefghjkmn"}}'),
        (200, '{"now":1790000031001,"error":{"code":"wrong","left":2}}'),
        (200, '{"now":1790000100999,"result":{"tenant":{"name":"Zürich \\u0026 Söhne"}}}'),
        (503, ""),
    )


def _answer(
    number: int, requests: list[dict[str, Any]], status: int, body: str
) -> dict[str, Any]:  # fmt: skip
    bound = signatures.claimed_signature(requests[number]["headers"])
    said = status, body.encode(), bound, phones.TAG
    headers = signatures.sign_answer(installation_key(), *said)
    base = signatures.answer_base(*said)
    return {
        "request": number, "status": status, "body": body, "base": base.decode(),
        "headers": headers,
    }  # fmt: skip


def _forged(
    answers: list[dict[str, Any]], requests: list[dict[str, Any]]
) -> list[dict[str, Any]]:  # fmt: skip
    """Answers that somebody in between has touched."""
    good = answers[0]
    headers: dict[str, str] = good["headers"]
    other = _answer(1, requests, 200, good["body"])
    body = good["body"].replace("123", "124")
    digest = signatures.content_digest(body.encode())
    request = requests[0]["headers"]
    bound = signatures.claimed_signature(request)
    to_agents = signatures.sign_answer(installation_key(), 200, good["body"].encode(), bound)
    touched: tuple[tuple[str, dict[str, Any]], ...] = (
        ("missing", {"headers": {"content-digest": headers["content-digest"]}}),
        ("digest", {"body": body}),
        ("signature", {"body": body, "headers": {**headers, "content-digest": digest}}),
        ("signature", {"status": 201}),
        ("signature", {"request": 1}),
        ("signature", {"headers": other["headers"]}),
        ("covered", {"headers": {**headers, "signature-input": request["signature-input"]}}),
        ("covered", {"headers": to_agents}),
        ("signature", {"headers": {**to_agents, "signature-input": headers["signature-input"]}}),
        ("missing", {"headers": {**headers, "signature": headers["signature"][:-2] + "="}}),
    )
    plain = {name: good[name] for name in ("request", "status", "body", "headers")}
    return [{"why": why, **plain, **change} for why, change in touched]


def _points() -> list[dict[str, Any]]:
    good = phones.point(phone_key().public_key())
    raw = base64.urlsafe_b64decode(good + "=")
    compressed = bytes([2]) + raw[1:33]
    texts = (
        good, "", good + "=", good[:-1], good + "A", _plain(compressed), "A" * 87,
        _plain(raw[:-1] + bytes([raw[-1] ^ 1])), _plain(bytes([4]) + bytes(64)),
        good[:-1] + chr(ord(good[-1]) + 1), good.replace("B", "+", 1), _plain(bytes([6]) + raw[1:]),
    )  # fmt: skip
    return [{"text": text, "key": phones.key_of(text) is not None} for text in texts]


def _plain(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
