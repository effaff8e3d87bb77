"""One-time codes by mail and SMS: six digits, ten minutes, five tries, one use.

All codes of Keyturn share this one process (sign-up, recovery, phone proof, a
long link in a mail).  What is stored is an HMAC under a key outside the database.

    state      event                    next       answer
    ---------  -----------------------  ---------  ------------------
    live       right digits             used       Right
    live       wrong digits, 1st–4th    live       Wrong(left)
    live       wrong digits, 5th        spent      Wrong(0)
    live       10 minutes are over      expired    Expired(at)
    live       a resend in its flow     replaced   Replaced
    used, spent, expired, replaced: any further try is answered by that state.

Time is in milliseconds since the epoch.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from keyturn.rules.lockout import HOUR, MINUTE, SECOND

DIGITS = 6
LIFE_MS = 10 * MINUTE
#: a link sent alone cannot be guessed (256 bits) and lives as long as the budget window in
#: which it was asked for: whoever spends an owner's budget sends the owner a way in each time
LINK_LIFE_MS = HOUR
TRIES = 5
RESEND_MS = 60 * SECOND


@dataclass(frozen=True, slots=True)
class Code:
    """A code as stored.

    Attributes:
        flow_id: the flow it belongs to; a code answers in no other.
        channel: "mail" or "sms".
        digest: HMAC of the digits, or None where the mail carries only a link.
        link: HMAC of the long link's token, or None.
        tries: wrong tries so far.
    """

    id: str
    tenant_id: str
    flow_id: str
    channel: str
    digest: str | None
    link: str | None
    tries: int
    sent_at: int
    expires_at: int
    used_at: int | None
    replaced_at: int | None


@dataclass(frozen=True, slots=True)
class Right:
    """It was the code, in time, for the first time."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """It was not the code; `left` more tries."""

    left: int


@dataclass(frozen=True, slots=True)
class Expired:
    """It ended at `at`."""

    at: int


@dataclass(frozen=True, slots=True)
class Used:
    """It was used at `at`."""

    at: int


@dataclass(frozen=True, slots=True)
class Replaced:
    """A newer code of the same flow took its place at `at`."""

    at: int


@dataclass(frozen=True, slots=True)
class Spent:
    """Five wrong tries: ask for a new one."""


Verdict = Right | Wrong | Expired | Used | Replaced | Spent


def standing(code: Code, now: int) -> Expired | Used | Replaced | Spent | None:
    """Why the code can no longer be right, or None while it is live."""
    if code.used_at is not None:
        return Used(at=code.used_at)
    if code.replaced_at is not None:
        return Replaced(at=code.replaced_at)
    if now >= code.expires_at:
        return Expired(at=code.expires_at)
    if code.tries >= TRIES:
        return Spent()
    return None


def attempt(code: Code, now: int, matches: bool) -> tuple[Code, Verdict]:
    """One try. `matches` is the outcome of the constant-time comparison; where the mail
    carries only a link there are no digits that could be right.

    Returns: the code to store and the verdict.
    """
    dead = standing(code, now)
    if dead is not None:
        return code, dead
    if matches and code.digest is not None:
        return replace(code, used_at=now), Right()
    tried = replace(code, tries=code.tries + 1)
    return tried, Wrong(left=TRIES - tried.tries)


def follow(code: Code, now: int) -> tuple[Code, Verdict]:
    """The long link was confirmed (POST). Wrong digits do not count against it."""
    dead = link_standing(code, now)
    if dead is not None:
        return code, dead
    return replace(code, used_at=now), Right()


def link_standing(code: Code, now: int) -> Expired | Used | Replaced | Spent | None:
    """Why the long link is dead, or None while it lives; wrong digits do not count."""
    return standing(replace(code, tries=0), now)


def resend_at(code: Code) -> int:
    """From when another code may be asked for in the same flow."""
    return code.sent_at + RESEND_MS
