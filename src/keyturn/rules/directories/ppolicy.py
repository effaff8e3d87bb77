"""OpenLDAP's password policy (slapo-ppolicy, draft-behera-ldap-password-policy-10), as the same
words that every directory is told in.

What it says comes as a number in the control of its answer.  Two things are unlike Active
Directory.  Whoever may write a password, but not manage it, is held to minimum age and history
even in a reset.  And a locked account answers "invalid credentials" with nothing beside it unless
`olcPPolicyUseLockout` is set: then only the entry tells whether the password was looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final

from keyturn.rules.directories import answers
from keyturn.rules.directories.answers import Refusal, Tried
from keyturn.rules.directories.policies import Policy
from keyturn.rules.directories.proofs import Bind

#: of pwdAccountLockedTime, as `since` below: locked by hand, for good (000001010000Z)
FOR_GOOD: Final = 0

LIMITS: Final[Mapping[str, str]] = {
    "stamp_in_seconds": "Writes are not counted. Whether it was ours, the moment of the last "
    "change and the password tried once decide. slapd keeps whole seconds: within one second of "
    "the last change, another waits for the next.",
    "locks_silence": "An account that is locked, ended or not yet in force says nothing of a "
    "password; it is not tried there.",
    "reset_unlocks": "A new password always ends a lock that failures caused.",
    "locked_by_hand": "An account that was locked for good by hand is never set or unlocked from "
    "here: slapd would open it.",
    "policy_binds_resets": "Minimum age and history bind a reset too. If the agent's account may "
    "manage passwords, nothing of the policy does.",
    "temporary": "A temporary password is three writes. Cut off in between, the account stays "
    "closed until it is unlocked or gets another password.",
    "octets": "slapd counts a password's length in octets of UTF-8, pages in characters.",
    "quality": "What a password check module wants is only told by its refusal.",
    "default_policy": "slapd tells nobody which policy is the default; agent.toml does.",
    "providers": "Providers are listed by agent.toml, unless cn=config may be read. Servers that "
    "only consume are not followed.",
    "groups": "Groups are groupOfNames and groupOfUniqueNames. posixGroup is not looked at, and "
    "who joins or leaves asks for a full read.",
    "gone": "Without slapo-syncprov and its session log a deletion asks for a full read, and "
    "without slapo-syncprov changes are seen within a minute.",
    "sources": "Where bad logons come from is not told.",
}
"""What this kind of directory cannot do, or does in its own way; for administrators."""


class Error(IntEnum):
    """PasswordPolicyResponseValue.error (draft §6.2)."""

    EXPIRED = 0
    LOCKED = 1
    CHANGE_AFTER_RESET = 2
    NOT_ALLOWED = 3
    OLD_WANTED = 4
    QUALITY = 5
    TOO_SHORT = 6
    TOO_YOUNG = 7
    IN_HISTORY = 8
    TOO_LONG = 9


@dataclass(frozen=True, slots=True)
class Rule:
    """A pwdPolicy entry.

    Attributes:
        name: its cn.
        quality: pwdCheckQuality; at 0 neither length nor anything else is looked at.
        min_length: pwdMinLength, which slapd counts in octets of UTF-8.
        history: pwdInHistory. min_age_ms, max_age_ms: 0 for none.
        lockout: pwdLockout: without it no lock is heeded, not even one set by hand.
        failures: pwdMaxFailure, 0 for never. lockout_ms: pwdLockoutDuration, 0 until somebody
            unlocks it. window_ms: pwdFailureCountInterval, 0: until a right one.
        idle_ms: pwdMaxIdle, 0 for none.
        must_change: pwdMustChange: without it pwdReset means nothing.
        user_change: pwdAllowUserChange.
    """

    name: str
    quality: int
    min_length: int
    history: int
    min_age_ms: int
    max_age_ms: int
    lockout: bool
    failures: int
    lockout_ms: int
    window_ms: int
    idle_ms: int
    must_change: bool
    user_change: bool


def policy(rule: Rule, *, own: bool) -> Policy:
    """The rule as every directory's policy is told.

    A text has never fewer octets of UTF-8 than code units of UTF-16, so whoever types as many
    characters as the page asks for is not refused for its length.

    Args:
        own: the account names it itself (pwdPolicySubentry); else it is the default.
    """
    return Policy(
        source=rule.name if own else "domain",
        min_length=rule.min_length if rule.quality else 0,
        complexity=False,
        history=rule.history,
        history_on_reset=rule.history > 0,
        min_age_ms=rule.min_age_ms,
        max_age_ms=rule.max_age_ms,
        lockout_threshold=rule.failures if rule.lockout else 0,
        lockout_ms=rule.lockout_ms,
        observation_ms=rule.window_ms,
    )


def must_change_binds(rule: Rule | None) -> str:
    """As AccountView.must_change_binds. What cannot be read cannot be promised."""
    if rule is None or not rule.must_change:
        return "must_change"
    return "" if rule.user_change else "cannot_change"


def lock_ends(rule: Rule | None, since: int | None) -> int | None:
    """When a lock ends by itself, ms; 0: when somebody ends it; None: there is none.

    Args:
        rule: None if it cannot be read: then a lock counts, for as long as it stands there.
        since: pwdAccountLockedTime, ms; FOR_GOOD; None for none.
    """
    if since is None or (rule is not None and not rule.lockout):
        return None
    if since == FOR_GOOD or rule is None or not rule.lockout_ms:
        return 0
    return since + rule.lockout_ms


def locked_until(rule: Rule | None, since: int | None, now: int) -> int | None:
    """The same at this moment: None as well for a lock that is over."""
    ends = lock_ends(rule, since)
    return None if ends and ends <= now else ends


_BY_ERROR: dict[int, str] = {
    Error.EXPIRED: "credentials",  # these three are about whoever asks: our own account
    Error.LOCKED: "credentials",
    Error.CHANGE_AFTER_RESET: "credentials",
    Error.NOT_ALLOWED: "no_right",
    Error.OLD_WANTED: "no_right",  # pwdSafeModify: a reset takes the right to manage
    Error.QUALITY: "policy",
    Error.TOO_SHORT: "too_short",
    Error.TOO_YOUNG: "too_young",
    Error.IN_HISTORY: "used_before",
    Error.TOO_LONG: "policy",
}


def refusal(result: int, diagnostic: str, error: int | None, rule: Rule | None) -> Refusal:
    """Why a change was refused.

    Args:
        result: LDAP result code, not 0.
        diagnostic: slapd's own words.
        error: of the response control; None if it carried none.
        rule: that binds the account, for the numbers.
    """
    found = answers.refusal(result, diagnostic)
    reason = found.reason if error is None else _BY_ERROR.get(error, found.reason)
    return replace(found, reason=reason, data=_numbers(reason, rule))


def _numbers(reason: str, rule: Rule | None) -> dict[str, int | str]:
    if rule is None:
        return {}
    numbers: dict[str, dict[str, int | str]] = {
        "too_short": {"minimum": rule.min_length},
        "used_before": {"history": rule.history},
        "too_young": {"min_age_ms": rule.min_age_ms},
    }
    return numbers.get(reason, {})


_SUCCESS, _INVALID_CREDENTIALS = 0, 49
_UNSAID = Tried(Bind.SILENT, "unsaid")
_AFTER_FAILURE: dict[int, Tried] = {
    Error.EXPIRED: Tried(Bind.RIGHT, "password_expired"),  # only said after it was right
    Error.LOCKED: Tried(Bind.SILENT, "locked"),
}


def tried(result: int, error: int | None, *, grace: bool) -> Tried:
    """What the answer to a bind shows of the password.

    "Wrong" is what slapd says of a locked account as well: whoever asks must have looked at the
    entry before and must look again after (`said_nothing`).

    Args:
        result: LDAP result code; 0 is success.
        error: of the response control; None if it carried none.
        grace: the control warns that this was one of the last sign-ins with an expired password.
    """
    if result == _SUCCESS:
        if error == Error.CHANGE_AFTER_RESET:
            return Tried(Bind.RIGHT, "must_change")
        return Tried(Bind.RIGHT, "password_expired" if grace else "")
    if result != _INVALID_CREDENTIALS:
        return _UNSAID
    if error is None:
        return Tried(Bind.WRONG, "wrong")
    return _AFTER_FAILURE.get(error, _UNSAID)


def said_nothing(rule: Rule | None, since: int | None, *, delayed: bool) -> bool:
    """Whether "invalid credentials" may have come without the password having been looked at.

    slapd takes an ended lock away before it compares, so one that stands there after the answer
    was in effect, or has just come: by this try or by another's.  Either way nothing is certain.

    Args:
        since: pwdAccountLockedTime, read after the answer.
        delayed: pwdAccountTmpLockoutEnd is there, and the same as before: a comparison that
            fails moves it.
    """
    idle = rule is not None and rule.idle_ms > 0
    return idle or delayed or lock_ends(rule, since) is not None
