"""What all doors share: parts, settings that concern the web, tenants, templates."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import jinja2

from keyturn.ports.parts import Parts
from keyturn.rules.accounts import Tenant
from keyturn.rules.languages import ENGLISH
from keyturn.rules.lockout import SECOND
from keyturn.web.parsing import Network
from keyturn.web.rendering import Tongue

if TYPE_CHECKING:
    from keyturn.ports.health import Ledger, Probes
    from keyturn.ports.pushing import Pusher
    from keyturn.web.agents.keys import SigningNotary

#: tenants are few and change seldom; a change by command shows after this long
TENANTS_MS = 5 * SECOND
#: … and one that nobody knew yet, whose link a command has just printed, after this long
NEW_MS = 200


@dataclass(slots=True)
class Site:
    """One process's web side.

    Attributes:
        looks: looks at the installation that go on in this process.
        rendered: pages that are the same for everybody, see Visit.form_page.
        origin: scheme and authority that browsers use; links and Origin checks rest on it.
        trusted: proxies whose X-Forwarded-For is believed.
        report: takes a delivery report that a Kannel-style gateway calls, or None.
        status: takes one that a Twilio-style gateway posts (address, form, its signature),
            or None.
        health: makes what the page “Health” looks through; None where nothing is looked at.
        notary: makes what agents are answered with; None where none are.
        pusher: what reaches phones; None where none are.
        pages: the templates in English.
        demo: further pages of a demo; None everywhere else.
    """

    parts: Parts
    origin: str
    trusted: Sequence[Network]
    pages: jinja2.Environment
    report: Callable[[dict[str, str]], Awaitable[bool]] | None = None
    status: Callable[[dict[str, str], Sequence[tuple[str, str]], str], Awaitable[bool]] | None = (
        None
    )
    demo: Any = None
    health: Callable[[], tuple[Probes, Ledger]] | None = None
    notary: Callable[[], SigningNotary] | None = None
    pusher: Callable[[], Pusher] | None = None
    looks: set[asyncio.Task[Any]] = field(default_factory=set, init=False)
    rendered: dict[object, str] = field(default_factory=dict, init=False)
    _tongues: dict[str, Tongue] = field(default_factory=dict, init=False)
    _tenants: tuple[Tenant, ...] = field(default=(), init=False)
    _read_at: int = field(default=-TENANTS_MS, init=False)

    def page(self, template: str, language: str) -> jinja2.Template:
        """A template in a language; in English while its words are not all translated. Its
        `globals["speech"]` tells which it is.
        """
        if language != ENGLISH:
            if language not in self._tongues:
                self._tongues[language] = Tongue(self.pages, language)
            found = self._tongues[language].template(template)
            if found is not None:
                return found
        return self.pages.get_template(template)

    @property
    def secure(self) -> bool:
        """Whether browsers come over TLS."""
        return self.origin.startswith("https://")

    async def tenants(self, at_most_ms: int = TENANTS_MS) -> tuple[Tenant, ...]:
        """All tenants, read at most so long ago."""
        now = self.parts.clock.now()
        if not self._tenants or not 0 <= now - self._read_at < at_most_ms:
            fresh = await self._read_tenants()
            if not fresh and self._tenants:  # asked before a restore, answered from its new tables
                fresh = await self._read_tenants()
            if fresh != self._tenants:
                self.rendered.clear()
            self._tenants = fresh
            self._read_at = now
        return self._tenants

    async def _read_tenants(self) -> tuple[Tenant, ...]:
        return tuple(await self.parts.store.read(lambda tx: tx.tenants.all()))

    def forget_tenants(self) -> None:
        """Read them anew at the next request."""
        self._tenants = ()
        self.rendered.clear()
