"""Connections of the delegated account: kept for each controller, renewed when broken."""

from __future__ import annotations

from keyturn.agent.directories.active_directory.connection import Connection, Root
from keyturn.agent.directories.ldap import service as shared
from keyturn.agent.directories.ldap.connection import Said
from keyturn.agent.directories.ldap.settings import Settings
from keyturn.agent.directories.ldap.values import Entry, text, texts
from keyturn.rules.directories.answers import tried

_ROOT = ("defaultNamingContext", "configurationNamingContext", "supportedControl",
         "vendorName", "tokenGroups")  # fmt: skip


class Service(shared.Service[Connection]):
    """Connections to controllers."""

    def __init__(self, settings: Settings) -> None:
        """Raises OSError, ssl.SSLError if the CA file is none."""
        super().__init__(settings, Connection, _greet, _why)


async def _greet(connection: Connection) -> None:
    _name, root = await connection.read("", _ROOT)
    connection.root = _root(root)


def _why(said: Said) -> str:
    return tried(said.result, said.diagnostic).reason


def _root(entry: Entry) -> Root:
    return Root(
        base=text(entry, "defaultNamingContext"),
        configuration=text(entry, "configurationNamingContext"),
        controls=frozenset(texts(entry, "supportedControl")),
        vendor=text(entry, "vendorName"),
        token=frozenset(entry.get("tokenGroups", ())),
    )
