"""Where the directory is, who asks, how long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    r"""How one agent reaches its directory.

    Attributes:
        account: the delegated account: a distinguished name; in Active Directory also UPN or
            DOMAIN\name.
        password: its password; never shown.
        ca_file: certificates (PEM) that a server's must be signed by.
        timeout_ms: the longest that one call may take, all in all.
        port: LDAPS. There is no other way in: nothing is ever sent unprotected.
        addresses: DNS name of a server to the address where it is reached, if the host's own
            resolver does not know it. The certificate is held to the name all the same.
        connections: to each server, at the same time.
    """

    account: str
    password: str = field(repr=False)
    ca_file: Path
    timeout_ms: int = 10_000
    port: int = 636
    addresses: Mapping[str, str] = field(default_factory=dict)
    connections: int = 4
