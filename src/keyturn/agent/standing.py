"""What every act of the executor stands on, and the few moves that all of them share."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from keyturn.agent.charting import Chart
from keyturn.agent.journal import Ending, Journal
from keyturn.agent.logons.ports import Logs
from keyturn.agent.ports import Driver, Link, LinkDenied, LinkDown, Source, Unreachable
from keyturn.rules.directories.proofs import Bind
from keyturn.rules.directories.resets import Outcome
from keyturn.rules.directories.things import Epoch
from keyturn.wire.messages import Guessed, Report, Sealed, Seen, Taken
from keyturn.wire.seals import Purpose, Unsealable, unseal

#: between the directory's time-out and the end of what was granted: the way to the socket
MARGIN_MS = 1_000
#: a message that did not get through is said again after so long, then twice as long, up to
AGAIN_MS, AGAIN_AT_MOST_MS = 250, 10_000
#: tries of passwords that are remembered: more than can be made while a leave lasts
BOUND_AT_MOST = 4_096
#: refusals after which there is nothing to add: the job is over, or was never there
_OVER = frozenset({"settled", "superseded", "late", "gone"})


class Ticks(Protocol):
    """A clock that nobody sets and that goes on while the machine is suspended."""

    def now(self) -> int:
        """CLOCK_BOOTTIME, ms."""
        ...


@dataclass(frozen=True, slots=True)
class Held:
    """The lease as this run has it.

    Attributes:
        until: ms of CLOCK_BOOTTIME, counted from the sending of the beat that got it.
    """

    epoch: Epoch
    until: int


@dataclass(frozen=True, slots=True)
class Place:
    """Who acts: an agent, one run of it. controller: the one it stands beside."""

    agent_id: str
    directory_id: str
    run_id: str
    controller: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What every act stands on.

    Attributes:
        lease: the lease as it is at this moment, None without one (or when it has ended).
        keys: what seals to this agent open with, the newest first.
        logs: of bad logons; None: nothing is told of those.
        source: everybody in the directory; None where nobody is read.
        wall: ms since the epoch, as this machine believes: only to tell how old a count is.
        acting: how many tasks and looks go on at once; reading: how many other questions;
            guessing: how many tries of passwords for whoever signs in, which strangers can ask for.
        bound: tries whose password this run has sent, the newest last: a list of work that comes
            late may name one again while its leave lasts.
    """

    place: Place
    driver: Driver
    link: Link
    journal: Journal
    ticks: Ticks
    chart: Chart
    lease: Callable[[], Held | None]
    keys: Callable[[], Sequence[X25519PrivateKey]]
    wall: Callable[[], int]
    logs: Logs | None = None
    source: Source | None = None
    acting: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(8))
    reading: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(8))
    guessing: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(8))
    bound: deque[str] = field(default_factory=lambda: deque(maxlen=BOUND_AT_MOST))

    @property
    def needs_ms(self) -> int:
        """The longest one change can take, from deciding to send it."""
        return self.driver.timeout_ms + MARGIN_MS

    def held(self) -> Held | None:
        """The lease, if it has not ended."""
        held = self.lease()
        return held if held is not None and self.ticks.now() < held.until else None

    async def pause(self, ms: int) -> None:
        """Between two looks at a directory that does not say when it changes."""
        await asyncio.sleep(ms / 1000)

    async def until(self, moment: int) -> None:
        """Until that moment of CLOCK_BOOTTIME (the loop's own clock stands still in suspend)."""
        while (left := moment - self.ticks.now()) > 0:
            await self.pause(left)

    def open(self, job_id: str, user_id: str, expires_at: int, sealed: Sealed) -> str:
        """The password in an envelope, for as long as the caller keeps it.

        Raises Unsealable.
        """
        purpose = Purpose(job_id, user_id, self.place.directory_id, self.place.agent_id, expires_at)
        for key in self.keys():
            try:
                return unseal(key, purpose, sealed)
            except Unsealable as closed:
                if closed.why != "open":
                    raise
        raise Unsealable("open")

    async def tell(self, job_id: str, ending: Ending, epoch: Epoch) -> None:
        """Write down how a job went, and say so until the server has heard it."""
        if ending.outcome is not Outcome.UNTRIED:  # which is an answer only if nobody can try
            await self.journal.ended(job_id, ending)
        report = Report(
            job_id, self.place.run_id, epoch, ending.outcome, ending.reason, ending.data or {},
            ending.diagnostic, ending.after, ending.bound,
        )  # fmt: skip
        if await self.say(report) and ending.outcome is not Outcome.UNTRIED:
            await self.journal.reported(job_id)

    async def say(self, message: Report | Seen | Guessed) -> bool:
        """Say it again and again until it gets through; False if it is refused for now."""
        wait = AGAIN_MS
        while True:
            try:
                await self.link.call(message, Taken)
            except LinkDown:
                await self.pause(wait)
                wait = min(2 * wait, AGAIN_AT_MOST_MS)
            except LinkDenied as refused:
                return refused.denied.why in _OVER
            else:
                return True

    async def try_once(self, job_id: str, host: str, guid: str, password: str) -> Bind:
        """What a controller says to a password, tried there once for this job. A try whose
        answer a crash has swallowed is made again: whoever settles needs the answer.

        Raises Unreachable, NotFound.
        """
        said = await self.journal.try_of(job_id, host)
        if said in {Bind.RIGHT, Bind.WRONG}:
            return said
        await self.journal.trying(job_id, host)
        try:
            said = await self.driver.try_password(host, guid, password)
        except Unreachable:
            await self.journal.tried(job_id, host, None)
            raise
        await self.journal.tried(job_id, host, said)
        return said
