"""The least that a reset could be: one modify and one bind, by python-ldap alone."""

from __future__ import annotations

import time
from pathlib import Path

import ldap
from ldap.ldapobject import SimpleLDAPObject

_TIMEOUT_S = 10


class Bare:
    """A kept connection of the agents' account.

    Args:
        ip: of the controller. ca: who vouches for it. who, password: the agents' account.
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
