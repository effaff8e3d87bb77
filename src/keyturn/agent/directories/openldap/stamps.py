"""Stamps of a directory that does not count writes (docs/design/09): moments, in microseconds.

    unicodePwd    pwdChangedTime, which only a change of the password moves. It has whole seconds:
                  writing.py never sends in the second of an earlier change.
    lockoutTime   pwdAccountLockedTime while it is there; without it the entry's last change, so
                  that "unlocked" is always later than the lock that it ended
    pwdLastSet    the entry's last change while pwdReset is there; nothing without it

An account on which a temporary password was begun and not finished (writing.py) has a stamp
before every other: it follows none, and nobody takes it for done.
"""

from __future__ import annotations

from keyturn.agent.directories.ldap.values import Entry, text
from keyturn.agent.directories.openldap.values import csn_micros, micros
from keyturn.rules.directories.proofs import Stamp

ATTRIBUTES = (
    "entryCSN", "pwdAccountLockedTime", "pwdChangedTime", "pwdReset", "pwdStartTime",
)  # fmt: skip
NEVER = Stamp(0, "", 0, 0)
"""Of an attribute that was never written."""
CLOSED = "99991231235942Z"
"""pwdStartTime of an account whose temporary password is being set: in force at the end of time,
at a second that nobody else would choose."""

#: earlier than every change that slapd has a time for, and yet one
_EARLIEST = 1


class Unreadable(ValueError):
    """The entry does not show when it was changed."""


def stamp(entry: Entry, attribute: str) -> Stamp:
    """The stamp of "unicodePwd", "lockoutTime" or "pwdLastSet"; NEVER of any other.

    Raises Unreadable.
    """
    changed = csn_micros(text(entry, "entryCSN"))
    if changed is None:
        raise Unreadable
    match attribute:
        case "unicodePwd":
            return _password(entry, changed)
        case "lockoutTime":
            since = micros(text(entry, "pwdAccountLockedTime"))
            return _at(changed if since is None else max(since, _EARLIEST))
        case "pwdLastSet" if text(entry, "pwdReset") == "TRUE":
            return _at(changed)
        case _:
            return NEVER


def unfinished(entry: Entry) -> bool:
    """A temporary password was begun, and nobody finished it."""
    return text(entry, "pwdStartTime") == CLOSED


def _password(entry: Entry, changed: int) -> Stamp:
    if unfinished(entry):
        return Stamp(_EARLIEST, "", changed // 1000, 0)
    since = micros(text(entry, "pwdChangedTime"))
    return _at(since) if since else NEVER


def _at(moment: int) -> Stamp:
    return Stamp(moment, "", moment // 1000, 0)
