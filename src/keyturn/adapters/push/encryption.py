"""Messages that only one browser can read (RFC 8291), as one record of aes128gcm (RFC 8188).

    body    salt (16) | record size (4) | 65 | our key for this message (65) | sealed record
    record  payload | 0x02 | zeros, so that every record is as long as any other

A new key pair and salt for each message: nothing is kept that opens it later.
"""

from __future__ import annotations

import secrets
import struct

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from keyturn.rules.pushing import PAYLOAD_MAX, Subscription

#: octets of the record with its delimiter and zeros
PADDED = PAYLOAD_MAX + 1
SALT, KEY, NONCE = 16, 16, 12
#: more than the one record there is (RFC 8291 §4)
RECORD_SIZE = 4096
LAST = b"\x02"
CURVE = ec.SECP256R1()
HEADER = struct.Struct(">16sIB")


def encrypted(payload: bytes, to: Subscription) -> bytes:
    """The body of a message. Raises ValueError if the subscription's key is no point of P-256
    or `payload` is too long.
    """
    own = ec.generate_private_key(CURVE)
    return sealed(payload, to, own, secrets.token_bytes(SALT))


def sealed(
    payload: bytes,
    to: Subscription,
    own: ec.EllipticCurvePrivateKey,
    salt: bytes,
    padded: int = PADDED,
) -> bytes:
    """`encrypted` with its chance drawn by the caller. `padded`: octets of the record before it
    is sealed. Raises ValueError as `encrypted`.
    """
    if len(payload) >= padded:
        raise ValueError(len(payload))
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, to.p256dh)
    ours = point(own.public_key())
    secret = own.exchange(ec.ECDH(), theirs)
    key, nonce = content_keys(secret, to, ours, salt)
    record = (payload + LAST).ljust(padded, b"\0")
    header = HEADER.pack(salt, RECORD_SIZE, len(ours)) + ours
    return header + AESGCM(key).encrypt(nonce, record, None)


def content_keys(secret: bytes, to: Subscription, ours: bytes, salt: bytes) -> tuple[bytes, bytes]:
    """Key and nonce of the record (RFC 8291 §3.4, RFC 8188 §2.2 and §2.3).

    Args:
        secret: what ECDH gave.
        ours: the sender's public key, a point.
    """
    about = b"WebPush: info\0" + to.p256dh + ours
    material = _hkdf(secret, to.auth, about, 32)
    key = _hkdf(material, salt, b"Content-Encoding: aes128gcm\0", KEY)
    return key, _hkdf(material, salt, b"Content-Encoding: nonce\0", NONCE)


def point(key: ec.EllipticCurvePublicKey) -> bytes:
    """A public key as an uncompressed point, 65 octets (SEC 1 §2.3.3)."""
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _hkdf(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=info).derive(secret)
