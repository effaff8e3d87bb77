"""A new password as SamrSetInformationUser2 takes it, sealed to the session's key.

It travels inside SMB encryption; this seals it once more, for the machine's SAM alone.  With
AES where the machine knows it (MS-SAMR 3.2.2.4), else with RC4 (3.2.2.1): that alone would not
be good enough, and never goes without SMB encryption around it.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
import warnings
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.utils import CryptographyDeprecationWarning

with warnings.catch_warnings():  # RC4 is deprecated, and the protocol's
    warnings.simplefilter("ignore", CryptographyDeprecationWarning)
    from cryptography.hazmat.decrepit.ciphers.algorithms import ARC4

#: characters of 16 bits that fit
MOST = 256
SALT = 16
_ROOM = 2 * MOST
_AES_BITS = 128
_ENCRYPTION = b"Microsoft SAM encryption key AEAD-AES-256-CBC-HMAC-SHA512 16\0"
_MAC = b"Microsoft SAM MAC key AEAD-AES-256-CBC-HMAC-SHA512 16\0"
_VERSION = b"\x01"


@dataclass(frozen=True, slots=True)
class Sealed:
    """SAMPR_ENCRYPTED_PASSWORD_AES (MS-SAMR 2.2.6.32), without the count of iterations, which
    only a change with the old password uses.
    """

    tag: bytes
    salt: bytes
    cipher: bytes


def aes(password: str, key: bytes, salt: bytes, filling: bytes) -> Sealed:
    """AEAD-AES-256-CBC-HMAC-SHA512 (MS-SAMR 3.2.2.4).

    Args:
        key: the session's. salt: 16 bytes, never the same again.
        filling: `2 * MOST` bytes of chance, so that nobody sees how long the password is.
    """
    text = password.encode("utf-16-le")
    plain = struct.pack("<H", len(text)) + (text + filling)[:_ROOM]
    padder = PKCS7(_AES_BITS).padder()
    padded = padder.update(plain) + padder.finalize()
    secret = hmac.digest(key, _ENCRYPTION, hashlib.sha512)[:32]
    encryptor = Cipher(algorithms.AES(secret), modes.CBC(salt)).encryptor()
    cipher = encryptor.update(padded) + encryptor.finalize()
    proof = hmac.digest(key, _MAC, hashlib.sha512)
    tag = hmac.digest(proof, _VERSION + salt + cipher + bytes([len(_VERSION)]), hashlib.sha512)
    return Sealed(tag, salt, cipher)


def rc4(password: str, key: bytes, salt: bytes, filling: bytes) -> bytes:
    """SAMPR_ENCRYPTED_USER_PASSWORD_NEW (MS-SAMR 2.2.6.22, 3.2.2.1); arguments as in `aes`."""
    text = password.encode("utf-16-le")
    plain = (filling + text)[-_ROOM:] + struct.pack("<I", len(text))
    secret = hashlib.md5(salt + key, usedforsecurity=False).digest()
    encryptor = Cipher(ARC4(secret), None).encryptor()
    return encryptor.update(plain) + encryptor.finalize() + salt
