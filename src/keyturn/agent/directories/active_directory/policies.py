"""What binds an account: the fine-grained policy that results for it, or else the domain's."""

from __future__ import annotations

from keyturn.agent.directories.active_directory.connection import Connection
from keyturn.agent.directories.active_directory.values import duration
from keyturn.agent.directories.ldap.connection import Said
from keyturn.agent.directories.ldap.values import Entry, number, text
from keyturn.rules.directories.policies import Policy

#: LDAP_SERVER_POLICY_HINTS (MS-ADTS 3.1.1.3.4.1.27), and its number before Windows Server 2012
POLICY_HINTS = ("1.2.840.113556.1.4.2239", "1.2.840.113556.1.4.2066")
_DOMAIN_PASSWORD_COMPLEX = 1

_DOMAIN = ("minPwdLength", "pwdProperties", "pwdHistoryLength", "minPwdAge", "maxPwdAge",
           "lockoutThreshold", "lockoutDuration", "lockOutObservationWindow")  # fmt: skip
_FINE = ("cn", "msDS-MinimumPasswordLength", "msDS-PasswordComplexityEnabled",
         "msDS-PasswordHistoryLength", "msDS-MinimumPasswordAge", "msDS-MaximumPasswordAge",
         "msDS-LockoutThreshold", "msDS-LockoutDuration",
         "msDS-LockoutObservationWindow")  # fmt: skip


def hints(connection: Connection) -> str | None:
    """The control by which a reset is held to the history, if it is supported."""
    return next((oid for oid in POLICY_HINTS if oid in connection.root.controls), None)


async def effective(connection: Connection, fine: str) -> Policy | None:
    """The policy; None if it cannot be read (a fine-grained one takes a right of its own).

    Args:
        fine: msDS-ResultantPSO of the account, "" for none.

    Raises Broken.
    """
    try:
        _name, entry = await connection.read(
            fine or connection.root.base, _FINE if fine else _DOMAIN
        )
    except Said:
        return None
    binding = hints(connection) is not None
    return _fine(entry, binding) if fine else _domain(entry, binding)


def _domain(entry: Entry, binding: bool) -> Policy | None:
    length = number(entry, "minPwdLength")
    if length is None:
        return None
    return Policy(
        source="domain",
        min_length=length,
        complexity=bool((number(entry, "pwdProperties") or 0) & _DOMAIN_PASSWORD_COMPLEX),
        history=number(entry, "pwdHistoryLength") or 0,
        history_on_reset=binding,
        min_age_ms=duration(number(entry, "minPwdAge")),
        max_age_ms=duration(number(entry, "maxPwdAge")),
        lockout_threshold=number(entry, "lockoutThreshold") or 0,
        lockout_ms=duration(number(entry, "lockoutDuration")),
        observation_ms=duration(number(entry, "lockOutObservationWindow")),
    )


def _fine(entry: Entry, binding: bool) -> Policy | None:
    length = number(entry, "msDS-MinimumPasswordLength")
    if length is None:
        return None
    return Policy(
        source=text(entry, "cn"),
        min_length=length,
        complexity=text(entry, "msDS-PasswordComplexityEnabled") == "TRUE",
        history=number(entry, "msDS-PasswordHistoryLength") or 0,
        history_on_reset=binding,
        min_age_ms=duration(number(entry, "msDS-MinimumPasswordAge")),
        max_age_ms=duration(number(entry, "msDS-MaximumPasswordAge")),
        lockout_threshold=number(entry, "msDS-LockoutThreshold") or 0,
        lockout_ms=duration(number(entry, "msDS-LockoutDuration")),
        observation_ms=duration(number(entry, "msDS-LockoutObservationWindow")),
    )
