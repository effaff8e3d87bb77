"""Mail over SMTP (RFC 5321), encrypted or to this machine only, signed with DKIM.

Where reports are read back, each mail leaves with a return path of its own (rules.verp) and
asks for receipts of every fate (RFC 3461), if the server offers that.

smtplib speaks the protocol; a few threads of their own keep its waiting away from the
event loop. One connection a mail: a security mail must not wait for an idle one to die.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import re
import smtplib
import socket
import ssl
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from typing import TYPE_CHECKING, Literal

from keyturn.adapters.replies import one_line
from keyturn.ports.delivery import Mail, NotDelivered, Receipt
from keyturn.ports.system import Clock
from keyturn.rules.verp import ReturnPath

if TYPE_CHECKING:
    from keyturn.adapters.dkim import Signer

THREADS = 4
Security = Literal["starttls", "tls", "none"]
DOT_ATOM = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*")
DOMAIN = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """The server that takes our mail.

    Attributes:
        security: "starttls" (refused if the server does not offer it), "tls" (from the
            first octet, RFC 8314) or "none", to a loopback address only.
        username, password: for AUTH; none without a username.
        ca_file: certificates to trust instead of the system's.
        envelope: where bounces go (MAIL FROM) if nobody reads them back; the sender's
            address where it is None.
        wait_s: seconds that the server may take for each answer.
        total_s: seconds for the whole conversation; below the outbox's lease of 60 s.
    """

    host: str
    port: int = 587
    security: Security = "starttls"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: str | None = None
    envelope: str | None = None
    wait_s: float = 10
    total_s: float = 45

    def __post_init__(self) -> None:
        """Raises ValueError where mail would cross a network in clear, and for an envelope
        that is no address.
        """
        if self.security == "none" and not _is_loopback(self.host):
            raise ValueError("security")
        if self.envelope is not None:
            _address(self.envelope)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class _Envelope:
    """Sender and recipient. `receipts`: the identifier that receipts are asked for under, or
    None where nobody reads them: they would fill somebody's mailbox.
    """

    sender: str
    to: str
    receipts: str | None = None

    def mail_options(self, smtp: smtplib.SMTP) -> list[str]:
        """Parameters of MAIL. RET=HDRS: a mail that comes back does not bring its code."""
        wide = [] if (self.sender + self.to).isascii() else ["SMTPUTF8"]
        if self.receipts is None or not smtp.has_extn("dsn"):
            return wide
        return [*wide, "RET=HDRS", f"ENVID={self.receipts}"]

    def rcpt_options(self, smtp: smtplib.SMTP) -> list[str]:
        """Parameters of RCPT."""
        if self.receipts is None or not smtp.has_extn("dsn"):
            return []
        return ["NOTIFY=SUCCESS,FAILURE,DELAY"]


class SmtpMailer:
    """The Mailer port. `close` it at the end; a closed one opens again when used."""

    def __init__(
        self,
        server: SmtpServer,
        clock: Clock,
        signer: Signer | None,
        returns: Callable[[str], ReturnPath] | None = None,
    ) -> None:
        """Args:
        signer: signs mails of the domains that it has keys of; None: nothing is signed.
        returns: gives a message's return path. With it, receipts are asked for.
        """
        self._server = server
        self._clock = clock
        self._signer = signer
        self._returns = returns
        self._pool: ThreadPoolExecutor | None = None

    async def send(self, mail: Mail) -> Receipt:
        """Hand over one mail. Raises NotDelivered.

        Final is only what the server says of this mail: a 5xx after MAIL, RCPT or DATA. A
        5xx in its greeting or after AUTH is about us, can be mended, and is tried again.
        """
        message = compose(mail, self._clock.now())
        domain = message["From"].addresses[0].domain
        if self._pool is None:
            self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="smtp")
        talk = _Conversation(self._server)
        envelope = self._envelope(mail.id, message)

        def work() -> str:
            raw = message.as_bytes()
            return talk.hand_over(envelope, self._signer.sign(raw, domain) if self._signer else raw)

        done = asyncio.get_running_loop().run_in_executor(self._pool, work)
        try:
            said = await asyncio.wait_for(done, self._server.total_s)
        except TimeoutError:
            talk.abort()
            raise NotDelivered("the mail server took too long", final=False) from None
        return Receipt(reference=message["Message-ID"], detail=said)

    def _envelope(self, message_id: str, message: EmailMessage) -> _Envelope:
        to = message["To"].addresses[0].addr_spec
        if self._returns is not None:
            path = self._returns(message_id)
            return _Envelope(path.address, to, path.envelope_id)
        return _Envelope(self._server.envelope or message["From"].addresses[0].addr_spec, to)

    def close(self) -> None:
        """Let mails under way finish, then give the threads back."""
        if self._pool is not None:
            self._pool.shutdown(wait=True)
            self._pool = None


class _Conversation:
    """One connection, one mail. Lives in a thread; only `abort` is called from outside."""

    def __init__(self, server: SmtpServer) -> None:
        self._server = server
        self._smtp: smtplib.SMTP | None = None
        self._aborted = False

    def hand_over(self, envelope: _Envelope, raw: bytes) -> str:
        """Connect, log in, hand over, leave. Returns the server's last words."""
        try:
            self._smtp = smtp = self._connect()
            try:
                self._prepare(smtp)
                return self._transact(smtp, envelope, raw)
            finally:
                _leave(smtp)
        except smtplib.SMTPResponseException as error:
            raise NotDelivered(_said(error.smtp_code, error.smtp_error), final=False) from error
        except (OSError, smtplib.SMTPException) as error:
            raise NotDelivered(one_line(str(error) or type(error).__name__), final=False) from error

    def abort(self) -> None:
        """Break the connection, so that the thread does not wait on."""
        self._aborted = True
        if self._smtp is not None and self._smtp.sock is not None:
            with contextlib.suppress(OSError):
                self._smtp.sock.shutdown(socket.SHUT_RDWR)

    def _connect(self) -> smtplib.SMTP:
        server = self._server
        if server.security == "tls":
            return smtplib.SMTP_SSL(
                server.host, server.port, timeout=server.wait_s, context=self._context()
            )
        return smtplib.SMTP(server.host, server.port, timeout=server.wait_s)

    def _prepare(self, smtp: smtplib.SMTP) -> None:
        """STARTTLS and AUTH. A server that stopped offering STARTTLS gets no mail."""
        if self._server.security == "starttls":
            smtp.starttls(context=self._context())
        if self._server.username is not None:
            smtp.login(self._server.username, self._server.password or "")

    def _transact(self, smtp: smtplib.SMTP, envelope: _Envelope, raw: bytes) -> str:
        """MAIL, RCPT, DATA. Returns the last answer. Raises NotDelivered, final for 5xx."""
        smtp.ehlo_or_helo_if_needed()
        options = envelope.mail_options(smtp)
        if "SMTPUTF8" in options and not smtp.has_extn("smtputf8"):
            raise NotDelivered("the mail server takes no addresses beyond ASCII", final=True)
        _check(*smtp.mail(envelope.sender, options))
        _check(*smtp.rcpt(envelope.to, envelope.rcpt_options(smtp)))
        if self._aborted:
            raise NotDelivered("the mail server took too long", final=False)
        try:
            answer: tuple[int, bytes | str] = smtp.data(raw)
        except smtplib.SMTPDataError as error:
            answer = error.smtp_code, error.smtp_error
        _check(*answer)
        return _said(*answer)

    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self._server.ca_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context


def _leave(smtp: smtplib.SMTP) -> None:
    """QUIT. Whatever comes of it, the mail's fate is settled already."""
    with contextlib.suppress(OSError, smtplib.SMTPException):
        smtp.quit()
    smtp.close()


def _check(code: int, words: bytes | str) -> None:
    """Nothing for 2xx. Raises NotDelivered: final for 5xx, else (4xx, nonsense) for now."""
    if not 200 <= code < 300:  # noqa: PLR2004  reply codes, RFC 5321 §4.2.1
        raise NotDelivered(_said(code, words), final=500 <= code < 600)  # noqa: PLR2004  same


def _said(code: int, words: bytes | str) -> str:
    """A server's reply as one line, e.g. "550 5.1.1 no such user"."""
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return one_line(f"{code} {text}")


def compose(mail: Mail, now: int) -> EmailMessage:
    """The message (RFC 5322), text and HTML as alternatives, in seven-bit encodings so
    that no relay has to touch what is signed.

    Raises NotDelivered (final) for a control character in a field or a bad address.
    """
    fields = (mail.sender[0], mail.sender[1], mail.to, mail.subject, *mail.headers.values())
    if any(unicodedata.category(c) in {"Cc", "Zl", "Zp"} for text in fields for c in text):
        raise NotDelivered("a control character in a header field", final=True)
    try:
        return _composed(mail, now)
    except ValueError as error:
        raise NotDelivered("not a mail address", final=True) from error


def _composed(mail: Mail, now: int) -> EmailMessage:
    sender, to = _address(mail.sender[1], mail.sender[0]), _address(mail.to)
    ascii_only = (sender.addr_spec + to.addr_spec).isascii()
    message = EmailMessage(policy=policy.SMTP if ascii_only else policy.SMTPUTF8)
    message["From"] = sender
    message["To"] = to
    message["Subject"] = mail.subject
    message["Date"] = datetime.fromtimestamp(now / 1000, UTC)
    message["Message-ID"] = f"<{mail.id}@{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday answers, please
    for name, value in mail.headers.items():
        message[name] = value
    message.set_content(mail.text, cte="quoted-printable")
    message.add_alternative(mail.html, subtype="html", cte="quoted-printable")
    return message


def _address(spec: str, name: str = "") -> Address:
    """An address, its domain in ASCII form. Raises ValueError for anything but a dot-atom
    (RFC 5322 §3.4.1, letters of RFC 6532 included) at a domain.
    """
    local, _, domain = spec.rpartition("@")
    domain = domain.encode("idna").decode("ascii")
    if not DOT_ATOM.fullmatch(local) or not DOMAIN.fullmatch(domain):
        raise ValueError(spec)
    return Address(name, local, domain)
