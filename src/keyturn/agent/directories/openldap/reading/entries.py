"""Accounts by their ids, and the ids of all."""

from __future__ import annotations

from collections.abc import Sequence

from keyturn.agent.directories.ldap.connection import SUBTREE
from keyturn.agent.directories.ldap.values import Entry as Raw
from keyturn.agent.directories.ldap.values import text
from keyturn.agent.directories.openldap import accounts, stamps
from keyturn.agent.directories.openldap.accounts import PEOPLE
from keyturn.agent.directories.openldap.connection import Connection
from keyturn.agent.directories.openldap.policies import Binding
from keyturn.agent.directories.openldap.reading.scope import Chosen
from keyturn.agent.directories.openldap.values import by_uuid, hex_of, parent
from keyturn.rules.directories.entries import Entry
from keyturn.rules.directories.ppolicy import Rule, lock_ends

_ATTRIBUTES = (
    "entryUUID", "uid", "cn", "displayName", "mail", "mobile", "telephoneNumber", "pwdReset",
    "pwdAccountLockedTime", "pwdChangedTime", "pwdEndTime", "pwdPolicySubentry", "pwdStartTime",
)  # fmt: skip


async def roll(connection: Connection, chosen: Chosen) -> list[str]:
    """Ids of all accounts in scope, ascending, each once. Raises Said, Broken."""
    bases = chosen.scope.units or (connection.settings.base,)
    found: set[str] = set()
    for base in bases:
        for dn, entry in await connection.search(base, SUBTREE, PEOPLE, ["entryUUID"]):
            if chosen.holds(dn):
                found.add(hex_of(text(entry, "entryUUID")))
    return sorted(found)


async def read(connection: Connection, ids: Sequence[str], chosen: Chosen) -> list[Entry]:
    """Those that exist and are in scope, ascending by id. Raises Said, Broken."""
    conditions = "".join(map(_condition, ids))
    if not conditions:
        return []
    binding = Binding(connection)
    rows = await connection.search(
        connection.settings.base, SUBTREE, f"(&{PEOPLE}(|{conditions}))", _ATTRIBUTES
    )
    found = [
        _entry(dn, raw, await binding.rule(raw), chosen) for dn, raw in rows if chosen.holds(dn)
    ]
    return sorted(found, key=lambda entry: entry.id)


def _condition(id_: str) -> str:
    """Of one id; nothing for what is none."""
    try:
        return by_uuid(id_)
    except ValueError:
        return ""


def _entry(dn: str, raw: Raw, rule: Rule | None, chosen: Chosen) -> Entry:
    set_at = accounts.moment(raw, "pwdChangedTime")
    locked_at, locked_until = _lock(raw, rule)
    return Entry(
        id=hex_of(text(raw, "entryUUID")),
        name=text(raw, "uid"),
        upn="",
        display=text(raw, "displayName") or text(raw, "cn"),
        mail=text(raw, "mail"),
        phone=text(raw, "mobile") or text(raw, "telephoneNumber"),
        unit=parent(dn),
        disabled=accounts.for_good(raw, rule),
        must_change=accounts.must_change(raw, rule),
        locked_at=locked_at,
        locked_until=locked_until,
        password_set_at=set_at,
        password_expires_at=accounts.expires_at(rule, set_at),
        expires_at=accounts.moment(raw, "pwdEndTime"),
        groups=chosen.groups_of(dn),
    )


def _lock(raw: Raw, rule: Rule | None) -> tuple[int | None, int | None]:
    """Since when, until when."""
    if stamps.unfinished(raw):
        return 0, 0
    since = accounts.since(raw)
    until = lock_ends(rule, since)
    return (None, None) if until is None else (since, until)
