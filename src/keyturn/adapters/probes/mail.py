"""The mail server, spoken to as for a mail, and left without one."""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from keyturn.adapters.probes import tls
from keyturn.adapters.probes.threads import aside
from keyturn.adapters.probes.ways import WAIT_S, reach
from keyturn.adapters.replies import one_line
from keyturn.adapters.smtp import SmtpServer
from keyturn.rules.health.sights import SmtpSight, TlsSight

GREETING, LONGEST = 220, 120


class _Talk(smtplib.SMTP):
    """smtplib over a connection that is open already."""

    def __init__(self, connection: socket.socket, host: str, wait_s: float) -> None:
        self._open = connection
        super().__init__(timeout=wait_s)
        self._host = host  # what STARTTLS compares the certificate with
        self.refusal: smtplib.SMTPAuthenticationError | None = None

    def auth(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        """One way to log in. A refusal is kept: some servers hang up at the next."""
        try:
            return super().auth(*args, **kwargs)
        except smtplib.SMTPAuthenticationError as error:
            self.refusal = error
            raise

    def _get_socket(self, *_: object) -> socket.socket:
        """What `connect` would open."""
        return self._open


@dataclass(frozen=True, slots=True)
class SmtpProbe:
    """See ports.health.MailServer. `wait_s`: seconds for each answer."""

    server: SmtpServer
    wait_s: float = WAIT_S

    async def look(self) -> SmtpSight:
        """See the port."""
        return await aside(self._look)

    def _look(self) -> SmtpSight:
        server = self.server
        way, connection = reach(server.host, server.port, self.wait_s)
        sight = SmtpSight(way)
        if connection is None:
            return sight
        if server.security == "tls":
            secure, seen = tls.handshake(connection, server.host, server.ca_file)
            sight = replace(sight, tls=seen)
            if secure is None:
                return replace(sight, tls=self._in_full(seen))
            connection = secure
        with contextlib.closing(connection):
            try:
                return self._converse(_Talk(connection, server.host, self.wait_s), sight)
            except (OSError, smtplib.SMTPException) as error:
                return replace(sight, said=one_line(str(error)))

    def _converse(self, talk: _Talk, sight: SmtpSight) -> SmtpSight:
        """From the greeting on; what is known when the server breaks off is kept."""
        code, words = talk.connect(self.server.host, self.server.port)
        greeting = f"{code} {one_line(words.decode('ascii', 'replace'))}"[:LONGEST]
        sight = replace(sight, greeted=code == GREETING, greeting=greeting)
        if not sight.greeted:
            return sight
        kept = _Kept(sight)
        with _held(kept):
            self._go_on(talk, kept)
        return kept.sight

    def _go_on(self, talk: _Talk, kept: _Kept) -> None:
        talk.ehlo_or_helo_if_needed()
        if self.server.security == "starttls":
            kept.sight = self._encrypted(talk, kept.sight)
            if kept.sight.tls is None or kept.sight.tls.fault:
                return
            talk.ehlo_or_helo_if_needed()
        kept.sight = _limits(talk, kept.sight)
        kept.sight = self._logged_in(talk, kept.sight)
        talk.quit()

    def _encrypted(self, talk: _Talk, sight: SmtpSight) -> SmtpSight:
        if not talk.has_extn("starttls"):
            return replace(sight, offers_tls=False)
        sight = replace(sight, offers_tls=True)
        try:
            talk.starttls(context=tls.context(self.server.ca_file))
        except (ssl.SSLError, OSError) as error:
            what, said = tls.fault(error)
            return replace(sight, tls=self._in_full(TlsSight("", what, said=said)))
        secure = talk.sock
        return replace(sight, tls=tls.sight(secure) if isinstance(secure, ssl.SSLSocket) else None)

    def _in_full(self, seen: TlsSight) -> TlsSight:
        """A second handshake that trusts anybody, only to read the certificate."""
        if seen.fault == "protocol":
            return seen
        _, connection = reach(self.server.host, self.server.port, self.wait_s)
        if connection is None:
            return seen
        with contextlib.closing(connection), contextlib.suppress(OSError, smtplib.SMTPException):
            found = self._untrusted(connection)
            if found is not None:
                return replace(found, fault=seen.fault, said=seen.said)
        return seen

    def _untrusted(self, connection: socket.socket) -> TlsSight | None:
        host, ca_file = self.server.host, self.server.ca_file
        if self.server.security == "tls":
            secure, seen = tls.handshake(connection, host, ca_file, trusting=True)
            if secure is not None:
                secure.close()
            return seen
        talk = _Talk(connection, host, self.wait_s)
        talk.connect(host, self.server.port)
        talk.starttls(context=tls.context(ca_file, trusting=True))
        try:
            return tls.sight(talk.sock) if isinstance(talk.sock, ssl.SSLSocket) else None
        finally:
            talk.close()

    def _logged_in(self, talk: _Talk, sight: SmtpSight) -> SmtpSight:
        server = self.server
        if server.username is None:
            return replace(sight, login="none")
        try:
            talk.login(server.username, server.password or "")
        except smtplib.SMTPNotSupportedError:
            return replace(sight, login="not-offered")
        except (smtplib.SMTPResponseException, smtplib.SMTPServerDisconnected) as broken:
            error = talk.refusal or broken
            if not isinstance(error, smtplib.SMTPResponseException):
                return replace(sight, login="refused", said=one_line(str(error)))
            words = error.smtp_error
            text = words.decode("ascii", "replace") if isinstance(words, bytes) else str(words)
            return replace(sight, login="refused", said=one_line(f"{error.smtp_code} {text}"))
        return replace(sight, login="right")


@dataclass(slots=True)
class _Kept:
    sight: SmtpSight


@contextlib.contextmanager
def _held(kept: _Kept) -> Iterator[None]:
    """What was seen stays, whatever the server does then."""
    try:
        yield
    except (OSError, smtplib.SMTPException) as error:
        kept.sight = replace(kept.sight, said=one_line(str(error)))


def _limits(talk: _Talk, sight: SmtpSight) -> SmtpSight:
    told = talk.esmtp_features.get("size", "")
    size = int(told) if told.isascii() and told.isdigit() and len(told) < 19 else 0  # noqa: PLR2004  64 bits
    return replace(sight, size=size, dsn=talk.has_extn("dsn"))
