"""Keys that live outside the database: a key ring in a file, and what it seals.

The ring holds a root for digests, which never changes (stored digests are looked up by
their value), and one or more keys for sealing: the first seals, all of them open, so that
a newer key can be put in front of an older one.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import os
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from keyturn.ports import Unsealable

_KEY = 32
_NONCE = 12
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class KeyRingUnusable(Exception):
    """The key ring must not or cannot be used.

    Attributes:
        path: its file.
        cause: "open to others" (its mode lets group or others at it) or "not a key ring".
        mode: the file's permission bits.
    """

    def __init__(self, path: Path, cause: str, mode: int) -> None:
        super().__init__(str(path), cause, f"{mode:04o}")
        self.path = path
        self.cause = cause
        self.mode = mode


@dataclass(frozen=True, slots=True, repr=False)
class KeyRing:
    """The installation's keys.

    Attributes:
        digest: root of all digests, 256 bits.
        sealing: key by id, 256 bits each, the one that seals first.
    """

    digest: bytes
    sealing: Mapping[str, bytes]


class Sealer:
    """AES-256-GCM and HMAC-SHA-256 under keys derived from a ring (HKDF, RFC 5869)."""

    def __init__(self, ring: KeyRing) -> None:
        self._root = ring.digest
        self._ciphers = {
            key_id: AESGCM(_derive(key, f"keyturn seal {key_id}"))
            for key_id, key in ring.sealing.items()
        }
        self._current = next(iter(self._ciphers))
        self._digests: dict[str, hmac.HMAC] = {}

    def seal(self, plain: bytes, context: str) -> str:
        """Key id, a dot, base64url of nonce, text and tag; bound to `context`."""
        nonce = secrets.token_bytes(_NONCE)
        sealed = self._ciphers[self._current].encrypt(nonce, plain, _utf8(context))
        return f"{self._current}.{_encode(nonce + sealed)}"

    def open(self, sealed: str, context: str) -> bytes:
        """What was sealed. Raises Unsealable."""
        key_id, _, body = sealed.partition(".")
        try:
            raw = _decode(body)
            cipher = self._ciphers[key_id]
            return cipher.decrypt(raw[:_NONCE], raw[_NONCE:], _utf8(context))
        except (KeyError, ValueError, InvalidTag):
            raise Unsealable from None

    def digest(self, purpose: str, value: str) -> str:
        """43 characters of base64url. Purposes are few and fixed in the code."""
        keyed = self._digests.get(purpose)
        if keyed is None:
            key = _derive(self._root, f"keyturn digest {purpose}")
            keyed = self._digests[purpose] = hmac.new(key, digestmod="sha256")
        # a copy: to make one anew, OpenSSL looks its parts up, which after a hash of 19 MiB no
        # cache has any more (measured: 24 µs against 43)
        mine = keyed.copy()
        mine.update(_utf8(value))
        return _encode(mine.digest())

    def matches(self, purpose: str, value: str, digest: str) -> bool:
        """Constant-time comparison of `value` with a stored digest."""
        return hmac.compare_digest(_utf8(self.digest(purpose, value)), _utf8(digest))


def load_key_ring(path: Path) -> KeyRing:
    """The ring in `path`; on the first start it is made (mode 0600).

    Several processes may start at once: one ring wins, and all of them use it.
    Raises KeyRingUnusable, or OSError where the file cannot be read or made.
    """
    if not path.exists():
        _create(path)
    with path.open("rb") as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        if mode & _OTHERS:
            raise KeyRingUnusable(path, "open to others", mode)
        text = file.read()
    try:
        return _parse(json.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError):
        raise KeyRingUnusable(path, "not a key ring", mode) from None


def _parse(document: Mapping[str, object]) -> KeyRing:
    entries = document["sealing"]
    if not isinstance(entries, list) or not entries:
        raise ValueError
    sealing = {str(entry["id"]): _key(entry["key"]) for entry in entries}
    if len(sealing) != len(entries) or any("." in key_id for key_id in sealing):
        raise ValueError
    return KeyRing(digest=_key(document["digest"]), sealing=sealing)


def _key(text: object) -> bytes:
    key = _decode(text) if isinstance(text, str) else b""
    if len(key) != _KEY:
        raise ValueError
    return key


def _create(path: Path) -> None:
    """Write a new ring beside `path` and link it there, unless another was faster."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    document = {
        "digest": _encode(secrets.token_bytes(_KEY)),
        "sealing": [{"id": secrets.token_hex(4), "key": _encode(secrets.token_bytes(_KEY))}],
    }
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            json.dump(document, file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return
        _settle(path.parent)
    finally:
        draft.unlink()


def _settle(folder: Path) -> None:
    """Make a new name durable: keys lost in a power cut are lost for good."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def derived(ring: KeyRing, purpose: str) -> bytes:
    """32 bytes for a key of another kind, the same wherever the ring is the same."""
    return _derive(ring.digest, purpose)


def _derive(key: bytes, info: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=_KEY, salt=None, info=_utf8(info)).derive(key)


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _decode(text: str) -> bytes:
    """Strict: one spelling per value. Raises ValueError."""
    padded = text.encode("ascii") + b"=" * (-len(text) % 4)
    raw = binascii.a2b_base64(padded.translate(_URLSAFE), strict_mode=True)
    if _encode(raw) != text:
        raise ValueError
    return raw


_URLSAFE = bytes.maketrans(b"-_", b"+/")
