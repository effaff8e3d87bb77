"""What a device keeps: a file of its own, written whole, readable by nobody else.

A real device keeps the key where it cannot be read out; this one has a file with mode 0600.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_NAME: Final = "device.json"


class FolderRefused(Exception):
    """The folder cannot be used.

    Attributes:
        why: "other" (it is another device's, or of another server), "running" (a device runs on
            it), "damaged", "unreadable".
        said: which, or the operating system's words.
    """

    def __init__(self, why: str, said: str = "") -> None:
        super().__init__(why, said)
        self.why = why
        self.said = said


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept.

    Attributes:
        server: the tenant's address.
        key: private, 32 bytes in base64url.
        sequence: of the last request, sent or not.
        installation: the server's key, pinned at the first answer; "": none yet.
        pairing: whose it is; "": nobody's. secret: what its codes are made of, base32.
    """

    server: str
    label: str
    key: str
    sequence: int = 0
    installation: str = ""
    pairing: str = ""
    secret: str = ""


class Folder:
    """The folder of one device; one process has it at a time."""

    def __init__(self, path: Path, server: str, label: str) -> None:
        """Open it, or make it. Raises FolderRefused."""
        self._path = path / _NAME
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise FolderRefused("running", str(path)) from error
        except OSError as error:
            raise FolderRefused("unreadable", error.strerror or "") from error
        try:
            self.kept = self._mine(server, label)
            self._write()
        except FolderRefused:
            self.close()
            raise

    def close(self) -> None:
        """Let others have it."""
        os.close(self._lock)

    @property
    def key(self) -> Ed25519PrivateKey:
        """The device's."""
        return Ed25519PrivateKey.from_private_bytes(_bytes(self.kept.key))

    def next_number(self) -> int:
        """One that was never used, also where the machine stops right after this."""
        self.change(sequence=self.kept.sequence + 1)
        return self.kept.sequence

    def change(self, **cells: object) -> None:
        """Keep other values; written before this returns."""
        self.kept = replace(self.kept, **cells)  # type: ignore[arg-type]  # named by the callers
        self._write()

    def _mine(self, server: str, label: str) -> Kept:
        kept = self._read() or Kept(server, label, _new_key())
        if (kept.server, kept.label) != (server, label):
            raise FolderRefused("other", kept.server)
        return kept

    def _read(self) -> Kept | None:
        try:
            return Kept(**json.loads(self._path.read_text("utf-8")))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError) as error:
            raise FolderRefused("damaged", str(self._path)) from error

    def _write(self) -> None:
        fresh = self._path.with_suffix(".new")
        mode = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        with os.fdopen(os.open(fresh, mode, 0o600), "w", encoding="utf-8") as file:
            json.dump(asdict(self.kept), file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)


def _new_key() -> str:
    raw = Ed25519PrivateKey.generate().private_bytes_raw()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
