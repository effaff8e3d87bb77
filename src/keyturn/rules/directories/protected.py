"""Accounts that are never set from here, and why.

Whoever may set a password owns the account, so the delegated right must never reach one that
owns the directory.  Windows takes the right away by itself (AdminSDHolder, within an hour);
Samba does not.  Keyturn refuses by itself, before and while it acts.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Standing:
    """What decides about one account, as the directory says it.

    Attributes:
        sid: objectSid, "S-1-5-21-…-1104".
        name: sAMAccountName.
        classes: objectClass, lower case.
        control: userAccountControl.
        admin_count: adminCount; 0 if it has none.
        groups: SIDs of all groups, nested ones too (tokenGroups); None if they cannot be read.
        own: it is the account that Keyturn itself signs in with.
    """

    sid: str
    name: str
    classes: frozenset[str]
    control: int
    admin_count: int
    groups: frozenset[str] | None
    own: bool


#: userAccountControl (MS-ADTS 2.2.16)
NORMAL_ACCOUNT = 0x0200
INTERDOMAIN_TRUST_ACCOUNT = 0x0800
WORKSTATION_TRUST_ACCOUNT = 0x1000
SERVER_TRUST_ACCOUNT = 0x2000
PARTIAL_SECRETS_ACCOUNT = 0x0400_0000

_KRBTGT, _ADMINISTRATOR, _GUEST = 502, 500, 501
_DOMAIN_GROUPS = {
    498: "enterprise_read_only_controllers",
    512: "domain_admins",
    516: "domain_controllers",
    517: "cert_publishers",
    518: "schema_admins",
    519: "enterprise_admins",
    520: "policy_owners",
    521: "read_only_controllers",
    526: "key_admins",
    527: "enterprise_key_admins",
}
_BUILTIN_GROUPS = {
    544: "administrators",
    548: "account_operators",
    549: "server_operators",
    550: "print_operators",
    551: "backup_operators",
    552: "replicator",
    557: "trust_builders",
    578: "hyper_v_administrators",
}
"""Relative identifiers (MS-DTYP 2.4.2.4). Below 1000 they are the same in every domain, and
nobody can make a group of one's own with such a number."""

WORDS = {
    "service": "Keyturn's own account",
    "krbtgt": "the account that signs Kerberos tickets",
    "trust": "a trust with another domain",
    "computer": "a computer",
    "managed": "a service account whose password the directory keeps itself",
    "not_a_user": "not an ordinary user account",
    "administrator": "the built-in Administrator",
    "guest": "the built-in Guest",
    "admin_count": "marked as protected by the directory (adminCount), now or once",
    "unreadable": "its groups cannot be read, so nobody can say that it is none of these",
    "named": "named as protected in the agent's settings, or member of a group that is",
    "locked_by_hand": "locked for good by an administrator, which no new password may undo",
    "domain_admins": "member of Domain Admins",
    "enterprise_admins": "member of Enterprise Admins",
    "schema_admins": "member of Schema Admins",
    "administrators": "member of Administrators",
    "account_operators": "member of Account Operators",
    "server_operators": "member of Server Operators",
    "print_operators": "member of Print Operators",
    "backup_operators": "member of Backup Operators",
    "replicator": "member of Replicator",
    "trust_builders": "member of Incoming Forest Trust Builders",
    "hyper_v_administrators": "member of Hyper-V Administrators",
    "policy_owners": "member of Group Policy Creator Owners",
    "cert_publishers": "member of Cert Publishers",
    "key_admins": "member of Key Admins",
    "enterprise_key_admins": "member of Enterprise Key Admins",
    "domain_controllers": "a domain controller",
    "read_only_controllers": "a read-only domain controller",
    "enterprise_read_only_controllers": "a read-only domain controller",
}
"""Each word that `protected` answers, in plain English for an administrator."""


def protected(account: Standing) -> str:
    """Why this account is never set from here (a key of `WORDS`), or ""."""
    return _by_kind(account) or _by_group(account)


def _by_kind(account: Standing) -> str:
    """What it is, not whom it belongs to."""
    rid = relative(account.sid)
    name = account.name.lower()
    found = {
        "service": account.own,
        "krbtgt": rid == _KRBTGT or name == "krbtgt" or name.startswith("krbtgt_"),
        "trust": bool(account.control & INTERDOMAIN_TRUST_ACCOUNT),
        "managed": bool(account.classes & _MANAGED),
        "computer": bool(account.control & _COMPUTER or "computer" in account.classes),
        "not_a_user": "user" not in account.classes or not account.control & NORMAL_ACCOUNT,
        "administrator": rid == _ADMINISTRATOR,
        "guest": rid == _GUEST,
    }
    return next((word for word, holds in found.items() if holds), "")


_MANAGED = {
    "msds-groupmanagedserviceaccount",
    "msds-managedserviceaccount",
    "msds-delegatedmanagedserviceaccount",
}
_COMPUTER = WORKSTATION_TRUST_ACCOUNT | SERVER_TRUST_ACCOUNT | PARTIAL_SECRETS_ACCOUNT


def _by_group(account: Standing) -> str:
    if account.groups is None:
        return "unreadable"
    held = dict.fromkeys(filter(None, map(_group, sorted(account.groups))))
    strongest = next((word for word in WORDS if word in held), "")
    return strongest or ("admin_count" if account.admin_count else "")


def _group(sid: str) -> str:
    if sid.startswith("S-1-5-32-"):
        return _BUILTIN_GROUPS.get(relative(sid), "")
    return _DOMAIN_GROUPS.get(relative(sid), "") if sid.startswith("S-1-5-21-") else ""


def relative(sid: str) -> int:
    """The last number of a SID, its relative identifier; -1 of what is none."""
    last = sid.rpartition("-")[2]
    return int(last) if last.isascii() and last.isdigit() else -1
