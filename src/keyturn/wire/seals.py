"""What is sealed to an agent: passwords by browsers, the identity key by another agent.

HPKE base mode (RFC 9180), single shot, no additional data: DHKEM(X25519, HKDF-SHA256) 0x0020,
HKDF-SHA256 0x0001, AES-256-GCM 0x0002. What a seal is for stands in `info`, so that it opens
for nothing else:

    password   "keyturn-password-v1", 0, then each as 2 bytes length (big-endian) + UTF-8:
               job, user, directory, agent; then expires_at, 8 bytes big-endian, ms since the epoch
    bequest    "keyturn-bequest-v1", 0, directory, agent in the same way

A password is padded to 256 bytes: 2 bytes length (big-endian), UTF-8, zeros. The ciphertext is
therefore always 272 bytes, and `enc` 32. Browsers do the same; tests/vectors/seals.json has for
each case: `job`, `user`, `directory`, `agent` (text), `expires_at` (number), `info` (hex),
`password` (text), `padded` (hex), `private` and `public` (the agent's key, hex), and `enc` and
`ciphertext` (hex) that open to it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from keyturn.wire.messages import Sealed

PADDED: Final = 256
#: bytes of UTF-8; longer ones the browser refuses
LONGEST: Final = PADDED - 2
ENC_BYTES: Final = 32
#: stands where a reset's user stands, in the seal of a password to sign in with: nobody is named
#: when it is sealed, and what was sealed for one must not open for the other (a user's id is a
#: ULID, of 26 characters)
SIGN_IN: Final = "sign-in"

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_LENGTH = struct.Struct(">H")
_EXPIRY = struct.Struct(">Q")


class Unsealable(Exception):
    """A seal that does not open, or a password that cannot be sealed.

    Attributes:
        why: "key" (no public key), "open" (wrong key, or sealed for something else), "padding",
            "long" (more than 254 bytes of UTF-8), "text" (not to be said in UTF-8).
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Purpose:
    """What one password is sealed for. expires_at: ms since the epoch."""

    job_id: str
    user_id: str
    directory_id: str
    agent_id: str
    expires_at: int


def info(purpose: Purpose) -> bytes:
    """HPKE's `info` for a password."""
    texts = (purpose.job_id, purpose.user_id, purpose.directory_id, purpose.agent_id)
    return b"keyturn-password-v1\0" + _counted(*texts) + _EXPIRY.pack(purpose.expires_at)


def _counted(*texts: str) -> bytes:
    return b"".join(_LENGTH.pack(len(data)) + data for data in (t.encode() for t in texts))


def pad(password: str) -> bytes:
    """256 bytes. Raises Unsealable("long", "text")."""
    try:
        data = password.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        raise Unsealable("text") from None
    if len(data) > LONGEST:
        raise Unsealable("long")
    return (_LENGTH.pack(len(data)) + data).ljust(PADDED, b"\0")


def unpad(padded: bytes) -> str:
    """What `pad` was given. Raises Unsealable("padding")."""
    if len(padded) != PADDED:
        raise Unsealable("padding")
    (size,) = _LENGTH.unpack_from(padded)
    data, rest = padded[2 : 2 + size], padded[2 + size :]
    if size > LONGEST or rest.strip(b"\0"):
        raise Unsealable("padding")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Unsealable("padding") from None


def seal(sealing_key: bytes, purpose: Purpose, password: str) -> Sealed:
    """Seal a password to an agent, as the browser does.

    Raises Unsealable("key", "long", "text").
    """
    return _seal(sealing_key, pad(password), info(purpose))


def unseal(key: X25519PrivateKey, purpose: Purpose, sealed: Sealed) -> str:
    """The password. Whether the seal's time is over is the caller's to judge.

    Raises Unsealable("open", "padding").
    """
    return unpad(_unseal(key, sealed, info(purpose)))


def _bequest_info(directory_id: str, agent_id: str) -> bytes:
    return b"keyturn-bequest-v1\0" + _counted(directory_id, agent_id)


def bequeath(sealing_key: bytes, directory_id: str, agent_id: str, identity: bytes) -> bytes:
    """The directory's identity key (private, 32 bytes) sealed to a newcomer: enc, ciphertext.

    Raises Unsealable("key").
    """
    sealed = _seal(sealing_key, identity, _bequest_info(directory_id, agent_id))
    return sealed.enc + sealed.ciphertext


def inherit(key: X25519PrivateKey, directory_id: str, agent_id: str, bequest: bytes) -> bytes:
    """The identity key out of a bequest. Raises Unsealable("open")."""
    sealed = Sealed(bequest[:ENC_BYTES], bequest[ENC_BYTES:])
    return _unseal(key, sealed, _bequest_info(directory_id, agent_id))


def _seal(sealing_key: bytes, plain: bytes, bound: bytes) -> Sealed:
    try:
        made = _SUITE.encrypt(plain, X25519PublicKey.from_public_bytes(sealing_key), bound)
    except ValueError:  # not 32 bytes, or a point of small order
        raise Unsealable("key") from None
    return Sealed(made[:ENC_BYTES], made[ENC_BYTES:])


def _unseal(key: X25519PrivateKey, sealed: Sealed, bound: bytes) -> bytes:
    if len(sealed.enc) != ENC_BYTES:
        raise Unsealable("open")
    try:
        return _SUITE.decrypt(sealed.enc + sealed.ciphertext, key, bound)
    except (InvalidTag, ValueError):
        raise Unsealable("open") from None
