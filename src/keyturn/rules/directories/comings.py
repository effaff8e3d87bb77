"""What another look at an account shows: what happened to it, and whose it is."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from keyturn.rules.directories.entries import Entry

DAY_MS: Final = 86_400_000
#: days before a password's end on which its owner is reminded
REMIND_DAYS: Final = (14, 7, 3, 1)


class Happened(StrEnum):
    """One thing that the directory shows happened to an account."""

    CAME = "came"
    GONE = "gone"
    PASSWORD = "password"  # noqa: S105  it was set or changed
    LOCKED = "locked"
    UNLOCKED = "unlocked"
    DISABLED = "disabled"
    ENABLED = "enabled"
    MUST_CHANGE = "must_change"
    EXPIRY = "expiry"  # the account's own end was set, moved or taken away
    RENAMED = "renamed"  # name, UPN or how people are shown it
    CONTACT = "contact"  # mail or phone
    MOVED = "moved"
    GROUPS = "groups"


def happened(before: Entry | None, after: Entry | None) -> tuple[Happened, ...]:
    """What lies between two looks at one account, in the order of `Happened`.

    Args:
        before: None if it was not there; after: None if it is not there.
    """
    if before is None or after is None:
        if before is after:
            return ()
        return (Happened.CAME,) if before is None else (Happened.GONE,)
    shown = {
        Happened.PASSWORD: _set(before, after),
        Happened.LOCKED: after.locked_at is not None and after.locked_at != before.locked_at,
        Happened.UNLOCKED: before.locked_at is not None and after.locked_at is None,
        Happened.DISABLED: after.disabled and not before.disabled,
        Happened.ENABLED: before.disabled and not after.disabled,
        Happened.MUST_CHANGE: after.must_change and not before.must_change,
        Happened.EXPIRY: before.expires_at != after.expires_at,
        Happened.RENAMED: _names(before) != _names(after),
        Happened.CONTACT: (before.mail, before.phone) != (after.mail, after.phone),
        Happened.MOVED: before.unit != after.unit,
        Happened.GROUPS: before.groups != after.groups,
    }
    return tuple(what for what in Happened if shown.get(what))


def _set(before: Entry, after: Entry) -> bool:
    """A directory forgets the moment while the password must be changed: that is no change."""
    return after.password_set_at is not None and after.password_set_at != before.password_set_at


def _names(entry: Entry) -> tuple[str, str, str]:
    return entry.name, entry.upn, entry.display


def reminder(entry: Entry, told: Collection[int], now: int) -> int | None:
    """The day (one of REMIND_DAYS) for which its owner is to be reminded now that the password
    ends; None: nobody is.

    Args:
        told: days for which they were, for this very end.

    Whoever comes late (an agent was away for a week) is told once, of what is left. Nobody is
    reminded who could not use the answer: disabled, the account's own end before the password's, or
    the password is to be changed anyway.
    """
    end = _told_of(entry)
    if end is None or end <= now:
        return None
    reached = [day for day in REMIND_DAYS if now >= end - day * DAY_MS]
    if not reached or any(day <= reached[-1] for day in told):
        return None
    return reached[-1]


def remind_at(entry: Entry, told: Collection[int]) -> int | None:
    """When `reminder` next has something to say, perhaps long ago; None for never.

    Args:
        told: as of `reminder`.
    """
    end = _told_of(entry)
    left = [day for day in REMIND_DAYS if all(day < other for other in told)]
    return end - max(left) * DAY_MS if end is not None and left else None


def _told_of(entry: Entry) -> int | None:
    """The end of a password whose owner can use a reminder."""
    end = entry.password_expires_at
    if end is None or entry.disabled or entry.must_change:
        return None
    return None if entry.expires_at is not None and entry.expires_at <= end else end


# --- whose account it is


@dataclass(frozen=True, slots=True)
class Belongs:
    """To this user, who is there already."""

    user_id: str


@dataclass(frozen=True, slots=True)
class Newcomer:
    """To nobody yet: a user is made for it."""


@dataclass(frozen=True, slots=True)
class Unclear:
    """A person decides.

    Attributes:
        why: "shared" (several accounts of the directory have its mail address), "several" (several
            users could be meant), "taken" (its user has another account here already), "staff"
            (its user is staff: that is never for a directory to say), "unproved" (somebody is known
            by its address and has not proved it, or is disabled).
        user_ids: who could be meant.
    """

    why: str
    user_ids: tuple[str, ...]


def belongs(
    linked: str | None,
    proved: Sequence[str],
    holding: Collection[str],
    barred: Mapping[str, str] | None = None,
    *,
    shared: bool,
) -> Belongs | Newcomer | Unclear:
    """Whose an account is. Nothing is guessed.

    Args:
        linked: the user who is linked to it: that counts, whatever its mail says.
        proved: users who have proved its mail address, or are known by it.
        holding: of them, who have another account in this directory.
        barred: of them, who are not to be linked by themselves, and why.
        shared: another account of this directory has the same mail address.
    """
    if linked is not None:
        return Belongs(linked)
    if shared:
        return Unclear("shared", tuple(proved))
    match tuple(proved):
        case ():
            return Newcomer()
        case (only,):
            why = "taken" if only in holding else (barred or {}).get(only, "")
            return Unclear(why, (only,)) if why else Belongs(only)
        case several:
            return Unclear("several", several)
