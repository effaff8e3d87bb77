"""The doctor: look at everything at once, judge, and say what is the root of what.

    database, host, mail server, gateway, name servers     at once
    then, knowing the tenants: each sender's domain, each site, each address    at once

Every look has its time; what takes longer, or stumbles, is told as "cannot tell".  Nothing
is changed and nothing is sent.

Tenants are a wall here, too: the staff of one see its own sender, outbox and policy.  What
concerns the whole installation is shown in its first tenant alone, the one whose owner the
set-up link made.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

from keyturn.ports.health import Dns, Ledger, Probes
from keyturn.rules.accounts import Tenant
from keyturn.rules.health import judge_house, judge_push, judge_ranges, judge_sender, judge_servers
from keyturn.rules.health.catalogue import CATALOGUE, GAVE_UP
from keyturn.rules.health.judge_sender import Sender
from keyturn.rules.health.records import kept, recalled
from keyturn.rules.health.report import Report, arrange, needed
from keyturn.rules.health.sights import DatabaseSight, HostSight, Outbox, SeenTenant
from keyturn.rules.health.verdicts import Finding, State
from keyturn.rules.sender.dns import Asking

__all__ = ["Looked", "begin", "carry_out", "examine", "last"]

T = TypeVar("T")
#: seconds for one look, and for everything about one sender
LOOK_S, SENDER_S = 10.0, 20.0
#: senders looked at at the same time
AT_ONCE = 8
#: a look that began longer ago is over, however it ended; and how soon there may be another
OVER_MS, AGAIN_MS = 60_000, 10_000

LOG = logging.getLogger("keyturn.doctor")
_SMTP = ("smtp-name", "smtp-connection", "smtp-tls", "smtp-login", "smtp-limits")
_DATABASE = ("database", "tables", "durability", "backup", "demo")
_SENDER = ("domain", "spf", "dkim", "dmarc", "mx")
_OUTBOX = ("mail-waiting", "mail-returned", "sms-waiting", "sms-returned")


@dataclass(frozen=True, slots=True)
class Whom:
    """For whom is looked: one tenant or all; `whole`: the installation, too."""

    tenant_id: str | None
    whole: bool


async def examine(
    probes: Probes,
    *,
    tenant_id: str | None = None,
    whole: bool = True,
    only: Collection[str] = (),
    look_s: float = LOOK_S,
) -> Report:
    """Look at everything.

    Args:
        tenant_id: whose sender, outbox and policy; None for all tenants'.
        whole: look at the installation, too.
        only: the checks that are wanted, and what they need if that is not well; () for all.
        look_s: seconds that one look may take.
    """
    run = _Run(probes, Whom(tenant_id, whole), look_s)
    findings = _honest(await run.findings())
    if only:
        above = {name for check in only for name in needed(CATALOGUE, check)}
        findings = [f for f in findings if f.check in only or (f.check in above and _troubles(f))]
    return arrange(CATALOGUE, findings, probes.clock.now())


def _honest(findings: Iterable[Finding]) -> list[Finding]:
    """That no setting weakens security is said only where no tenant's policy does either."""
    found = list(findings)
    weak = any(f.check == "settings" and f.cause != "settings.ok" for f in found)
    return [f for f in found if not (weak and f.cause == "settings.ok")]


def _troubles(finding: Finding) -> bool:
    return CATALOGUE.state(finding) is not State.OK


@dataclass(frozen=True, slots=True)
class _Run:
    probes: Probes
    whom: Whom
    look_s: float

    @property
    def at(self) -> int:
        return self.probes.clock.now()

    async def findings(self) -> list[Finding]:
        (sight, findings), (host, late), named, rest = await asyncio.gather(
            self._database(), self._host(), self._name_servers(), self._installation()
        )
        if host is not None:
            findings += judge_house.host(host, sight, self.probes.setup, self.at)
        return [*findings, *late, *named, *rest, *await self._of_tenants(sight, named)]

    # -- each look within its time

    async def _within(
        self, look: Coroutine[Any, Any, T], checks: Sequence[str], seconds: float | None = None
    ) -> tuple[T | None, list[Finding]]:
        """What was seen; or None, and that it could not be told."""
        try:
            async with asyncio.timeout(seconds or self.look_s):
                return await look, []
        except TimeoutError:
            why = "too long"
        except Exception as error:
            LOG.exception("look stumbled checks=%s", ",".join(checks))
            why = type(error).__name__
        at = self.at
        return None, [Finding(f"{name}.{GAVE_UP}", "", at, {"why": why}) for name in checks]

    # -- the installation

    async def _database(self) -> tuple[DatabaseSight, list[Finding]]:
        """The database is looked at for everybody: tenants and outbox are in it."""
        setup = self.probes.setup
        sight, late = await self._within(self.probes.database.look(self.at), _DATABASE)
        judged = judge_house.database(sight, setup, self.at) if sight else late
        sight = sight or DatabaseSight("down", setup.store)
        if self.whom.whole:
            return sight, judged
        # whoever sees no more of it still hears that it is why the rest cannot be told
        return sight, judged[:1] if sight.reached == "down" else []

    async def _installation(self) -> list[Finding]:
        if not self.whom.whole:
            return []
        setup = self.probes.setup
        looks = [self._mail_server(), self._push(), self._ranges()]
        looks += map(self._reverse, setup.addresses)
        found = [f for more in await asyncio.gather(*looks) for f in more]
        return [*found, *judge_house.settings(setup, self.at)]

    async def _mail_server(self) -> list[Finding]:
        sight, late = await self._within(self.probes.mail_server.look(), _SMTP)
        return judge_servers.mail_server(self.probes.setup, sight, self.at) if sight else late

    async def _push(self) -> list[Finding]:
        probe, setup = self.probes.push, self.probes.setup
        names = judge_push.named(setup) if probe is not None else ()
        if probe is None or not names:
            return [judge_push.unused(self.at)]
        port = setup.push_port
        looks = [self._within(probe.look(name, port), ("push-services",)) for name in names]
        return [
            found
            for sight, late in await asyncio.gather(*looks)
            for found in ([judge_push.service(setup, sight, port, self.at)] if sight else late)
        ]

    async def _ranges(self) -> list[Finding]:
        if self.probes.ranges is None:
            return [judge_ranges.unused(self.at)]
        sight, late = await self._within(self.probes.ranges.look(), ("ranges",))
        return [judge_ranges.ranges(sight, self.at)] if sight else late

    async def _reverse(self, address: str) -> list[Finding]:
        asking = judge_sender.reverse(address, self.at)
        found, late = await self._within(_driven(asking, self.probes.dns), ("reverse",))
        return [found] if found else late

    async def _name_servers(self) -> list[Finding]:
        asking = judge_sender.name_servers(self.at)
        found, late = await self._within(_driven(asking, self.probes.dns), ("dns",))
        return [found] if found else late

    async def _host(self) -> tuple[HostSight | None, list[Finding]]:
        if not self.whom.whole:
            return None, []
        checks = ("clock", "disk", "key-ring", "mail-keys")
        return await self._within(self.probes.host.look(), checks)

    # -- tenants

    async def _of_tenants(self, sight: DatabaseSight, named: list[Finding]) -> list[Finding]:
        wanted = self.whom.tenant_id
        tenants = [t for t in sight.tenants if wanted in {None, t.id}]
        rows = [row for row in sight.outbox if wanted in {None, row.tenant_id}]
        looks: list[Coroutine[Any, Any, list[Finding]]] = [self._senders(sight, tenants, named)]
        if self.whom.whole:
            looks += [self._gateway(tenants), *self._sites(tenants)]
        found = [f for more in await asyncio.gather(*looks) for f in more]
        return [*found, *self._outbox(sight, rows), *judge_house.policy(tenants, self.at)]

    def _outbox(self, sight: DatabaseSight, rows: list[Outbox]) -> list[Finding]:
        return judge_house.outbox(sight, rows, self.at)

    async def _gateway(self, tenants: Sequence[SeenTenant]) -> list[Finding]:
        probe, setup = self.probes.gateway, self.probes.setup
        if probe is None:
            return judge_servers.gateway(setup, None, tenants, self.at)
        sight, late = await self._within(probe.look(), ("sms-gateway", "sms-login"))
        return judge_servers.gateway(setup, sight, tenants, self.at) if sight else late

    def _sites(self, tenants: Sequence[SeenTenant]) -> list[Coroutine[Any, Any, list[Finding]]]:
        """The origin's host and the tenants' own, where browsers come by TLS."""
        origin = urlsplit(self.probes.setup.origin)
        if origin.scheme != "https":
            return []
        names = [origin.netloc, *(tenant.host for tenant in tenants if tenant.host)]
        places = dict.fromkeys(_host_and_port(name) for name in names)
        return [self._site(host, port) for host, port in places]

    async def _site(self, host: str, port: int) -> list[Finding]:
        checks = ("web-name", "web-certificate")
        sight, late = await self._within(self.probes.web.look(host, port), checks)
        return judge_servers.site(sight, port, self.at) if sight else late

    async def _senders(
        self, sight: DatabaseSight, tenants: Sequence[SeenTenant], named: list[Finding]
    ) -> list[Finding]:
        if sight.reached == "down":
            return [Finding("domain.untold", "", self.at)]
        slots = asyncio.Semaphore(AT_ONCE)
        senders = [Sender(self.probes.setup, tenant, self.at) for tenant in tenants]
        if any(finding.cause != "dns.ok" for finding in named):
            return [f for sender in senders for f in _blind(sender)]

        async def one(sender: Sender) -> list[Finding]:
            async with slots:
                asking = judge_sender.of_sender(sender)
                look = _driven(asking, self.probes.dns)
                found, late = await self._within(look, _SENDER, SENDER_S)
                return found or late

        return [f for found in await asyncio.gather(*map(one, senders)) for f in found]


def _blind(sender: Sender) -> list[Finding]:
    """What can be said of a sender without name servers."""
    facts = {"tenant": sender.tenant.slug, "sender": sender.tenant.sender}
    there = sender.find("domain.unseen", sender.domain, **facts)
    return [there, *judge_sender.unseen(sender)]


async def _driven(asking: Asking[T], dns: Dns) -> T:
    """Drive an evaluation by real questions."""
    try:
        query = next(asking)
        while True:
            query = asking.send(await dns.look(query))
    except StopIteration as end:
        result: T = end.value
        return result


def _host_and_port(name: str) -> tuple[str, int]:
    parts = urlsplit(f"//{name}")
    return parts.hostname or name, parts.port or 443


# -- for the console: the last report of a tenant, and a new look


@dataclass(frozen=True, slots=True)
class Looked:
    """What the console shows.

    Attributes:
        report: the last one, or None.
        since: when a look that is still going on began, or None.
        whole: it covers the installation.
    """

    report: Report | None
    since: int | None
    whole: bool


async def last(probes: Probes, ledger: Ledger, tenant: Tenant, *, whole: bool) -> Looked:
    """What was found last, by whichever process looked. Raises StoreUnavailable."""
    text = await ledger.get(_name(tenant))
    report = recalled(CATALOGUE, text) if text else None
    began = int(await ledger.get(_began(tenant)) or 0)
    now = probes.clock.now()
    over = report is not None and report.at >= began
    going_on = began and not over and now - began < OVER_MS
    return Looked(report, began if going_on else None, whole)


async def begin(probes: Probes, ledger: Ledger, tenant: Tenant) -> bool:
    """Note that a look begins; False if one began a moment ago, which is enough."""
    now = probes.clock.now()
    if now - int(await ledger.get(_began(tenant)) or 0) < AGAIN_MS:
        return False
    await ledger.put(_began(tenant), str(now))
    return True


async def carry_out(probes: Probes, ledger: Ledger, tenant: Tenant, *, whole: bool) -> Report:
    """Look, and keep what was found. Raises StoreUnavailable."""
    report = await examine(probes, tenant_id=tenant.id, whole=whole)
    await ledger.put(_name(tenant), kept(report))
    return report


def _name(tenant: Tenant) -> str:
    return f"health.{tenant.id}"


def _began(tenant: Tenant) -> str:
    return f"health.began.{tenant.id}"
