"""The key of the installation, for the doors that sign with it."""

from __future__ import annotations

from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from keyturn.ports.channel import Notary


class SigningNotary(Notary, Protocol):
    """A notary whose private half is at hand."""

    @property
    def key(self) -> Ed25519PrivateKey:
        """Signs every answer, every ring."""
        ...
