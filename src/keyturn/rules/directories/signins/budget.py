"""How often a directory account's password may be tried from here: never so often that it locks.

A directory counts wrong passwords, forgets them when its window has passed since the *last* of
them, and locks at a threshold.  Whoever tries passwords for strangers must stay below that, or
anybody could lock any account from the internet.  Two limits hold, each by itself:

    *Ours.* A *streak* counts what Keyturn has tried since the directory last forgot, over all
    browsers, spellings and agents: at most min(5, threshold - 2). Like the directory it forgets
    only when the whole window has passed since the last try: tries just far enough apart to be
    within no fixed window would add up at the controller.

    *Theirs.* The controller's own count, in which the person's mistypings at their desk are,
    leaves them two tries.

Both are right only if nobody tries in between, so one try at a time has leave:

    reserve (counted from here on) --> read the controller's count --> bind --> settle
                                                 |
                                          no margin: give back

A leave ends by itself, and outlasts the bind's time-out; whoever dies with it has tried.  Only
what certainly was not sent, or was right, is given back.  A right password does not clear the
streak, though it clears the count of the controller that it was tried at: other controllers
may still count what was tried there.

Time is in milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from keyturn.rules.lockout import DAY, MINUTE, SECOND

#: tries of ours at most, whatever the directory bears
MOST: Final = 5
#: wrong ones that are left to the person at their own desk
KEPT: Final = 2
#: a window that is shorter, or 0 (which is "never" in one kind of directory, "at once" in another)
WINDOW_MIN_MS: Final = 10 * MINUTE
#: longer than any directory counts: Active Directory's longest window is 99,999 minutes
#: (MS-SAMR 3.1.1.5, lockOutObservationWindow); what was last tried before that is forgotten
LONGEST_MS: Final = 90 * DAY
#: how far the clocks of agent and controller may be apart (Kerberos' own limit, MS-KILE 3.1.1.2)
SKEW_MS: Final = 5 * MINUTE
#: a leave lasts so much longer than was asked for, and never longer than
SLACK_MS: Final = 2 * SECOND
LEAVE_MOST_MS: Final = 60 * SECOND


@dataclass(frozen=True, slots=True)
class Limits:
    """How an account's directory counts, as the agent has read it.

    Attributes:
        threshold: wrong ones until it locks, 0 for never.
        window_ms: it forgets after so long without a wrong one.
    """

    threshold: int
    window_ms: int


@dataclass(frozen=True, slots=True)
class Streak:
    """What is stored for one account, or for one name that nobody has.

    Attributes:
        count: tries since the directory last forgot, the one that has leave included.
        last_at: when the last of them ended, at the latest.
        holder, run_id: the try that has leave, and the run of an agent that it was given to;
            "" for none.
        until: when that leave ends.
    """

    count: int = 0
    last_at: int = 0
    holder: str = ""
    run_id: str = ""
    until: int = 0


@dataclass(frozen=True, slots=True)
class Leave:
    """The try is counted, and may be made until then, once."""

    until: int


@dataclass(frozen=True, slots=True)
class Busy:
    """Another try of the account has leave, until then at the latest."""

    until: int


@dataclass(frozen=True, slots=True)
class Spent:
    """Nothing may be tried before then; None: nothing ever, the directory bears too little."""

    until: int | None


def allowance(threshold: int) -> int:
    """How many wrong ones in a row are borne from here; 0: none, sign-in is off.

    Args:
        threshold: the directory's, 0 if it locks nobody.
    """
    if threshold == 0:
        return MOST
    return max(0, min(MOST, threshold - KEPT))


def window(limits: Limits) -> int:
    """How long nothing of ours may have been tried before the streak begins anew."""
    return max(limits.window_ms, WINDOW_MIN_MS)


def observe(streak: Streak, now: int) -> Streak:
    """The streak at `now`: a leave that has ended stays counted, as tried at its very end."""
    if not streak.holder or now < streak.until:
        return streak
    return Streak(count=streak.count, last_at=max(streak.last_at, streak.until))


def reserve(
    streak: Streak, try_id: str, run_id: str, limits: Limits, needs_ms: int, now: int
) -> tuple[Streak, Leave | Busy | Spent]:
    """Count one try and give it leave.

    Asking again gets the same leave, as long as it lasts, for the same run alone: another one
    cannot know whether the first has tried.

    Args:
        needs_ms: the longest that reading the count and one bind can take.

    Returns: the streak to store, and the answer.
    """
    streak = observe(streak, now)
    if streak.holder:
        same = (streak.holder, streak.run_id) == (try_id, run_id)
        return streak, Leave(streak.until) if same else Busy(streak.until)
    if streak.count and now >= streak.last_at + window(limits):
        streak = Streak()
    most = allowance(limits.threshold)
    if streak.count >= most:
        return streak, Spent(streak.last_at + window(limits) if most else None)
    until = now + min(needs_ms + SLACK_MS, LEAVE_MOST_MS)
    held = replace(streak, count=streak.count + 1, holder=try_id, run_id=run_id, until=until)
    return held, Leave(until)


def settle(streak: Streak, try_id: str, now: int, *, counts: bool) -> tuple[Streak, bool]:
    """Give a leave back.

    Args:
        counts: the directory may have counted it as wrong. False only if it was right, or
            certainly never sent.

    Returns: the streak to store, and whether the leave was still held. If not, the try has
    counted, whatever it was, and lets nobody in.
    """
    streak = observe(streak, now)
    if streak.holder != try_id:
        return streak, False
    if counts:
        return Streak(count=streak.count, last_at=max(streak.last_at, now)), True
    return Streak(count=streak.count - 1, last_at=streak.last_at), True


def margin(limits: Limits, bad_count: int, bad_at: int | None, now: int) -> bool:
    """Whether the controller's own count bears one more wrong one, so that two are left.

    Args:
        bad_count, bad_at: as the controller shows them, read while the leave is held. A count
            that its window has outlived is still shown until the next logon (MS-ADTS badPwdCount),
            so it is judged by its moment; one without a moment stands.
        now: by the agent's clock, which is not the controller's.
    """
    if limits.threshold == 0:
        return True
    forgotten = (
        bad_at is not None and limits.window_ms > 0 and now >= bad_at + limits.window_ms + SKEW_MS
    )
    return (0 if forgotten else bad_count) + 1 <= limits.threshold - KEPT
