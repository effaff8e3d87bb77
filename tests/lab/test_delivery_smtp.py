"""SmtpMailer over real sockets: the contract, TLS, refusals, servers that hang."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from keyturn.adapters.dkim import Signer, dns_record, generate_key
from keyturn.adapters.memory_secrets import MemoryClock
from keyturn.adapters.smtp import Security, SmtpMailer, SmtpServer
from keyturn.demo.mailbox import hang_up
from keyturn.demo.peers import Peers
from keyturn.rules.verp import ReturnPath, return_path
from tests.unit.adapters.delivery_contract import ID, MailerContract, a_mail, refused, send

KEYS = [generate_key("northwind.test", f"{kind}1", kind) for kind in ("rsa", "ed25519")]


@pytest.fixture
def peers() -> Iterator[Peers]:
    with Peers(dict(dns_record(key) for key in KEYS)) as running:
        yield running


def returns(message_id: str) -> ReturnPath:
    return return_path("bounce@returns.test", message_id, "A" * 43)


def mailer_for(server: SmtpServer) -> SmtpMailer:
    return SmtpMailer(server, MemoryClock(), Signer(KEYS))


class TestSmtpMailer(MailerContract):
    @pytest.fixture
    def mailer(self, peers: Peers) -> Iterator[SmtpMailer]:
        server = SmtpServer("127.0.0.1", peers.mailbox.port, "none", envelope="bounce@idp.test")
        mailer = mailer_for(server)
        yield mailer
        mailer.close()

    def test_a_mail_arrives_whole_signed_and_from_the_envelope_address(
        self, mailer: SmtpMailer, peers: Peers
    ) -> None:
        receipt = send(mailer, a_mail(subject="Zwölf “Boxkämpfer” " + "x" * 200))
        (kept,) = peers.mailbox.mails
        assert (kept.envelope, kept.to) == ("bounce@idp.test", "ada@example.test")
        assert kept.subject == "Zwölf “Boxkämpfer” " + "x" * 200
        assert kept.text == a_mail().text
        assert kept.html.strip() == a_mail().html
        assert kept.message_id == receipt.reference
        assert kept.date == "Thu, 01 Jan 2026 00:00:00 +0000"
        assert (kept.signatures, kept.genuine) == (2, True)

    def test_an_address_beyond_ascii_arrives(self, mailer: SmtpMailer, peers: Peers) -> None:
        send(mailer, a_mail("jürgen@bücher.test"))
        (kept,) = peers.mailbox.mails
        assert kept.to == "jürgen@xn--bcher-kva.test"
        assert kept.genuine

    def test_many_mails_at_once_all_arrive(self, mailer: SmtpMailer, peers: Peers) -> None:
        async def burst() -> None:
            await asyncio.gather(*(mailer.send(a_mail(f"u{i}@example.test")) for i in range(20)))

        asyncio.run(burst())
        assert {kept.to for kept in peers.mailbox.mails} == {
            f"u{i}@example.test" for i in range(20)
        }

    def test_a_mail_leaves_with_a_return_path_of_its_own(self, peers: Peers) -> None:
        """This server offers no receipts, and would refuse to be asked for them."""
        server = SmtpServer("127.0.0.1", peers.mailbox.port, "none")
        mailer = SmtpMailer(server, MemoryClock(), Signer(KEYS), returns)
        assert send(mailer, a_mail()).detail.startswith("250")
        mailer.close()
        (kept,) = peers.mailbox.mails
        assert kept.envelope == f"bounce+{ID}.aaaaaaaaaaaaaaaa@returns.test"

    def test_a_closed_mailer_opens_again(self, mailer: SmtpMailer) -> None:
        send(mailer, a_mail())
        mailer.close()
        assert send(mailer, a_mail()).detail.startswith("250")


def test_a_server_that_is_away_is_a_refusal_for_now() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    mailer = mailer_for(SmtpServer("127.0.0.1", port, "none"))
    assert not refused(mailer, a_mail()).final
    mailer.close()


def test_a_server_that_says_nothing_is_a_refusal_for_now() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        server = SmtpServer("127.0.0.1", mute.getsockname()[1], "none", wait_s=0.3)
        mailer = mailer_for(server)
        refusal = refused(mailer, a_mail())
        assert not refusal.final
        assert "timed out" in refusal.detail
        mailer.close()


def test_a_server_that_drips_is_left_after_the_time_for_the_whole() -> None:
    stop = threading.Event()

    def drip(listener: socket.socket) -> None:
        link, _ = listener.accept()
        with link:
            while not stop.wait(0.05):
                try:
                    link.sendall(b"2")
                except OSError:
                    return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip, args=(listener,))
        thread.start()
        port = listener.getsockname()[1]
        mailer = mailer_for(SmtpServer("127.0.0.1", port, "none", wait_s=5, total_s=0.5))
        refusal = refused(mailer, a_mail())
        stop.set()
        thread.join()
        mailer.close()
    assert not refusal.final
    assert "too long" in refusal.detail


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 and its key."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    begin = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, begin, begin.replace(year=2120))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return folder / "cert.pem", folder / "key.pem"


# aiosmtpd does not know that implicit TLS is TLS, and warns
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")


class TlsServer:
    """A mail server that takes mail over TLS and after AUTH only; in a thread of its own."""

    def __init__(self, certificate: tuple[Path, Path], security: Security) -> None:
        self.got: list[str | None] = []
        self.port = 0
        self._links: list[SMTP] = []
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.load_cert_chain(*certificate)
        self._implicit = security == "tls"
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def _protocol(self) -> SMTP:
        starttls = None if self._implicit else self._context
        link = SMTP(
            self,
            hostname="mx.localhost",
            loop=self._loop,
            tls_context=starttls,
            require_starttls=starttls is not None,
            authenticator=self._check,
            auth_required=True,
            auth_require_tls=not self._implicit,  # else aiosmtpd does not see that TLS is there
        )
        self._links.append(link)
        return link

    def _check(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _how: str, who: object
    ) -> AuthResult:
        right = isinstance(who, LoginPassword) and who.password == b"s3cret"
        return AuthResult(success=right, handled=False)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802  aiosmtpd's name
        self.got.append(envelope.mail_from)
        return "250 OK"

    async def _listen(self) -> asyncio.Server:
        implicit = self._context if self._implicit else None
        return await self._loop.create_server(self._protocol, "127.0.0.1", 0, ssl=implicit)

    def __enter__(self) -> Self:
        self._thread.start()
        server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(5)
        self.port = server.sockets[0].getsockname()[1]
        self._close = server.close
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._close)
        asyncio.run_coroutine_threadsafe(hang_up(self._links), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()


def tls_mailer(
    server: TlsServer, security: Security, ca_file: Path | None, password: str = "s3cret"
) -> SmtpMailer:
    return mailer_for(
        SmtpServer(
            "127.0.0.1",
            server.port,
            security,
            username="keyturn",
            password=password,
            ca_file=None if ca_file is None else str(ca_file),
        )
    )


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_mail_goes_over_tls_after_log_in(
    certificate: tuple[Path, Path], security: Security
) -> None:
    with TlsServer(certificate, security) as server:
        mailer = tls_mailer(server, security, certificate[0])
        assert send(mailer, a_mail()).detail == "250 OK"
        assert server.got == ["account@northwind.test"]
        mailer.close()


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_server_that_nobody_vouches_for_gets_no_mail_and_no_password(
    certificate: tuple[Path, Path], security: Security
) -> None:
    with TlsServer(certificate, security) as server:
        mailer = tls_mailer(server, security, None)
        refusal = refused(mailer, a_mail())
        assert not refusal.final
        assert "certificate" in refusal.detail
        assert server.got == []
        mailer.close()


def test_a_wrong_log_in_is_ours_to_mend_and_not_the_end_of_the_mail(
    certificate: tuple[Path, Path],
) -> None:
    with TlsServer(certificate, "starttls") as server:
        mailer = tls_mailer(server, "starttls", certificate[0], password="old")
        refusal = refused(mailer, a_mail())
        assert not refusal.final
        assert refusal.detail.startswith("535")
        mailer.close()


def test_a_server_that_no_longer_offers_starttls_gets_no_mail(peers: Peers) -> None:
    mailer = mailer_for(SmtpServer("127.0.0.1", peers.mailbox.port, "starttls"))
    assert not refused(mailer, a_mail()).final
    assert not peers.mailbox.mails
    mailer.close()
