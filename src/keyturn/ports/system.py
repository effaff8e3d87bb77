"""Time and chance."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """The one place that time comes from."""

    def now(self) -> int:
        """Milliseconds since the epoch, UTC. Never runs backwards within a process."""
        ...


class Random(Protocol):
    """Unpredictable values from the operating system."""

    def token(self, size: int = 32) -> str:
        """`size` random bytes as unpadded base64url."""
        ...

    def digits(self, count: int) -> str:
        """A uniformly drawn string of `count` decimal digits, leading zeros kept."""
        ...

    def letters(self, count: int) -> str:
        """`count` characters of Crockford's base32 alphabet (5 bits each), upper case."""
        ...

    def id(self, now: int) -> str:
        """A time-ordered, unique identifier: 26 lower-case Crockford characters (ULID)."""
        ...
