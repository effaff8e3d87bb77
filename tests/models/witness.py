"""The states of the world of tries, and the witness: whoever saw every answer and every mail.

The witness knows a lane without looking into it; the laws of locks are checked on it.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, NamedTuple

from keyturn.ports.store import SeenLane
from keyturn.rules.events import Event
from keyturn.rules.lockout import Lane, LockoutPolicy, Notice
from tests.models import laws, twin
from tests.models.twin import LaneTx


class Witness(NamedTuple):
    """What the answers have told.

    Attributes:
        held: slots given out and not given back, (until, id).
        guesses: wrong ones compared on held slots since the lane last opened.
        streak: failures that count towards the next lock.
        row: failures in a row without a success.
        last: when the last failure was.
        lock_end: the end of the running lock, or 0.
        owed: notices of locks that began, not yet handed out.
    """

    held: tuple[tuple[int, str], ...] = ()
    guesses: int = 0
    streak: int = 0
    row: int = 0
    last: int = 0
    lock_end: int = 0
    owed: tuple[Notice, ...] = ()


class Try(NamedTuple):
    """A try under way.

    Attributes:
        knows: what is typed: "wrong", the password "now" in force, or an "old" one.
        seen: the lane as read (reading) or as stored by this try (comparing, settling).
        read_at: the clock of that read; `saw`: the witness at that moment. If nobody stored
            anything since, the slot counts from then on.
        until: the end of the lease.
        right: the outcome of comparing what is typed with the hash that was read.
        stale: that hash is no longer the stored one.
    """

    id: str
    phase: str
    knows: str
    seen: SeenLane | None = None
    read_at: int = 0
    saw: Witness = Witness()
    until: int = 0
    right: bool = False
    stale: bool = False


class World(NamedTuple):
    """The moment, the lane and its version as stored, the tries under way, the witness."""

    now: int = twin.START
    lane: Lane = Lane()
    version: int = 0
    tries: tuple[Try, ...] = ()
    witness: Witness = Witness()


class Watch:
    """What the witness makes of what it sees, under a policy.

    Args:
        curious: states differ by what an overtaken try had read, which with a right store
            nobody can ever find out.
    """

    def __init__(self, policy: LockoutPolicy, *, curious: bool) -> None:
        self.policy, self.curious = policy, curious

    def _closed(self, w: Witness) -> bool:
        return w.row >= self.policy.close_after

    def _lapsed(self, w: Witness, now: int, notices: tuple[Notice, ...]) -> Witness:
        """Leases that ran out are failures at that moment; some of them locked the lane."""
        for moment in sorted({until for until, _ in w.held if until <= now}):
            due = [held for held in w.held if held[0] == moment]
            w = self._opened(w, moment)
            w = w._replace(held=tuple(held for held in w.held if held not in due))
            told = tuple(n for n in notices if n.since == moment)
            notices = tuple(n for n in notices if n.since != moment)
            for each in range(len(due)):
                w = self._failed(w, moment)
                if w.streak == self.policy.limit or each == len(due) - 1:
                    w, told = self._told(w, told), ()
        w = self._told(w, notices)
        return self._opened(w, now)

    def _failed(self, w: Witness, at: int) -> Witness:
        """One more failure; during a lock it starts no streak."""
        return w._replace(row=w.row + 1, last=at, streak=w.streak + (not w.lock_end))

    def _opened(self, w: Witness, at: int) -> Witness:
        """The lane opens by itself: a lock ends, or a streak has grown old."""
        if w.lock_end and w.lock_end <= at:
            w = w._replace(lock_end=0, guesses=0, streak=0)
        if w.last and at - w.last >= self.policy.streak_ms:
            w = w._replace(guesses=0, streak=0)
        return w

    def _handed(self, w: Witness, tx: LaneTx) -> Witness:
        """Notices came out: all that were owed, and perhaps one of a lock that begins."""
        told = self._notices(tx)
        laws.a_notice_is_owed_until_it_is_handed_out(w.owed, told)
        return self._told(w._replace(owed=()), told[len(w.owed) :])

    def _notices(self, tx: LaneTx) -> tuple[Notice, ...]:
        """What the audit trail and the outbox say of locks that began."""
        rows = [e for e in tx.written.entries if e.event is Event.SIGNIN_LOCKED]
        mails = sum(m.kind == "lock_notice" for m in tx.written.messages)
        laws.every_notice_is_an_audit_row_and_a_mail(len(rows), mails, len(rows))
        length = self.policy.lock_ms
        ends = [(int(str(e.facts["until"])), bool(e.facts["closed"])) for e in rows]
        return tuple(Notice(until - length, until, closed) for until, closed in ends)

    def _told(self, w: Witness, notices: tuple[Notice, ...]) -> Witness:
        """Locks begin exactly with the failures that fill the limit."""
        for notice in notices:
            laws.a_lock_has_one_notice(w.lock_end)
            laws.a_lock_begins_with_a_failure(notice.since, w.last)
            laws.a_lock_lasts_as_long_as_the_policy_says(notice, self.policy)
            laws.a_lock_begins_with_the_limit_of_failures(w.streak, self.policy)
            laws.the_answer_says_whether_the_lane_is_closed(notice.closed, self._closed(w))
            w = w._replace(lock_end=notice.until, streak=0)
        laws.the_limit_of_failures_always_locks(w.streak, self.policy)
        return w

    # -- what the future can see ------------------------------------------------------------

    def key(self, world: World) -> Hashable:
        """A world without absolute time, names, and counts beyond their caps."""
        lane, w, now, cap = world.lane, world.witness, world.now, self.policy.close_after
        ours = {t.id: self._try_key(t, world) for t in world.tries}
        slots = sorted((r.until - now, ours.pop(r.id, ())) for r in lane.reservations)
        return (
            (lane.failed, min(lane.total, cap), lane.closed, _ago(lane.locked_until, now)),
            self._age(lane.last_failed, now) if lane.failed else 0,
            tuple(slots),
            tuple(sorted(ours.values())),
            self._witness_key(w, now),
        )

    def _witness_key(self, w: Witness, now: int) -> tuple[Any, ...]:
        counts = (w.guesses, w.streak, min(w.row, self.policy.close_after))
        held = tuple(sorted(until - now for until, _ in w.held))
        ends = (_ago(w.lock_end, now), self._age(w.last, now))
        return (*counts, *ends, held, tuple(n.until - now for n in w.owed))

    def _try_key(self, one: Try, world: World) -> tuple[Any, ...]:
        current = one.seen is not None and one.seen.version == world.version
        reading = one.phase == "reading" and current
        saw = self._witness_key(one.saw, world.now) if reading else ()
        read_at = one.read_at - world.now if reading else 0
        blind = hash(one.seen) if self.curious else 0
        phase = "asking" if one.phase == "waiting" else one.phase
        return (phase, one.knows, current, read_at, saw, one.right, one.stale, blind)

    def _age(self, last: int, now: int) -> int:
        return min(now - last, self.policy.streak_ms) if last else -1


def _ago(moment: int, now: int) -> int | None:
    return moment - now if moment else None
