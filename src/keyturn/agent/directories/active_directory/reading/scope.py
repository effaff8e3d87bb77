"""The chosen OUs and groups, as the domain has them now.

Groups are transitive (LDAP_MATCHING_RULE_IN_CHAIN), and an account's primary group is one that it
is in: that one stands in no `member` attribute, so that the rule does not see it (MS-ADTS
3.1.1.4.5.19, tokenGroups, is where the directory adds it).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

import ldap
from ldap.dn import dn2str, str2dn
from ldap.filter import escape_filter_chars

from keyturn.agent.directories.active_directory.connection import Connection
from keyturn.agent.directories.ldap.connection import SUBTREE, Said
from keyturn.agent.directories.ldap.values import Entry, texts
from keyturn.agent.ports import ScopeGone
from keyturn.rules.directories.entries import Scope

#: LDAP_MATCHING_RULE_IN_CHAIN (MS-ADTS 3.1.1.3.4.4.3)
_MEMBER = "(memberOf:1.2.840.113556.1.4.1941:={dn})"
_NOT_THERE = {
    ldap.NO_SUCH_OBJECT.errnum,
    ldap.INVALID_DN_SYNTAX.errnum,
    ldap.INSUFFICIENT_ACCESS.errnum,
    ldap.REFERRAL.errnum,  # of another domain
}

Path = tuple[tuple[tuple[str, str], ...], ...]


@dataclass(frozen=True, slots=True)
class Group:
    """A chosen group.

    Attributes:
        name: as it was chosen. condition: a filter that its members match.
        primaries: the relative identifiers of it and of all groups within it, as `primaryGroupID`
            has them.
    """

    name: str
    condition: str
    primaries: frozenset[int]


@dataclass(frozen=True, slots=True)
class Chosen:
    """A scope, found in the domain.

    Attributes:
        bases: where to search. groups: empty for everybody.
        digest: changes when a group is among the chosen ones, or within one, that was not, or is
            no more.
    """

    bases: tuple[str, ...]
    groups: tuple[Group, ...]
    digest: str
    _units: tuple[Path, ...]

    def holds(self, dn: str) -> bool:
        """Whether that account is in or below one of the OUs."""
        path = parts(dn)
        return not self._units or any(
            len(path) > len(unit) and path[-len(unit) :] == unit for unit in self._units
        )

    @property
    def condition(self) -> str:
        """A filter that members of one of the groups match; "" for everybody."""
        return f"(|{''.join(group.condition for group in self.groups)})" if self.groups else ""


def parts(dn: str) -> Path:
    r"""A distinguished name for comparing: `OU=a\,b`, `ou=A\2CB` and `OU=a\, b` are told apart as
    the directory does it, by value and without regard to case.
    """
    return tuple(
        tuple(sorted((kind.lower(), value.casefold()) for kind, value, _flags in rdn))
        for rdn in str2dn(dn)
    )


def above(dn: str) -> str:
    """The distinguished name of what holds an entry."""
    return str(dn2str(str2dn(dn)[1:]))


async def find(connection: Connection, scope: Scope) -> Chosen:
    """The scope as it is now. Raises ScopeGone, Said, Broken."""
    units = [(await _there(connection, name))[0] for name in scope.units]
    groups, within = [], set[bytes]()
    for name in scope.groups:
        group, guids = await _group(connection, name)
        groups.append(group)
        within |= guids
    return Chosen(
        bases=tuple(dict.fromkeys(units)) or (connection.root.base,),
        groups=tuple(groups),
        digest=sha256(b"".join(sorted(within))).hexdigest()[:16],
        _units=tuple(map(parts, units)),
    )


async def _there(
    connection: Connection, name: str, attributes: Sequence[str] = ()
) -> tuple[str, Entry]:
    """An entry under the name that the domain has for it. Raises ScopeGone, Said, Broken."""
    if not name:  # the rootDSE, which is above everything
        raise ScopeGone(name)
    try:
        dn, entry = await connection.read(name, ["objectClass", *attributes])
    except Said as said:
        raise (ScopeGone(name) if said.result in _NOT_THERE else said) from None
    if not entry.get("objectClass"):  # it is known to be there, and may not be read
        raise ScopeGone(name)
    return dn, entry


async def _group(connection: Connection, name: str) -> tuple[Group, set[bytes]]:
    """A group, and the ids of it and of those within it."""
    wanted = ["objectGUID", "objectSid"]
    dn, entry = await _there(connection, name, wanted)
    if "group" not in texts(entry, "objectClass"):
        raise ScopeGone(name)
    member = _MEMBER.format(dn=escape_filter_chars(dn))
    nested = f"(&(objectCategory=group){member})"
    found = await connection.search(connection.root.base, SUBTREE, nested, wanted)
    entries = [entry, *(inner for _dn, inner in found)]
    primaries = frozenset(_rids(entries))
    either = "".join(f"(primaryGroupID={rid})" for rid in sorted(primaries))
    guids = {guid for each in entries for guid in each.get("objectGUID", ())}
    return Group(name, f"(|{member}{either})", primaries), guids


def _rids(entries: Iterable[Entry]) -> Iterable[int]:
    """The last part of a SID (MS-DTYP 2.4.2.2)."""
    for entry in entries:
        for sid in entry.get("objectSid", ()):
            yield int.from_bytes(sid[-4:], "little")
