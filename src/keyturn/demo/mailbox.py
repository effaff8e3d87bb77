"""The far side of the demo's mail: a real SMTP hop on loopback that keeps what it gets.

It chooses fates by the address (`adapters.memory.mail_fate`) and checks DKIM signatures
against records given to it, as a receiving provider does against the DNS.
"""

from __future__ import annotations

import asyncio
import contextlib
import email
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from email import policy
from email.message import MIMEPart
from weakref import WeakSet

import dkim
from aiosmtpd.smtp import SMTP, Envelope, Session

from keyturn.adapters.memory import mail_fate

KEPT = 1000


@dataclass(frozen=True, slots=True)
class KeptMail:
    """A mail that arrived.

    Attributes:
        envelope, to: MAIL FROM ("<>" for a bounce) and RCPT TO.
        sender: the From field as a reader sees it.
        date: the Date field, RFC 5322.
        signatures: how many DKIM signatures it has; `genuine`: whether it has any and all
            are right.
        raw: as it came over the wire.
    """

    envelope: str
    to: str
    sender: str
    subject: str
    date: str
    message_id: str
    text: str
    html: str
    signatures: int
    genuine: bool
    raw: bytes


class Mailbox:
    """A receiving mail server.

    Args:
        records: DKIM's TXT records by name, e.g. "s1._domainkey.northwind.test".
    """

    def __init__(self, records: Mapping[str, str] | None = None) -> None:
        self.records = dict(records or {})
        self.mails: deque[KeptMail] = deque(maxlen=KEPT)
        self.port = 0
        #: also told of every mail as it arrives
        self.listener: Callable[[KeptMail], None] | None = None
        self._tries: dict[str, int] = {}
        self._server: asyncio.Server | None = None
        self._links: WeakSet[SMTP] = WeakSet()

    async def start(self, port: int = 0) -> None:
        """Listen on loopback; 0 takes any free port, told in `port`."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._protocol, "127.0.0.1", port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Listen no more, and hang up on whoever is still there."""
        if self._server is not None:
            self._server.close()
            self._server = None
        await hang_up(self._links)

    def _protocol(self) -> SMTP:
        loop = asyncio.get_running_loop()
        link = SMTP(self, hostname="mx.localhost", ident="demo", enable_SMTPUTF8=True, loop=loop)
        self._links.add(link)
        return link

    async def handle_RCPT(  # noqa: N802  aiosmtpd calls it by this name
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        """Refuse or take an address."""
        self._tries[address] = self._tries.get(address, 0) + 1
        refusal = mail_fate(address, self._tries[address])
        if refusal is not None:
            return str(refusal)
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802  as above
        """Keep the mail once for each address."""
        raw = envelope.content
        if isinstance(raw, bytes):
            for to in envelope.rcpt_tos:
                self._keep(self._kept(envelope.mail_from or "", to, raw))
        return "250 2.0.0 OK"

    def _keep(self, mail: KeptMail) -> None:
        self.mails.append(mail)
        if self.listener is not None:
            self.listener(mail)

    def _kept(self, envelope: str, to: str, raw: bytes) -> KeptMail:
        message = email.message_from_bytes(raw, policy=policy.default)
        text, html = message.get_body(("plain",)), message.get_body(("html",))
        signatures = len(message.get_all("DKIM-Signature", []))
        return KeptMail(
            envelope=envelope,
            to=to,
            sender=str(message["From"]),
            subject=str(message["Subject"]),
            date=str(message["Date"]),
            message_id=str(message["Message-ID"]),
            text=_lines(text),
            html=_lines(html),
            signatures=signatures,
            genuine=signatures > 0 and all(self._genuine(raw, i) for i in range(signatures)),
            raw=raw,
        )

    def _genuine(self, raw: bytes, index: int) -> bool:
        try:
            return bool(dkim.DKIM(raw).verify(index, dnsfunc=self._record))
        except dkim.DKIMException:
            return False

    def _record(self, name: bytes, timeout: int = 5) -> bytes | None:  # noqa: ARG002  dkimpy passes it
        record = self.records.get(name.decode().rstrip("."))
        return None if record is None else record.encode()


async def hang_up(links: Iterable[SMTP]) -> None:
    """Break connections and let their protocols hear of it before the loop ends."""
    for link in tuple(links):
        if isinstance(link.transport, asyncio.WriteTransport):
            with contextlib.suppress(AttributeError):  # Python before 3.11.4: aiosmtpd closes twice
                link.transport.abort()
    for _ in range(3):  # the transport's turn, the protocol's, its cancelled task's
        await asyncio.sleep(0)


def _lines(part: MIMEPart | None) -> str:
    """A part's text with line ends as they are here; on the wire they are CRLF."""
    return "" if part is None else str(part.get_content()).replace("\r\n", "\n")
