"""The agent's keys, each in a file of its own (0600), and the identity's way into a safe."""

from __future__ import annotations

import base64
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from keyturn.agent.state import State, StateUnusable
from keyturn.wire.certificates import fingerprint

SIGNING, SEALING, IDENTITY = "signing.key", "sealing.key", "identity.key"

#: scrypt (RFC 7914): 128 MiB and about half a second for each guess at a pass-phrase
_SCRYPT: Final = {"n": 2**17, "r": 8, "p": 1}
_KEY, _SALT, _NONCE = 32, 16, 12
SHORTEST_PASSPHRASE: Final = 12


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """signing: of requests. sealing: passwords are sealed to its public half."""

    signing: Ed25519PrivateKey
    sealing: X25519PrivateKey

    @property
    def signing_public(self) -> bytes:
        return self.signing.public_key().public_bytes_raw()

    @property
    def sealing_public(self) -> bytes:
        return self.sealing.public_key().public_bytes_raw()

    @property
    def fingerprint(self) -> str:
        """What whoever approves this agent compares."""
        return fingerprint(self.signing_public, self.sealing_public)


def load(state: State) -> Keys | None:
    """The keys; None if there are none yet. Raises StateUnusable."""
    signing, sealing = _read(state, SIGNING), _read(state, SEALING)
    if signing is None or sealing is None:
        return None
    return Keys(
        Ed25519PrivateKey.from_private_bytes(signing), X25519PrivateKey.from_private_bytes(sealing)
    )


def load_or_make(state: State) -> Keys:
    """The keys; made, and on the disk, if there are none yet. Raises StateUnusable."""
    found = load(state)
    if found is not None:
        return found
    made = Keys(Ed25519PrivateKey.generate(), X25519PrivateKey.generate())
    _write(state, SIGNING, made.signing.private_bytes_raw())
    _write(state, SEALING, made.sealing.private_bytes_raw())
    return made


def identity(state: State) -> Ed25519PrivateKey | None:
    """The directory's identity key, if this agent has it. Raises StateUnusable."""
    raw = _read(state, IDENTITY)
    return Ed25519PrivateKey.from_private_bytes(raw) if raw is not None else None


def keep_identity(state: State, key: Ed25519PrivateKey) -> None:
    """Write the directory's identity key down."""
    _write(state, IDENTITY, key.private_bytes_raw())


def _read(state: State, name: str) -> bytes | None:
    text = state.read(name)
    if text is None:
        return None
    try:
        raw = base64.b64decode(text.strip(), validate=True)
    except ValueError:
        raw = b""
    if len(raw) != _KEY:
        raise StateUnusable(state.path / name, "damaged")
    return raw


def _write(state: State, name: str, raw: bytes) -> None:
    state.write(name, base64.b64encode(raw) + b"\n")


# --- the owner's safe


class NoIdentity(Exception):
    """An export that gives no key.

    Attributes:
        why: "format", "passphrase" (or the file was changed), "directory" (of another one).
        path: the file.
    """

    def __init__(self, why: str, path: Path) -> None:
        super().__init__(why, str(path))
        self.why = why
        self.path = path


def sealed_export(key: Ed25519PrivateKey, directory_id: str, name: str, passphrase: str) -> str:
    """The identity key for a safe: JSON, sealed by scrypt and AES-256-GCM.

    What stands in clear (which directory, which fingerprint) is authenticated too.
    """
    head = {
        "keyturn": "directory-identity",
        "version": 1,
        "directory": directory_id,
        "name": name,
        "fingerprint": fingerprint(key.public_key().public_bytes_raw()),
    }
    salt, nonce = os.urandom(_SALT), os.urandom(_NONCE)
    cipher = AESGCM(_derived(passphrase, salt))
    sealed = cipher.encrypt(nonce, key.private_bytes_raw(), _bound(head))
    secret = {"salt": salt.hex(), "nonce": nonce.hex(), "sealed": sealed.hex()}
    return json.dumps({**head, **secret}, ensure_ascii=False, indent=1) + "\n"


def opened_export(path: Path, directory_id: str, passphrase: str) -> Ed25519PrivateKey:
    """The identity key out of an export. Raises NoIdentity."""
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        salt, nonce, sealed = (
            bytes.fromhex(document.pop(name)) for name in ("salt", "nonce", "sealed")
        )
        fit = (document["keyturn"], document["version"]) == ("directory-identity", 1)
        of = document["directory"]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise NoIdentity("format", path) from None
    if not fit or len(nonce) != _NONCE:
        raise NoIdentity("format", path)
    if of != directory_id:
        raise NoIdentity("directory", path)
    try:
        raw = AESGCM(_derived(passphrase, salt)).decrypt(nonce, sealed, _bound(document))
    except InvalidTag:
        raise NoIdentity("passphrase", path) from None
    return Ed25519PrivateKey.from_private_bytes(raw)


def _bound(head: dict[str, Any]) -> bytes:
    return json.dumps(head, sort_keys=True).encode()


def _derived(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=_KEY, **_SCRYPT).derive(passphrase.encode())
