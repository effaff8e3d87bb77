"""Passwords, keys, one-time passwords."""

from __future__ import annotations

from typing import Protocol


class Busy(Exception):
    """The queue of passwords to hash is full. Nothing was compared, the try does not count.

    Attributes:
        retry_after: milliseconds after which room is likely.
    """

    def __init__(self, retry_after: int) -> None:
        super().__init__(retry_after)
        self.retry_after = retry_after


class Unsealable(Exception):
    """What was to be opened was altered, or sealed under another key or context."""


class Hasher(Protocol):
    """argon2id (RFC 9106) in a bounded number of threads."""

    decoy: str
    """A hash with the current parameters of a password that nobody knows: compared
    where there is no account, so that time tells nothing."""

    async def hash(self, password: str) -> str:
        """PHC string of a new password. Raises Busy."""
        ...

    async def verify(self, encoded: str, password: str) -> bool:
        """Whether `password` is the one that `encoded` was made from. Raises Busy."""
        ...

    def outdated(self, encoded: str) -> bool:
        """Whether `encoded` was made with weaker parameters than today's."""
        ...


class Sealer(Protocol):
    """Keys that live outside the database."""

    def seal(self, plain: bytes, context: str) -> str:
        """AES-256-GCM; opens only with the same `context`."""
        ...

    def open(self, sealed: str, context: str) -> bytes:
        """What was sealed. Raises Unsealable."""
        ...

    def digest(self, purpose: str, value: str) -> str:
        """HMAC-SHA-256 under a key of its own for each `purpose`; unpadded base64url."""
        ...

    def matches(self, purpose: str, value: str, digest: str) -> bool:
        """Constant-time comparison of `value` with a stored digest."""
        ...


class OneTimePasswords(Protocol):
    """TOTP (RFC 6238): six digits, 30 seconds, SHA-1, one step of tolerance each way."""

    def new_secret(self) -> str:
        """A fresh 160-bit secret in base32."""
        ...

    def uri(self, secret: str, account: str, issuer: str) -> str:
        """The otpauth:// address an authenticator scans."""
        ...

    def verify(self, secret: str, code: str, now: int, after: int | None) -> int | None:
        """The time step that `code` belongs to, or None if it is wrong or if its step is
        not later than `after` (already used).
        """
        ...
