"""What the agent channel needs besides the store: a key of the installation, a judge of
certificates.
"""

from __future__ import annotations

from typing import Protocol


class Notary(Protocol):
    """Keys of the channel."""

    @property
    def server_key(self) -> bytes:
        """The public half (Ed25519, 32 bytes) of the key that signs every answer; agents pin it."""
        ...

    def certified(
        self, identity: bytes, certificate: bytes, directory_id: str, agent_id: str,
        sealing_key: bytes, now: int,
    ) -> bool:  # fmt: skip
        """Whether `certificate` vouches, by the directory's `identity` (Ed25519 public), for this
        very sealing key of this agent, at `now` (ms). See wire/certificates.py.
        """
        ...
