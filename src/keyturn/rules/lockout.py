"""Lockout: five wrong passwords in a row lock a lane for ten minutes.

A *lane* is whose failures are counted together (a known client has one, all
unknown clients of an account share one, an absent name has one too).  A try
walks through three steps, each a transaction of its own, with the slow password
hash between them and outside of any transaction:

    reserve --> (compare the password) --> settle

`reserve` takes one of five slots.  A slot is used up by a failure that counts
and by a reservation that still lives, so at most five guesses are ever compared
before a lock, whatever the number of processes.  `settle` turns the reservation
into a failure or into a success.  A reservation whose holder died runs out after
its lease and counts as failed: an attacker cannot win guesses by crashing us.

    state     event                       next
    --------  --------------------------  ------------------------------------------
    open      reserve, slot free          open     (a reservation more)     Reserved
    open      reserve, no slot free       open     (unchanged)              Wait
    open      settle wrong, 4th or less   open     (a failure more)         Failed
    open      settle wrong, 5th           locked   for 10 minutes, notice   Failed
    open      settle right                open     (streak and total: 0)    Passed
    open      lease runs out              as settle wrong, at that moment
    locked    reserve                     locked   (unchanged)              Locked
    locked    its end is reached          open     (streak: 0)
    any       100th failure in all        closed   (besides what is said above)
    closed    any                         as open and locked, but no password is
                                          ever right until recovery reopens it
    any       recover                     open     (streak and total: 0; tries under way
                                          are void), or locked as long as it was
    locked    unlock                      open     (streak: 0)
    any       interrupt                   as if all leases ran out at that moment

During a lock nothing is compared, no try counts, none makes it longer.  To the
outside a closed lane keeps the rhythm of five and ten minutes.

Time is in milliseconds since the epoch.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class LockoutPolicy:
    """The numbers of SPEC §9; a tenant may make them stricter, never looser.

    Attributes:
        limit: wrong passwords in a row that lock a lane.
        lock_ms: how long a lock lasts.
        close_after: failures in a row that close a lane's password until recovery.
        streak_ms: a streak below `limit` is forgotten this long after its last failure.
        lease_ms: how long a reservation waits for its verdict.
    """

    limit: int = 5
    lock_ms: int = 10 * MINUTE
    close_after: int = 100
    streak_ms: int = DAY
    lease_ms: int = 10 * SECOND


DEFAULT = LockoutPolicy()


@dataclass(frozen=True, slots=True, order=True)
class Reservation:
    """A slot taken by one try: `id` names it, `until` is the end of its lease."""

    until: int
    id: str


@dataclass(frozen=True, slots=True)
class Lane:
    """What is stored of a lane.

    Attributes:
        failed: settled failures of the present streak, 0 ≤ failed < limit.
        total: failures in a row without a success, over all locks.
        locked_until: end of the lock; 0 when there has been none since the last success.
        last_failed: when the last failure was settled; 0 for none.
        closed: the lane's password answers no more until recovery.
        reservations: live slots, ordered by the end of their lease.
    """

    failed: int = 0
    total: int = 0
    locked_until: int = 0
    last_failed: int = 0
    closed: bool = False
    reservations: tuple[Reservation, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Reserved:
    """The try may be compared; settle it under `id` before `until`."""

    id: str
    until: int
    closed: bool


@dataclass(frozen=True, slots=True)
class Locked:
    """The lane is locked: nothing is compared, nothing counts."""

    until: int


@dataclass(frozen=True, slots=True)
class Wait:
    """Every slot is taken by a try under way; one is free at `at` at the latest."""

    at: int


@dataclass(frozen=True, slots=True)
class Passed:
    """The password was right and the slot was still held."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The try counted as wrong. `locked_until` is 0 unless the lane is locked now."""

    locked_until: int


@dataclass(frozen=True, slots=True)
class Lapsed:
    """The slot is no longer held: its lease ran out and has counted as a failure, or a
    recovery made the try void. It lets nobody in, right or wrong.
    """

    locked_until: int


@dataclass(frozen=True, slots=True)
class Notice:
    """A lock began at `since` and lasts until `until`: tell the owner once."""

    since: int
    until: int
    closed: bool


def observe(
    lane: Lane, now: int, policy: LockoutPolicy = DEFAULT
) -> tuple[Lane, tuple[Notice, ...]]:
    """Bring a stored lane up to `now`.

    Leases that ran out become failures *at the moment they ran out*, locks that
    ended open, old streaks are forgotten.  Returns the lane as it stands at
    `now`, and the notices of locks that began on the way.
    """
    notices: list[Notice] = []
    while lane.reservations and lane.reservations[0].until <= now:
        due = lane.reservations[0].until
        lane = _forget(replace(lane, reservations=lane.reservations[1:]), due, policy)
        lane, notice = _fail(lane, due, policy)
        if notice:
            notices.append(notice)
    return _forget(lane, now, policy), tuple(notices)


def _forget(lane: Lane, now: int, policy: LockoutPolicy) -> Lane:
    """Open a lock whose end is reached; drop a streak that has grown old."""
    if lane.locked_until and lane.locked_until <= now:
        lane = replace(lane, locked_until=0, failed=0)
    if lane.failed and now - lane.last_failed >= policy.streak_ms:
        lane = replace(lane, failed=0)
    return lane


def _fail(lane: Lane, at: int, policy: LockoutPolicy) -> tuple[Lane, Notice | None]:
    """Count one failure at `at`; the fifth locks and asks for a notice.

    A failure that arrives while the lane is locked (a lease that ran out after
    the lock began) adds to the total but neither prolongs the lock nor starts
    a streak.
    """
    total = lane.total + 1
    closed = lane.closed or total >= policy.close_after
    lane = replace(lane, total=total, closed=closed, last_failed=at)
    if lane.locked_until > at:
        return lane, None
    if lane.failed + 1 < policy.limit:
        return replace(lane, failed=lane.failed + 1), None
    until = at + policy.lock_ms
    locked = replace(lane, failed=0, locked_until=until)
    return locked, Notice(since=at, until=until, closed=closed)


def reserve(
    lane: Lane, now: int, new_id: str, policy: LockoutPolicy = DEFAULT
) -> tuple[Lane, Reserved | Locked | Wait, tuple[Notice, ...]]:
    """Take a slot for one try.

    Args:
        lane: as stored.
        now: the present moment.
        new_id: the name of the reservation, unique within the lane.
        policy: the tenant's numbers.

    Returns: the lane to store, the answer, and notices of locks that began
    because leases ran out.
    """
    lane, notices = observe(lane, now, policy)
    if lane.locked_until > now:
        return lane, Locked(until=lane.locked_until), notices
    # a tenant may have made `limit` smaller meanwhile; the next failure will lock then
    if min(lane.failed, policy.limit - 1) + len(lane.reservations) >= policy.limit:
        return lane, Wait(at=lane.reservations[0].until), notices
    until = now + policy.lease_ms
    held = tuple(sorted((*lane.reservations, Reservation(until=until, id=new_id))))
    answer = Reserved(id=new_id, until=until, closed=lane.closed)
    return replace(lane, reservations=held), answer, notices


def settle(
    lane: Lane, now: int, held_id: str, right: bool, policy: LockoutPolicy = DEFAULT
) -> tuple[Lane, Passed | Failed | Lapsed, tuple[Notice, ...]]:
    """Give back a slot with its verdict.

    A right password on a closed lane is settled as wrong; so is one on a locked lane
    (tries can be under way during a lock only if the tenant made `limit` smaller).
    A reservation that is no longer held has lapsed: nobody gets in by it.

    Returns: the lane to store, the answer, and notices of locks that began.
    """
    lane, notices = observe(lane, now, policy)
    if all(r.id != held_id for r in lane.reservations):
        return lane, Lapsed(locked_until=lane.locked_until), notices
    lane = replace(lane, reservations=tuple(r for r in lane.reservations if r.id != held_id))
    if right and not lane.closed and not lane.locked_until:
        return replace(lane, failed=0, total=0, last_failed=0), Passed(), notices
    lane, notice = _fail(lane, now, policy)
    if notice:
        notices = (*notices, notice)
    return lane, Failed(locked_until=lane.locked_until), notices


def release(lane: Lane, held_id: str) -> Lane:
    """Give back a slot whose password was never compared (the hash queue was full):
    the try does not count.
    """
    return replace(lane, reservations=tuple(r for r in lane.reservations if r.id != held_id))


def recover(
    lane: Lane, now: int, policy: LockoutPolicy = DEFAULT
) -> tuple[Lane, tuple[Notice, ...]]:
    """The owner set a new password: the lane opens again, a running lock keeps its end.

    The streak begins anew, because the guesses so far were guesses at a password
    that no longer exists.  For the same reason tries under way become void: they were
    compared with the old password, and must not let anybody in.

    Returns: the lane to store, and notices of locks that began because leases ran out.
    """
    lane, notices = observe(lane, now, policy)
    opened = replace(lane, failed=0, total=0, last_failed=0, closed=False, reservations=())
    return opened, notices


def unlock(
    lane: Lane, now: int, policy: LockoutPolicy = DEFAULT
) -> tuple[Lane, tuple[Notice, ...]]:
    """Staff open the lane: the lock ends, the streak begins anew, tries under way go on.

    The total stays: only a success or a recovery says that the owner is back.

    Returns: the lane to store, and notices of locks that began because leases ran out.
    """
    lane, notices = observe(lane, now, policy)
    return replace(lane, failed=0, locked_until=0), notices


def interrupt(
    lane: Lane, now: int, policy: LockoutPolicy = DEFAULT
) -> tuple[Lane, tuple[Notice, ...]]:
    """Nobody may get in any more (a disabling, "this wasn't me"): tries under way count as
    wrong at once, whatever they are being compared with, as if their leases ended now.

    Returns: the lane to store, and notices of locks that began.
    """
    held = tuple(replace(r, until=min(r.until, now)) for r in lane.reservations)
    return observe(replace(lane, reservations=held), now, policy)
