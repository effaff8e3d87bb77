"""The server, put together: with couriers.py, which has what sends, it alone knows the adapters."""

from __future__ import annotations

import asyncio
import ipaddress
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from starlette.routing import BaseRoute

from keyturn import __version__, couriers, delivery, sweeping, upkeep
from keyturn.adapters.argon import Hasher as Argon
from keyturn.adapters.common_passwords import CommonPasswords
from keyturn.adapters.maildir import Maildir
from keyturn.adapters.numbering import Numbering
from keyturn.adapters.otp import Totp
from keyturn.adapters.passkeys import PyWebAuthn
from keyturn.adapters.ranges import RangeFile, Unusable
from keyturn.adapters.sealing import KeyRingUnusable, load_key_ring
from keyturn.adapters.sealing import Sealer as KeyedSealer
from keyturn.adapters.sql import SqlStore, migrate, open_store
from keyturn.adapters.sql.facts import DEMO, get_fact, set_fact
from keyturn.adapters.system import SystemClock, SystemRandom
from keyturn.adapters.turns import LaneTurns
from keyturn.flows.deliver import Courier
from keyturn.ports.networks import Networks, NoNetworks
from keyturn.ports.parts import Limits, Parts
from keyturn.ports.system import Clock
from keyturn.rules.accounts import Tenant
from keyturn.rules.lockout import HOUR, MINUTE
from keyturn.rules.retention import Keep, Kind
from keyturn.settings import Settings
from keyturn.web import rooms
from keyturn.web.app import Gate
from keyturn.web.rendering import environment
from keyturn.web.site import Site

if TYPE_CHECKING:
    from keyturn.adapters.agent_keys import RingNotary
    from keyturn.adapters.sms.smpp import SmppTexter
    from keyturn.ports.health import Ledger, Probes
    from keyturn.ports.pushing import Pusher


def link_builder(origin: str) -> Callable[[Tenant, str], str]:
    """Links on the configured origin: a tenant's own host, else /t/slug."""
    scheme = urlsplit(origin).scheme

    def link(tenant: Tenant, path: str) -> str:
        if tenant.host is not None:
            return f"{scheme}://{tenant.host}{path}"
        return f"{origin}/t/{tenant.slug}{path}"

    return link


@dataclass(slots=True)
class House:
    """The adapters of one process, and how to let go of them.

    Attributes:
        store, hasher: also in `parts`, here with what only commands and benchmarks need.
    """

    settings: Settings
    parts: Parts
    store: SqlStore
    hasher: Argon

    def close(self) -> None:
        """Finish what is under way; end threads and connections."""
        self.hasher.close()
        self.store.close()


class CannotOpen(Exception):
    """The installation's data cannot be used.

    Attributes:
        cause: "newer" (made by a newer release), "not-ours" (somebody else's tables),
            "keys" (the key ring), "folder" (the data folder), "demo" (a demo made it),
            "ranges" (the file that networks.ranges names).
        detail: what exactly, for an administrator.
    """

    def __init__(self, cause: str, detail: str) -> None:
        super().__init__(cause, detail)
        self.cause = cause
        self.detail = detail


def prepare(settings: Settings) -> bool:
    """Make keys and tables, or bring them up to date; whether there was anything to do.

    Starts no thread, so a server may fork after it. Raises CannotOpen, StoreUnavailable.
    """
    path = settings.store.data_dir / "keys.json"
    try:
        load_key_ring(path)
        return migrate.ensure(settings.store.url)
    except KeyRingUnusable as error:
        raise CannotOpen("keys", str(error)) from error
    except OSError as error:
        raise CannotOpen("folder", f"{settings.store.data_dir}: {error.strerror}") from error
    except migrate.Newer as error:
        raise CannotOpen("newer", error.found) from error
    except migrate.NotOurs as error:
        raise CannotOpen("not-ours", ", ".join(error.tables)) from error


def check_ranges(settings: Settings) -> None:
    """Read the range file once, for a server's start. Raises CannotOpen."""
    path = settings.networks.ranges
    try:
        if path is not None:
            RangeFile(path).load()
    except Unusable as error:
        where = f", line {error.line}" if error.line else ""
        said = f" ({error.said})" if error.said else ""
        raise CannotOpen("ranges", f"{error.path}{where}: {error.why}{said}") from error


def _networks(settings: Settings) -> Networks:
    path = settings.networks.ranges
    return NoNetworks() if path is None else RangeFile(path)


def open_house(settings: Settings, *, demo: bool = False, clock: Clock | None = None) -> House:
    """`prepare` and `build`, for a command. Raises CannotOpen.

    Args:
        demo: what is opened is the demo's own database, which nothing else may open.
    """
    prepare(settings)
    house = build(settings, clock=clock)
    try:
        made_by_demo = _mark(house) if demo else get_fact(house.store, DEMO) is not None
    except BaseException:
        house.close()
        raise
    if made_by_demo and not demo:
        house.close()
        raise CannotOpen("demo", str(settings.store.data_dir))
    return house


def _mark(house: House) -> bool:
    """Remember that a demo made this database."""
    set_fact(house.store, DEMO, "1")
    return True


def build(settings: Settings, *, clock: Clock | None = None) -> House:
    """The adapters that `settings` name.

    Args:
        clock: another clock than the system's: only the demo and tests have one.
    """
    cores = os.cpu_count() or 1
    store = open_store(settings.store.url)
    hashing = settings.hash
    hasher = Argon(
        time_cost=hashing.time_cost,
        memory_kib=hashing.memory_kib,
        lanes=hashing.lanes,
        slots=max(1, cores // settings.server.workers),
    )
    ring = load_key_ring(settings.store.data_dir / "keys.json")
    parts = Parts(
        clock=clock or SystemClock(),
        random=SystemRandom(),
        store=store,
        hasher=hasher,
        sealer=KeyedSealer(ring),
        otp=Totp(),
        passkeys=PyWebAuthn(),
        plan=Numbering(),
        turns=LaneTurns(),
        limits=_limits(settings),
        link=link_builder(settings.server.origin),
        is_common=CommonPasswords(settings.passwords.breached).is_common,
        networks=_networks(settings),
    )
    return House(settings=settings, parts=parts, store=store, hasher=hasher)


def _limits(settings: Settings) -> Limits:
    limits = settings.limits
    return Limits(
        network_failures=limits.network_failures,
        session_ms=limits.session_hours * HOUR,
        session_idle_ms=limits.session_idle_minutes * MINUTE,
        sms_per_day=limits.sms_per_day,
        sms_per_hour=limits.sms_per_hour,
        sms_per_network=limits.sms_per_network,
        sms_per_range=limits.sms_per_range,
        sms_per_country=limits.sms_per_country,
        mails_per_hour=limits.mails_per_hour,
    )


def _compiled(settings: Settings) -> Path:
    """Where compiled templates are kept; as closed to others as the keys beside it, because
    what lies there is run.
    """
    folder = settings.store.data_dir / "pages"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def probes(settings: Settings, clock: Clock | None = None) -> Probes:
    """What the doctor looks through. Opens nothing, so it is there when nothing else is."""
    from keyturn.adapters.probes import probes_of  # noqa: PLC0415  only the doctor needs them

    return probes_of(settings, clock or SystemClock())


def _health(house: House) -> tuple[Probes, Ledger]:
    """The doctor of a running server, made anew each time: nothing it saw before counts."""
    from keyturn.adapters.probes import FactLedger  # noqa: PLC0415  as above

    return probes(house.settings, house.parts.clock), FactLedger(house.store)


def site(house: House, *, demo: bool = False) -> Site:
    """The web side of one process."""
    server, driver = house.settings.server, house.settings.sms.driver
    return Site(
        parts=house.parts,
        origin=server.origin,
        trusted=tuple(ipaddress.ip_network(n) for n in server.trusted_proxies),
        pages=environment(__version__, demo=demo, cache=_compiled(house.settings)),
        report=couriers.text_reports(house.parts) if driver == "kannel" else None,
        status=couriers.text_statuses(house.settings, house.parts) if driver == "rest" else None,
        health=lambda: _health(house),
        notary=lambda: notary(house.settings),
    )


def notary(settings: Settings) -> RingNotary:
    """What agents are answered with."""
    from keyturn.adapters.agent_keys import RingNotary  # noqa: PLC0415  most servers have none

    return RingNotary(load_key_ring(settings.store.data_dir / "keys.json"))


def application(house: House, *, demo: Callable[[Site], list[BaseRoute]] | None = None) -> Gate:
    """The whole server of one process: doors, and delivery beside them.

    Args:
        demo: further routes of a demo; nothing else ever has any.
    """
    doors = site(house, demo=demo is not None)
    reach = _Reach(house)
    doors.pusher = reach.pusher
    sender = couriers.courier(house.settings, house.parts)
    return Gate(
        doors,
        [*(demo(doors) if demo else ()), *rooms.routes(doors)],
        beside=[
            lambda stop: _deliver(house, sender, stop),
            lambda stop: _push(house, replace(sender, pusher=reach.pusher), stop),
            reach.let_go,
            lambda stop: _collect(house, stop),
            lambda stop: _link(house, sender, stop),
            lambda stop: upkeep.run(house.parts, _kept(house.settings), stop),
            lambda stop: sweeping.run(house.parts, stop),
            lambda stop: _ranges(house, stop),
        ],
        close=[house.close],
    )


class _Reach:
    """What reaches phones when one of them asks for it: made by the first, let go of at the end."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._made: Pusher | None = None

    def pusher(self) -> Pusher:
        """The one of this process."""
        if self._made is None:
            self._made = couriers.pusher(self._house.settings, self._house.parts.clock)
        return self._made

    async def let_go(self, stop: asyncio.Event) -> None:
        """When the server takes its leave."""
        await stop.wait()
        if self._made is not None:
            await self._made.aclose()


async def _deliver(house: House, sender: Courier, stop: asyncio.Event) -> None:
    """Delivery in this process, woken by its own commits."""
    wake = delivery.wake_on_commit(house.store)
    try:
        await delivery.run(house.parts, sender, wake, stop)
    finally:
        if sender.texter is not None:
            await sender.texter.aclose()


async def _push(house: House, sender: Courier, stop: asyncio.Event) -> None:
    """Delivery of pushes in this process."""
    wake = delivery.wake_on_commit(house.store)
    await delivery.run_pushes(house.parts, sender, wake, stop)


async def _link(house: House, sender: Courier, stop: asyncio.Event) -> None:
    """The link to the message centre, where texts go over one."""
    if house.settings.sms.driver == "smpp":
        await cast("SmppTexter", sender.texter).run(stop)


async def _ranges(house: House, stop: asyncio.Event) -> None:
    """The range file, read again when it changes."""
    networks = house.parts.networks
    if isinstance(networks, RangeFile):
        await networks.keep(stop)


async def _collect(house: House, stop: asyncio.Event) -> None:
    """What comes back, where the mail system leaves it in a Maildir."""
    folder = house.settings.mail.bounce_maildir
    if folder is not None:
        await delivery.collect(house.parts, Maildir(folder), stop)


def _kept(settings: Settings) -> Keep:
    """How many days each kind of row is kept; counters go with their window."""
    keep = settings.retention
    return {
        Kind.AUDIT: keep.audit_days, Kind.MESSAGES: keep.messages_days,
        Kind.CASES: keep.cases_days, Kind.CLIENTS: keep.clients_days,
        Kind.CODES: keep.flows_days, Kind.FLOWS: keep.flows_days,
        Kind.SESSIONS: keep.sessions_days, Kind.ABSENT: keep.absent_days,
        Kind.JOBS: keep.jobs_days, Kind.PROOFS: keep.jobs_days, Kind.GONE: keep.flows_days,
        Kind.HEALTH: keep.health_days, Kind.ACTIVATIONS: keep.flows_days,
        Kind.SCANS: keep.flows_days, Kind.QUESTIONS: keep.flows_days,
        Kind.PHONES: keep.clients_days, Kind.RECOVERIES: keep.cases_days,
        Kind.BATCHES: keep.flows_days, Kind.VERIFICATIONS: keep.flows_days,
        Kind.PAIRINGS: keep.clients_days, Kind.SETUPS: keep.flows_days,
        Kind.PRESENCES: keep.flows_days, Kind.TALLIES: keep.counts_days,
        Kind.COUNTERSIGNS: keep.flows_days, Kind.MEMBERSHIPS: keep.audit_days,
        Kind.LINKS: keep.audit_days,
    }  # fmt: skip
