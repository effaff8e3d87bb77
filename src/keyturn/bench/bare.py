"""The least that a reset and a full read could be, by python-ldap alone."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import ldap
from ldap.controls import SimplePagedResultsControl
from ldap.ldapobject import SimpleLDAPObject

_TIMEOUT_S = 60
_PAGE = 1000  # MaxPageSize (MS-ADTS 3.1.1.3.4.6)

Entry = Mapping[str, Sequence[bytes]]


class Bare:
    """A kept connection.

    Args:
        ip: of the controller. ca: who vouches for it. who, password: the agents' account, or
            another one.
    """

    def __init__(self, ip: str, ca: Path, who: str, password: str) -> None:
        self._ip, self._ca = ip, ca
        self._kept = self._connected()
        self._kept.simple_bind_s(who, password)

    def reset(self, dn: str, upn: str, password: str) -> int:
        """Set a password and try it once, on a connection of its own; nanoseconds.

        Raises ldap.LDAPError.
        """
        began = time.perf_counter_ns()
        quoted = f'"{password}"'.encode("utf-16-le")  # MS-ADTS 3.1.1.3.1.5.1
        self._kept.modify_s(dn, [(ldap.MOD_REPLACE, "unicodePwd", [quoted])])
        trial = self._connected()
        trial.simple_bind_s(upn, password)
        took = time.perf_counter_ns() - began
        trial.unbind_s()
        return took

    def entries(self, base: str, condition: str, attributes: Sequence[str]) -> Iterator[Entry]:
        """All that match below `base`, page by page. Raises ldap.LDAPError."""
        pages = SimplePagedResultsControl(criticality=True, size=_PAGE, cookie="")
        while True:
            asked = self._kept.search_ext(
                base, ldap.SCOPE_SUBTREE, condition, list(attributes), serverctrls=[pages]
            )
            _kind, found, _id, (told,) = self._kept.result3(asked)
            yield from (entry for dn, entry in found if dn)
            pages.cookie = told.cookie
            if not pages.cookie:
                return

    def replace(self, dn: str, name: str, value: str) -> None:
        """Give an attribute this value alone. Raises ldap.LDAPError."""
        self._kept.modify_s(dn, [(ldap.MOD_REPLACE, name, [value.encode()])])

    def add(self, dn: str, **values: str) -> None:
        """A new object. Raises ldap.LDAPError."""
        self._kept.add_s(dn, [(name, [value.encode()]) for name, value in values.items()])

    def delete(self, dn: str) -> None:
        """Raises ldap.LDAPError."""
        self._kept.delete_s(dn)

    def close(self) -> None:
        """Hang up."""
        self._kept.unbind_s()

    def _connected(self) -> SimpleLDAPObject:
        link = ldap.initialize(f"ldaps://{self._ip}")
        link.set_option(ldap.OPT_X_TLS_CACERTFILE, str(self._ca))
        link.set_option(ldap.OPT_X_TLS_REQUIRE_CERT, ldap.OPT_X_TLS_DEMAND)
        link.set_option(ldap.OPT_X_TLS_NEWCTX, 0)
        link.set_option(ldap.OPT_NETWORK_TIMEOUT, _TIMEOUT_S)
        link.timeout = _TIMEOUT_S
        return link
