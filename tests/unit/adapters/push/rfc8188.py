"""A second opinion: aes128gcm opened as RFC 8188 and RFC 8291 tell it, HKDF spelled out by HMAC.

It shares no line with the product's own; the RFCs' examples are what it is checked with.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keyturn.rules.pushing import Subscription


def raw(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def text(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


def hkdf(salt: bytes, material: bytes, info: bytes, length: int) -> bytes:
    """RFC 5869 for at most one block of output."""
    return hmac.digest(hmac.digest(salt, material, "sha256"), info + b"\x01", "sha256")[:length]


def header(body: bytes) -> tuple[bytes, int, bytes, bytes]:
    """Salt, record size, key id, and what follows (RFC 8188 §2.1)."""
    length = body[20]
    return body[:16], int.from_bytes(body[16:20]), body[21 : 21 + length], body[21 + length :]


def records(material: bytes, body: bytes) -> list[bytes]:
    """Every record with its delimiter and padding (RFC 8188 §2)."""
    salt, size, _, rest = header(body)
    key = hkdf(salt, material, b"Content-Encoding: aes128gcm\0", 16)
    base = int.from_bytes(hkdf(salt, material, b"Content-Encoding: nonce\0", 12))
    parts = [rest[at : at + size] for at in range(0, len(rest), size)]
    return [
        AESGCM(key).decrypt((base ^ number).to_bytes(12), part, None)
        for number, part in enumerate(parts)
    ]


def plain(material: bytes, body: bytes) -> bytes:
    """The content: delimiter 1 in each record but the last, which has 2."""
    found = [record.rstrip(b"\0") for record in records(material, body)]
    assert [record[-1] for record in found] == [1] * (len(found) - 1) + [2]
    return b"".join(record[:-1] for record in found)


def material(secret: bytes, auth: bytes, theirs: bytes, ours: bytes) -> bytes:
    """The input keying material of RFC 8291 §3.4; `theirs`: the browser's key."""
    return hkdf(auth, secret, b"WebPush: info\0" + theirs + ours, 32)


def opened(body: bytes, to: Subscription, private: ec.EllipticCurvePrivateKey) -> bytes:
    """What a browser finds in a message: exactly one record (RFC 8291 §4)."""
    _, size, ours, rest = header(body)
    assert len(rest) < size
    sender = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), ours)
    secret = private.exchange(ec.ECDH(), sender)
    return plain(material(secret, to.auth, to.p256dh, ours), body)
