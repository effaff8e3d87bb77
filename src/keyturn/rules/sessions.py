"""When a session is alive, and how seldom its use is written down.

A session ends at its absolute end, after a while without use, when the user's epoch
moves on (new password, "this wasn't me"), and while the user is not active.  Whatever
cannot be shown to hold ends it.  Time is in milliseconds.

The installation's settings (`ports.parts.Limits`) decide how long users' sessions last;
the console's are held to the numbers below whatever the settings say.
"""

from __future__ import annotations

from keyturn.rules.accounts import Session, User, UserState
from keyturn.rules.lockout import DAY, HOUR, MINUTE

USER_MS = 30 * DAY
USER_IDLE_MS = 14 * DAY
CONSOLE_MS = 12 * HOUR
CONSOLE_IDLE_MS = 30 * MINUTE
#: a session's last use is written at most this often: reading a page costs no commit
TOUCH_MS = 5 * MINUTE
#: how long a proof of whose session it is is good for
FRESH_MS = 10 * MINUTE


def alive(session: Session, user: User, now: int, absolute_ms: int, idle_ms: int) -> bool:
    """Whether `session` still signs `user` in at `now`."""
    theirs = (session.tenant_id, session.user_id) == (user.tenant_id, user.id)
    valid = user.state is UserState.ACTIVE and session.epoch == user.epoch
    return theirs and valid and now < ends_at(session, absolute_ms, idle_ms)


def ends_at(session: Session, absolute_ms: int, idle_ms: int) -> int:
    """When the session ends if it is not used again.

    `seen_at` lags behind by up to TOUCH_MS, so an idle end may come that much early.
    """
    return min(session.expires_at, session.created_at + absolute_ms, session.seen_at + idle_ms)


def level_at(session: Session, now: int) -> int:
    """What the session is worth at `now`: a second step is remembered for as long as the
    console trusts it, and not for as long as its browser stays signed in.
    """
    fresh = now < ends_at(session, CONSOLE_MS, CONSOLE_IDLE_MS)
    return session.level if fresh else min(session.level, 1)


def needs_touch(session: Session, now: int) -> bool:
    """Whether the present use is to be written down."""
    return now - session.seen_at >= TOUCH_MS
