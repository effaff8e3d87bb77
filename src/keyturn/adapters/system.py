"""The operating system's time and chance: the only module that reads a clock."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base32 alphabet: no I, L, O, U, so that people can read it out."""

_NS_PER_MS = 1_000_000
_CHANCE_BITS = 80
_STEP_BITS = 32


class SystemClock:
    """The host's wall clock, made monotone.

    When the wall clock is set back, time goes on at half its pace until the wall has
    caught up: it neither stands still (a lock would not end) nor runs backwards.

    Args:
        wall: nanoseconds since the epoch.
        steady: nanoseconds of a clock that nobody can set.
    """

    def __init__(
        self,
        wall: Callable[[], int] = time.time_ns,
        steady: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._wall = wall
        self._steady = steady
        self._guard = threading.Lock()
        self._last = 0
        self._tick = steady()

    def now(self) -> int:
        """Milliseconds since the epoch, UTC."""
        with self._guard:
            tick = self._steady()
            slow = self._last + (tick - self._tick) // 2
            self._last = max(self._wall(), slow)
            self._tick = tick
            return self._last // _NS_PER_MS


class SystemRandom:
    """The kernel's random numbers (getrandom(2))."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._moment = -1
        self._chance = 0

    def token(self, size: int = 32) -> str:
        """`size` random bytes as unpadded base64url."""
        return secrets.token_urlsafe(size)

    def digits(self, count: int) -> str:
        """`count` decimal digits, each string equally likely."""
        return f"{secrets.randbelow(10**count):0{count}d}"

    def letters(self, count: int) -> str:
        """`count` characters of Crockford's alphabet, upper case."""
        return "".join(secrets.choice(CROCKFORD) for _ in range(count))

    def id(self, now: int) -> str:
        """A ULID for the moment `now` (ms), lower case.

        Two of the same millisecond made by this object one after the other are in order;
        the step between them is drawn at random, so that one does not tell the next.
        """
        with self._guard:
            if now == self._moment:
                self._chance += 1 + secrets.randbits(_STEP_BITS)
            else:
                # The top bit stays free as room for the steps.
                self._moment, self._chance = now, secrets.randbits(_CHANCE_BITS - 1)
            return ulid(now, self._chance)


def ulid(now: int, chance: int) -> str:
    """26 lower-case Crockford characters: 48 bits of milliseconds, 80 bits of chance."""
    number = (now << _CHANCE_BITS) | (chance & ((1 << _CHANCE_BITS) - 1))
    return "".join(CROCKFORD[(number >> shift) & 31] for shift in range(125, -1, -5)).lower()


def wall_and_steady_ms() -> tuple[int, int]:
    """The wall clock and one that nobody can set, at one moment: what the doctor compares."""
    return time.time_ns() // _NS_PER_MS, time.monotonic_ns() // _NS_PER_MS


def wall_ms() -> int:
    """The wall clock as it is, which may run backwards: only to be compared with others."""
    return time.time_ns() // _NS_PER_MS
