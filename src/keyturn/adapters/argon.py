"""argon2id (RFC 9106) in a bounded number of threads, behind a bounded queue."""

from __future__ import annotations

import base64
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

import argon2
from argon2.low_level import ARGON2_VERSION, Type, verify_secret

from keyturn.adapters.threads import Threads
from keyturn.ports import Busy

T = TypeVar("T")

QUEUE_NS = 3_000_000_000
"""How much work may wait: about three seconds of it."""

QUEUE_LEAST = 64
"""What may always wait: 64 right sign-ins at one moment all get in."""

_FIRST_GUESS_NS = 60_000_000
_WEIGHT = 8
_NS_PER_MS = 1_000_000
_SALT, _TAG = 16, 32


class Hasher:
    """Passwords to PHC strings and back; one object per process, used from one event loop.

    Attributes:
        decoy: see the port. Its tag is drawn at random instead of computed: no password
            for it is known to anybody, and a comparison with it costs what any other does.
        hashes: how many comparisons were really computed.
        made: how many new hashes were computed.
        cpu_ns: thread CPU time spent on both, so that a benchmark can tell the cost of
            a sign-in from the cost of its hash. With `lanes` above 1 argon2 starts
            threads of its own, which are not seen here.
    """

    def __init__(
        self, *, time_cost: int = 2, memory_kib: int = 19456, lanes: int = 1, slots: int = 1
    ) -> None:
        self._argon = argon2.PasswordHasher(
            time_cost=time_cost,
            memory_cost=memory_kib,
            parallelism=lanes,
            hash_len=_TAG,
            salt_len=_SALT,
            type=Type.ID,
        )
        self._wanted = (ARGON2_VERSION, memory_kib, time_cost)
        self._slots = slots
        self._threads = Threads(slots, "argon2")
        self._guard = threading.Lock()
        self._usual_ns = _FIRST_GUESS_NS
        self.decoy = _fabricate(time_cost, memory_kib, lanes)
        self.hashes = 0
        self.made = 0
        self.cpu_ns = 0

    async def hash(self, password: str) -> str:
        """PHC string of a new password. Raises Busy."""
        encoded = await self._queue(lambda: self._argon.hash(_bytes(password)))
        self.made += 1
        return encoded

    async def verify(self, encoded: str, password: str) -> bool:
        """Whether `password` is the one that `encoded` was made from. Raises Busy."""
        return await self._queue(lambda: self._compare(encoded, password))

    def outdated(self, encoded: str) -> bool:
        """Whether a parameter of `encoded` is weaker than today's, or it is no argon2id."""
        try:
            made = argon2.extract_parameters(encoded)
        except argon2.exceptions.InvalidHashError:
            return True
        have = (made.version, made.memory_cost, made.time_cost)
        weaker = any(was < wanted for was, wanted in zip(have, self._wanted, strict=True))
        return weaker or made.type is not Type.ID

    def close(self) -> None:
        """Let the threads end; what is still waiting is dropped."""
        self._threads.drop()

    @property
    def room(self) -> int:
        """How many may be under way or waiting at once, at the present speed."""
        return max(QUEUE_LEAST, QUEUE_NS * self._slots // self._usual_ns)

    @property
    def waiting(self) -> int:
        """How many are under way or waiting."""
        return self._threads.load

    async def _queue(self, work: Callable[[], T]) -> T:
        if (waiting := self.waiting) >= self.room:
            ahead_ns = waiting * self._usual_ns // self._slots
            raise Busy(retry_after=max(1_000, ahead_ns // _NS_PER_MS))
        return await self._threads.run(lambda: self._timed(work))

    def _timed(self, work: Callable[[], T]) -> T:
        began, cpu_began = time.perf_counter_ns(), time.thread_time_ns()
        try:
            return work()
        finally:
            cpu, took = time.thread_time_ns() - cpu_began, time.perf_counter_ns() - began
            with self._guard:
                self.cpu_ns += cpu
                self._usual_ns = max(1, self._usual_ns + (took - self._usual_ns) // _WEIGHT)

    def _compare(self, encoded: str, password: str) -> bool:
        with self._guard:
            self.hashes += 1
        try:
            return verify_secret(encoded.encode("ascii"), _bytes(password), Type.ID)
        except argon2.exceptions.VerifyMismatchError:
            return False
        except (argon2.exceptions.VerificationError, UnicodeEncodeError):
            # A stored hash that is none must cost what every other does.
            with suppress(argon2.exceptions.VerificationError):
                verify_secret(self.decoy.encode("ascii"), _bytes(password), Type.ID)
            return False


def _bytes(password: str) -> bytes:
    """UTF-8; a lone surrogate is a character like any other and never an exception."""
    return password.encode("utf-8", "surrogatepass")


def _fabricate(time_cost: int, memory_kib: int, lanes: int) -> str:
    salt, tag = (
        base64.b64encode(secrets.token_bytes(size)).rstrip(b"=").decode() for size in (_SALT, _TAG)
    )
    return f"$argon2id$v={ARGON2_VERSION}$m={memory_kib},t={time_cost},p={lanes}${salt}${tag}"
