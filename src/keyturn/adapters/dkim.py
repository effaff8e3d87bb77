"""DKIM signatures (RFC 6376) with RSA (RFC 8301) or Ed25519 (RFC 8463) keys.

Every field that a reader sees or a mail program acts on is signed once more than it
occurs ("oversigned"), so that nobody on the way can add a second Subject or a Reply-To.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

#: RFC 8301: shorter keys must not be used for signing.
SHORTEST_RSA = 2048
RELAXED = (b"relaxed", b"relaxed")
OVERSIGNED = (
    b"from", b"sender", b"reply-to", b"to", b"cc", b"subject", b"date", b"message-id",
    b"mime-version", b"content-type", b"content-transfer-encoding", b"auto-submitted",
)  # fmt: skip

Kind = Literal["rsa", "ed25519"]


class UnusableKey(Exception):
    """A private key that must not or cannot sign.

    Attributes:
        reason: "unreadable" (no PEM, or protected by a pass phrase), "kind" (neither RSA
            nor Ed25519), "short" (RSA under 2048 bits).
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key and where its public half is published.

    Attributes:
        domain, selector: the record's place, SELECTOR._domainkey.DOMAIN.
        private: as dkimpy wants it: PEM for RSA, base64 of the seed for Ed25519.
        public: base64 for the record's p= tag.
    """

    domain: str
    selector: str
    kind: Kind
    private: bytes = field(repr=False)
    public: str


class TxtRecord(NamedTuple):
    """A TXT record: its full name without the last dot, and its value as one string."""

    name: str
    value: str

    def zone_line(self) -> str:
        """The record as a line of a zone file; a string there holds at most 255 octets."""
        parts = [self.value[i : i + 255] for i in range(0, len(self.value), 255)]
        return f"{self.name}. IN TXT " + " ".join(f'"{part}"' for part in parts)


def load_key(domain: str, selector: str, pem: bytes) -> SigningKey:
    """A key from an unencrypted PEM file (PKCS #8 or PKCS #1). Raises UnusableKey."""
    try:
        private = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UnusableKey("unreadable") from error
    if isinstance(private, rsa.RSAPrivateKey):
        return _rsa_key(domain, selector, private)
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return _ed25519_key(domain, selector, private)
    raise UnusableKey("kind")


def generate_key(domain: str, selector: str, kind: Kind = "ed25519") -> SigningKey:
    """A new key that lives in memory only."""
    if kind == "rsa":
        private = rsa.generate_private_key(public_exponent=65537, key_size=SHORTEST_RSA)
        return _rsa_key(domain, selector, private)
    return _ed25519_key(domain, selector, ed25519.Ed25519PrivateKey.generate())


def private_pem(key: SigningKey) -> bytes:
    """The private half as `load_key` reads it."""
    if key.kind == "rsa":
        return key.private
    seed = ed25519.Ed25519PrivateKey.from_private_bytes(base64.b64decode(key.private))
    return seed.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def dns_record(key: SigningKey) -> TxtRecord:
    """The TXT record to publish for a key (RFC 6376 §3.6.1)."""
    name = f"{key.selector}._domainkey.{key.domain}"
    return TxtRecord(name, f"v=DKIM1; k={key.kind}; p={key.public}")


def _rsa_key(domain: str, selector: str, private: rsa.RSAPrivateKey) -> SigningKey:
    if private.key_size < SHORTEST_RSA:
        raise UnusableKey("short")
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    public = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return SigningKey(domain.lower(), selector, "rsa", pem, _base64(public))


def _ed25519_key(domain: str, selector: str, private: ed25519.Ed25519PrivateKey) -> SigningKey:
    seed = _base64(private.private_bytes_raw()).encode()
    public = _base64(private.public_key().public_bytes_raw())
    return SigningKey(domain.lower(), selector, "ed25519", seed, public)


def _base64(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")


class Signer:
    """Signs mails with every key of their sender's domain.

    Two keys for one domain (RSA for old receivers, Ed25519 beside it) make two
    signatures. A domain without a key gets none.
    """

    def __init__(self, keys: Iterable[SigningKey]) -> None:
        self._keys: dict[str, list[SigningKey]] = {}
        for key in keys:
            self._keys.setdefault(key.domain, []).append(key)

    def sign(self, raw: bytes, domain: str) -> bytes:
        """`raw` (RFC 5322, CRLF) with the signatures for `domain` in front of it."""
        signatures = [_signature(raw, key) for key in self._keys.get(domain.lower(), ())]
        return b"".join(signatures) + raw


def _signature(raw: bytes, key: SigningKey) -> bytes:
    """One DKIM-Signature field with its CRLF."""
    import dkim  # noqa: PLC0415  0.08 s that the first mail can wait for, and a start need not

    message = dkim.DKIM(raw, signature_algorithm=f"{key.kind}-sha256".encode())
    present = [name.lower() for name, _ in message.headers]
    signed = [name for name in OVERSIGNED for _ in range(present.count(name) + 1)]
    signature: bytes = message.sign(
        key.selector.encode(),
        key.domain.encode(),
        key.private,
        canonicalize=RELAXED,
        include_headers=signed,
    )
    return signature
