"""A sealed stream: chunks of AES-256-GCM that can be neither swapped, dropped nor cut off.

The construction is STREAM (Hoang, Reyhanitabar, Rogaway, Vizár, CRYPTO 2015), as age uses
it: each 64 KiB chunk is sealed under its number and whether it is the last.  The key is
the file's own, derived by HKDF (RFC 5869) from a key of the installation's ring and a
salt; the first line names both.
"""

from __future__ import annotations

import base64
import binascii
import io
import secrets
from typing import IO, Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from keyturn.adapters.sealing import KeyRing

MAGIC: Final = b"keyturn-sealed-1 "
CHUNK: Final = 64 * 1024
_TAG: Final = 16
_SALT: Final = 16
_COUNTER: Final = 11
_HEAD_MAX: Final = 200


class Unreadable(OSError):
    """The stream was altered or cut off, or no key of the ring opens it.

    Attributes:
        cause: "keys" where the ring does not hold the key, else "altered".
    """

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class SealedWriter:
    """What is written goes to `out` sealed, once a chunk is full; `finish` writes the last."""

    def __init__(self, out: IO[bytes], ring: KeyRing) -> None:
        key_id = next(iter(ring.sealing))
        salt = secrets.token_bytes(_SALT)
        self._head = MAGIC + f"{key_id} {base64.b64encode(salt).decode()}\n".encode()
        self._cipher = _cipher(ring.sealing[key_id], salt)
        self._out = out
        self._held = bytearray()
        self._number = 0
        out.write(self._head)

    def write(self, data: Any) -> int:
        """As of a file."""
        self._held += data
        while len(self._held) > CHUNK:  # one more byte: this is not the last chunk
            self._seal(bytes(self._held[:CHUNK]), last=False)
            del self._held[:CHUNK]
        return len(data)

    def flush(self) -> None:
        """Nothing can be: a chunk is sealed when it is full."""

    def finish(self) -> None:
        """Write the last chunk. `out` stays open."""
        self._seal(bytes(self._held), last=True)
        self._held.clear()

    def _seal(self, plain: bytes, *, last: bool) -> None:
        nonce = _nonce(self._number, last=last)
        self._out.write(self._cipher.encrypt(nonce, plain, self._head))
        self._number += 1


class SealedReader(io.RawIOBase):
    """The plain bytes of a sealed stream. Reading raises Unreadable."""

    def __init__(self, source: IO[bytes], ring: KeyRing) -> None:
        super().__init__()
        self._source = source
        self._head = source.readline(_HEAD_MAX)
        self._cipher = _cipher(*_named(self._head, ring))
        self._number = 0
        self._plain = memoryview(b"")
        self._ahead = source.read(CHUNK + _TAG)

    def readable(self) -> bool:
        """See io.RawIOBase."""
        return True

    def readinto(self, buffer: Any) -> int:
        """See io.RawIOBase."""
        if not self._plain and self._ahead:
            self._open()
        size = min(len(buffer), len(self._plain))
        buffer[:size] = self._plain[:size]
        self._plain = self._plain[size:]
        return size

    def _open(self) -> None:
        """Open the chunk at hand; it is the last if nothing follows."""
        chunk, self._ahead = self._ahead, self._source.read(CHUNK + _TAG)
        nonce = _nonce(self._number, last=not self._ahead)
        try:
            self._plain = memoryview(self._cipher.decrypt(nonce, chunk, self._head))
        except InvalidTag:
            raise Unreadable("altered") from None
        self._number += 1


def _named(head: bytes, ring: KeyRing) -> tuple[bytes, bytes]:
    """The ring's key and the salt that the first line names."""
    try:
        _, key_id, salt = head.decode("ascii").split()
        return ring.sealing[key_id], base64.b64decode(salt, validate=True)
    except KeyError:
        raise Unreadable("keys") from None
    except (ValueError, binascii.Error):
        raise Unreadable("altered") from None


def _cipher(key: bytes, salt: bytes) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, salt, b"keyturn sealed stream 1").derive(key))


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(_COUNTER, "big") + bytes([last])
