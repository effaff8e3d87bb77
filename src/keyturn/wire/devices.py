"""What a device signs: requests as door.py has them, by Ed25519 (RFC 9421 §3.3.6).

A public key is its 32 bytes (RFC 8032) in base64url without padding, 43 letters, and nothing else:
one spelling of each key.
"""

from __future__ import annotations

import base64
import re
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from keyturn.wire.door import Scheme, signed_headers

#: what stands before an operation's name in its path
PREFIX: Final = "/devices/v1/"
_KEY = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


def spelled(key: Ed25519PublicKey) -> str:
    """A public key as it travels."""
    return base64.urlsafe_b64encode(key.public_bytes_raw()).decode().rstrip("=")


def key_of(text: str) -> Ed25519PublicKey | None:
    """The public key that `text` is; None where it is none, or is spelled otherwise."""
    if not _KEY.fullmatch(text):
        return None
    raw = base64.urlsafe_b64decode(text + "=")
    if base64.urlsafe_b64encode(raw).decode() != text + "=":
        return None
    return Ed25519PublicKey.from_public_bytes(raw)


def _judge(key: str, signed: bytes, signature: bytes) -> bool:
    public = key_of(key)
    if public is None:
        return False
    try:
        public.verify(signature, signed)
    except InvalidSignature:
        return False
    return True


SCHEME: Final = Scheme(PREFIX, "ed25519", "keyturn-device", _judge)


def sign_request(
    key: Ed25519PrivateKey, authority: str, path: str, spoken: tuple[str, int, int], body: bytes
) -> dict[str, str]:
    """The headers that a device's request needs; see door.signed_headers."""
    return signed_headers(SCHEME, key.sign, authority, path, spoken, body)
