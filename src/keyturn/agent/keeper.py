"""Keeps a run alive: begins it, waits for approval, beats, holds the lease, takes over, ends.

begin --refused: another run lives--> wait until it would be over, once more, else give up
  |
  v        not approved
waiting <----------------+
  |  approved            |
  v                      |
beats every 15 s --------+
  |    with a lease: primary, as long as it is counted from *sending* the beat
  |    without: asks again the moment the holder's lease ends
  v
revoked, copied, another run: give up      told to stop: release
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from keyturn.agent import identity
from keyturn.agent.identity import Mistrusted
from keyturn.agent.keys import Keys
from keyturn.agent.ports import Link, LinkDenied, LinkDown
from keyturn.agent.state import State
from keyturn.agent.who import Who, keep_epoch, keep_run, known_epoch, last_run
from keyturn.rules.directories.things import AgentRole
from keyturn.wire.messages import Beat, Beaten, Begin, Begun, Denied, Holder, Release, Taken
from keyturn.wire.session import Held, OldEpoch, Standing

BEAT_MS: Final = 15_000
#: between two looks whether it is approved: whoever approves it stands by
APPROVAL_MS: Final = 3_000
#: after the holder's lease has ended, before it is asked for: the server's clock ticks too
AFTER_MS: Final = 100
#: tries after a lost answer: drawn from 0 to this, doubled each time, up to a beat's time
AGAIN_MS: Final = 1_000

#: refusals that pass: two requests that crossed, a server that takes a breath, its settings
PASSING: Final = frozenset({"sequence", "later", "signature", "message"})

_log = logging.getLogger("keyturn.agent")


class GiveUp(Exception):
    """This run is over, and another would fare no better until somebody acts.

    Attributes:
        why: "revoked", "cloned", "protocol", "run" (another process lives under our key),
            "identity", "certificate", "bequest" (Mistrusted), or another word of the server.
        holder: for "run": who and where.
    """

    def __init__(self, why: str, holder: Holder | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.holder = holder


class Clock(Protocol):
    """Milliseconds."""

    def now(self) -> int: ...


class Bell(Protocol):
    """bell.Bell. rung: set when there is work."""

    @property
    def rung(self) -> asyncio.Event: ...
    async def beat(self, beat: Beat) -> Beaten:
        """Raises LinkDown, LinkDenied."""
        ...


class Pauses(Protocol):
    """Waits between tries."""

    async def pause(self, ms: int) -> None:
        """Return after so long."""
        ...

    def jitter(self, ms: int) -> int:
        """A random number of 0 to `ms`."""
        ...


@dataclass(frozen=True, slots=True)
class Life:
    """One run of the agent, and where it runs.

    Attributes:
        controller: DNS name; version: of the program. machine, place, boot_id: system.py.
    """

    run_id: str
    controller: str
    version: str
    machine: str
    place: str
    boot_id: str


@dataclass(frozen=True, slots=True)
class Tools:
    """What the keeper works with. ticks: CLOCK_BOOTTIME; wall: since the epoch; both in ms."""

    link: Link
    bell: Bell
    state: State
    keys: Keys
    ticks: Clock
    wall: Clock
    pauses: Pauses


@dataclass(frozen=True, slots=True)
class Sight:
    """How things stand, for whoever prints it.

    Attributes:
        phase: "beginning", "waiting", "primary", "standby", "listener".
        link: "" while the server answers, else LinkDown.cause.
        holder: who is primary, if somebody else is.
    """

    phase: str
    link: str = ""
    detail: str = ""
    holder: Holder | None = None


class Keeper:
    """Keeps one run.

    Args:
        health: what is wrong here, as `Beat.health` has it.
        tell: is told whenever things stand otherwise.
    """

    def __init__(
        self, tools: Tools, who: Who, life: Life, health: Callable[[], str],
        tell: Callable[[Sight], None],
    ) -> None:  # fmt: skip
        self._t, self._who, self._life = tools, who, life
        self._health, self._tell = health, tell
        self._standing = Standing(None, known_epoch(tools.state))
        self._failures = 0
        self._sight = Sight("beginning")

    @property
    def held(self) -> Held | None:
        """The lease, if there is one and it has not ended."""
        held = self._standing.held
        return held if held is not None and self._t.ticks.now() < held.until else None

    # --- beginning

    async def begin(self) -> Who:
        """Begin the run and return when this agent is approved. Raises GiveUp."""
        replaces = last_run(self._t.state, self._life.boot_id)
        while True:
            begun = await self._begun(replaces)
            replaces = ""
            try:
                begun = await self._founded(begun)
                if begun.approved:
                    now = self._t.wall.now()
                    self._who = identity.admitted(
                        self._t.state, self._t.keys, self._who, begun, now
                    )
                    return self._who
            except Mistrusted as wrong:
                raise GiveUp(wrong.why) from wrong
            self._show(Sight("waiting"))
            await self._t.pauses.pause(APPROVAL_MS)

    async def _begun(self, replaces: str) -> Begun:
        life, waited = self._life, False
        while True:
            message = Begin(
                life.run_id, replaces, life.machine, life.place, life.controller, life.version
            )
            try:
                begun = await self._t.link.call(message, Begun)
            except LinkDown as down:
                await self._again(down)
            except LinkDenied as refused:
                denied = refused.denied
                if denied.why == "run" and denied.holder is not None and not waited:
                    # our own forerunner, perhaps, whose death nobody could show: once more
                    waited = True
                    self._show(Sight("beginning", holder=denied.holder))
                    await self._t.pauses.pause(denied.holder.ends_in_ms + AFTER_MS)
                else:
                    await self._refused(denied)
            else:
                self._failures = 0
                keep_run(self._t.state, life.run_id, life.boot_id)
                return begun

    async def _founded(self, begun: Begun) -> Begun:
        t = self._t
        try:
            return await identity.found(t.link, t.state, t.keys, self._who, begun, t.wall.now())
        except LinkDown as down:
            await self._again(down)
        except LinkDenied as refused:
            await self._refused(refused.denied)
        return begun

    # --- beating

    async def run(self) -> None:
        """Beat until cancelled. Raises GiveUp."""
        while True:
            await self._t.pauses.pause(await self.beat())

    async def beat(self) -> int:
        """Beat once; how long to wait before the next, ms. Raises GiveUp."""
        wants = self._who.role is AgentRole.CANDIDATE
        beat, sent_at = Beat(self._life.run_id, wants, self._health()), self._t.ticks.now()
        try:
            beaten = await self._t.bell.beat(beat)
            self._failures = 0
            self._heard(beaten, sent_at)
            await self._renew()
        except LinkDown as down:
            return self._failed(down)
        except LinkDenied as refused:
            return await self._unheard(refused.denied)
        if beaten.holder is not None and self.held is None and wants:
            return min(BEAT_MS, beaten.holder.ends_in_ms + AFTER_MS)
        return BEAT_MS

    def _heard(self, beaten: Beaten, sent_at: int) -> None:
        was = self._standing
        try:
            self._standing = was.heard(beaten, sent_at)
        except OldEpoch as old:
            self._standing = Standing(None, was.known)
            _log.error("old epoch offered=%s known=%s", old.offered, old.known)
        known = self._standing.known
        if known is not None and known != was.known:
            keep_epoch(self._t.state, known)
            self._t.bell.rung.set()  # a primary has work that nobody rings for
        if beaten.work:
            self._t.bell.rung.set()
        self._show(Sight(self._phase(), holder=beaten.holder))

    def _phase(self) -> str:
        if self._who.role is AgentRole.LISTENER:
            return "listener"
        return "primary" if self.held else "standby"

    async def _renew(self) -> None:
        t = self._t
        if await identity.renew_if_due(t.link, t.state, t.keys, self._who, t.wall.now()):
            _log.info("certificate renewed")

    async def _unheard(self, denied: Denied) -> int:
        if denied.why == "waiting":
            await self.begin()
            return 0
        await self._refused(denied)
        return 0

    # --- what goes wrong

    async def _refused(self, denied: Denied) -> None:
        """Wait out a refusal that passes. Raises GiveUp for any other."""
        if denied.why not in PASSING:
            self.drop()
            raise GiveUp(denied.why, denied.holder)
        await self._again(LinkDown("denied", denied.why))

    async def _again(self, down: LinkDown) -> None:
        await self._t.pauses.pause(self._failed(down))

    def _failed(self, down: LinkDown) -> int:
        """Tell that the server is away; how long until the next try, ms, at random."""
        longest = min(AGAIN_MS << min(self._failures, 10), BEAT_MS)
        self._failures += 1
        phase = self._phase() if self._sight.phase not in {"beginning", "waiting"} else None
        self._show(Sight(phase or self._sight.phase, down.cause, down.detail))
        return self._t.pauses.jitter(longest)

    def _show(self, sight: Sight) -> None:
        if (sight.phase, sight.link) != (self._sight.phase, self._sight.link):
            _log.info("agent phase=%s link=%s", sight.phase, sight.link or "up")
        self._sight = sight
        self._tell(sight)

    # --- ending

    def drop(self) -> None:
        """Hold no lease any more, from this moment on."""
        self._standing = Standing(None, self._standing.known)

    async def release(self) -> None:
        """End the run in good order; an answer is not waited for a second time."""
        self.drop()
        try:
            await self._t.link.call(Release(self._life.run_id), Taken)
        except (LinkDown, LinkDenied) as lost:
            _log.info("release not heard: %s", lost)
