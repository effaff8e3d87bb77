"""What the doctor looks through, made from the settings."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import make_url

from keyturn.adapters.dkim import UnusableKey, load_key
from keyturn.adapters.probes.database import DatabaseProbe
from keyturn.adapters.probes.dns import DnsProbe
from keyturn.adapters.probes.host import HostProbe
from keyturn.adapters.probes.ledger import FactLedger
from keyturn.adapters.probes.mail import SmtpProbe
from keyturn.adapters.probes.ranges import RangesProbe
from keyturn.adapters.probes.sms import KannelProbe, RestProbe, SmppProbe
from keyturn.adapters.probes.web import WebProbe
from keyturn.adapters.smtp import SmtpServer
from keyturn.ports.health import Dns, Gateway, Probes
from keyturn.ports.system import Clock
from keyturn.rules.health.sights import MailKey, Setup
from keyturn.settings import Mail, Settings

__all__ = ["DnsProbe", "FactLedger", "probes_of", "setup_of"]


def probes_of(settings: Settings, clock: Clock, dns: Dns | None = None) -> Probes:
    """Every probe. Opens nothing, and makes nothing that is not there.

    Args:
        dns: other name servers than the host's; only tests have them.
    """
    setup = setup_of(settings)
    folder = settings.store.data_dir
    places = [folder]
    if setup.store == "sqlite":
        places.append(Path(str(make_url(settings.store.url).database)).parent)
    if settings.mail.bounce_maildir is not None:
        places.append(settings.mail.bounce_maildir)
    return Probes(
        setup=setup,
        clock=clock,
        dns=dns or DnsProbe(),
        mail_server=SmtpProbe(_mail_server(settings.mail)),
        gateway=_gateway(settings),
        web=WebProbe(),
        host=HostProbe(places, folder / "keys.json", setup.mail_keys, settings.doctor.ntp),
        database=DatabaseProbe(settings.store.url),
        push=_push(settings),
        ranges=_ranges(settings),
    )


def setup_of(settings: Settings) -> Setup:
    """What the settings say, as far as health is concerned."""
    server, mail = settings.server, settings.mail
    sqlite = settings.store.url.startswith("sqlite")
    url = make_url(settings.store.url)
    return Setup(
        origin=server.origin,
        listens=server.host,
        trusted_proxies=server.trusted_proxies,
        mail_host=mail.host,
        mail_port=mail.port,
        mail_tls=mail.tls,
        mail_login=mail.user is not None,
        envelope=mail.bounces or mail.envelope,
        reads_bounces=mail.bounces is not None,
        mail_keys=tuple(_mail_key(k.domain, k.selector, k.file) for k in mail.dkim),
        addresses=settings.doctor.addresses,
        sms_driver=settings.sms.driver,
        push_hosts=settings.push.hosts,
        push_port=next(iter(settings.push.ports), 443),
        push_networks=settings.push.networks,
        hash_work=settings.hash.time_cost * settings.hash.memory_kib,
        network_failures=settings.limits.network_failures,
        session_idle_minutes=settings.limits.session_idle_minutes,
        log_level=settings.log.level,
        store="sqlite" if sqlite else "postgresql",
        store_place=str(url.database) if sqlite else f"{url.host or 'a socket'}/{url.database}",
    )


def _mail_key(domain: str, selector: str, path: Path) -> MailKey:
    try:
        key = load_key(domain, selector, path.read_bytes())
    except (UnusableKey, OSError):
        return MailKey(domain.lower(), selector, str(path))
    return MailKey(key.domain, selector, str(path), key.kind, key.public)


def _mail_server(mail: Mail) -> SmtpServer:
    return SmtpServer(
        host=mail.host,
        port=mail.port,
        security="tls" if mail.tls == "implicit" else mail.tls,
        username=mail.user,
        password=mail.password.get_secret_value() if mail.password else None,
        ca_file=str(mail.ca_file) if mail.ca_file else None,
    )


def _push(settings: Settings) -> WebProbe | None:
    """None where nobody subscribes: browsers allow it on a site with https alone, or a trial's."""
    push = settings.push
    if not push.hosts or not push.ports or not settings.server.origin.startswith("https://"):
        return None
    return WebProbe(str(push.ca_file) if push.ca_file else None)


def _ranges(settings: Settings) -> RangesProbe | None:
    path = settings.networks.ranges
    return None if path is None else RangesProbe(path)


def _gateway(settings: Settings) -> Gateway | None:
    sms = settings.sms
    password = sms.password.get_secret_value()
    match sms.driver:
        case "kannel":
            return KannelProbe(sms.url or "", sms.user, password)
        case "rest":
            return RestProbe(sms.url or "", sms.account or sms.user, sms.user, password)
        case "smpp":
            return SmppProbe(
                sms.host or "", sms.port, sms.user, password, sms.system_type,
                tls=sms.tls == "implicit", ca_file=str(sms.ca_file) if sms.ca_file else None,
            )  # fmt: skip
        case _:
            return None
