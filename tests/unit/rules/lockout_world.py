"""A world around one lane: tries, deaths, recovery, unlocking, time; and its witness.

The *witness* is what somebody who saw every answer knows of the lane, kept without
looking into it.  It holds the invariants; the rules under test hold the lane.  A lock
that began by a lapsed lease is known before anybody looked (`owed`), its notice comes
with the next call.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from keyturn.rules import lockout
from keyturn.rules.lockout import (
    Failed,
    Lane,
    Lapsed,
    Locked,
    LockoutPolicy,
    Notice,
    Passed,
    Reserved,
    Wait,
)

from .worlds import must

START = 1_000_000


@dataclass(frozen=True)
class Rules:
    """The functions under test; mutants replace some of them."""

    observe: Callable[..., Any] = lockout.observe
    reserve: Callable[..., Any] = lockout.reserve
    settle: Callable[..., Any] = lockout.settle
    release: Callable[..., Any] = lockout.release
    recover: Callable[..., Any] = lockout.recover
    unlock: Callable[..., Any] = lockout.unlock


class Try(NamedTuple):
    """A try under way. `until`: the end of its lease; `stale`: begun with a password that
    a recovery has replaced since.
    """

    id: str
    until: int
    right: bool
    compared: bool = False
    stale: bool = False


class Witness(NamedTuple):
    """What the answers have told.

    Attributes:
        held: slots given out and not given back, (until, id).
        guesses: wrong ones compared since the lane last opened.
        row: failures in a row without a success.
        last: when the last failure was.
        lock_end: the end of the running lock, or 0.
        owed: notices of locks that began, not yet handed out.
    """

    held: tuple[tuple[int, str], ...] = ()
    guesses: int = 0
    row: int = 0
    last: int = 0
    lock_end: int = 0
    owed: tuple[Notice, ...] = ()


class World(NamedTuple):
    """The moment, the lane as stored, the tries under way, and the witness."""

    now: int = START
    lane: Lane = Lane()
    tries: tuple[Try, ...] = ()
    witness: Witness = Witness()


class Model:
    """The steps of a world under some rules, with the invariants checked on the way."""

    def __init__(self, rules: Rules, policy: LockoutPolicy, crowd: int) -> None:
        self.rules = rules
        self.policy = policy
        self.crowd = crowd

    def steps(self, world: World) -> Iterator[tuple[str, World]]:
        if len(world.tries) < self.crowd:
            yield self._begin(world, right=False)
            yield self._begin(world, right=True)
        kinds = {one._replace(id=""): one for one in world.tries}
        for one in kinds.values():
            if one.compared:
                yield self._settle(world, one)
            else:
                yield self._compare(world, one)
                yield self._released(world, one)
            yield "die", self._agree(world.now, world.lane, _less(world, one), world.witness)
        yield self._looked(world)
        yield self._recovered(world)
        yield self._unlocked(world)
        yield from self._ticks(world)

    # -- one try ----------------------------------------------------------------------

    def _begin(self, world: World, *, right: bool) -> tuple[str, World]:
        name = _new_name(world)
        lane, answer, notices = self.rules.reserve(world.lane, world.now, name, self.policy)
        w = self._handed(world.witness, notices)
        tries = world.tries
        match answer:
            case Reserved():
                must(not w.lock_end, "no slot during a lock")
                must(answer.until == world.now + self.policy.lease_ms, "a lease lasts lease_ms")
                must(answer.closed == self._closed(w), "the slot says whether the lane is closed")
                w = w._replace(held=(*w.held, (answer.until, name)))
                tries = (*tries, Try(name, answer.until, right))
            case Locked():
                must(bool(w.lock_end), "refused only while locked")
                must(answer.until == w.lock_end, "a refusal names the lock's end")
            case Wait():
                must(not w.lock_end, "who is locked out is told so")
                must(bool(w.held), "a wait is for somebody")
                soon = world.now < answer.at <= world.now + self.policy.lease_ms
                must(soon, "a wait ends within a lease")
        return f"begin {_kind(right)}", self._agree(world.now, lane, tries, w)

    def _compare(self, world: World, one: Try) -> tuple[str, World]:
        """The slow hash. A try whose lease is over may compare: its answer tells nothing."""
        w = world.witness
        if _held(world, one) and not one.right:
            must(not w.lock_end, "nothing is compared during a lock")
            must(w.guesses < self.policy.limit, "at most `limit` guesses between two openings")
            w = w._replace(guesses=w.guesses + 1)
        tries = (*_less(world, one), one._replace(compared=True))
        return "compare", world._replace(tries=tries, witness=w)

    def _released(self, world: World, one: Try) -> tuple[str, World]:
        """The hash queue was full: the slot is given back unused."""
        held = _held(world, one)
        lane = self.rules.release(world.lane, one.id) if held else world.lane
        w = _give_back(world.witness, one)
        return "release", self._agree(world.now, lane, _less(world, one), w)

    def _settle(self, world: World, one: Try) -> tuple[str, World]:
        lane, answer, notices = self._verdict(world, one, right=one.right)
        held = _held(world, one)
        closed = self._closed(world.witness)
        locked = bool(world.witness.lock_end)
        w = _give_back(world.witness, one)
        match answer:
            case Passed():
                must(one.right, "a wrong password never passes")
                must(not one.stale, "a password that was replaced never passes")
                must(held, "who lost the slot never passes")
                must(not closed, "nobody passes a closed lane")
                must(not locked, "nobody passes during a lock")
                w = self._handed(w, notices)._replace(guesses=0, row=0, last=0)
            case Failed():
                must(held, "a slot fails once")
                must(closed or locked or not one.right, "a right password passes in its turn")
                w = self._handed(w._replace(row=w.row + 1, last=world.now), notices)
                must(answer.locked_until == w.lock_end, "a failure names the lock's end")
            case Lapsed():
                must(not held, "a slot that is held is settled")
                w = self._handed(w, notices)
                must(answer.locked_until == w.lock_end, "a lapsed try is told the lock's end")
                other = self._verdict(world, one, right=not one.right)
                must(other == (lane, answer, notices), "a lapsed try learns nothing")
        name = f"settle {_kind(one.right)}"
        return name, self._agree(world.now, lane, _less(world, one), w)

    def _verdict(self, world: World, one: Try, *, right: bool) -> Any:
        return self.rules.settle(world.lane, world.now, one.id, right, self.policy)

    # -- what happens to a lane ---------------------------------------------------------

    def _looked(self, world: World) -> tuple[str, World]:
        lane, notices = self.rules.observe(world.lane, world.now, self.policy)
        again = self.rules.observe(lane, world.now, self.policy)
        must(again == (lane, ()), "looking twice is looking once")
        w = self._handed(world.witness, notices)
        return "look", self._agree(world.now, lane, world.tries, w)

    def _recovered(self, world: World) -> tuple[str, World]:
        lane, notices = self.rules.recover(world.lane, world.now, self.policy)
        w = self._handed(world.witness, notices)
        w = w._replace(held=(), guesses=0, row=0, last=0)
        tries = tuple(one._replace(stale=True) for one in world.tries)
        return "recover", self._agree(world.now, lane, tries, w)

    def _unlocked(self, world: World) -> tuple[str, World]:
        lane, notices = self.rules.unlock(world.lane, world.now, self.policy)
        w = self._handed(world.witness, notices)._replace(guesses=0, lock_end=0)
        return "unlock", self._agree(world.now, lane, world.tries, w)

    def _ticks(self, world: World) -> Iterator[tuple[str, World]]:
        """Time moves to just before, onto and just after each deadline that is open."""
        w = world.witness
        ends = {until for until, _ in w.held} | {w.lock_end}
        if w.last:
            ends.add(w.last + self.policy.streak_ms)
        moments = {end + d for end in ends for d in (-1, 0, 1)}
        for moment in sorted(m for m in moments if m > world.now):
            yield f"+{moment - world.now}", self._agree(moment, world.lane, world.tries, w)

    # -- the witness --------------------------------------------------------------------

    def _closed(self, w: Witness) -> bool:
        return w.row >= self.policy.close_after

    def _agree(self, now: int, lane: Lane, tries: tuple[Try, ...], w: Witness) -> World:
        """Bring the witness up to `now`; what is stored and what was told must be one."""
        seen, notices = self.rules.observe(lane, now, self.policy)
        owed = len(w.owed)
        must(notices[:owed] == w.owed, "a notice is owed until it is handed out")
        w = self._lapsed(w, now, notices[owed:])
        w = w._replace(owed=notices)
        must(seen.locked_until == w.lock_end, "a lock has its notice, and its end never moves")
        must(seen.closed == self._closed(w), "closed by close_after failures, until recovery")
        return World(now, lane, tries, w)

    def _lapsed(self, w: Witness, now: int, notices: tuple[Notice, ...]) -> Witness:
        """Leases that ran out are failures at that moment; some of them locked the lane."""
        for moment in sorted({until for until, _ in w.held if until <= now}):
            w = self._opened(w, moment)
            rest = tuple(held for held in w.held if held[0] != moment)
            w = w._replace(held=rest, row=w.row + len(w.held) - len(rest), last=moment)
            for notice in (n for n in notices if n.since == moment):
                w = self._locked(w, notice)
                notices = tuple(n for n in notices if n is not notice)
        must(not notices, "a lock begins with a failure")
        return self._opened(w, now)

    def _opened(self, w: Witness, at: int) -> Witness:
        """The lane opens by itself: a lock ends, or a streak has grown old."""
        if w.lock_end and w.lock_end <= at:
            w = w._replace(lock_end=0, guesses=0)
        if w.last and at - w.last >= self.policy.streak_ms:
            w = w._replace(guesses=0)
        return w

    def _handed(self, w: Witness, notices: tuple[Notice, ...]) -> Witness:
        """Notices come out: all that were owed, and perhaps one of a lock that begins."""
        owed = len(w.owed)
        must(notices[:owed] == w.owed, "no notice is lost")
        w = w._replace(owed=())
        for notice in notices[owed:]:
            w = self._locked(w, notice)
        return w

    def _locked(self, w: Witness, notice: Notice) -> Witness:
        must(not w.lock_end, "one notice for a lock")
        must(notice.since == w.last, "a lock begins with a failure")
        must(notice.until == notice.since + self.policy.lock_ms, "a lock lasts lock_ms")
        must(notice.closed == self._closed(w), "the notice says whether the lane is closed")
        return w._replace(lock_end=notice.until)

    # -- what the future can see ----------------------------------------------------------

    def key(self, world: World) -> Hashable:
        """A world without absolute time, names, and counts beyond their caps."""
        lane, w, now, cap = world.lane, world.witness, world.now, self.policy.close_after
        ours = {t.id: (t.until - now, t.right, t.compared, t.stale) for t in world.tries}
        slots = sorted((r.until - now, ours.pop(r.id, ())) for r in lane.reservations)
        return (
            (lane.failed, min(lane.total, cap), lane.closed, _ago(lane.locked_until, now)),
            self._age(lane.last_failed, now) if lane.failed else 0,
            tuple(slots),
            tuple(sorted((right, compared, stale) for _, right, compared, stale in ours.values())),
            (w.guesses, min(w.row, cap), _ago(w.lock_end, now), self._age(w.last, now)),
            tuple(sorted(until - now for until, _ in w.held)),
            tuple(n.until - now for n in w.owed),
        )

    def _age(self, last: int, now: int) -> int:
        return min(now - last, self.policy.streak_ms) if last else -1


def _ago(moment: int, now: int) -> int | None:
    return moment - now if moment else None


def _kind(right: bool) -> str:
    return "right" if right else "wrong"


def _new_name(world: World) -> str:
    """A name that no slot and no try bears, however dead."""
    taken = {r.id for r in world.lane.reservations} | {t.id for t in world.tries}
    return next(name for name in map(str, range(len(taken) + 1)) if name not in taken)


def _held(world: World, one: Try) -> bool:
    return (one.until, one.id) in world.witness.held


def _less(world: World, one: Try) -> tuple[Try, ...]:
    return tuple(other for other in world.tries if other.id != one.id)


def _give_back(w: Witness, one: Try) -> Witness:
    return w._replace(held=tuple(held for held in w.held if held[1] != one.id))
