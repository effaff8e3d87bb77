"""The key that signs what agents are answered, and the judge of their certificates.

The key is derived from the ring's root, which never changes and is the same on every host of an
installation: agents pin its public half, so it must be neither lost apart from the ring nor
made twice.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from keyturn.adapters.sealing import KeyRing, derived
from keyturn.wire.certificates import Uncertified, verify

_PURPOSE = "keyturn agents ed25519"


class RingNotary:
    """See ports.channel.Notary. Attributes: `key`: the private half."""

    def __init__(self, ring: KeyRing) -> None:
        self.key = Ed25519PrivateKey.from_private_bytes(derived(ring, _PURPOSE))
        self._public = self.key.public_key().public_bytes_raw()

    @property
    def server_key(self) -> bytes:
        return self._public

    def certified(
        self, identity: bytes, certificate: bytes, directory_id: str, agent_id: str,
        sealing_key: bytes, now: int,
    ) -> bool:  # fmt: skip
        try:
            verify(identity, certificate, directory_id, agent_id, sealing_key, now)
        except Uncertified:
            return False
        return True
