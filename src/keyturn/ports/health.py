"""What the doctor asks of the world around the installation.

No probe raises and none changes anything: whatever goes wrong is what was seen.  Each gives
up by itself within some seconds; whoever asks may give up earlier.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from keyturn.ports.system import Clock
from keyturn.rules.health.sights import (
    DatabaseSight,
    GatewaySight,
    HostSight,
    RangesSight,
    Setup,
    SmtpSight,
    WebSight,
)
from keyturn.rules.sender.dns import Answer, Query


class Dns(Protocol):
    """Name servers, as this host is told to use them."""

    async def look(self, query: Query) -> Answer:
        """One question. Reply.SILENT where nobody answers, or a name server failed."""
        ...


class MailServer(Protocol):
    """The server that takes our mail."""

    async def look(self) -> SmtpSight:
        """Connect, encrypt and log in as for a mail, and leave without one."""
        ...


class Gateway(Protocol):
    """The SMS gateway."""

    async def look(self) -> GatewaySight:
        """Whether it takes our login, as far as that can be told without a text."""
        ...


class Web(Protocol):
    """The site as browsers reach it."""

    async def look(self, host: str, port: int) -> WebSight:
        """A TLS handshake under this name."""
        ...


class Host(Protocol):
    """This machine: clock, disks, files with secrets."""

    async def look(self) -> HostSight:
        """Takes about a second, because of the clock."""
        ...


class Database(Protocol):
    """The database, by a connection of its own that only reads."""

    async def look(self, now: int) -> DatabaseSight:
        """What it is and what is in it. `now`: ms, for what is late."""
        ...


class KnownRanges(Protocol):
    """The operator's range file."""

    async def look(self) -> RangesSight:
        """How old it is, and whether it can be used."""
        ...


class Ledger(Protocol):
    """What the installation remembers: a text by name (at most 40 characters)."""

    async def get(self, name: str) -> str | None:
        """None for what was never put. Raises StoreUnavailable."""
        ...

    async def put(self, name: str, value: str) -> None:
        """In place of what was. Raises StoreUnavailable."""
        ...


@dataclass(frozen=True, slots=True)
class Probes:
    """All of them, and the settings they were made from.

    Attributes:
        gateway: None where none is set.
        push: push services as messages reach them; None where none is called.
        ranges: None where no range file is set.
    """

    setup: Setup
    clock: Clock
    dns: Dns
    mail_server: MailServer
    gateway: Gateway | None
    web: Web
    host: Host
    database: Database
    push: Web | None = None
    ranges: KnownRanges | None = None
