"""One account, read."""

from __future__ import annotations

from collections.abc import Callable

import ldap
from ldap.controls import LDAPControl
from ldap.filter import escape_filter_chars

from keyturn.agent.directories.active_directory import metadata
from keyturn.agent.directories.active_directory.connection import Connection
from keyturn.agent.directories.active_directory.policies import effective
from keyturn.agent.directories.active_directory.rights import cannot_change
from keyturn.agent.directories.active_directory.values import by_guid, moment, sid
from keyturn.agent.directories.ldap.connection import ONE, SUBTREE, Broken, Said
from keyturn.agent.directories.ldap.values import Entry, number, text, texts
from keyturn.agent.ports import AccountView, NotFound, Unreachable
from keyturn.rules.directories.policies import Policy
from keyturn.rules.directories.proofs import Stamp
from keyturn.rules.directories.protected import Standing, protected

#: userAccountControl (MS-ADTS 2.2.16)
_DISABLED, _LOCKED, _NEVER_EXPIRES, _SMART_CARD = 0x0002, 0x0010, 0x1_0000, 0x4_0000
_NAME_MAX = 256
#: the access control list without the audit list, which takes a privilege (LDAP_SERVER_SD_FLAGS)
ONLY_DACL = LDAPControl("1.2.840.113556.1.4.801", True, encodedControlValue=b"\x30\x03\x02\x01\x04")

STANDING = ("objectSid", "sAMAccountName", "objectClass", "userAccountControl", "adminCount",
            "tokenGroups")  # fmt: skip
_LOOK = (*STANDING, *metadata.ATTRIBUTES, "objectGUID", "userPrincipalName", "displayName",
         "msDS-User-Account-Control-Computed", "lockoutTime", "badPwdCount", "badPasswordTime",
         "pwdLastSet", "msDS-UserPasswordExpiryTimeComputed", "accountExpires",
         "msDS-ResultantPSO", "nTSecurityDescriptor")  # fmt: skip


async def entry_of(
    connection: Connection, guid: str, attributes: tuple[str, ...]
) -> tuple[str, Entry]:
    """Distinguished name and attributes. Raises NotFound, Unreachable, Broken."""
    try:
        name = by_guid(guid)
    except ValueError:
        raise NotFound(guid) from None
    controls = [ONLY_DACL] if "nTSecurityDescriptor" in attributes else []
    try:
        return await connection.read(name, attributes, controls)
    except Said as said:
        raise not_read(connection, guid, said) from None


def not_read(connection: Connection, name: str, said: Said) -> Exception:
    """No such entry, or why the controller does not say."""
    if said.result in {ldap.NO_SUCH_OBJECT.errnum, ldap.INVALID_DN_SYNTAX.errnum}:
        return NotFound(name)
    if said.result in {ldap.BUSY.errnum, ldap.UNAVAILABLE.errnum, ldap.TIMELIMIT_EXCEEDED.errnum}:
        return Unreachable(connection.host, "timeout", said.diagnostic)
    if said.result == ldap.OPERATIONS_ERROR.errnum:  # the sign-in is no longer taken for one
        return Broken(said.diagnostic)
    return Unreachable(connection.host, "credentials", f"{said.result} {said.diagnostic}")


async def look(connection: Connection, guid: str, now: Callable[[], int]) -> AccountView:
    """All that a look shows. Raises NotFound, Unreachable, Broken."""
    dn, entry = await entry_of(connection, guid, _LOOK)
    policy = await effective(connection, text(entry, "msDS-ResultantPSO"))
    return _view(connection, dn, entry, policy, now())


def _view(
    connection: Connection, dn: str, entry: Entry, policy: Policy | None, now: int
) -> AccountView:
    stamps = _stamps(connection, entry)
    control = number(entry, "userAccountControl") or 0
    computed = number(entry, "msDS-User-Account-Control-Computed") or 0
    set_at = number(entry, "pwdLastSet")
    expires = moment(number(entry, "accountExpires"))
    return AccountView(
        guid=entry["objectGUID"][0].hex(),
        name=text(entry, "sAMAccountName"),
        upn=text(entry, "userPrincipalName"),
        display=text(entry, "displayName"),
        dn=dn,
        locked_until=_locked_until(entry, policy) if computed & _LOCKED else None,
        disabled=bool(control & _DISABLED),
        expired_account=expires is not None and expires <= now,
        must_change=set_at == 0 and not control & _NEVER_EXPIRES,
        password_expires_at=moment(number(entry, "msDS-UserPasswordExpiryTimeComputed")),
        password_set_at=moment(set_at),
        bad_count=number(entry, "badPwdCount") or 0,
        bad_at=moment(number(entry, "badPasswordTime")),
        policy=policy,
        protected=protected(standing(connection, entry)),
        must_change_binds=_must_change_binds(entry, control),
        password_stamp=stamps("unicodePwd"),
        lockout_stamp=stamps("lockoutTime"),
    )


def _locked_until(entry: Entry, policy: Policy | None) -> int:
    """0: until somebody unlocks it, or for how long cannot be read."""
    since = moment(number(entry, "lockoutTime"))
    lasting = policy.lockout_ms if policy else 0
    return since + lasting if since and lasting else 0


def _must_change_binds(entry: Entry, control: int) -> str:
    if control & _NEVER_EXPIRES:
        return "never_expires"
    if control & _SMART_CARD:
        return "smart_card"
    descriptors = entry.get("nTSecurityDescriptor", ())
    return "cannot_change" if any(map(cannot_change, descriptors)) else ""


def standing(connection: Connection, entry: Entry) -> Standing:
    """What decides whether it is protected."""
    groups = entry.get("tokenGroups")
    own = frozenset(entry.get("objectSid", ())) & connection.root.token
    return Standing(
        sid=next(iter(map(sid, entry.get("objectSid", ()))), ""),
        name=text(entry, "sAMAccountName"),
        classes=frozenset(name.lower() for name in texts(entry, "objectClass")),
        control=number(entry, "userAccountControl") or 0,
        admin_count=number(entry, "adminCount") or 0,
        groups=frozenset(map(sid, groups)) if groups else None,
        own=bool(own) or not connection.root.token,
    )


async def stamp(connection: Connection, guid: str, attribute: str) -> Stamp:
    """Raises NotFound, Unreachable, Broken."""
    _dn, entry = await entry_of(connection, guid, metadata.ATTRIBUTES)
    return _stamps(connection, entry)(attribute)


def _stamps(connection: Connection, entry: Entry) -> Callable[[str], Stamp]:
    try:
        found = metadata.stamps(entry)
    except metadata.Unreadable:
        raise Unreachable(connection.host, "credentials", "no replication metadata") from None
    return lambda attribute: found.get(attribute, metadata.NEVER)


async def find(connection: Connection, name: str) -> str:
    r"""The guid of exactly one person's account: sAMAccountName, UPN or DOMAIN\name.

    A UPN that an account carries comes before one that is only made of name and domain
    (MS-ADTS 5.1.1.1.1: that is the order in which a controller looks).
    Raises NotFound, Unreachable, Broken.
    """
    if not 0 < len(name) <= _NAME_MAX:
        raise NotFound(name)
    try:
        for text_ in await _filters(connection, name):
            if found := await _people(connection, text_):
                return _only(found, name)
    except Said as said:
        raise not_read(connection, name, said) from None
    raise NotFound(name)


async def _filters(connection: Connection, name: str) -> tuple[str, ...]:
    domain, backslash, rest = name.rpartition("\\")
    if backslash:
        known = domain.lower() in {dns_name(connection), (await netbios(connection)).lower()}
        return (_equals("sAMAccountName", rest),) if known else ()
    local, at, suffix = name.rpartition("@")
    if not at:
        return (_equals("sAMAccountName", name),)
    explicit = _equals("userPrincipalName", name)
    implicit = _equals("sAMAccountName", local)
    return (explicit, implicit) if suffix.lower() == dns_name(connection) else (explicit,)


def _equals(attribute: str, value: str) -> str:
    return f"({attribute}={escape_filter_chars(value)})"


async def _people(connection: Connection, condition: str) -> list[tuple[str, Entry]]:
    people = f"(&(objectCategory=person)(objectClass=user){condition})"
    return await connection.search(connection.root.base, SUBTREE, people, ["objectGUID"], most=2)


def _only(found: list[tuple[str, Entry]], name: str) -> str:
    if len(found) != 1:
        raise NotFound(name)
    return found[0][1]["objectGUID"][0].hex()


def dns_name(connection: Connection) -> str:
    """The domain's DNS name, from its distinguished name."""
    parts = ldap.dn.str2dn(connection.root.base)
    return ".".join(value for rdn in parts for _type, value, _flags in rdn).lower()


async def netbios(connection: Connection) -> str:
    """The domain's short name (crossRef object, MS-ADTS 6.1.1.2.1.1). Raises Said, Broken."""
    condition = f"(&(nETBIOSName=*){_equals('nCName', connection.root.base)})"
    found = await connection.search(
        f"CN=Partitions,{connection.root.configuration}", ONE, condition, ["nETBIOSName"]
    )
    return text(found[0][1], "nETBIOSName") if found else ""
