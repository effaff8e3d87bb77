"""One bad logon, whatever log told of it.

Names of accounts, workstations and services are whatever a client has sent: each is cut to a
length, and nothing unprintable is kept.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

#: longest name, address or word that is kept
LONGEST: Final = 120
#: what logs write where there is nothing
_NOTHING: Final = frozenset({"", "-", "(null)", "null"})


class Way(StrEnum):
    """How the password was tried."""

    KERBEROS = "kerberos"  # pre-authentication at the KDC
    NTLM = "ntlm"
    LDAP = "ldap"  # simple bind
    OTHER = "other"


class Why(StrEnum):
    """Why the logon was refused, as far as it matters for a lock."""

    WRONG = "wrong"
    LOCKED = "locked"  # not compared: the account was locked already
    NOBODY = "nobody"  # no such account
    LOCKOUT = "lockout"  # no logon: at this moment the account was locked (Windows, 4740)


#: logon types (Windows, event 4625; Samba's logonType): a person at a keyboard; a program
TYPED: Final = frozenset({2, 7, 10, 11})
RUN: Final = frozenset({4, 5})  # scheduled task, service


@dataclass(frozen=True, slots=True)
class BadLogon:
    """One bad logon.

    Attributes:
        at: ms since the epoch, by the controller's clock.
        account: lower case; sAMAccountName where the log knows it, else what the client sent.
        controller: DNS name of the controller that refused it.
        address: of the client, or of whoever asked on its behalf; "".
        workstation: what the client calls itself, lower case; "".
        service: what was spoken to ("LDAP", "SMB2", "Kerberos KDC"), or the process; "".
        code: the log's own reason, for administrators.
        logon_type: Windows' number, None if not told.
    """

    at: int
    account: str
    controller: str
    way: Way
    why: Why
    address: str = ""
    workstation: str = ""
    service: str = ""
    code: str = ""
    logon_type: int | None = None


def plain(value: object) -> str:
    """A text of a log: printable, at most `LONGEST` characters, "" where there is none."""
    if not isinstance(value, str):
        return ""
    text = "".join(c for c in value[: 4 * LONGEST] if c.isprintable()).strip()[:LONGEST]
    return "" if text in _NOTHING else text


def account(value: object) -> str:
    r"""An account's name without "DOMAIN\", lower case."""
    return plain(value).rpartition("\\")[2].lower()


def workstation(value: object) -> str:
    r"""A computer's name without leading "\\", lower case."""
    return plain(value).lstrip("\\").lower()


def address(value: object) -> str:
    """An IP address in its usual spelling; an IPv4 one that is mapped into IPv6 as IPv4; "" for
    anything else.
    """
    try:
        found = ipaddress.ip_address(plain(value))
    except ValueError:
        return ""
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    shown = mapped or found
    return "" if shown.is_unspecified else str(shown)


def moment(value: object) -> int | None:
    """An ISO 8601 time that names its zone, as ms since the epoch; None for anything else."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
        if found is None or found.tzinfo is None:
            return None
        at = int(found.timestamp() * 1000)
    except (ValueError, OverflowError):
        return None
    return at if at >= 0 else None
