"""What a server's ports offer, asked without trusting it and without saying anything to it.

A few handshakes, each ended at once: one that takes TLS 1.2 and newer, one that ends there, one
of what came before, and, if there was a certificate, one that asks who vouches for it, leaving
its end aside (its end is judged by the server's clock, not by this machine's).
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from cryptography import x509

from keyturn.agent.directories.ldap.channel import connected, outdated, secured
from keyturn.rules.directories.health.facts import Probe

#: ports that show that a controller lives: LDAP, Kerberos, SMB
SIGNS_OF_LIFE: Final = (389, 88, 445)
#: one handshake, one connection
_SECONDS: Final = 5.0
#: X509_V_FLAG_NO_CHECK_TIME (OpenSSL's x509_vfy.h); Python has no name for it
_WHENEVER: Final = 0x20_0000
_Shown = tuple[str, bytes]


async def answering(address: str, ports: Sequence[int] = SIGNS_OF_LIFE) -> tuple[int, ...]:
    """Which of these ports take a connection."""

    async def takes(port: int) -> bool:
        with suppress(OSError, ValueError):
            async with asyncio.timeout(_SECONDS):
                (await connected(address, port)).close()
                return True
        return False

    found = await asyncio.gather(*map(takes, ports))
    return tuple(port for port, there in zip(ports, found, strict=True) if there)


async def probe(host: str, address: str, port: int, ca_file: Path) -> Probe:
    """What it offers there.

    Args:
        host: the name that its certificate is to be for.
    """
    newest, middle, oldest = await asyncio.gather(
        _shown(host, address, port, _modern()),
        _shown(host, address, port, _modern(ssl.TLSVersion.TLSv1_2)),
        _shown(host, address, port, outdated()),
    )
    agreed = [shown for shown in (oldest, middle, newest) if shown is not None]
    if not agreed:
        return Probe("", "", None, None, "", (), None, port)
    trusted = await _trusted(host, address, port, ca_file) if newest else None
    return _read(host, agreed, trusted, port)


def _read(host: str, agreed: Sequence[_Shown], trusted: bool | None, port: int) -> Probe:
    (oldest, _), (newest, der) = agreed[0], agreed[-1]
    shown = x509.load_der_x509_certificate(der)
    names = _names(shown)
    return Probe(
        oldest=oldest, newest=newest, trusted=trusted,
        named=any(is_for(name, host) for name in names),
        issuer=shown.issuer.rfc4514_string(), names=names,
        ends_at=int(shown.not_valid_after_utc.timestamp() * 1000), port=port,
    )  # fmt: skip


def _names(shown: x509.Certificate) -> tuple[str, ...]:
    """The DNS names that it is for (RFC 6125: the common name does not count)."""
    try:
        found = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, ValueError):
        return ()
    return tuple(found.value.get_values_for_type(x509.DNSName))


def is_for(name: str, host: str) -> bool:
    """Whether a certificate's name is a host's (RFC 6125 §6.4: a star is one whole label)."""
    name, host = name.lower().rstrip("."), host.lower().rstrip(".")
    if name.startswith("*."):
        return name[2:] == host.partition(".")[2] != ""
    return name == host


def _modern(newest: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1_2, newest
    return context


async def _shown(host: str, address: str, port: int, context: ssl.SSLContext) -> _Shown | None:
    """The version that was agreed, and the certificate (DER); None: nothing was."""
    with suppress(OSError, ValueError):
        async with asyncio.timeout(_SECONDS):
            _reader, writer = await secured(host, address, port, context)
        tls: ssl.SSLObject = writer.get_extra_info("ssl_object")
        version, certificate = tls.version(), tls.getpeercert(binary_form=True)
        writer.transport.abort()
        if version and certificate:
            return version, certificate
    return None


async def _trusted(host: str, address: str, port: int, ca_file: Path) -> bool | None:
    """Whether the chain leads to our authorities; None: it was not seen."""
    context = ssl.create_default_context(cafile=ca_file)
    context.check_hostname = False
    context.verify_flags |= ssl.VerifyFlags(_WHENEVER)
    try:
        async with asyncio.timeout(_SECONDS):
            _reader, writer = await secured(host, address, port, context)
    except ssl.SSLCertVerificationError:
        return False
    except OSError:
        return None
    writer.transport.abort()
    return True
