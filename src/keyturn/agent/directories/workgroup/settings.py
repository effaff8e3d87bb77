"""Where the machine is, who asks, how long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Settings:
    r"""How one agent reaches its machine.

    Attributes:
        account: an administrator of the machine, as `name` or `MACHINE\name`.
        password: its password; never shown.
        timeout_ms: the longest that one call may take, all in all.
        port: SMB over TCP. There is no other way in.
        addresses: DNS name of the machine to the address where it is reached, if the host's own
            resolver does not know it.
        connections: at the same time.
        watch_s: how often the whole of it is compared (Source.noticed).
    """

    account: str
    password: str = field(repr=False)
    timeout_ms: int = 10_000
    port: int = 445
    addresses: Mapping[str, str] = field(default_factory=dict)
    connections: int = 4
    watch_s: float = 45.0
