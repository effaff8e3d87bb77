"""Agents of a measurement: as many as one process carries, each with a key of its own.

A process is started with one JSON argument (Flock) and writes one JSON list on a line:

    ["fetched", ns, [job, …]]      an agent has fetched these, at this moment (CLOCK_MONOTONIC)
    ["stand", ns, {…}]             Stand, several times a second

What makes the channel's behaviour is the agent's own code: the bell with its long-polls and its
pauses (agent/bell.py), the link (agent/link.py), signatures (wire/session.py).  What is left
away is what one process cannot have five thousand times: state folders, journals, directories.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from itertools import count
from typing import Any, Final

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from keyturn import patient_gc, steady_gc
from keyturn.agent import system
from keyturn.agent.bell import Bell, Way
from keyturn.agent.config import NO_PROXY
from keyturn.agent.keeper import AGAIN_MS, BEAT_MS, PASSING
from keyturn.agent.link import HttpLink, http_client
from keyturn.agent.ports import LinkDenied, LinkDown
from keyturn.agent.wiring import RealPauses
from keyturn.serving import most_open_files
from keyturn.wire.messages import Beat, Fetch, Work
from keyturn.wire.session import Speaker
from keyturn.wire.signatures import Lane

#: between two lines that say how they stand
TELL_MS: Final = 200
#: fetching again after the server was away: at random, up to this (agent/run.py)
_FETCH_AGAIN_MS: Final = 2_000


@dataclass(frozen=True, slots=True)
class Card:
    """An agent whose run has begun: its id, its run's, its signing key (hex)."""

    agent_id: str
    run_id: str
    key: str


@dataclass(frozen=True, slots=True)
class Flock:
    """The agents of one process.

    Attributes:
        server_key: the installation's, hex. spread_ms: over what time they first come.
    """

    origin: str
    server_key: str
    spread_ms: int
    cards: Sequence[Card]

    def text(self) -> str:
        """As the process reads it."""
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, text: str) -> Flock:
        """What `text` said."""
        told = json.loads(text)
        return cls(**{**told, "cards": [Card(**card) for card in told["cards"]]})


@dataclass(slots=True)
class Stand:
    """How a process's agents stand.

    Attributes:
        up: whose socket is open. beaten: who was answered to a beat within a lease's time.
        beats: answered so far. silence_ms: longest between two answers so far, of any agent.
        denied: refusals by the server, by their word.
    """

    up: int = 0
    beaten: int = 0
    beats: int = 0
    silence_ms: int = 0
    denied: Counter[str] = field(default_factory=Counter)

    def told(self) -> dict[str, Any]:
        """As a JSON object."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


class Gone(Exception):
    """The server has refused an agent for good."""


class Guest:
    """One agent."""

    def __init__(self, flock: Flock, card: Card, tls: ssl.SSLContext, stand: Stand) -> None:
        numbers: defaultdict[Lane, count[int]] = defaultdict(lambda: count(1))
        key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(card.key))
        self._run, self._stand = card.run_id, stand
        speaker = Speaker(
            key, bytes.fromhex(flock.server_key), flock.origin, card.agent_id, self._run,
            lambda lane: next(numbers[lane]),
        )  # fmt: skip
        # one TLS context for all: none of them speaks TLS here, each would load the authorities
        way = httpx.AsyncHTTPTransport(verify=tls, limits=httpx.Limits(max_connections=8))
        self._link = HttpLink(speaker, http_client(flock.origin, None, NO_PROXY, way))
        self.bell = Bell(speaker, self._link, Way(flock.origin, NO_PROXY, None), system.chance_ms)
        self._pauses = RealPauses()
        self._heard_at = 0

    def heard_within(self, ms: int) -> bool:
        """Whether a beat was answered so lately."""
        return _now_ms() - self._heard_at < ms

    async def live(self, after_ms: int) -> None:
        """Come after so long, and stay. Raises Gone."""
        await self._pauses.pause(after_ms)
        async with asyncio.TaskGroup() as tasks:
            for task in (self._ring(), self._beat(), self._fetch()):
                tasks.create_task(task)

    async def _ring(self) -> None:
        try:
            await self.bell.run()
        except LinkDenied as refused:
            self._refused(refused)

    async def _beat(self) -> None:
        failures = 0
        while True:
            try:
                await self.bell.beat(Beat(self._run, wants_lease=True, health=""))
            except LinkDown:
                pass
            except LinkDenied as refused:
                self._refused(refused)
            else:
                self._answered()
                failures = 0
                await self._pauses.pause(BEAT_MS)
                continue
            await self._again(failures)
            failures += 1

    async def _again(self, failures: int) -> None:
        """As agent/keeper.py waits."""
        longest = min(AGAIN_MS << min(failures, 10), BEAT_MS)
        await self._pauses.pause(self._pauses.jitter(longest))

    def _answered(self) -> None:
        now, before = _now_ms(), self._heard_at
        self._heard_at = now
        self._stand.beats += 1
        if before:
            self._stand.silence_ms = max(self._stand.silence_ms, now - before)

    async def _fetch(self) -> None:
        """As agent/run.py fetches."""
        while True:
            await self.bell.rung.wait()
            self.bell.rung.clear()
            try:
                work = await self._link.call(Fetch(self._run), Work)
            except LinkDown:
                await self._fetch_again()
            except LinkDenied as refused:
                self._refused(refused)
                await self._fetch_again()
            else:
                if work.tasks:
                    _tell("fetched", [task.job_id for task in work.tasks])

    async def _fetch_again(self) -> None:
        await self._pauses.pause(self._pauses.jitter(_FETCH_AGAIN_MS))
        self.bell.rung.set()

    def _refused(self, refused: LinkDenied) -> None:
        self._stand.denied[refused.denied.why] += 1
        if refused.denied.why not in PASSING:
            raise Gone(refused.denied.why)


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000


def _tell(what: str, value: object) -> None:
    print(json.dumps([what, time.monotonic_ns(), value]), flush=True)  # noqa: T201  read by bench


async def _stands(guests: Sequence[Guest], stand: Stand) -> None:
    """Tell how they stand, again and again."""
    pauses = RealPauses()
    while True:
        stand.up = sum(guest.bell.socket for guest in guests)
        stand.beaten = sum(guest.heard_within(3 * BEAT_MS) for guest in guests)
        _tell("stand", stand.told())
        await pauses.pause(TELL_MS)


async def _live(flock: Flock) -> None:
    stand, tls = Stand(), ssl.create_default_context()
    guests = [Guest(flock, card, tls, stand) for card in flock.cards]
    pace = flock.spread_ms / len(guests)
    lives = [guest.live(round(n * pace)) for n, guest in enumerate(guests)]
    steady_gc()  # as an agent's run does
    await asyncio.gather(*lives, _stands(guests, stand))


def main(text: str) -> int:
    """Live until ended from outside."""
    patient_gc()
    most_open_files()
    asyncio.run(_live(Flock.read(text)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.stdin.read()))
