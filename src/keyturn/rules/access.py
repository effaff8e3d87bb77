"""What staff may do, by role; and to whom.

    action        owner  manager  technician  auditor
    ------------  -----  -------  ----------  -------
    read          yes    yes      yes         yes
    export trail  yes    yes      no          yes
    export users  yes    yes      no          yes
    unlock        yes    yes      yes         no
    invite        yes    yes      yes         no
    reset user    yes    yes      yes         no
    end sessions  yes    yes      yes         no
    close case    yes    yes      yes         no
    start reset   yes    yes      yes         no
    verify        yes    yes      yes         no
    release no.   yes    yes      yes         no
    release dev.  yes    yes      yes         no
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
    API keys      yes    no       no          no
    reg. devices  yes    yes      no          no
    see as        yes    yes      no          no
    members       yes    yes      no          no
    link provider yes    no       no          no
    end provider  yes    no       no          no
    policies      yes    no       no          no
    appearance    yes    yes      no          no

Nobody acts on somebody of a higher role, or gives or takes one above their own.  Nobody
disables, unfreezes, resets or erases themselves here, changes their own role or lets themselves
in at a customer.  Reading is no
acting.  Reset User takes a second step away, so that of staff only somebody of a higher role does
it to, and an owner to an owner.

What is dangerous (whatever is not in `EVERYDAY`: a new action is, until somebody says that it is
not) needs a session that showed its second step within minutes, see docs/design/19.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from keyturn.rules.accounts import Role, User
from keyturn.rules.callers import Caller
from keyturn.rules.identifiers import canonical


class Action(StrEnum):
    """See the table above."""

    READ = "read"
    EXPORT_TRAIL = "export_trail"  # the audit trail as a file
    EXPORT_USERS = "export_users"  # a list of users as a file
    UNLOCK = "unlock"
    END_SESSIONS = "end_sessions"
    INVITE = "invite"  # mail a link to set up the phone
    RESET_USER = "reset_user"  # … after taking the phone away
    CLOSE_CASE = "close_case"
    START_RESET = "start_reset"
    VERIFY = "verify"  # ask a caller's phone whether it is them
    RELEASE_NUMBER = "release_number"  # take a disabled user's phone number, for somebody else
    RELEASE_DEVICE = "release_device"  # somebody's, that is lost or sold
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
    REGISTER_DEVICES = "register_devices"
    LINK_ACCOUNT = "link_account"  # say which directory account is whose
    SEE_AS = "see_as"  # look at the console as a lower role sees it
    MEMBERS = "members"  # say which of one's own people act at a customer, and as what
    LINK_PROVIDER = "link_provider"  # let another tenant's people in
    END_PROVIDER = "end_provider"  # … and no more
    POLICIES = "policies"  # what a tenant decides: who may come in, and how
    APPEARANCE = "appearance"  # … and how it looks: name, colour, language, zone
    API_KEYS = "api_keys"  # make and revoke keys of programs that verify callers


class Why(StrEnum):
    """Why staff may not."""

    NO_ROLE = "no-role"  # no role in this tenant, or none that allows it
    LEVEL = "level"  # the session had no second step
    SESSION = "session"  # the session is too old for the console
    FROZEN = "frozen"  # their own account is frozen
    SELF = "self"  # it is their own account
    RANK = "rank"  # the other's role is higher
    BROWSER = "browser"  # the first of two people asked at this very browser
    LOOKING = "looking"  # they look as a lower role, and nothing is done meanwhile
    PROVIDER = "provider"  # one of the customer's own people has to be of the two
    PROOF = "proof"  # it is dangerous, and they did not show their second step just now


@dataclass(frozen=True, slots=True)
class Staff:
    """Somebody who may act in a tenant.

    Attributes:
        caller: where from, and in which tenant.
        user: who; None for a command on the host itself, which acts as an owner. Of another
            tenant where they are a provider's (rules/providers.py).
        level: of the session: 2, password and second step.
        glass_at: when a command on the host last made an owner or a link for one, within
            the last week; the console says so.
        fresh: they showed their second step just now (steps.stepup.FRESH_MS); a command on the
            host has nothing to show, a program's key cannot.
        serves: their own tenant has customers (rules/providers.py).
        looking: they see the console as `role` does, which is not their own (flows.seeing).
    """

    caller: Caller
    user: User | None
    role: Role
    level: int
    glass_at: int | None = None
    fresh: bool = False
    looking: bool = False
    serves: bool = False


#: what a provider's people do at no customer, whatever their role there
_NOT_HANDED_ON = frozenset({Action.MEMBERS})
#: what an owner does and nobody else
_OWNERS = frozenset({Action.API_KEYS, Action.LINK_PROVIDER, Action.END_PROVIDER, Action.POLICIES})
_HELP = frozenset(
    {
        Action.READ, Action.UNLOCK, Action.END_SESSIONS, Action.CLOSE_CASE, Action.START_RESET,
        Action.VERIFY, Action.RELEASE_NUMBER, Action.RELEASE_DEVICE,
    }
)  # fmt: skip
ALLOWED: dict[Role, frozenset[Action]] = {
    Role.OWNER: frozenset(Action),
    Role.MANAGER: frozenset(Action) - _OWNERS,
    Role.TECHNICIAN: _HELP | {Action.INVITE, Action.RESET_USER},
    Role.AUDITOR: frozenset({Action.READ, Action.EXPORT_TRAIL, Action.EXPORT_USERS}),
}
#: what needs no proof of just now: it harms nobody, or takes access away that comes back by itself
EVERYDAY = _HELP | {
    Action.INVITE, Action.ENABLE, Action.CREATE_USER, Action.HEALTH, Action.SEE_AS,
    Action.END_PROVIDER,
}  # fmt: skip
_RANK = {Role.AUDITOR: 1, Role.TECHNICIAN: 2, Role.MANAGER: 3, Role.OWNER: 4}
_NOT_ONESELF = frozenset(
    {
        Action.DISABLE,
        Action.UNFREEZE,
        Action.ROLES,
        Action.ERASE,
        Action.RESET_USER,
        Action.MEMBERS,
    }
)


def rank(role: Role | None) -> int:
    """Higher is mightier; 0 for somebody who is no staff."""
    return 0 if role is None else _RANK[role]


def hindrance(staff: Staff, action: Action, subject: User | None, theirs: int) -> Why | None:
    """Why `staff` may not do `action` now, or None if they may. Whoever has not the right to it is
    asked for no proof. Args: as `lacking`.
    """
    why = lacking(staff, action, subject, theirs)
    if why is None and staff.looking and action is not Action.READ:
        return Why.LOOKING
    unproved = action not in EVERYDAY and not staff.fresh
    return Why.PROOF if why is None and unproved else why


def lacking(staff: Staff, action: Action, subject: User | None, theirs: int) -> Why | None:
    """Why `staff` have not the right to `action`, however fresh their proof is: for what is shown
    and what is offered.

    Args:
        subject: to whom; None where it is done to nobody in particular.
        theirs: the subject's highest rank anywhere.
    """
    if action not in ALLOWED[staff.role] or (action in _NOT_HANDED_ON and is_guest(staff)):
        return Why.NO_ROLE
    if subject is None or action is Action.READ:
        return None
    if staff.user is not None and action in _NOT_ONESELF and same_person(staff.user, subject):
        return Why.SELF
    return Why.RANK if theirs > _highest(staff.role, action) else None


def same_person(one: User, other: User) -> bool:
    """Whether two accounts are one person's, as far as can be seen: a provider's person may have
    one at the customer too, by the same address or number.
    """
    if one.id == other.id:
        return True
    numbers = one.phone is not None and one.phone == other.phone
    addresses = bool(one.email) and canonical(one.email) == canonical(other.email)
    return one.tenant_id != other.tenant_id and (numbers or addresses)


def is_guest(staff: Staff) -> bool:
    """Whether they are a provider's, at work in a customer's console."""
    return staff.user is not None and staff.user.tenant_id != staff.caller.tenant.id


def _highest(role: Role, action: Action) -> int:
    """The highest rank that somebody of this role does this to."""
    below = action is Action.RESET_USER and role is not Role.OWNER
    return rank(role) - 1 if below else rank(role)
