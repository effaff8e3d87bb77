"""TLS to an LDAP server, and what went wrong with it.

TLS is Python's, not libldap's: which versions are taken, who signed and whose name it is must
not depend on the library that libldap happens to be linked with (with GnuTLS it ignores
`OPT_X_TLS_PROTOCOL_MIN` and lets TLS 1.0 in), and a refusal must have its cause, where libldap
says "Can't contact LDAP server" of all of them.  libldap gets one end of a socket pair and
never sees a certificate; closing the other end ends whatever it waits for, so that no thread
can hang.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
import warnings
from contextlib import suppress
from pathlib import Path

from keyturn.agent.ports import Unreachable

_CHUNK = 64 * 1024
#: X509_V_ERR_… of OpenSSL's x509_vfy.h
_EXPIRED = {9, 10}  # not yet valid, has expired
_OTHER_NAME = {62, 63, 64}  # host name, e-mail, address
_OLD = {"UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION", "WRONG_SSL_VERSION"}
_NOBODY = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ETIMEDOUT, errno.EHOSTDOWN}


def trusting(ca_file: Path) -> ssl.SSLContext:
    """What a server is held to: TLS 1.2 or newer, signed by this CA, under its own name.

    Raises OSError, ssl.SSLError for a file that is none.
    """
    context = ssl.create_default_context(cafile=ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


class _HungUp(OSError):
    """It took the connection, and closed it instead of agreeing on TLS: so GnuTLS, and with it
    Samba, treats a version that it does not speak.
    """


class Channel:
    """One TLS connection, with a plain socket for libldap at our end."""

    def __init__(self, inner: Streams, outer: Streams, end: socket.socket) -> None:
        self._writers = inner[1], outer[1]
        self._end = end
        self._relays = [
            asyncio.create_task(self._relay(outer[0], inner[1])),
            asyncio.create_task(self._relay(inner[0], outer[1])),
        ]

    @classmethod
    async def open(cls, host: str, address: str, port: int, context: ssl.SSLContext) -> Channel:
        """Raises Unreachable with the cause. Never waits longer than it is let."""
        try:
            outer = await secured(host, address, port, context)
        except OSError as error:
            cause = await _cause(error, address, port)
            raise Unreachable(host, cause, str(error)) from None
        except ValueError as error:  # no name that a resolver or a certificate could have
            raise Unreachable(host, "name", str(error)) from None
        ours, theirs = socket.socketpair()
        try:
            return cls(await asyncio.open_connection(sock=ours), outer, theirs)
        except BaseException:  # given up meanwhile: nobody else knows of these
            outer[1].transport.abort()
            ours.close()
            theirs.close()
            raise

    def take(self) -> int:
        """The file descriptor for libldap, which closes it; once."""
        return self._end.detach()

    @property
    def closed(self) -> bool:
        """One side is gone; nothing comes through any more."""
        return any(relay.done() for relay in self._relays)

    def close(self) -> None:
        """At once: whoever waits for an answer is told that there is nobody."""
        for relay in self._relays:
            relay.cancel()
        for writer in self._writers:
            writer.transport.abort()
        self._end.close()

    async def _relay(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(_CHUNK):
                target.write(data)
                await target.drain()
        for writer in self._writers:
            # what was already said is still delivered; and once: a TLS transport that is closed
            # twice cannot be aborted any more (Python before 3.11.4: AttributeError)
            if not writer.is_closing():
                writer.close()


Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def secured(host: str, address: str, port: int, context: ssl.SSLContext) -> Streams:
    """First the plain connection, then TLS over it: whoever gives up in between has the plain one
    in hand. asyncio would only ask TLS to end it, some time, and its socket's number might be
    another socket's by then. Raises OSError, ValueError (a name that nobody has).
    """
    sock = await connected(address, port)
    try:
        reader, writer = await asyncio.open_connection(sock=sock)
    except BaseException:
        sock.close()
        raise
    plain = writer.transport
    try:
        await writer.start_tls(context, server_hostname=host)
    except BaseException as error:
        plain.abort()
        if isinstance(error, ConnectionError):  # it answered, and hung up while agreeing on TLS
            raise _HungUp("closed during the handshake") from error
        raise
    return reader, writer


async def connected(address: str, port: int) -> socket.socket:
    """A connected socket: to the first of the name's addresses that answers. Raises OSError,
    ValueError.
    """
    loop = asyncio.get_running_loop()
    failed: OSError = socket.gaierror(socket.EAI_NONAME, "no address")
    for family, kind, protocol, _name, where in await loop.getaddrinfo(
        address, port, type=socket.SOCK_STREAM
    ):
        sock = socket.socket(family, kind, protocol)
        sock.setblocking(False)
        try:
            await loop.sock_connect(sock, where)
        except OSError as error:
            failed = error
            sock.close()
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise failed


async def _cause(error: OSError, address: str, port: int) -> str:
    """A word for it, as in Unreachable."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _certificate(error.verify_code)
    if isinstance(error, ssl.SSLError | _HungUp):
        told = isinstance(error, ssl.SSLError) and error.reason in _OLD
        return "tls_old" if told or await _is_old(address, port) else "tls"
    if isinstance(error, socket.gaierror):
        return "name"
    return "timeout" if error.errno in _NOBODY else "refused"


def _certificate(code: int) -> str:
    if code in _EXPIRED:
        return "tls_expired"
    return "tls_name" if code in _OTHER_NAME else "tls_ca"


async def _is_old(address: str, port: int) -> bool:
    """Whether it would speak TLS 1.0 or 1.1: evidence, asked for after a refusal.

    Nothing is verified and nothing is sent through it.
    """
    with suppress(OSError):
        _reader, writer = await secured("", address, port, outdated())
        writer.transport.abort()
        return True
    return False


def outdated() -> ssl.SSLContext:
    """What agrees to TLS 1.0 and 1.1 only, and trusts anybody: for looking, never for saying."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")  # else OpenSSL 3 does not offer them
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context
