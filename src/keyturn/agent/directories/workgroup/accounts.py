"""One account as the ports show it."""

from __future__ import annotations

from keyturn.agent.directories.workgroup.machine import Machine, Seen
from keyturn.agent.directories.workgroup.records import User
from keyturn.agent.directories.workgroup.values import below
from keyturn.agent.ports import AccountView
from keyturn.rules.directories.entries import Entry
from keyturn.rules.directories.policies import Policy
from keyturn.rules.directories.proofs import Stamp
from keyturn.rules.directories.protected import protected
from keyturn.rules.directories.workgroup import (
    DISABLED,
    LOCKED,
    NEVER_EXPIRES,
    binds,
    flag_stamp,
    millis,
    set_stamp,
)


def view(machine: Machine, seen: Seen, policy: Policy | None, now: int) -> AccountView:
    """What a look shows.

    Args:
        now: ms since the epoch.
    """
    user = seen.user
    expires = millis(user.expires)
    return AccountView(
        guid=seen.id,
        name=user.name,
        upn="",
        display=user.display,
        dn=f"{machine.name}\\{user.name}",
        locked_until=_locked(user),
        disabled=bool(user.flags & DISABLED),
        expired_account=expires is not None and expires <= now,
        must_change=must_change(user),
        password_expires_at=millis(user.must_change),
        password_set_at=millis(user.last_set),
        bad_count=user.bad_count,
        bad_at=None,
        policy=policy,
        protected=protected(seen.standing),
        must_change_binds=binds(user.flags, user.can_change),
        password_stamp=set_stamp(user.last_set),
        lockout_stamp=stamp(user, "lockoutTime"),
    )


def entry(machine: Machine, user: User) -> Entry:
    """The same for a reader of everybody."""
    return Entry(
        id=below(machine.sid, user.rid).hex(),
        name=user.name,
        upn="",
        display=user.display,
        mail="",
        phone="",
        unit=machine.name,
        disabled=bool(user.flags & DISABLED),
        must_change=must_change(user),
        locked_at=_locked(user),
        locked_until=_locked(user),
        password_set_at=millis(user.last_set),
        password_expires_at=millis(user.must_change),
        expires_at=millis(user.expires),
        groups=(),
    )


def stamp(user: User, attribute: str) -> Stamp:
    """By the name that Active Directory has for it (ports.Driver.stamp)."""
    match attribute:
        case "unicodePwd":
            return set_stamp(user.last_set)
        case "lockoutTime":
            return flag_stamp(not user.flags & LOCKED)
        case "pwdLastSet":
            return flag_stamp(must_change(user))
        case _:
            return Stamp(0, "", 0, 0)


def must_change(user: User) -> bool:
    """At the next logon."""
    return user.last_set == 0 and not user.flags & NEVER_EXPIRES


def _locked(user: User) -> int | None:
    """0: the moment is not told."""
    return 0 if user.flags & LOCKED else None
