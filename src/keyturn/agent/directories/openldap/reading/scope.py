"""The chosen units and groups, as the directory has them now."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import ldap

from keyturn.agent.directories.ldap.connection import SUBTREE, Said
from keyturn.agent.directories.ldap.values import texts
from keyturn.agent.directories.openldap.connection import Connection
from keyturn.agent.directories.openldap.values import Key, key, within
from keyturn.agent.ports import ScopeGone
from keyturn.rules.directories.entries import Scope

_GROUPS = (
    "(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=groupOfMembers))"
)
_MEMBERS = ("member", "uniqueMember")
_GONE = {ldap.NO_SUCH_OBJECT.errnum, ldap.INVALID_DN_SYNTAX.errnum}


@dataclass(frozen=True, slots=True)
class Chosen:
    """A scope, resolved.

    Attributes:
        scope: as it was chosen. units: its units, to compare.
        members: of each chosen group, as it was spelled, whoever is in it.
    """

    scope: Scope
    units: tuple[Key, ...]
    members: Mapping[str, frozenset[Key]]

    def groups_of(self, dn: str) -> tuple[str, ...]:
        """Those of the chosen groups that an account is in, ascending."""
        own = key(dn)
        return tuple(sorted(group for group, found in self.members.items() if own in found))

    def holds(self, dn: str) -> bool:
        """Whether an account is in scope."""
        own = key(dn)
        inside = not self.units or any(within(own, unit) for unit in self.units)
        return inside and (not self.members or bool(self.groups_of(dn)))

    @property
    def digest(self) -> str:
        """Changes when the members of a chosen group do."""
        rows = sorted(
            f"{group}\0{sorted(map(str, map(_text, found)))}"
            for group, found in self.members.items()
        )
        return hashlib.sha256("\n".join(rows).encode()).hexdigest()[:16]


def _text(name: Key) -> list[list[tuple[str, str]]]:
    return [sorted(rdn) for rdn in name]


async def find(connection: Connection, scope: Scope) -> Chosen:
    """Resolve a scope. Raises ScopeGone, Said, Broken."""
    for unit in scope.units:
        await _is_there(connection, unit)
    groups = await _groups(connection) if scope.groups else {}
    members: dict[str, frozenset[Key]] = {}
    for group in scope.groups:
        if key(group) not in groups:
            raise ScopeGone(group)
        members[group] = _within(groups, key(group))
    return Chosen(scope, tuple(map(key, scope.units)), members)


async def _is_there(connection: Connection, unit: str) -> None:
    if not key(unit):
        raise ScopeGone(unit)
    try:
        await connection.read(unit, ["1.1"])
    except Said as said:
        raise (ScopeGone(unit) if said.result in _GONE else said) from None


async def _groups(connection: Connection) -> dict[Key, frozenset[Key]]:
    """Every group beneath the base, and who is in it directly."""
    found = await connection.search(connection.settings.base, SUBTREE, _GROUPS, _MEMBERS)
    return {
        key(dn): frozenset(key(who) for kind in _MEMBERS for who in texts(entry, kind))
        for dn, entry in found
    }


def _within(groups: Mapping[Key, Iterable[Key]], group: Key) -> frozenset[Key]:
    """Who is in a group, through groups within groups, however they turn in circles."""
    seen: set[Key] = set()
    ahead = [group]
    while ahead:
        for who in groups[ahead.pop()]:
            if who not in seen:
                seen.add(who)
                ahead += [who] if who in groups else []
    return frozenset(seen)
