"""The server, put together: the only file that knows every adapter."""

from __future__ import annotations

import asyncio
import ipaddress
import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast
from urllib.parse import urlsplit

from starlette.routing import BaseRoute

from keyturn import __version__, delivery, sweeping, upkeep
from keyturn.adapters.argon import Hasher as Argon
from keyturn.adapters.common_passwords import CommonPasswords
from keyturn.adapters.dkim import Signer, dns_record, generate_key, load_key, private_pem
from keyturn.adapters.letters import JinjaLetters
from keyturn.adapters.maildir import Maildir
from keyturn.adapters.numbering import Numbering
from keyturn.adapters.otp import Totp
from keyturn.adapters.passkeys import PyWebAuthn
from keyturn.adapters.ranges import RangeFile, Unusable
from keyturn.adapters.sealing import KeyRingUnusable, load_key_ring
from keyturn.adapters.sealing import Sealer as KeyedSealer
from keyturn.adapters.sms import kannel, rest
from keyturn.adapters.sms.kannel import KannelGateway, KannelTexter
from keyturn.adapters.sms.rest import RestGateway, RestTexter
from keyturn.adapters.smtp import SmtpMailer, SmtpServer
from keyturn.adapters.sql import SqlStore, migrate, open_store
from keyturn.adapters.sql.facts import DEMO, get_fact, set_fact
from keyturn.adapters.system import SystemClock, SystemRandom
from keyturn.adapters.turns import LaneTurns
from keyturn.adapters.webhook import HttpsCaller
from keyturn.flows import deliver
from keyturn.flows.deliver import Courier
from keyturn.ports.delivery import Texter
from keyturn.ports.networks import Networks, NoNetworks
from keyturn.ports.parts import Limits, Parts
from keyturn.ports.system import Clock
from keyturn.rules import verp
from keyturn.rules.accounts import Tenant
from keyturn.rules.lockout import HOUR, MINUTE
from keyturn.rules.retention import Keep, Kind
from keyturn.rules.verp import ReturnPath
from keyturn.settings import Settings
from keyturn.web import rooms
from keyturn.web.app import Gate
from keyturn.web.rendering import environment
from keyturn.web.site import Site

if TYPE_CHECKING:
    from keyturn.adapters.agent_keys import RingNotary
    from keyturn.adapters.sms.smpp import Reported, SmppTexter, Take
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


def courier(house: House) -> Courier:
    """What delivers: the mail server, the gateway if there is one, the words."""
    settings = house.settings
    keys = [load_key(k.domain, k.selector, k.file.read_bytes()) for k in settings.mail.dkim]
    mail = settings.mail
    server = SmtpServer(
        host=mail.host,
        port=mail.port,
        security="tls" if mail.tls == "implicit" else mail.tls,
        username=mail.user,
        password=mail.password.get_secret_value() if mail.password else None,
        ca_file=str(mail.ca_file) if mail.ca_file else None,
        envelope=mail.envelope,
    )
    return Courier(
        mailer=SmtpMailer(server, house.parts.clock, Signer(keys), _returns(house)),
        texter=_texter(house),
        letters=JinjaLetters(house.parts.link),
        caller=HttpsCaller(
            private=settings.webhook.private,
            ca_file=str(settings.webhook.ca_file) if settings.webhook.ca_file else None,
        ),
    )


def _returns(house: House) -> Callable[[str], ReturnPath] | None:
    """What gives each mail its return path; None where nobody reads what comes back."""
    bounces, sealer = house.settings.mail.bounces, house.parts.sealer
    if bounces is None:
        return None
    return lambda message_id: verp.return_path(
        bounces, message_id, sealer.digest(verp.PURPOSE, message_id)
    )


def pusher(house: House) -> Pusher:
    """What sends messages to phones; close it with the loop that it was used in."""
    from keyturn.adapters.push.made import pusher_of  # noqa: PLC0415  where a phone is to be reached

    ring = load_key_ring(house.settings.store.data_dir / "keys.json")
    return pusher_of(house.settings, ring, house.parts.clock)


def _texter(house: House) -> Texter | None:
    match house.settings.sms.driver:
        case "kannel":
            return KannelTexter(_kannel(house.settings), house.parts.sealer)
        case "rest":
            return RestTexter(_rest(house.settings), house.parts.sealer)
        case "smpp":
            return _smpp(house.settings, text_receipts(house.parts))
        case _:
            return None


def _kannel(settings: Settings) -> KannelGateway:
    sms = settings.sms
    return KannelGateway(
        url=sms.url or "",
        username=sms.user,
        password=sms.password.get_secret_value(),
        report_url=f"{sms.report_base or settings.server.origin}/hooks/sms",
        sender=sms.sender,
    )


def _rest(settings: Settings) -> RestGateway:
    sms = settings.sms
    return RestGateway(
        url=sms.url or "",
        account=sms.account or sms.user,
        user=sms.user,
        password=sms.password.get_secret_value(),
        signing_key=(sms.signing_key or sms.password).get_secret_value(),
        sender=sms.sender or "",
        report_url=f"{sms.report_base or settings.server.origin}/hooks/sms/status",
    )


def _smpp(settings: Settings, take: Take) -> SmppTexter:
    from keyturn.adapters.sms.smpp import (  # noqa: PLC0415  where there is a link, not at every start
        SmppCentre,
        SmppTexter,
    )

    sms = settings.sms
    centre = SmppCentre(
        host=sms.host or "",
        port=sms.port,
        user=sms.user,
        password=sms.password.get_secret_value(),
        tls=sms.tls == "implicit",
        ca_file=str(sms.ca_file) if sms.ca_file else None,
        system_type=sms.system_type,
        sender=sms.sender,
        window=sms.window,
    )
    return SmppTexter(centre, take)


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
        report=text_reports(house.parts) if driver == "kannel" else None,
        status=text_statuses(house.settings, house.parts) if driver == "rest" else None,
        health=lambda: _health(house),
        notary=lambda: notary(house.settings),
    )


def notary(settings: Settings) -> RingNotary:
    """What agents are answered with."""
    from keyturn.adapters.agent_keys import RingNotary  # noqa: PLC0415  most servers have none

    return RingNotary(load_key_ring(settings.store.data_dir / "keys.json"))


def text_reports(parts: Parts) -> Callable[[dict[str, str]], Awaitable[bool]]:
    """What takes the SMS gateway's reports: (fields) -> whether its signature is right."""

    async def take(params: dict[str, str]) -> bool:
        message_id, told = kannel.reported(params, parts.sealer), kannel.report(params)
        if message_id is not None and told is not None:
            await deliver.report(parts, message_id, *told)
        return message_id is not None

    return take


def text_statuses(
    settings: Settings, parts: Parts
) -> Callable[[dict[str, str], Sequence[tuple[str, str]], str], Awaitable[bool]]:
    """What takes a Twilio-style gateway's reports: (address, form, signature) -> whether both
    signatures are right.
    """
    gateway = _rest(settings)

    async def take(query: dict[str, str], form: Sequence[tuple[str, str]], signed: str) -> bool:
        message_id = rest.reported(gateway, parts.sealer, query, form, signed)
        told = rest.report(dict(form))
        if message_id is not None and told is not None:
            await deliver.report(parts, message_id, *told)
        return message_id is not None

    return take


def text_receipts(parts: Parts) -> Take:
    """What takes an SMSC's receipts: -> whether the text that one is about was found."""

    async def take(told: Reported) -> bool:
        if told.message_id is not None:
            await deliver.report(parts, told.message_id, told.state, told.detail)
            return True
        return await deliver.report_by_reference(
            parts, told.references, told.number, told.state, told.detail
        )

    return take


def application(house: House, *, demo: Callable[[Site], list[BaseRoute]] | None = None) -> Gate:
    """The whole server of one process: doors, and delivery beside them.

    Args:
        demo: further routes of a demo; nothing else ever has any.
    """
    doors = site(house, demo=demo is not None)
    reach = _Reach(house)
    doors.pusher = reach.pusher
    sender = courier(house)
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
            self._made = pusher(self._house)
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


def mail_key(domain: str, selector: str, kind: Literal["rsa", "ed25519"]) -> tuple[bytes, str]:
    """A new key that signs mail: its private half as PEM, and its record for a zone file."""
    key = generate_key(domain, selector, kind)
    return private_pem(key), dns_record(key).zone_line()
