"""Accounts of a machine without a domain: what its answers show, and what cannot be had there.

SAMR and SMB answer with an NTSTATUS (MS-ERREF 2.3.1).  What is known of the order in which a
machine looks: source3/auth/check_samsec.c of Samba says "locked" before it compares, and
whatever else stands in the way (`sam_account_ok`) only after the password was right; Windows
does the same (MS-SAMR 3.2.2.6 names none of these to a caller without the password).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from keyturn.rules.directories import protected as accounts
from keyturn.rules.directories.answers import Refusal, Tried
from keyturn.rules.directories.policies import Fault, Policy, judge
from keyturn.rules.directories.proofs import Bind, Stamp

#: what a workgroup cannot do or show, each in a sentence for an administrator
LIMITS: Final[Mapping[str, str]] = {
    "one_machine": "There is one machine and nothing is replicated: done there is done everywhere.",
    "one_policy": "One policy binds every account; there are no fine-grained ones.",
    "history": "The machine holds a change to its history of passwords, never a reset.",
    "length_by_agent": "Samba takes any password in a reset. The agent itself holds it to the "
    "machine's length and complexity; what a password filter wants, only the machine knows.",
    "stamp_in_seconds": "Writes are not counted. Whether it was ours, the moment of the last set "
    "and the password tried once decide. Samba keeps whole seconds: within one second of the "
    "last set, a change waits for the next.",
    "stamp_forgotten": "An account that must change its password has no such moment. Then the "
    "password alone decides.",
    "lock_moment": "When an account was locked, and when that ends, is not told: it is shown as "
    "locked until somebody unlocks it, though the machine's policy may open it before.",
    "bad_moment": "How many bad logons there were is told, not when.",
    "sources": "Where bad logons come from is not told.",
    "unlock_writes_flags": "An unlock writes all of the account's flags, as they were read a "
    "moment before.",
    "cannot_change": "“The user cannot change the password” is seen on Samba only.",
    "no_contact": "Accounts carry no mail address, no phone number and no UPN.",
    "no_scope": "There are no organisational units, and scope by group is not offered: "
    "everybody on the machine is read.",
    "within_a_minute": "Changes are found by comparing, within a minute.",
    "administrator": "Only an administrator of the machine may set passwords over SAMR; less "
    "cannot be delegated. On Windows, any but the built-in one also needs "
    "LocalAccountTokenFilterPolicy = 1.",
    "smb_3_1_1": "Only SMB 3.1.1 with encryption is spoken (Windows 10, Windows Server 2016, "
    "Samba 4.3 or later).",
    "logon_from_network": "A password is tried by a logon from the network, in clear only to the "
    "agent: NTLMv2 within SMB 3.1.1. Where NTLM is off, nothing can be proved.",
    "refusals_unsealed": "That a password is right though the logon is refused (must change, "
    "expired, disabled) is said before there is a key: whoever sits on the wire could forge it.",
}

_TRIED: Final[Mapping[int, Tried]] = {
    0xC0000064: Tried(Bind.WRONG, "no_such_user"),  # STATUS_NO_SUCH_USER
    0xC000006A: Tried(Bind.WRONG, "wrong"),  # STATUS_WRONG_PASSWORD
    0xC000006D: Tried(Bind.WRONG, "wrong"),  # STATUS_LOGON_FAILURE
    # said only after the password was compared and right
    0xC000006F: Tried(Bind.RIGHT, "hours"),  # STATUS_INVALID_LOGON_HOURS
    0xC0000070: Tried(Bind.RIGHT, "workstation"),  # STATUS_INVALID_WORKSTATION
    0xC0000071: Tried(Bind.RIGHT, "password_expired"),  # STATUS_PASSWORD_EXPIRED
    0xC0000072: Tried(Bind.RIGHT, "disabled"),  # STATUS_ACCOUNT_DISABLED
    0xC000015B: Tried(Bind.RIGHT, "logon_type"),  # STATUS_LOGON_TYPE_NOT_GRANTED
    0xC0000193: Tried(Bind.RIGHT, "account_expired"),  # STATUS_ACCOUNT_EXPIRED
    0xC0000224: Tried(Bind.RIGHT, "must_change"),  # STATUS_PASSWORD_MUST_CHANGE
    # before it was compared
    0xC0000234: Tried(Bind.SILENT, "locked"),  # STATUS_ACCOUNT_LOCKED_OUT
}


def tried(status: int) -> Tried:
    """What the refusal of a logon shows of the password; a status that nobody has listed here
    (STATUS_ACCOUNT_RESTRICTION, STATUS_ACCESS_DENIED, …) shows nothing.
    """
    return _TRIED.get(status, Tried(Bind.SILENT, "unsaid"))


_REFUSED: Final[Mapping[int, str]] = {
    0xC0000022: "no_right",  # STATUS_ACCESS_DENIED
    0xC0000061: "no_right",  # STATUS_PRIVILEGE_NOT_HELD
    0xC0000064: "gone",  # STATUS_NO_SUCH_USER
    0xC000006C: "policy",  # STATUS_PASSWORD_RESTRICTION: length, complexity, history, a filter
    # the machine could not open what was sealed to it (there is no old password in a reset)
    0xC000006A: "malformed",  # STATUS_WRONG_PASSWORD
    0xC000000D: "malformed",  # STATUS_INVALID_PARAMETER
    0xC0000017: "busy",  # STATUS_NO_MEMORY
    0xC0000080: "busy",  # STATUS_SERVER_DISABLED
    0xC000009A: "busy",  # STATUS_INSUFFICIENT_RESOURCES
    0xC00000DC: "busy",  # STATUS_INVALID_SERVER_STATE
    0xC00000DD: "read_only",  # STATUS_INVALID_DOMAIN_STATE
}


def refusal(status: int) -> Refusal:
    """Why SamrSetInformationUser2 refused a change."""
    return Refusal(_REFUSED.get(status, "unwilling"), {}, f"NTSTATUS 0x{status:08X}")


_FAULTS: Final[Mapping[Fault, str]] = {
    Fault.TOO_SHORT: "too_short",
    Fault.TOO_LONG: "malformed",
    Fault.TOO_SIMPLE: "too_simple",
    Fault.HAS_NAME: "too_simple",
    Fault.NOT_TEXT: "malformed",
}


def judged(policy: Policy, password: str, name: str, display: str) -> Refusal | None:
    """What the policy says against a new password, as the machine should; None: nothing.

    Args:
        name, display: of the account.
    """
    if not password:
        return Refusal("malformed")
    complaint = next(iter(judge(policy, password, name, display)), None)
    if complaint is None:
        return None
    reason = _FAULTS[complaint.fault]
    return Refusal(reason, {"minimum": complaint.limit} if reason == "too_short" else {})


# --- times (FILETIME: 100 ns since 1601)

_EPOCH: Final = 116_444_736_000_000_000
NEVER: Final = 0x7FFF_FFFF_FFFF_FFFF


def micros(ticks: int) -> int | None:
    """Microseconds since 1970; None for 0 (none) and for never."""
    return (ticks - _EPOCH) // 10 if 0 < ticks < NEVER else None


def millis(ticks: int) -> int | None:
    """Milliseconds since 1970; None for 0 (none) and for never."""
    moment = micros(ticks)
    return None if moment is None else moment // 1000


def lasting(ticks: int) -> int:
    """A length of time, which is written as a negative number of 100 ns, in ms; 0 for none and
    for ever (MS-SAMR 3.1.1.4.4).
    """
    return -ticks // 10_000 if -NEVER < ticks < 0 else 0


# --- stamps


def set_stamp(last_set: int) -> Stamp:
    """Of the password: PasswordLastSet (FILETIME). It is forgotten while the password must be
    changed: `Stamp(0, …)`, as if it were never set (proofs.settle).
    """
    moment = micros(last_set)
    return Stamp(0, "", 0, 0) if moment is None else Stamp(moment, "", moment // 1000, 0)


def flag_stamp(so: bool) -> Stamp:
    """Of what is asked for as a flag (unlocked, must change): to be so is later than not to be, so
    that a change which made it so is seen to have done it.
    """
    return Stamp(2 if so else 1, "", 0, 0)


# --- flags (MS-SAMR 2.2.1.12, USER_ACCOUNT codes)

DISABLED: Final = 0x0001
NORMAL: Final = 0x0010
NEVER_EXPIRES: Final = 0x0200
LOCKED: Final = 0x0400
SMART_CARD: Final = 0x1000
EXPIRED: Final = 0x2_0000

_KINDS: Final[Mapping[int, int]] = {
    NORMAL: accounts.NORMAL_ACCOUNT,
    0x0040: accounts.INTERDOMAIN_TRUST_ACCOUNT,
    0x0080: accounts.WORKSTATION_TRUST_ACCOUNT,
    0x0100: accounts.SERVER_TRUST_ACCOUNT,
}
#: DefaultAccount and WDAGUtilityAccount: Windows manages them itself
_MANAGED: Final = {503, 504}


def standing(
    sid: str, name: str, flags: int, groups: frozenset[str] | None, *, own: bool
) -> accounts.Standing:
    """What decides whether an account is protected (protected.py).

    Args:
        sid: "S-1-5-21-…-1001". flags: USER_ACCOUNT codes.
        groups: SIDs of groups and aliases, nested ones too; None if they cannot be read.
        own: Keyturn itself signs in with it.
    """
    managed = accounts.relative(sid) in _MANAGED
    control = sum(bit for kind, bit in _KINDS.items() if flags & kind)
    classes = frozenset() if managed else frozenset({"user"})
    return accounts.Standing(sid, name, classes, control, 0, groups, own)


def binds(flags: int, can_change: int) -> str:
    """Why "must change at next logon" would not bind; "" where it does.

    Args:
        can_change: PasswordCanChange (FILETIME): never, where Samba forbids it.
    """
    if flags & NEVER_EXPIRES:
        return "never_expires"
    if flags & SMART_CARD:
        return "smart_card"
    return "cannot_change" if can_change >= NEVER else ""
