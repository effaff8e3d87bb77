"""Installations that are well, and every way in which they may not be."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from keyturn.rules.health import judge_house, judge_push, judge_ranges, judge_sender, judge_servers
from keyturn.rules.health.judge_sender import Sender
from keyturn.rules.health.sights import (
    DatabaseSight,
    GatewaySight,
    HostSight,
    KeyFile,
    MailKey,
    Outbox,
    Place,
    RangesSight,
    Reached,
    SeenTenant,
    Setup,
    SmtpSight,
    TlsSight,
    WebSight,
)
from keyturn.rules.health.verdicts import Finding
from keyturn.rules.health.words import DAY, MINUTE, SECOND
from keyturn.rules.sender.dkim import OurKey
from tests.unit.rules.sender.zones import Zone

NOW = 1_790_000_000_000
IP = "203.0.113.7"
REVERSE = ipaddress.ip_address(IP).reverse_pointer
RSA = OurKey("north.test", "kt1", "rsa", "MIIBIjANBgkq" + "A" * 380)
ED = OurKey("north.test", "kt2", "ed25519", "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")
RSA_FILE, ED_FILE = "/etc/keyturn/kt1.pem", "/etc/keyturn/kt2.pem"
KEYS = (
    MailKey("north.test", "kt1", RSA_FILE, "rsa", RSA.public),
    MailKey("north.test", "kt2", ED_FILE, "ed25519", ED.public),
)
SETUP = Setup(
    origin="https://id.north.test", trusted_proxies=("127.0.0.1/32",),
    mail_host="mail.north.test", mail_port=587, mail_tls="starttls", mail_login=True,
    mail_keys=KEYS, addresses=(IP,), store_place="/var/lib/keyturn/keyturn.db",
)  # fmt: skip
TENANT = SeenTenant("t1", "north", "no-reply@north.test")
POLICY = "v=DMARC1; p=reject; rua=mailto:dmarc@north.test"
ZONE: Mapping[str, Mapping[str, list[str]]] = {
    "": {"NS": ["a.root-servers.net"]},
    "north.test": {"MX": ["10 mail.north.test"], "TXT": [f"v=spf1 ip4:{IP} -all"]},
    "mail.north.test": {"A": [IP]},
    RSA.name: {"TXT": [RSA.record]},
    ED.name: {"TXT": [ED.record]},
    "_dmarc.north.test": {"TXT": [POLICY]},
    REVERSE: {"PTR": ["mail.north.test"]},
}
OPEN = Reached("found", "open", IP, "192.0.2.2")
TLS = TlsSight("TLSv1.3", "", "mail.north.test", "Test CA", NOW + 60 * DAY)
MAIL = SmtpSight(OPEN, greeted=True, greeting="220 mail", offers_tls=True, tls=TLS,
                 login="right", size=0, dsn=True)  # fmt: skip
DISK = Place("/var/lib/keyturn", there=True, writable=True, free=80 * 10**9, size=100 * 10**9,
             inodes_free=900, inodes=1000)  # fmt: skip
RING = KeyFile("/var/lib/keyturn/keys.json", there=True, mode=0o600, changed_at=NOW - 9 * DAY)
FILES = tuple(KeyFile(key.path, there=True, mode=0o600) for key in KEYS)
HOST = HostSight((DISK,), RING, FILES, synchronised=True)
DATABASE = DatabaseSight(
    "yes", "postgresql", version=(16, 3), revision="0003", wanted="0003",
    durability={"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"},
    tenants=(TENANT,), backup_at=NOW - DAY,
)  # fmt: skip
GATEWAY = GatewaySight(Reached("found", "open", "sms.test"), "right")
WEB = WebSight("id.north.test", OPEN, TLS)


def sender(zone: Zone, setup: Setup = SETUP, tenant: SeenTenant = TENANT) -> list[Finding]:
    """What is found of a sender in a zone."""
    return zone.settle(judge_sender.of_sender(Sender(setup, tenant, NOW)))


def other(name: str, **found: list[str]) -> Zone:
    """The good zone with one name's records replaced; without any, the name taken away."""
    records = {key: value for key, value in ZONE.items() if key != name}
    return Zone({**records, name: found} if found else records)


def mute(*names: str) -> Zone:
    """The good zone, silent about some names."""
    return Zone(ZONE, silent=names)


def of_dns() -> Iterator[list[Finding]]:  # noqa: PLR0915  a list of scenes
    """Every answer of the DNS that makes a difference."""
    apex, dmarc = "north.test", "_dmarc.north.test"
    yield [Zone(ZONE).settle(judge_sender.name_servers(NOW)),
           mute("").settle(judge_sender.name_servers(NOW))]  # fmt: skip
    yield sender(Zone(ZONE))
    yield sender(other(apex))
    yield sender(Zone({}), tenant=replace(TENANT, sender="a@north.shop"))
    yield sender(mute(apex))
    mx = ["10 mail.north.test"]
    for text in ("v=spf1 foo", "v=spf1 " + "mx " * 11, "v=spf1 a:x.test a:y.test a:z.test",
                 "v=spf1 include:x.test -all", "v=spf1 +all", "v=spf1 ip4:0.0.0.0/1 -all",
                 "v=spf1 -all", f"v=spf1 ip4:{IP}", f"v=spf1 ip4:{IP} {'a ' * 11}"):  # fmt: skip
        yield sender(other(apex, MX=mx, TXT=[text]))
    yield sender(other(apex, MX=mx, TXT=["v=spf1 -all", "v=spf1 -all"]))
    hosts = {"MX": mx, "TXT": ["v=spf1 mx:big.test -all"]}
    big = {"big.test": {"MX": [f"10 m{n}.test" for n in range(11)]}}
    yield sender(Zone({**ZONE, apex: hosts, **big}))
    yield sender(other(apex, MX=mx))
    yield sender(Zone(ZONE), replace(SETUP, addresses=()))
    eleven = other(apex, MX=mx, TXT=["v=spf1 " + "mx " * 11])
    yield sender(eleven, replace(SETUP, addresses=("198.51.100.1",)))
    yield sender(Zone({**ZONE, apex: {"MX": mx, "TXT": ["v=spf1 a:q.test"]}}, silent=["q.test"]))
    name = RSA.name
    for text in ("v=DKIM1; k=rsa; p=", "v=DKIM1; k=ed25519; p=x", "v=DKIM1; k=rsa; p=x", "junk",
                 RSA.record + "; h=sha1", RSA.record + "; s=x", RSA.record + "; t=y"):  # fmt: skip
        yield sender(other(name, TXT=[text]))
    yield sender(other(name, TXT=[RSA.record, RSA.record]))
    yield sender(other(name))
    yield sender(mute(name))
    yield sender(Zone(ZONE), replace(SETUP, mail_keys=()))
    yield sender(Zone(ZONE), replace(SETUP, mail_keys=KEYS[1:]))
    for text in ("v=DMARC1; p=none", "v=DMARC1; p=x", "v=DMARC1; p=reject; t=y", "v=DMARC1; a",
                 "v=DMARC1; p=reject; pct=50", "v=DMARC1; p=reject"):  # fmt: skip
        yield sender(other(dmarc, TXT=[text]))
    yield sender(other(dmarc, TXT=[POLICY, POLICY]))
    yield sender(other(dmarc))
    yield sender(mute(dmarc))
    yield sender(Zone({**ZONE, apex: {"MX": mx, "TXT": ["v=spf1 -all"]}}),
                 replace(SETUP, mail_keys=()))  # fmt: skip
    yield sender(Zone({**ZONE, apex: {"MX": mx}, dmarc: {"TXT": ["v=DMARC1; p=none"]}}),
                 replace(SETUP, mail_keys=()))  # fmt: skip
    yield sender(Zone({**ZONE, "_dmarc.test": {"TXT": [POLICY, POLICY]}}))
    found: dict[str, list[str]]
    for found in ({"MX": ["0 "]}, {"MX": ["10 gone.test"]}, {"TXT": ["x"]}):
        yield sender(other(apex, **found))
    yield sender(
        Zone({**ZONE, "six.test": {"AAAA": ["2001:db8::1"]}, apex: {"MX": ["1 six.test"]}})
    )
    yield sender(mute("mail.north.test"))
    away = replace(SETUP, envelope="bounce@b.test")
    for found in (
        {"MX": ["5 mail.north.test"]},
        {"MX": ["0 "]},
        {"MX": ["5 gone.test"]},
        {"X": ["y"]},
    ):
        yield sender(Zone({**ZONE, "b.test": found}), away)
    yield sender(mute("b.test"), away)
    for zone in (Zone(ZONE), other(REVERSE), other("mail.north.test"), mute(REVERSE),
                 mute("mail.north.test")):  # fmt: skip
        yield [zone.settle(judge_sender.reverse(IP, NOW))]
    six = {"PTR": ["v6.north.test"]}
    v6 = ipaddress.ip_address("2001:db8::7").reverse_pointer
    whole = Zone({v6: six, "v6.north.test": {"AAAA": ["2001:db8::7"]}})
    yield [whole.settle(judge_sender.reverse("2001:db8::7", NOW))]


def of_servers() -> Iterator[list[Finding]]:
    """Every way in which mail server, gateway and site may be met."""

    def mail(setup: Setup = SETUP, **changes: Any) -> list[Finding]:
        return judge_servers.mail_server(setup, replace(MAIL, **changes), NOW)

    yield mail()
    local = replace(SETUP, mail_tls="none", mail_host="localhost")
    yield mail(local, tls=None, login="none", size=10**7)
    yield mail(size=1000)
    yield mail(replace(SETUP, envelope="bounce@b.test", reads_bounces=True), dsn=False)
    for name in ("absent", "silent"):
        yield mail(way=Reached(name), greeted=False)
    for how in ("refused", "timeout", "unreachable"):
        yield mail(way=Reached("found", how, IP), greeted=False, tls=None)
    yield mail(greeted=False, greeting="554 go away", tls=None)
    yield mail(tls=None, offers_tls=False)
    for fault in ("expired", "name", "untrusted", "protocol"):
        yield mail(tls=replace(TLS, fault=fault))
        yield [*judge_servers.site(replace(WEB, tls=replace(TLS, fault=fault)), 443, NOW)]
    yield mail(greeted=False, tls=replace(TLS, fault="name"))  # TLS from the first octet
    soon = replace(TLS, ends_at=NOW + DAY)
    yield [*mail(tls=soon), *judge_servers.site(replace(WEB, tls=soon), 443, NOW)]
    for login in ("refused", "not-offered", ""):
        yield mail(login=login)
    rest = replace(SETUP, sms_driver="rest")
    for sight in (GATEWAY, replace(GATEWAY, login="refused"), replace(GATEWAY, login=""),
                  GatewaySight(Reached("absent")), GatewaySight(Reached("silent")),
                  GatewaySight(Reached("found", "refused"))):  # fmt: skip
        yield judge_servers.gateway(rest, sight, [], NOW)
    yield judge_servers.gateway(SETUP, None, [TENANT], NOW)
    yield judge_servers.gateway(SETUP, None, [replace(TENANT, phone="optional")], NOW)
    for way in (OPEN, Reached("absent"), Reached("silent")):
        yield judge_servers.site(replace(WEB, way=way), 443, NOW)
    yield judge_servers.site(WebSight("id.north.test", Reached("found", "timeout")), 443, NOW)


def of_ranges() -> Iterator[list[Finding]]:
    """A range file of today, an old one, and one that is none."""
    for sight in (
        RangesSight("ranges.txt", NOW),
        RangesSight("ranges.txt", NOW - judge_ranges.OLD_DAYS * DAY),
        RangesSight("ranges.txt", fault="line 7: kind"),
    ):
        yield [judge_ranges.ranges(sight, NOW)]
    yield [judge_ranges.unused(NOW)]


def of_push() -> Iterator[list[Finding]]:
    """Every way in which a push service may be met."""

    def met(way: Reached, tls: TlsSight | None = None) -> list[Finding]:
        sight = WebSight("push.test", way, tls)
        return [judge_push.service(SETUP, sight, 443, NOW)]

    there = Reached("found", "open", "8.8.8.8", "192.0.2.2")
    yield [judge_push.unused(NOW)]
    yield met(there, TLS)
    yield met(Reached("absent"))
    yield met(Reached("silent"))
    yield met(replace(there, address="10.0.0.1"), TLS)
    yield met(Reached("found", "timeout", "8.8.8.8"))
    for fault in ("name", "untrusted", "protocol"):
        yield met(there, replace(TLS, fault=fault, said="no"))


def of_house() -> Iterator[list[Finding]]:  # noqa: C901, PLR0915  as above
    """Every state of host, database, outbox and settings."""

    def host(sight: HostSight = HOST, database: DatabaseSight = DATABASE) -> list[Finding]:
        return judge_house.host(sight, database, SETUP, NOW)

    yield host()
    yield host(replace(HOST, synchronised=None))
    for clock in ({"time_server": "t", "time_server_ms": -6 * SECOND}, {"jump_ms": -600},
                  {"synchronised": False}, {"time_server": "t"}):  # fmt: skip
        yield host(replace(HOST, **clock))
    for ahead in (6 * SECOND, -2 * SECOND):
        yield host(HOST, replace(DATABASE, ahead_ms=ahead))
    for disk in ({"there": False}, {"writable": False}, {"free": 10**6}, {"inodes_free": 1},
                 {"free": 10**9}, {"inodes": 0, "inodes_free": 0}, {"size": 0}):  # fmt: skip
        yield host(replace(HOST, places=(replace(DISK, **disk),)))
    for ring in ({"there": False}, {"mode": 0o640}, {"fault": "not-a-ring"}):
        yield host(replace(HOST, ring=replace(RING, **ring)))
    fresh = DatabaseSight("absent", "sqlite")
    yield host(replace(HOST, ring=replace(RING, there=False)), fresh)
    for file in ({"there": False}, {"mode": 0o644}, {"fault": "short"}):
        yield host(replace(HOST, mail_keys=(replace(FILES[0], **file),)))

    def database(**changes: Any) -> list[Finding]:
        return judge_house.database(replace(DATABASE, **changes), SETUP, NOW)

    yield database()
    yield judge_house.database(fresh, SETUP, NOW)
    yield database(reached="down", said="connection refused")
    yield database(version=(14, 9))
    yield database(kind="sqlite", version=(3, 46, 0), durability={"journal_mode": "wal"})
    yield database(durability={"journal_mode": "delete"})
    yield database(durability={"fsync": "off"})
    yield database(revision=None)
    yield database(revision="0009", newer=True)
    yield database(revision="0002")
    yield database(demo=True)
    for age in (None, 3 * DAY, 8 * DAY):
        yield database(backup_at=None if age is None else NOW - age)
    down = replace(DATABASE, reached="down")
    yield [*judge_house.outbox(down, [], NOW), *judge_house.outbox(fresh, [], NOW)]
    for channel in ("mail", "sms"):
        for age in (MINUTE, 3 * MINUTE, 11 * MINUTE):
            yield judge_house.outbox(DATABASE, [Outbox("t1", channel, 3, NOW - age)], NOW)
        for failed in (0, 30, 60):
            lately = {"delivered": 100 - failed, "bounced": failed // 2, "expired": failed // 2}
            if channel == "mail":
                lately = {"sent": 1000 - 9 * failed, "rejected": 9 * failed}
                lately = {"sent": 90, "rejected": 10} if failed == 30 else lately
            yield judge_house.outbox(DATABASE, [Outbox("t1", channel, lately=lately)], NOW)
    yield judge_house.settings(SETUP, NOW)
    for changes in ({"trusted_proxies": ("8.0.0.0/7",)}, {"trusted_proxies": ()},
                    {"origin": "http://localhost:8080", "listens": "0.0.0.0"},
                    {"hash_work": 35840}, {"network_failures": 10_000}, {"log_level": "debug"},
                    {"session_idle_minutes": 10_080}):  # fmt: skip
        yield judge_house.settings(replace(SETUP, **changes), NOW)
    yield judge_house.policy(
        [TENANT, replace(TENANT, lockout_scope="account"), replace(TENANT, sms_second=True)], NOW
    )
    yield [Finding("domain.untold", "", NOW)]  # the flow's own, where the database is down


def everything() -> Iterator[list[Finding]]:
    """All scenes."""
    yield from of_dns()
    yield from of_servers()
    yield from of_push()
    yield from of_ranges()
    yield from of_house()
