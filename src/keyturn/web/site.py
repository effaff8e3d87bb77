"""What all doors share: parts, settings that concern the web, tenants, templates."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import jinja2

from keyturn.ports.parts import Parts
from keyturn.rules.accounts import Tenant
from keyturn.rules.lockout import SECOND
from keyturn.web.parsing import Network

#: tenants are few and change seldom; a change by command shows after this long
TENANTS_MS = 5 * SECOND


@dataclass(slots=True)
class Site:
    """One process's web side.

    Attributes:
        rendered: pages that are the same for everybody, see Visit.form_page.
        origin: scheme and authority that browsers use; links and Origin checks rest on it.
        trusted: proxies whose X-Forwarded-For is believed.
        report: takes a delivery report of the SMS gateway, or None without a gateway.
        demo: further pages of a demo; None everywhere else.
    """

    parts: Parts
    origin: str
    trusted: Sequence[Network]
    pages: jinja2.Environment
    report: Callable[[dict[str, str]], Awaitable[bool]] | None = None
    demo: Any = None
    rendered: dict[object, str] = field(default_factory=dict, init=False)
    _tenants: tuple[Tenant, ...] = field(default=(), init=False)
    _read_at: int = field(default=-TENANTS_MS, init=False)

    @property
    def secure(self) -> bool:
        """Whether browsers come over TLS."""
        return self.origin.startswith("https://")

    async def tenants(self) -> tuple[Tenant, ...]:
        """All tenants, at most a few seconds old."""
        now = self.parts.clock.now()
        if not self._tenants or not 0 <= now - self._read_at < TENANTS_MS:
            fresh = tuple(await self.parts.store.read(lambda tx: tx.tenants.all()))
            if fresh != self._tenants:
                self.rendered.clear()
            self._tenants = fresh
            self._read_at = now
        return self._tenants

    def forget_tenants(self) -> None:
        """Read them anew at the next request."""
        self._tenants = ()
        self.rendered.clear()
