"""The doctor's probes at real servers: a name server, Postfix, Kannel, TLS, both databases."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from keyturn.adapters.dkim import dns_record, generate_key, private_pem
from keyturn.adapters.memory_health import MemoryDns
from keyturn.adapters.probes import DnsProbe, probes_of
from keyturn.adapters.probes.database import DatabaseProbe
from keyturn.adapters.probes.host import HostProbe
from keyturn.adapters.probes.mail import SmtpProbe
from keyturn.adapters.probes.ntp import ahead_ms
from keyturn.adapters.probes.sms import KannelProbe, RestProbe, SmppProbe
from keyturn.adapters.probes.web import WebProbe
from keyturn.adapters.smtp import SmtpServer
from keyturn.adapters.sql import migrate, open_store
from keyturn.adapters.sql.facts import BACKUP, DEMO, set_fact
from keyturn.adapters.system import SystemClock, SystemRandom, wall_ms
from keyturn.flows.doctor import examine
from keyturn.lab.certificates import Authority
from keyturn.rules.accounts import Tenant, TenantPolicy
from keyturn.rules.health.sights import SmtpSight
from keyturn.rules.lockout import DAY, MINUTE
from keyturn.rules.messages import Message, MessageState
from keyturn.rules.sender.dns import Query, Reply
from keyturn.settings import Settings
from tests.lab.centre import PASSWORD, USER, Centre
from tests.lab.commanded import keyturn
from tests.lab.nameserver import NameServer, name_server
from tests.lab.own import free_port
from tests.lab.postfix import postfix
from tests.lab.test_kannel import Kannel, kannel  # noqa: F401  the fixture

IP = "203.0.113.7"
KEY = generate_key("north.test", "kt1", "rsa")
RECORD = dns_record(KEY)
RECORDS = {
    "": {"NS": ["a.root-servers.net"]},
    "north.test": {
        "MX": ["20 second.north.test", "10 Mail.North.test"],
        "TXT": ["hello", f"v=spf1 ip4:{IP} -all"],
        "A": ["192.0.2.1", "192.0.2.2"],
    },
    "mail.north.test": {"A": [IP], "AAAA": ["2001:db8::7"]},
    "second.north.test": {"A": [IP]},
    RECORD.name: {"TXT": [RECORD.value]},
    "_dmarc.north.test": {"TXT": ["v=DMARC1; p=reject; rua=mailto:d@north.test"]},
    "7.113.0.203.in-addr.arpa": {"PTR": ["Mail.North.test"]},
    "huge.test": {"TXT": ["v=spf1 " + "ip4:192.0.2.1 " * 500]},
    "odd.test": {"TXT": ["\x00\x1b\xff"], "MX": ["0 ."]},
}


@pytest.fixture
def server() -> Iterator[NameServer]:
    with name_server(RECORDS) as running:
        yield running


def ask(server: NameServer, name: str, kind: Any) -> Any:
    probe = DnsProbe(("127.0.0.1",), server.port)
    return asyncio.run(probe.look(Query(name, kind)))


# -- name servers


@pytest.mark.parametrize(
    ("name", "kind"),
    [(name, kind) for name, found in RECORDS.items() for kind in found]
    + [("north.test", "AAAA"), ("gone.test", "A"), ("a" * 64 + ".test", "A"), ("a..b", "A"),
       ("\u00fc.test", "A"), ("a\\.b.test", "A"), ("x." * 127 + "test", "A")],
)  # fmt: skip
def test_a_real_name_server_is_understood_as_the_memory_twin_answers(
    server: NameServer, name: str, kind: Any
) -> None:
    twin = asyncio.run(MemoryDns(RECORDS).look(Query(name, kind)))
    real = ask(server, name, kind)
    assert real.reply is twin.reply
    expected = [record.lower() if kind != "TXT" else record for record in twin.records]
    expected = ["0 " if record == "0 ." else record for record in expected]
    by_rank = sorted(expected, key=lambda r: int(r.split()[0])) if kind == "MX" else expected
    assert sorted(real.records) == sorted(by_rank)
    if kind == "MX":
        assert list(real.records) == by_rank


def test_what_does_not_fit_into_a_datagram_comes_over_a_stream(server: NameServer) -> None:
    found = ask(server, "huge.test", "TXT")
    assert len(found.records[0]) > 7000
    assert server.streams == 1


def test_a_name_server_that_fails_or_says_nothing_tells_nothing(server: NameServer) -> None:
    server.failing.add("north.test")
    server.mute.add("mail.north.test")
    for name in ("north.test", "mail.north.test"):
        assert ask(server, name, "A").reply is Reply.SILENT


def test_nobody_at_the_name_servers_address_is_silence() -> None:
    probe = DnsProbe(("127.0.0.1",), free_port())
    assert asyncio.run(probe.look(Query("north.test", "A"))).reply is Reply.SILENT


# -- mail servers


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


def smtp(port: int, authority: Authority, **changes: Any) -> SmtpSight:
    made = SmtpServer("localhost", port, "starttls", ca_file=str(authority.ca))
    return asyncio.run(SmtpProbe(replace(made, **changes), wait_s=2).look())


@pytest.mark.parametrize(
    ("name", "ends", "fault"),
    [
        ("localhost", dt.datetime(2120, 1, 1, tzinfo=dt.UTC), ""),
        ("mail.north.test", dt.datetime(2120, 1, 1, tzinfo=dt.UTC), "name"),
        ("localhost", dt.datetime(2024, 1, 1, tzinfo=dt.UTC), "expired"),
    ],
)
def test_a_real_postfix_shows_its_certificate_size_and_dsn_and_gets_no_mail(
    authority: Authority, name: str, ends: dt.datetime, fault: str
) -> None:
    cert, key = authority.certify(name, ends=ends)
    lines = f"""
smtpd_tls_security_level = may
smtpd_tls_cert_file = {cert}
smtpd_tls_key_file = {key}
message_size_limit = 2000000
"""
    with postfix(lines) as port:
        sight = smtp(port, authority)
        assert sight.greeting.startswith("220 mail.northwind.test ESMTP")
        assert sight.offers_tls is True
        assert sight.tls is not None
        assert (sight.tls.fault, sight.tls.names, sight.tls.issuer) == (fault, name, "Lab CA")
        assert sight.tls.ends_at == int(ends.timestamp() * 1000)
        if not fault:
            assert (sight.login, sight.size, sight.dsn) == ("none", 2_000_000, True)
            assert smtp(port, authority, username="u", password="p").login == "not-offered"
            assert (stranger := smtp(port, authority, ca_file=None).tls) is not None
            assert (stranger.fault, stranger.issuer) == ("untrusted", "Lab CA")


def test_a_real_postfix_without_tls_offers_none(authority: Authority) -> None:
    with postfix("") as port:
        assert smtp(port, authority).offers_tls is False
        plain = smtp(port, authority, security="none")
        assert (plain.tls, plain.login, plain.greeted) == (None, "none", True)


class _Door:
    """A mail server with a login; takes nothing."""

    def __init__(self) -> None:
        self.mails = 0

    async def handle_MAIL(self, *_: object) -> str:  # noqa: N802  aiosmtpd's name
        self.mails += 1
        return "250 OK"


def test_a_login_is_tried_and_no_mail_is_sent(authority: Authority) -> None:
    def check(_s: Any, _n: Any, _e: Any, _how: str, who: Any) -> AuthResult:
        return AuthResult(success=who.password == b"right", handled=False)

    door, port = _Door(), free_port()
    at = Controller(
        door, hostname="localhost", port=port, tls_context=authority.context("localhost"),
        authenticator=check, auth_required=True,
    )  # fmt: skip
    at.start()
    try:
        assert smtp(port, authority, username="u", password="right").login == "right"
        wrong = smtp(port, authority, username="u", password="wrong")
        assert (wrong.login, wrong.said[:3]) == ("refused", "535")
        assert door.mails == 0
    finally:
        at.stop()


def scripted(lines: list[bytes]) -> contextlib.AbstractContextManager[int]:
    """A server that says these lines one after the other, whatever it hears."""

    @contextlib.contextmanager
    def run() -> Iterator[int]:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.settimeout(10)

            def serve() -> None:
                with contextlib.suppress(OSError):
                    while True:
                        link, _ = listener.accept()
                        with link, contextlib.suppress(OSError):
                            for line in lines:
                                link.sendall(line)
                                link.recv(1000)

            thread = threading.Thread(target=serve, daemon=True)
            thread.start()
            yield listener.getsockname()[1]

    return run()


def test_servers_that_break_off_or_talk_nonsense_are_told_and_not_stumbled_over(
    authority: Authority,
) -> None:
    with scripted([b"554 5.7.1 go away\x1b[2J\r\n"]) as port:
        sight = smtp(port, authority)
        assert (sight.greeted, sight.greeting[:13]) == (False, "554 5.7.1 go ")
        assert "\x1b" not in sight.greeting
    with scripted([b"220 hi\r\n", b"250-a\r\n250 SIZE 99999999999999999999999\r\n"]) as port:
        sight = smtp(port, authority, security="none")
        assert (sight.greeted, sight.size) == (True, 0)
    with scripted(
        [b"220 hi\r\n", b"250-hi\r\n250 STARTTLS\r\n", b"220 go\r\n", b"no tls\r\n"]
    ) as port:
        sight = smtp(port, authority)
        assert sight.tls is not None
        assert sight.tls.fault == "protocol"
    with scripted([b"\xff\xfe" * 5000]) as port:
        assert not smtp(port, authority).greeted
    with socket.create_server(("127.0.0.1", 0)) as mute:
        silent = smtp(mute.getsockname()[1], authority)
        assert (silent.way.connection, silent.greeted) == ("open", False)
    assert smtp(free_port(), authority).way.connection == "refused"
    assert smtp(25, authority, host="no-such-name.invalid").way.name in {"absent", "silent"}


def test_tls_from_the_first_octet(authority: Authority) -> None:
    for name, fault in (("localhost", ""), ("other.test", "name")):
        with tls_server(authority.context(name), greeting=b"220 hi\r\n") as port:
            sight = smtp(port, authority, security="tls")
            assert sight.tls is not None
            assert (sight.tls.fault, sight.tls.names) == (fault, name)


@contextlib.contextmanager
def tls_server(context: ssl.SSLContext, greeting: bytes = b"") -> Iterator[int]:
    """Shakes hands, says its greeting, hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    link, _ = listener.accept()
                    with (
                        contextlib.suppress(OSError, ssl.SSLError),
                        context.wrap_socket(link, server_side=True) as secure,
                    ):
                        secure.sendall(greeting)
                        secure.recv(100)

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]


# -- the site


@pytest.mark.parametrize(
    ("name", "ends", "fault"),
    [("localhost", 2120, ""), ("other.test", 2120, "name"), ("localhost", 2024, "expired")],
)
def test_the_sites_certificate_is_seen_as_browsers_see_it(
    authority: Authority, name: str, ends: int, fault: str
) -> None:
    context = authority.context(name, dt.datetime(ends, 1, 1, tzinfo=dt.UTC))
    with tls_server(context) as port:
        sight = asyncio.run(WebProbe(str(authority.ca), wait_s=2).look("localhost", port))
        assert sight.tls is not None
        assert (sight.tls.fault, sight.tls.names) == (fault, name)
        stranger = asyncio.run(WebProbe(wait_s=2).look("localhost", port)).tls
        assert stranger is not None
        assert (stranger.fault, stranger.names) == ("untrusted", name)
    assert asyncio.run(WebProbe().look("localhost", free_port())).way.connection == "refused"


# -- SMS gateways


def test_a_real_kannel_tells_right_from_wrong_logins_and_sends_nothing(
    kannel: Kannel,  # noqa: F811  the fixture
) -> None:
    right = asyncio.run(KannelProbe(kannel.url, "keyturn", "s3cret").look())
    assert (right.way.connection, right.login) == ("open", "right")
    wrong = asyncio.run(KannelProbe(kannel.url, "keyturn", "guess").look())
    assert wrong.login == "refused"
    assert "s3cret" not in repr(right) + repr(KannelProbe(kannel.url, "keyturn", "s3cret"))
    gone = asyncio.run(KannelProbe(f"http://127.0.0.1:{free_port()}/x", "a", "b").look())
    assert gone.way.connection == "refused"


class _Transmitters(Centre):
    """A message centre that lets transmitters in, too."""

    def _take(self, session: Any, pdu: Any) -> bool:
        if pdu.command != "bind_transmitter":
            return Centre._take(self, session, pdu)
        right = (pdu.system_id, pdu.password) == (USER.encode(), PASSWORD.encode())
        self.binds += right
        status = 0 if right else 0x0E
        self._say(session, "bind_transmitter_resp", pdu.sequence, status, system_id="CENTRE")
        return right


def test_a_message_centre_is_bound_to_as_transmitter_and_left() -> None:
    async def tried(user: str, password: str) -> tuple[str, int, int]:
        async with _Transmitters() as centre:
            probe = SmppProbe("127.0.0.1", centre.port, user, password, tls=False, wait_s=2)
            sight = await probe.look()
            for _ in range(50):
                if centre.unbinds or sight.login != "right":
                    break
                await asyncio.sleep(0.02)
            return sight.login, centre.binds, centre.unbinds

    assert asyncio.run(tried(USER, PASSWORD)) == ("right", 1, 1)
    assert asyncio.run(tried(USER, "guess")) == ("refused", 0, 0)
    with scripted([b"\x00"]) as port:
        probe = SmppProbe("127.0.0.1", port, USER, PASSWORD, tls=False, wait_s=0.5)
        assert asyncio.run(probe.look()).login == "unclear"


def test_a_rest_gateway_is_asked_for_the_accounts_numbers_alone() -> None:
    for status, login in ((b"200 OK", "right"), (b"401 No", "refused"), (b"302 Moved", "unclear")):
        answer = b"HTTP/1.1 " + status + b"\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}"
        heard: list[bytes] = []
        with socket.create_server(("127.0.0.1", 0)) as listener:

            def serve(listener: socket.socket = listener, answer: bytes = answer) -> None:
                with contextlib.suppress(OSError):
                    while True:
                        link, _ = listener.accept()
                        with link:
                            heard.append(link.recv(4000))  # noqa: B023  of this round
                            link.sendall(answer)

            threading.Thread(target=serve, daemon=True).start()
            url = f"http://127.0.0.1:{listener.getsockname()[1]}/2010-04-01"
            sight = asyncio.run(RestProbe(url, "AC1", "AC1", "token").look())
        assert sight.login == login
        assert b"GET /2010-04-01/Accounts/AC1/IncomingPhoneNumbers.json?PageSize=1 " in b"".join(
            heard
        )


# -- host


def test_this_host_is_seen_as_it_is(tmp_path: Path) -> None:
    ring = tmp_path / "keys.json"
    ring.write_text("{}")
    ring.chmod(0o644)
    gone = tmp_path / "gone"
    probe = HostProbe([tmp_path, tmp_path, gone], ring, (), watch_s=0.05)
    sight = asyncio.run(probe.look())
    here, nowhere = sight.places
    assert (here.there, here.writable, nowhere.there) == (True, True, False)
    assert 0 < here.free < here.size
    assert (sight.ring.mode, sight.ring.fault) == (0o644, "")  # not read while others may
    ring.chmod(0o600)
    assert asyncio.run(probe.look()).ring.fault == "not-a-ring"
    assert abs(sight.jump_ms) < 1000
    assert sight.synchronised in {True, False, None}


def test_a_time_server_is_asked_how_late_it_is() -> None:
    def time_server(offset_ms: int, mode: int) -> int | None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
            link.bind(("127.0.0.1", 0))

            def serve() -> None:
                _, who = link.recvfrom(512)
                seconds = (wall_ms() + offset_ms) / 1000 + 2_208_988_800
                stamp = int(seconds * 2**32).to_bytes(8, "big")
                link.sendto(bytes((0x20 | mode, 1)) + bytes(30) + stamp + stamp, who)

            thread = threading.Thread(target=serve)
            thread.start()
            found = ahead_ms("127.0.0.1", link.getsockname()[1])
            thread.join()
            return found

    ahead = time_server(-60_000, 4)
    assert ahead is not None
    assert abs(ahead - 60_000) < 1000
    assert time_server(0, 3) is None
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as nobody:
        nobody.bind(("127.0.0.1", 0))
        assert ahead_ms("127.0.0.1", nobody.getsockname()[1]) is None


# -- both databases


def filled(url: str, now: int) -> None:
    """A tenant, mails that are late, and mails that came back."""
    migrate.ensure(url)
    store, random = open_store(url), SystemRandom()
    tenant = Tenant(random.id(now), "north", "North", None, "no-reply@north.test", "#000000",
                    "UTC", (), (), TenantPolicy(lockout_scope="account"), now)  # fmt: skip

    def mail(state: MessageState, age: int) -> Message:
        return Message(
            id=random.id(now - age), tenant_id=tenant.id, user_id=None, channel="mail",
            kind="code", address="a@b.test", sealed="", state=state, attempt=0,
            run_at=now - age, expires_at=now + DAY, reference=None, detail="",
            created_at=now - age, updated_at=now - age,
        )  # fmt: skip

    def fill(tx: Any) -> None:
        tx.tenants.add(tenant)
        for message in (
            mail(MessageState.QUEUED, 30 * MINUTE), mail(MessageState.QUEUED, 0),
            mail(MessageState.BOUNCED, MINUTE), mail(MessageState.SENT, 2 * DAY),
        ):  # fmt: skip
            tx.messages.add(message)

    try:
        store.submit_write(fill).result()
        set_fact(store, BACKUP, str(now - DAY))
        set_fact(store, DEMO, "1")
    finally:
        store.close()


def test_either_database_is_seen_with_what_is_in_it(store_url: str) -> None:
    now = SystemClock().now()
    empty = asyncio.run(DatabaseProbe(store_url).look(now))
    assert empty.reached == ("absent" if store_url.startswith("sqlite") else "yes")
    assert empty.revision is None
    filled(store_url, now)
    sight = asyncio.run(DatabaseProbe(store_url).look(now))
    assert (sight.reached, sight.revision, sight.newer) == ("yes", migrate.HEAD, False)
    (tenant,), (outbox,) = sight.tenants, sight.outbox
    assert (tenant.slug, tenant.domain, tenant.lockout_scope) == ("north", "north.test", "account")
    assert (outbox.late, outbox.oldest_due) == (1, now - 30 * MINUTE)
    assert outbox.lately == {"queued": 2, "bounced": 1}
    assert (sight.demo, sight.backup_at) == (True, now - DAY)
    assert abs(sight.ahead_ms) < 1000
    if sight.kind == "postgresql":
        assert sight.durability == {
            "fsync": "off", "full_page_writes": "off", "synchronous_commit": "on",
        }  # fmt: skip
    else:
        assert sight.durability == {"journal_mode": "wal", "synchronous": "full"}


def test_a_database_that_is_away_or_newer_is_told_so(tmp_path: Path) -> None:
    url = f"postgresql+psycopg://u:s3cret@127.0.0.1:{free_port()}/x"
    down = asyncio.run(DatabaseProbe(url).look(0))
    assert down.reached == "down"
    assert "s3cret" not in repr(down)
    (tmp_path / "junk.db").write_bytes(b"no database" * 100)
    junk = asyncio.run(DatabaseProbe(f"sqlite:///{tmp_path}/junk.db").look(0))
    assert (junk.reached, junk.said) == ("down", "file is not a database")


# -- the whole


def test_the_doctor_looks_through_a_real_resolver_and_a_real_postfix(
    server: NameServer, authority: Authority, tmp_path: Path
) -> None:
    key = tmp_path / "kt1.pem"
    key.write_bytes(private_pem(KEY))
    key.chmod(0o600)
    cert, secret = authority.certify("localhost")
    tls = f"smtpd_tls_cert_file = {cert}\nsmtpd_tls_key_file = {secret}\n"
    with postfix(f"smtpd_tls_security_level = may\n{tls}") as port:
        settings = Settings(
            store={"data_dir": tmp_path},  # type: ignore[arg-type]
            mail={  # type: ignore[arg-type]
                "host": "localhost", "port": port, "tls": "starttls", "ca_file": authority.ca,
                "dkim": [{"domain": "north.test", "selector": "kt1", "file": key}],
            },
            doctor={"addresses": [IP]},  # type: ignore[arg-type]
        )  # fmt: skip
        clock = SystemClock()
        filled(settings.store.url, clock.now())
        resolver = DnsProbe(("127.0.0.1",), server.port)
        report = asyncio.run(examine(probes_of(settings, clock, resolver)))
    fine = {finding.cause for finding in report.fine}
    assert fine >= {
        "dns.ok", "domain.ok", "mx.ok", "spf.ok", "dkim.ok", "dmarc.ok", "reverse.ok",
        "smtp-name.ok", "smtp-connection.ok", "smtp-tls.ok", "smtp-login.none", "smtp-limits.ok",
        "database.ok", "tables.ok", "durability.ok", "backup.ok", "mail-keys.ok",
    }  # fmt: skip
    roots = {root.finding.cause for root in report.roots}
    assert {"mail-waiting.stuck", "demo.present", "settings.lockout-scope"} <= roots
    # a mail that waits is no fault of a mail server that answers
    assert not {cause for cause in roots if cause.startswith(("spf", "dkim", "smtp"))}


def test_the_command_runs_where_nothing_has_ever_run(tmp_path: Path) -> None:
    done = keyturn(tmp_path, "doctor", "--json", KEYTURN_MAIL__PORT=str(free_port()))
    told = json.loads(done.stdout)
    assert done.returncode == 1
    assert "smtp-connection.refused" in {root["cause"] for root in told["roots"]}
    assert not list(tmp_path.iterdir())  # and makes nothing
    assert keyturn(tmp_path, "doctor", "--only", "x").returncode == 2
