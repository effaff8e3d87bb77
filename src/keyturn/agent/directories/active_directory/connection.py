"""LDAP to a domain controller, with what its rootDSE says."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass

from keyturn.agent.directories.ldap import connection as shared
from keyturn.agent.directories.ldap.channel import Channel


@dataclass(frozen=True, slots=True)
class Root:
    """What the rootDSE says (MS-ADTS 3.1.1.3.2).

    Attributes:
        token: SIDs of whoever is bound here, its own and its groups'.
    """

    base: str
    configuration: str
    controls: frozenset[str]
    vendor: str
    token: frozenset[bytes]


class Connection(shared.Connection):
    """One connection. root: the rootDSE as seen after the bind; see `service.py`."""

    def __init__(self, host: str, channel: Channel, pool: Executor, seconds: float) -> None:
        super().__init__(host, channel, pool, seconds)
        self.root = Root("", "", frozenset(), "", frozenset())
