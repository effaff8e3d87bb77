"""Where namespaces are not allowed: one controller on a loopback address, and no links."""

from __future__ import annotations

from keyturn.lab.instances import Instance

ADDRESS = "127.0.0.60"


class Loopback:
    """The host's own loopback. One such lab at a time: LDAP's ports cannot be moved.

    Attributes:
        host: where a server on the host is reached.
    """

    interfaces = f"{ADDRESS}/8"
    host = "127.0.0.1"

    def __init__(self, instance: Instance) -> None:
        self._instance = instance

    def home(self, name: str) -> str:
        """Its address."""
        del name
        return ADDRESS

    def reach(self, name: str) -> str:
        """The same one."""
        return self.home(name)

    def prefix(self, name: str) -> tuple[str, ...]:
        """Nothing: every place is here."""
        del name
        return ()

    def close(self) -> None:
        """Remove its files."""
        self._instance.close()
