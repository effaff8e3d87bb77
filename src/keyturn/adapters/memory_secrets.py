"""Memory twins of time, chance, hashes and keys: what a test can foresee and move.

Only the demo, benchmarks and tests use them; nothing that `keyturn serve` builds does.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

from keyturn.adapters.sealing import KeyRing, Sealer
from keyturn.adapters.system import CROCKFORD, ulid
from keyturn.ports import Busy

START = 1_767_225_600_000
"""1 January 2026, 00:00 UTC."""


class MemoryClock:
    """Stands still until it is moved, and only ever forwards."""

    def __init__(self, now: int = START) -> None:
        self._now = now

    def now(self) -> int:
        """Milliseconds since the epoch, UTC."""
        return self._now

    def move(self, ms: int) -> None:
        """Let `ms` ≥ 0 milliseconds pass."""
        if ms < 0:
            raise ValueError(ms)
        self._now += ms


class SeededRandom:
    """The same values in the same order for the same seed."""

    def __init__(self, seed: str = "keyturn") -> None:
        self._seed = seed.encode()
        self._drawn = 0

    def _bytes(self, size: int) -> bytes:
        self._drawn += 1
        return hashlib.shake_256(self._seed + b"\0%d" % self._drawn).digest(size)

    def token(self, size: int = 32) -> str:
        """`size` bytes as unpadded base64url."""
        return base64.urlsafe_b64encode(self._bytes(size)).rstrip(b"=").decode()

    def digits(self, count: int) -> str:
        """`count` decimal digits."""
        number = int.from_bytes(self._bytes(count + 8)) % 10**count
        return f"{number:0{count}d}"

    def letters(self, count: int) -> str:
        """`count` characters of Crockford's alphabet, upper case."""
        return "".join(CROCKFORD[byte & 31] for byte in self._bytes(count))

    def id(self, now: int) -> str:
        """A ULID whose chance is how many values were drawn: in order within one moment."""
        self._drawn += 1
        return ulid(now, self._drawn)


class PlainHasher:
    """One SHA-256 instead of argon2id.

    Attributes:
        strength: what `outdated` measures against; raise it to make older hashes outdated.
        full: set it to have every call refused as Busy.
        hashes, made, cpu_ns: as in the real one.
    """

    def __init__(self, strength: int = 1) -> None:
        self.strength = strength
        self.full = False
        self.decoy = f"plain${strength}${hashlib.sha256(b'decoy').hexdigest()}"
        self.hashes = 0
        self.made = 0
        self.cpu_ns = 0

    async def hash(self, password: str) -> str:
        """A recognisable string of a new password. Raises Busy."""
        self._admit()
        self.made += 1
        return f"plain${self.strength}${_plain(password)}"

    async def verify(self, encoded: str, password: str) -> bool:
        """Whether `password` is the one that `encoded` was made from. Raises Busy."""
        self._admit()
        self.hashes += 1
        stored = encoded.rpartition("$")[2].encode("utf-8", "surrogatepass")
        return hmac.compare_digest(stored, _plain(password).encode())

    def outdated(self, encoded: str) -> bool:
        """Whether `encoded` was made with less strength than today's, or is no hash."""
        _, _, rest = encoded.partition("$")
        strength = rest.partition("$")[0]
        return not strength.isdecimal() or int(strength) < self.strength

    def close(self) -> None:
        """Nothing to let go of."""

    def _admit(self) -> None:
        if self.full:
            raise Busy(retry_after=1_000)


def _plain(password: str) -> str:
    return hashlib.sha256(b"password\0" + password.encode("utf-8", "surrogatepass")).hexdigest()


class MemorySealer(Sealer):
    """The real sealer on keys that everybody knows: nothing about it is slow or remote,
    and an imitation could agree with a lie.
    """

    def __init__(self) -> None:
        super().__init__(KeyRing(digest=b"d" * 32, sealing={"memory": b"s" * 32}))
