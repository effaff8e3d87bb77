"""What staff may do, by role; and to whom.

    action        owner  manager  technician  auditor
    ------------  -----  -------  ----------  -------
    read          yes    yes      yes         yes
    unlock        yes    yes      yes         no
    invite        yes    yes      yes         no
    reset user    yes    yes      yes         no
    end sessions  yes    yes      yes         no
    close case    yes    yes      yes         no
    start reset   yes    yes      yes         no
    verify        yes    yes      yes         no
    release no.   yes    yes      yes         no
    unfreeze      yes    yes      no          no
    disable       yes    yes      no          no
    enable        yes    yes      no          no
    passkeys      yes    yes      no          no
    create user   yes    yes      no          no
    export data   yes    yes      no          no
    erase         yes    yes      no          no
    roles         yes    yes      no          no
    health        yes    yes      no          no
    directories   yes    yes      no          no
    link account  yes    yes      no          no

Nobody acts on somebody of a higher role, or gives or takes one above their own.  Nobody
disables, unfreezes, resets or erases themselves here or changes their own role.  Reading is no
acting.  Reset User takes a second step away, so that of staff only somebody of a higher role does
it to, and an owner to an owner.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from keyturn.rules.accounts import Role, User
from keyturn.rules.callers import Caller


class Action(StrEnum):
    """See the table above."""

    READ = "read"
    UNLOCK = "unlock"
    END_SESSIONS = "end_sessions"
    INVITE = "invite"  # mail a link to set up the phone
    RESET_USER = "reset_user"  # … after taking the phone away
    CLOSE_CASE = "close_case"
    START_RESET = "start_reset"
    VERIFY = "verify"  # ask a caller's phone whether it is them
    RELEASE_NUMBER = "release_number"  # take a disabled user's phone number, for somebody else
    UNFREEZE = "unfreeze"
    DISABLE = "disable"
    ENABLE = "enable"
    REMOVE_PASSKEY = "remove_passkey"
    CREATE_USER = "create_user"
    EXPORT = "export"
    ERASE = "erase"
    ROLES = "roles"
    HEALTH = "health"
    DIRECTORIES = "directories"  # add one, let agents in, revoke them
    LINK_ACCOUNT = "link_account"  # say which directory account is whose


class Why(StrEnum):
    """Why staff may not."""

    NO_ROLE = "no-role"  # no role in this tenant, or none that allows it
    LEVEL = "level"  # the session had no second step
    SESSION = "session"  # the session is too old for the console
    FROZEN = "frozen"  # their own account is frozen
    SELF = "self"  # it is their own account
    RANK = "rank"  # the other's role is higher


@dataclass(frozen=True, slots=True)
class Staff:
    """Somebody who may act in a tenant.

    Attributes:
        caller: where from, and in which tenant.
        user: who; None for a command on the host itself, which acts as an owner.
        level: of the session: 2, password and second step.
        glass_at: when a command on the host last made an owner or a link for one, within
            the last week; the console says so.
    """

    caller: Caller
    user: User | None
    role: Role
    level: int
    glass_at: int | None = None


_HELP = frozenset(
    {
        Action.READ, Action.UNLOCK, Action.END_SESSIONS, Action.CLOSE_CASE, Action.START_RESET,
        Action.VERIFY, Action.RELEASE_NUMBER,
    }
)  # fmt: skip
ALLOWED: dict[Role, frozenset[Action]] = {
    Role.OWNER: frozenset(Action),
    Role.MANAGER: frozenset(Action),
    Role.TECHNICIAN: _HELP | {Action.INVITE, Action.RESET_USER},
    Role.AUDITOR: frozenset({Action.READ}),
}
_RANK = {Role.AUDITOR: 1, Role.TECHNICIAN: 2, Role.MANAGER: 3, Role.OWNER: 4}
_NOT_ONESELF = frozenset(
    {Action.DISABLE, Action.UNFREEZE, Action.ROLES, Action.ERASE, Action.RESET_USER}
)


def rank(role: Role | None) -> int:
    """Higher is mightier; 0 for somebody who is no staff."""
    return 0 if role is None else _RANK[role]


def hindrance(staff: Staff, action: Action, subject: User | None, theirs: int) -> Why | None:
    """Why `staff` may not do `action`, or None if they may.

    Args:
        subject: to whom; None where it is done to nobody in particular.
        theirs: the subject's highest rank anywhere.
    """
    if action not in ALLOWED[staff.role]:
        return Why.NO_ROLE
    if subject is None or action is Action.READ:
        return None
    if staff.user is not None and staff.user.id == subject.id and action in _NOT_ONESELF:
        return Why.SELF
    return Why.RANK if theirs > _highest(staff.role, action) else None


def _highest(role: Role, action: Action) -> int:
    """The highest rank that somebody of this role does this to."""
    below = action is Action.RESET_USER and role is not Role.OWNER
    return rank(role) - 1 if below else rank(role)
