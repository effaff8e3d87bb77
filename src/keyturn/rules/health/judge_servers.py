"""Judging servers that were reached, or not: mail server, SMS gateway, the site itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from keyturn.rules.health.sights import (
    GatewaySight,
    Reached,
    SeenTenant,
    Setup,
    SmtpSight,
    TlsSight,
    WebSight,
)
from keyturn.rules.health.verdicts import Finding, Value
from keyturn.rules.health.words import DAY, size

#: certificates are renewed a month before their end; whoever is later has been forgotten
SOON_MS = 14 * DAY
LEAST_SIZE = 1_000_000


def certificate(tls: TlsSight, at: int) -> str:
    """Either "ok", "soon", or the certificate's fault."""
    if tls.fault:
        return tls.fault
    return "soon" if tls.ends_at is not None and tls.ends_at < at + SOON_MS else "ok"


def _tls_facts(tls: TlsSight | None) -> dict[str, Value]:
    if tls is None:
        return {}
    return {
        "version": tls.version, "names": tls.names, "issuer": tls.issuer, "ends_at": tls.ends_at,
        "said": tls.said,
    }  # fmt: skip


# -- mail server


def mail_server(setup: Setup, sight: SmtpSight, at: int) -> list[Finding]:
    """Name, connection, TLS, login, limits; what was not reached cannot be told."""
    greeting = sight.greeting or ("TLS" if sight.tls else "")
    about: dict[str, Value] = {
        "host": setup.mail_host, "port": setup.mail_port, "address": sight.way.address,
        "greeting": greeting, "said": sight.said or sight.way.said,
    }  # fmt: skip

    def find(cause: str, **facts: Value) -> Finding:
        return Finding(cause, "", at, {**about, **facts})

    if sight.way.name != "found":
        return [find(f"smtp-name.{sight.way.name}"), *_unreached(at, "connection", "tls")]
    found = [find("smtp-name.ok")]
    if not sight.greeted:
        word = "greeting" if sight.way.connection == "open" else sight.way.connection
        if sight.tls is None or not sight.tls.fault:
            return [*found, find(f"smtp-connection.{word}"), *_unreached(at, "tls")]
    found.append(find("smtp-connection.ok"))
    tls = _mail_tls(setup, sight, at)
    found.append(find(f"smtp-tls.{tls}", **_tls_facts(sight.tls)))
    if tls not in {"ok", "soon", "local"}:
        return [*found, *_unreached(at)]
    return [*found, *_logged_in(setup, find, sight)]


def _unreached(at: int, *more: str) -> list[Finding]:
    return [Finding(f"smtp-{n}.unreached", "", at) for n in (*more, "login", "limits")]


def _mail_tls(setup: Setup, sight: SmtpSight, at: int) -> str:
    if sight.tls is not None:
        return certificate(sight.tls, at)
    return "local" if setup.mail_tls == "none" else "not-offered"


def _logged_in(setup: Setup, find: Callable[..., Finding], sight: SmtpSight) -> list[Finding]:
    word = {"right": "ok"}.get(sight.login, sight.login or "unreached")
    login = find(f"smtp-login.{word}")
    if word not in {"ok", "none"}:
        return [login, find("smtp-limits.unreached")]
    largest = sight.size or 0
    word = "small" if 0 < largest < LEAST_SIZE else "ok"
    if word == "ok" and setup.reads_bounces and not sight.dsn:
        word = "no-dsn"
    facts: dict[str, Value] = {
        "envelope": setup.envelope,
        "size": largest, "dsn": sight.dsn, "limit": size(largest) if largest else "any size",
    }  # fmt: skip
    return [login, find(f"smtp-limits.{word}", **facts)]


# -- SMS gateway


def gateway(
    setup: Setup, sight: GatewaySight | None, tenants: Sequence[SeenTenant], at: int
) -> list[Finding]:
    """The gateway, or that there is none. `sight`: None without one."""
    if sight is None:
        return [_no_gateway(tenants, at)]
    about: dict[str, Value] = {
        "driver": setup.sms_driver, "host": sight.way.address, "said": sight.said or sight.way.said,
    }  # fmt: skip
    way = _way(sight.way)
    if way != "ok":
        return [
            Finding(f"sms-gateway.{way}", "", at, about),
            Finding("sms-login.unreached", "", at, about),
        ]
    login = {"right": "ok"}.get(sight.login, sight.login or "unclear")
    return [
        Finding("sms-gateway.ok", "", at, about),
        Finding(f"sms-login.{login}", "", at, about),
    ]


def _no_gateway(tenants: Sequence[SeenTenant], at: int) -> Finding:
    asking = [tenant.slug for tenant in tenants if tenant.phone != "off"]
    if not asking:
        return Finding("sms-gateway.unused", "", at)
    facts: dict[str, Value] = {"tenants": ", ".join(asking), "tenant": asking[0]}
    return Finding("sms-gateway.none", "", at, facts)


def _way(way: Reached) -> str:
    """Either "ok", "absent", "silent" or "unreachable"."""
    if way.name != "found":
        return way.name
    return "ok" if way.connection == "open" else "unreachable"


# -- the site


def site(sight: WebSight, port: int, at: int) -> list[Finding]:
    """The name that people type, and its certificate."""
    about: dict[str, Value] = {
        "host": sight.host, "port": port, "address": sight.way.address, "said": sight.way.said,
    }  # fmt: skip
    found, tls = sight.way.name, sight.tls
    name = Finding(f"web-name.{'ok' if found == 'found' else found}", sight.host, at, about)
    if found != "found" or tls is None:
        return [name, Finding("web-certificate.unreached", sight.host, at, about)]
    facts = {**about, **_tls_facts(tls)}
    return [name, Finding(f"web-certificate.{certificate(tls, at)}", sight.host, at, facts)]
