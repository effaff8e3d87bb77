"""One account, read."""

from __future__ import annotations

from collections.abc import Callable

import ldap

from keyturn.agent.directories.ldap.connection import BASE, SUBTREE, Said
from keyturn.agent.directories.ldap.values import Entry, text, texts
from keyturn.agent.directories.openldap import stamps
from keyturn.agent.directories.openldap.connection import Connection
from keyturn.agent.directories.openldap.policies import Binding, shown
from keyturn.agent.directories.openldap.values import (
    by_uuid,
    equals,
    hex_of,
    key,
    micros,
    within,
)
from keyturn.agent.ports import AccountView, NotFound, Unreachable
from keyturn.rules.directories.ppolicy import (
    FOR_GOOD,
    Rule,
    lock_ends,
    locked_until,
    must_change_binds,
)
from keyturn.rules.directories.proofs import Stamp

#: what an account of a person is one of
PEOPLE = "(|(objectClass=person)(objectClass=posixAccount)(objectClass=account))"
_CLASSES = {"person", "inetorgperson", "organizationalperson", "posixaccount", "account"}
_NAME_MAX = 256
_ANY = "(objectClass=*)"

STANDING = ("entryUUID", "objectClass", "pwdPolicySubentry", *stamps.ATTRIBUTES)
LOOK = (*STANDING, "uid", "cn", "displayName", "pwdAccountTmpLockoutEnd", "pwdFailureTime",
        "pwdEndTime")  # fmt: skip


async def entry_of(
    connection: Connection, guid: str, attributes: tuple[str, ...]
) -> tuple[str, Entry]:
    """Distinguished name and attributes. Raises NotFound, Unreachable, Broken."""
    try:
        condition = by_uuid(guid)
    except ValueError:
        raise NotFound(guid) from None
    found = await search(connection, condition, attributes)
    if len(found) != 1:
        raise NotFound(guid)
    return found[0]


async def search(
    connection: Connection, condition: str, attributes: tuple[str, ...]
) -> list[tuple[str, Entry]]:
    """At most two entries beneath the base. Raises Unreachable, Broken."""
    try:
        return await connection.search(
            connection.settings.base, SUBTREE, condition, attributes, most=2
        )
    except Said as said:
        raise not_read(connection, said) from None


def not_read(connection: Connection, said: Said) -> Unreachable:
    """Why slapd does not answer. A base that is not there is as good as one that may not be read:
    slapd says the same of both.
    """
    busy = {ldap.BUSY.errnum, ldap.UNAVAILABLE.errnum, ldap.TIMELIMIT_EXCEEDED.errnum}
    cause = "timeout" if said.result in busy else "credentials"
    return Unreachable(connection.host, cause, f"{said.result} {said.diagnostic}".strip())


async def find(connection: Connection, name: str) -> str:
    """The id of exactly one account: by uid, else by mail; our own by its distinguished name.

    Raises NotFound, Unreachable, Broken.
    """
    if not 0 < len(name) <= _NAME_MAX:
        raise NotFound(name)
    if name == connection.settings.account:
        conditions = [equals("entryDN", name)]
    else:
        named = [equals("uid", name), *([equals("mail", name)] if "@" in name else [])]
        conditions = [f"(&{PEOPLE}{one})" for one in named]
    for condition in conditions:
        if found := await search(connection, condition, ("entryUUID",)):
            return _only(found, name)
    raise NotFound(name)


def _only(found: list[tuple[str, Entry]], name: str) -> str:
    if len(found) != 1:
        raise NotFound(name)
    return hex_of(text(found[0][1], "entryUUID"))


async def look(connection: Connection, guid: str, now: Callable[[], int]) -> AccountView:
    """All that a look shows. Raises NotFound, Unreachable, Broken."""
    dn, entry = await entry_of(connection, guid, LOOK)
    rule = await Binding(connection).rule(entry)
    return _view(connection, dn, entry, rule, await guard(connection, dn, entry), now())


def _view(
    connection: Connection, dn: str, entry: Entry, rule: Rule | None, protected: str, now: int
) -> AccountView:
    failures = sorted(filter(None, map(micros, texts(entry, "pwdFailureTime"))))
    window = rule.window_ms if rule else 0
    counted = [at for at in failures if not window or at // 1000 + window >= now]
    set_at = moment(entry, "pwdChangedTime")
    return AccountView(
        guid=hex_of(text(entry, "entryUUID")),
        name=text(entry, "uid"),
        upn="",
        display=text(entry, "displayName") or text(entry, "cn"),
        dn=dn,
        locked_until=locked_now(entry, rule, now),
        disabled=for_good(entry, rule),
        expired_account=closed(entry, now),
        must_change=must_change(entry, rule),
        password_expires_at=expires_at(rule, set_at),
        password_set_at=set_at,
        bad_count=len(counted),
        bad_at=counted[-1] // 1000 if counted else None,
        policy=shown(entry, rule),
        protected=protected,
        must_change_binds=must_change_binds(rule),
        password_stamp=stamp_in(connection, entry, "unicodePwd"),
        lockout_stamp=stamp_in(connection, entry, "lockoutTime"),
    )


def moment(entry: Entry, name: str) -> int | None:
    """A time, ms since the epoch; None if there is none."""
    at = micros(text(entry, name))
    return at // 1000 if at is not None else None


def since(entry: Entry) -> int | None:
    """Since when it is locked, ms; FOR_GOOD also for what cannot be understood; None: it is not."""
    if not text(entry, "pwdAccountLockedTime"):
        return None
    return moment(entry, "pwdAccountLockedTime") or FOR_GOOD


def for_good(entry: Entry, rule: Rule | None) -> bool:
    """Locked by an administrator's hand, which no password is to undo."""
    locked = since(entry)
    return locked == FOR_GOOD and lock_ends(rule, locked) is not None


def locked_now(entry: Entry, rule: Rule | None, now: int) -> int | None:
    """As AccountView.locked_until: by failures, by hand, for a delay, or by ourselves."""
    if stamps.unfinished(entry):
        return 0
    until = locked_until(rule, since(entry), now)
    delayed = moment(entry, "pwdAccountTmpLockoutEnd") or 0
    return until if until is not None or delayed <= now else delayed


def closed(entry: Entry, now: int) -> bool:
    """Not in force: before its start or after its end."""
    start = None if stamps.unfinished(entry) else moment(entry, "pwdStartTime")
    end = moment(entry, "pwdEndTime")
    return (start is not None and now < start) or (end is not None and end <= now)


def must_change(entry: Entry, rule: Rule | None) -> bool:
    """Whether the next sign-in takes a new password. What cannot be read is heeded."""
    return text(entry, "pwdReset") == "TRUE" and (rule is None or rule.must_change)


def expires_at(rule: Rule | None, set_at: int | None) -> int | None:
    """When the password expires; None for never: slapd takes one without a time as ageless."""
    return set_at + rule.max_age_ms if rule and rule.max_age_ms and set_at is not None else None


async def stamp(connection: Connection, guid: str, attribute: str) -> Stamp:
    """Raises NotFound, Unreachable, Broken."""
    _dn, entry = await entry_of(connection, guid, stamps.ATTRIBUTES)
    return stamp_in(connection, entry, attribute)


def stamp_in(connection: Connection, entry: Entry, attribute: str) -> Stamp:
    """Raises Unreachable."""
    try:
        return stamps.stamp(entry, attribute)
    except stamps.Unreadable:
        raise Unreachable(connection.host, "credentials", "entryCSN is not shown") from None


async def guard(connection: Connection, dn: str, entry: Entry) -> str:
    """Why it is never set from here (rules/directories/protected.WORDS), or "". Raises Broken."""
    settings, own = connection.settings, key(dn)
    if own == key(settings.account):
        return "service"
    if not _CLASSES & {name.lower() for name in texts(entry, "objectClass")}:
        return "not_a_user"
    if since(entry) == FOR_GOOD:
        return "locked_by_hand"
    for name in settings.protected:
        if within(own, key(name)):
            return "named"
        if word := await _as_member(connection, name, dn):
            return word
    return ""


async def _as_member(connection: Connection, group: str, dn: str) -> str:
    condition = f"(|{equals('member', dn)}{equals('uniqueMember', dn)})"
    try:
        found = await connection.search(group, BASE, condition, ("entryUUID",), most=1)
    except Said:
        return "unreadable"
    return "named" if found else ""
