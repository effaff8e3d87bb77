"""An administrator over LDAPS, for tests: what takes hand.py a process takes him milliseconds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ldap
from ldap.ldapobject import SimpleLDAPObject

from keyturn.lab.people import ADMIN, ADMIN_PASSWORD, ENABLED

OPENING = "Quiet-River-0x"
_NO_PASSWORD = ENABLED | 0x20  # PASSWD_NOTREQD, MS-ADTS 2.2.16
_TIMEOUT_S = 30


class Administrator:
    """May do everything, at one controller."""

    def __init__(self, ip: str, ca: Path, base: str) -> None:
        self.base = base
        self._ip, self._ca = ip, ca
        self._ldap = self._connected()
        self._ldap.simple_bind_s(f"{ADMIN}@corp.example.test", ADMIN_PASSWORD)

    def _connected(self) -> SimpleLDAPObject:
        link = ldap.initialize(f"ldaps://{self._ip}")
        link.set_option(ldap.OPT_X_TLS_CACERTFILE, str(self._ca))
        link.set_option(ldap.OPT_X_TLS_REQUIRE_CERT, ldap.OPT_X_TLS_DEMAND)
        link.set_option(ldap.OPT_X_TLS_NEWCTX, 0)
        link.set_option(ldap.OPT_NETWORK_TIMEOUT, _TIMEOUT_S)
        link.timeout = _TIMEOUT_S
        return link

    def close(self) -> None:
        self._ldap.unbind_s()

    def add(self, dn: str, kind: str, **values: str) -> str:
        """A new object; its id, hex."""
        named = {name: [value.encode()] for name, value in values.items()}
        self._ldap.add_s(dn, [("objectClass", [kind.encode()]), *named.items()])
        return self.id(dn)

    def person(self, name: str, unit: str, *, password: bool = True) -> str:
        """A new account; its id. Without a password it is quickly made."""
        opening = f'"{OPENING}"'.encode("utf-16-le")
        values = {
            "objectClass": b"user",
            "sAMAccountName": name.encode(),
            "userPrincipalName": f"{name}@corp.example.test".encode(),
            "displayName": f"Mx {name}".encode(),
            "mail": f"{name}@example.test".encode(),
            "telephoneNumber": b"+4850012345",
            "userAccountControl": str(ENABLED if password else _NO_PASSWORD).encode(),
        }
        if password:
            values["unicodePwd"] = opening
        dn = f"CN={name},{unit}"
        self._ldap.add_s(dn, [(key, [value]) for key, value in values.items()])
        return self.id(dn)

    def id(self, dn: str) -> str:
        """Its objectGUID, hex."""
        return self.read(dn, "objectGUID")[0].hex()

    def read(self, dn: str, attribute: str) -> list[bytes]:
        """Values; none if it has none."""
        found: list[Any] = self._ldap.search_s(dn, ldap.SCOPE_BASE, attrlist=[attribute])
        values: list[bytes] = found[0][1].get(attribute, [])
        return values

    def replace(self, dn: str, name: str, *values: bytes) -> None:
        """Give an attribute these values alone; none removes it."""
        self._ldap.modify_s(dn, [(ldap.MOD_REPLACE, name, list(values) or None)])

    def password(self, dn: str, password: str) -> None:
        """Set one."""
        self.replace(dn, "unicodePwd", f'"{password}"'.encode("utf-16-le"))

    def member(self, group: str, member: str, *, joins: bool) -> None:
        """Put into a group, or take out."""
        kind = ldap.MOD_ADD if joins else ldap.MOD_DELETE
        self._ldap.modify_s(group, [(kind, "member", [member.encode()])])

    def move(self, dn: str, rdn: str, above: str | None = None) -> None:
        """Another name, or another place."""
        self._ldap.rename_s(dn, rdn, above, 1)

    def delete(self, dn: str) -> None:
        self._ldap.delete_s(dn)

    def lock(self, name: str, times: int = 5) -> None:
        """Log on wrongly so often."""
        for _ in range(times):
            link = self._connected()
            try:
                link.simple_bind_s(f"{name}@corp.example.test", "Wrong-Wrong-0")
            except ldap.INVALID_CREDENTIALS:
                link.unbind_s()
                continue
            raise AssertionError(name)

    def entries(self, condition: str, attributes: Sequence[str]) -> list[tuple[str, Any]]:
        """What is found below the domain."""
        found: list[Any] = self._ldap.search_s(
            self.base, ldap.SCOPE_SUBTREE, condition, list(attributes)
        )
        return [(dn, entry) for dn, entry in found if dn]
