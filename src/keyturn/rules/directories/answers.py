"""What a controller answers, as one reason each.

A result code of LDAP (RFC 4511 §4.1.9) says little; what happened stands in the diagnostic
message.  Of a modify: eight hex digits of a Win32 error in front ("0000052D: …"), and on
Samba the very check that failed (dsdb/samdb/ldb_modules/password_hash.c).  Of a bind: "…
AcceptSecurityContext error, data 773 …", on both.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from keyturn.rules.directories.proofs import Bind


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the directory said no.

    Attributes:
        reason: the word for it; all of them stand in `REASONS`.
        data: numbers that belong to it, e.g. {"minimum": 15}.
        diagnostic: the directory's own words, for an administrator.
    """

    reason: str
    data: dict[str, int | str] = field(default_factory=dict)
    diagnostic: str = ""


@dataclass(frozen=True, slots=True)
class Tried:
    """What a controller said to a password.

    Attributes:
        bind: what that shows of the password.
        reason: the word for it, "" if it simply let the account in; all in `BIND_REASONS`.
    """

    bind: Bind
    reason: str


REASONS = {
    "too_short": "shorter than the policy wants; data: minimum, where the directory says it",
    "too_simple": "too few kinds of character, or a name in it",
    "used_before": "among the last ones, and the directory holds a reset to its history",
    "too_young": "the present one may not be changed yet",
    "policy": "against the policy; the directory does not say which part (Windows never does)",
    "wrong_old": "a change whose old password is wrong",
    "no_right": "the agent's account may not do this to that account",
    "credentials": "the agent's own sign-in is not accepted here (any more)",
    "gone": "no such account",
    "read_only": "this controller holds a read-only copy",
    "not_private": "it wants a protected connection",
    "busy": "it cannot just now: busy, starting, stopping",
    "too_late": "it gave up by itself: a limit of time or of administration",
    "malformed": "it cannot read what was sent: an error of ours",
    "protected": "Keyturn does not touch this account; data: why (protected.py)",
    "unwilling": "it will not, and says no more",
}
"""Why a change is refused."""

BIND_REASONS = {
    "wrong": "wrong password (or, on Samba, no such account)",
    "no_such_user": "no such account",
    "hours": "right, but not at this hour",
    "workstation": "right, but not from this machine",
    "logon_type": "right, but not from the network",
    "password_expired": "right, but expired",
    "disabled": "right, but the account is disabled",
    "account_expired": "right, but the account has expired",
    "must_change": "right, but must be changed first",
    "locked": "locked: the password was not looked at",
    "unsaid": "something else, which says nothing about the password",
}
"""What stands between a password and being let in."""

_SUCCESS, _BUSY_LIMITS, _REFERRAL, _STRONG_AUTH = 0, {3, 4, 11}, 10, {8, 13}
_CONSTRAINT, _NO_OBJECT, _INVALID_CREDENTIALS, _NO_ACCESS = 19, 32, 49, 50
_BUSY, _UNWILLING, _OPERATIONS = {51, 52}, 53, 1

_BY_WIN32 = {
    0x0005: "no_right",  # ERROR_ACCESS_DENIED
    0x0056: "wrong_old",  # ERROR_INVALID_PASSWORD
    0x001F: "malformed",  # ERROR_GEN_FAILURE: unicodePwd that is no quoted UTF-16LE
    0x0267: "too_short",  # ERROR_PWD_TOO_SHORT
    0x0268: "too_young",  # ERROR_PWD_TOO_RECENT
    0x0269: "used_before",  # ERROR_PWD_HISTORY_CONFLICT
    0x04DC: "credentials",  # ERROR_NOT_AUTHENTICATED
    0x052D: "policy",  # ERROR_PASSWORD_RESTRICTION
    0x202B: "read_only",  # ERROR_DS_REFERRAL
    0x2020: "credentials",  # ERROR_DS_OPERATIONS_ERROR on a connection without a bind
    0x202F: "policy",  # ERROR_DS_CONSTRAINT_VIOLATION
    0x2030: "gone",  # ERROR_DS_NO_SUCH_OBJECT
    0x208D: "gone",  # ERROR_DS_OBJ_NOT_FOUND
    0x2098: "no_right",  # ERROR_DS_INSUFF_ACCESS_RIGHTS
}
_BY_RESULT = {
    **dict.fromkeys(_BUSY_LIMITS, "too_late"),
    **dict.fromkeys(_STRONG_AUTH, "not_private"),
    **dict.fromkeys(_BUSY, "busy"),
    _OPERATIONS: "unwilling",
    _REFERRAL: "read_only",
    _CONSTRAINT: "policy",
    _NO_OBJECT: "gone",
    _INVALID_CREDENTIALS: "credentials",
    _NO_ACCESS: "no_right",
    _UNWILLING: "unwilling",
    **dict.fromkeys((2, 16, 17, 18, 20, 21, 34), "malformed"),
}
_WIN32 = re.compile(r"\s*([0-9A-Fa-f]{8}):")
_SAMBA = (
    (re.compile(r"too short\D*(?P<minimum>\d+)?"), "too_short"),
    (re.compile(r"complexity"), "too_simple"),
    (re.compile(r"already used|history"), "used_before"),
    (re.compile(r"too young"), "too_young"),
)
"""Samba says which check failed, in English whatever the machine's language."""


def refusal(result: int, diagnostic: str) -> Refusal:
    """Why a modify was refused.

    Args:
        result: LDAP result code, not 0.
        diagnostic: the diagnostic message that came with it.
    """
    reason = _win32(diagnostic) or _BY_RESULT.get(result, "unwilling")
    return _in_detail(diagnostic) if reason == "policy" else Refusal(reason, {}, diagnostic)


def _win32(diagnostic: str) -> str | None:
    code = _WIN32.match(diagnostic)
    return _BY_WIN32.get(int(code[1], 16)) if code else None


def _in_detail(diagnostic: str) -> Refusal:
    """Which part of the policy, if the directory says it."""
    for pattern, reason in _SAMBA:
        if found := pattern.search(diagnostic):
            numbers = {name: int(n) for name, n in found.groupdict().items() if n}
            return Refusal(reason, {**numbers}, diagnostic)
    return Refusal("policy", {}, diagnostic)


_DATA = re.compile(r"AcceptSecurityContext error, data ([0-9a-fA-F]+)")
_TRIED = {
    0x525: Tried(Bind.WRONG, "no_such_user"),  # ERROR_NO_SUCH_USER
    0x52E: Tried(Bind.WRONG, "wrong"),  # ERROR_LOGON_FAILURE
    # The next six are only ever said after the password was compared and right: Samba's
    # authsam_authenticate comes before authsam_account_ok, and Windows' documentation of
    # these codes says "only when presented with a valid user name and password".
    0x530: Tried(Bind.RIGHT, "hours"),  # ERROR_INVALID_LOGON_HOURS
    0x531: Tried(Bind.RIGHT, "workstation"),  # ERROR_INVALID_WORKSTATION
    0x532: Tried(Bind.RIGHT, "password_expired"),  # ERROR_PASSWORD_EXPIRED
    0x533: Tried(Bind.RIGHT, "disabled"),  # ERROR_ACCOUNT_DISABLED
    0x701: Tried(Bind.RIGHT, "account_expired"),  # ERROR_ACCOUNT_EXPIRED
    0x773: Tried(Bind.RIGHT, "must_change"),  # ERROR_PASSWORD_MUST_CHANGE
    0x775: Tried(Bind.SILENT, "locked"),  # ERROR_ACCOUNT_LOCKED_OUT: even with the right one
}


def tried(result: int, diagnostic: str) -> Tried:
    """What the answer to a bind shows of the password.

    Only what is known to be said after the comparison counts as right; a code nobody has
    listed here says nothing.

    Args:
        result: LDAP result code; 0 is success.
        diagnostic: the diagnostic message.
    """
    if result == _SUCCESS:
        return Tried(Bind.RIGHT, "")
    if result != _INVALID_CREDENTIALS:
        return Tried(Bind.SILENT, "unsaid")
    data = _DATA.search(diagnostic)
    if not data:
        return Tried(Bind.WRONG, "wrong")
    return _TRIED.get(int(data[1], 16), Tried(Bind.SILENT, "unsaid"))
