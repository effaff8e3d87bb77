"""What a phone app signs: requests as door.py has them, by ECDSA on P-256 (RFC 9421 §3.3.4).

A public key is the uncompressed point (SEC 1 §2.3.3) in base64url without padding, 87 letters,
and nothing else: one spelling of each key.
"""

from __future__ import annotations

import base64
import re
from functools import partial
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from keyturn.wire import door
from keyturn.wire.door import (
    CLOCK_MS,
    METHOD,
    MOST,
    NEW,
    Scheme,
    Spoken,
    late,
    request_base,
    signed_headers,
)
from keyturn.wire.signatures import SIGNATURE_BYTES, Headers

__all__ = [
    "CLOCK_MS", "METHOD", "MOST", "NEW", "PREFIX", "SCHEME", "TAG", "Spoken", "key_of", "late",
    "point", "read", "request_base", "sign_request", "signature_of", "verify",
]  # fmt: skip

#: what stands before an operation's name in its path
PREFIX: Final = "/app/v1/"
#: what these signatures are for (RFC 9421 §2.3), both sides': an agent's are worth nothing here
TAG: Final = "keyturn-phone"

_HALF = SIGNATURE_BYTES // 2
_POINT = re.compile(r"[A-Za-z0-9_-]{87}", re.ASCII)
_UNCOMPRESSED: Final = 4


def point(key: ec.EllipticCurvePublicKey) -> str:
    """A public key as it travels."""
    raw = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def key_of(text: str) -> ec.EllipticCurvePublicKey | None:
    """The public key that `text` is; None where it is none, or is spelled otherwise."""
    if not _POINT.fullmatch(text):
        return None
    raw = base64.urlsafe_b64decode(text + "=")
    if raw[0] != _UNCOMPRESSED or base64.urlsafe_b64encode(raw).decode() != text + "=":
        return None
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw)
    except ValueError:  # not on the curve
        return None


def signature_of(key: ec.EllipticCurvePrivateKey, signed: bytes) -> bytes:
    """Its r and s, one after the other, as WebCrypto writes them; deterministic (RFC 6979)."""
    algorithm = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
    r, s = decode_dss_signature(key.sign(signed, algorithm))
    return r.to_bytes(_HALF) + s.to_bytes(_HALF)


def _judge(key: str, signed: bytes, signature: bytes) -> bool:
    r, s = (int.from_bytes(signature[at : at + _HALF]) for at in (0, _HALF))
    public = key_of(key)
    if public is None:
        return False
    try:
        public.verify(encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


SCHEME: Final = Scheme(PREFIX, "ecdsa-p256-sha256", TAG, _judge)


def sign_request(
    key: ec.EllipticCurvePrivateKey, authority: str, path: str, spoken: tuple[str, int, int],
    body: bytes,
) -> dict[str, str]:  # fmt: skip
    """The headers that a request needs, as the app's script makes them (door.signed_headers)."""
    return signed_headers(SCHEME, partial(signature_of, key), authority, path, spoken, body)


def read(headers: Headers) -> Spoken:
    """As door.read, of a phone."""
    return door.read(SCHEME, headers)


def verify(key: str, authority: str, path: str, headers: Headers, body: bytes) -> Spoken:
    """As door.verify, of a phone. key: as `point` writes it."""
    return door.verify(SCHEME, key, authority, path, headers, body)
