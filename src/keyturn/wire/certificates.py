"""The directory's identity vouches for an agent's sealing key.

A certificate is its own body and an Ed25519 signature (RFC 8032) over that body:

    offset            bytes   what
    0                 23      "keyturn-certificate-v1" and one zero byte, ASCII
    23                2       length of the directory's id, big-endian
    25                …       directory's id, UTF-8
    …                 2       length of the agent's id, big-endian
    …                 …       agent's id, UTF-8
    …                 32      sealing key, X25519
    …                 8       serial, big-endian: a later certificate of an agent has a higher one
    …                 8       not after, ms since the epoch, big-endian
    last 64           64      signature over everything before it

Browsers check the same (tests/vectors/certificates.json): cut off 64 bytes, verify, then read.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

#: how long a new certificate is good; agents renew at two thirds
LIFE_MS: Final = 90 * 86_400_000
RENEW_AFTER_MS: Final = LIFE_MS * 2 // 3
KEY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64

_MAGIC = b"keyturn-certificate-v1\0"
_TAIL = struct.Struct(">32sQQ")
_LENGTH = struct.Struct(">H")


class Uncertified(Exception):
    """A certificate that vouches for nothing.

    Attributes:
        why: "layout", "signature" (not by this identity), "directory", "agent", "key" (it is
            about another one), "expired".
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a certificate says. not_after: ms since the epoch."""

    directory_id: str
    agent_id: str
    sealing_key: bytes
    serial: int
    not_after: int


def body(certificate: Certificate) -> bytes:
    """The bytes that are signed."""
    tail = _TAIL.pack(certificate.sealing_key, certificate.serial, certificate.not_after)
    return _MAGIC + _counted(certificate.directory_id) + _counted(certificate.agent_id) + tail


def _counted(text: str) -> bytes:
    data = text.encode()
    return _LENGTH.pack(len(data)) + data


def sign(identity: Ed25519PrivateKey, certificate: Certificate) -> bytes:
    """Body and signature, as they travel."""
    signed = body(certificate)
    return signed + identity.sign(signed)


def read(data: bytes) -> Certificate:
    """What a certificate claims, its signature unseen. Raises Uncertified("layout")."""
    rest = data[:-SIGNATURE_BYTES]
    if not rest.startswith(_MAGIC):
        raise Uncertified("layout")
    directory_id, rest = _take(rest[len(_MAGIC) :])
    agent_id, rest = _take(rest)
    if len(rest) != _TAIL.size:
        raise Uncertified("layout")
    return Certificate(directory_id, agent_id, *_TAIL.unpack(rest))


def _take(data: bytes) -> tuple[str, bytes]:
    if len(data) < _LENGTH.size:
        raise Uncertified("layout")
    (size,) = _LENGTH.unpack_from(data)
    end = _LENGTH.size + size
    if len(data) < end:
        raise Uncertified("layout")
    try:
        return data[_LENGTH.size : end].decode(), data[end:]
    except UnicodeDecodeError:
        raise Uncertified("layout") from None


def verify(
    identity: bytes, data: bytes, directory_id: str, agent_id: str, sealing_key: bytes, now: int
) -> Certificate:
    """A certificate that vouches for this very key of this agent, now.

    Args:
        identity: the directory's identity key, Ed25519 public, 32 bytes.
        now: ms since the epoch.

    Raises:
        Uncertified: in the order of its words: nothing is read of what is not signed.
    """
    found = read(data)
    try:
        signed, signature = data[:-SIGNATURE_BYTES], data[-SIGNATURE_BYTES:]
        Ed25519PublicKey.from_public_bytes(identity).verify(signature, signed)
    except (InvalidSignature, ValueError):
        raise Uncertified("signature") from None
    for word, said, wanted in (
        ("directory", found.directory_id, directory_id),
        ("agent", found.agent_id, agent_id),
        ("key", found.sealing_key, sealing_key),
    ):
        if said != wanted:
            raise Uncertified(word)
    if now >= found.not_after:
        raise Uncertified("expired")
    return found


def fingerprint(*keys: bytes) -> str:
    """What two people compare: 120 bits of SHA-256 over the keys, each with its length.

    Of an agent: its signing key and its sealing key. Of a directory: its identity key.
    Six groups of five hexadecimal digits, e.g. "3f9a0 c11d2 …".
    """
    digest = hashlib.sha256(b"keyturn-fingerprint-v1\0")
    for key in keys:
        digest.update(_LENGTH.pack(len(key)) + key)
    text = digest.hexdigest()[:30]
    return " ".join(text[n : n + 5] for n in range(0, 30, 5))
