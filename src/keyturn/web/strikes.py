"""How often a network sent what was not signed right; beyond that it waits.

Counted in each process by itself: it bounds work, it guards no secret.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from keyturn.ports.system import Clock
from keyturn.rules.callers import network_of
from keyturn.rules.lockout import MINUTE
from keyturn.web.refusals import Refusal

#: requests with a wrong signature that one network may send within a minute
MOST: Final = 600
#: networks that are remembered; beyond that the oldest is forgotten
NETWORKS: Final = 10_000


class Strikes:
    """One process's count."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def check(self, ip: str) -> None:
        """Raises Refusal 429 for a network that forges too much."""
        start, count = self._seen.get(network_of(ip), (0, 0))
        left = start + MINUTE - self._clock.now()
        if count >= MOST and left > 0:
            raise Refusal(429, "too-many", headers={"retry-after": str(-(-left // 1000))})

    def add(self, ip: str) -> None:
        """A signature from there was wrong."""
        network, now = network_of(ip), self._clock.now()
        start, count = self._seen.pop(network, (now, 0))
        if now - start >= MINUTE:
            start, count = now, 0
        self._seen[network] = (start, count + 1)
        while len(self._seen) > NETWORKS:
            self._seen.popitem(last=False)
