"""TLS handshakes, and what a certificate says, also where it is not to be trusted."""

from __future__ import annotations

import socket
import ssl

from cryptography import x509
from cryptography.x509.oid import NameOID

from keyturn.adapters.replies import one_line
from keyturn.rules.health.sights import TlsSight

#: X509_V_ERR_… of OpenSSL
FAULTS = {9: "expired", 10: "expired", 62: "name", 64: "name"}
NAMES_SHOWN = 3


def context(ca_file: str | None = None, *, trusting: bool = False) -> ssl.SSLContext:
    """As mail is sent: TLS 1.2 or later, chain and name checked; `trusting`: neither."""
    made = ssl.create_default_context(cafile=ca_file)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if trusting:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    return made


def sight(connection: ssl.SSLSocket) -> TlsSight:
    """What was agreed on, and the certificate."""
    der = connection.getpeercert(binary_form=True)
    names, issuer, ends_at = _certificate(der) if der else ("", "", None)
    return TlsSight(connection.version() or "", "", names, issuer, ends_at)


def fault(error: ssl.SSLError | OSError) -> tuple[str, str]:
    """Why a handshake failed: the fault, and the library's words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return FAULTS.get(error.verify_code, "untrusted"), one_line(error.verify_message)
    return "protocol", one_line(getattr(error, "reason", None) or str(error) or "no answer")


def handshake(
    plain: socket.socket, host: str, ca_file: str | None = None, *, trusting: bool = False
) -> tuple[ssl.SSLSocket | None, TlsSight]:
    """TLS from the first octet. Closes the socket where that fails."""
    try:
        secure = context(ca_file, trusting=trusting).wrap_socket(plain, server_hostname=host)
    except (ssl.SSLError, OSError) as error:
        plain.close()
        what, said = fault(error)
        return None, TlsSight("", what, said=said)
    return secure, sight(secure)


def _certificate(der: bytes) -> tuple[str, str, int | None]:
    """Its names, its issuer and its end. What cannot be read is ""."""
    try:
        found = x509.load_der_x509_certificate(der)
        ends_at = int(found.not_valid_after_utc.timestamp() * 1000)
        return _names(found), _issuer(found), ends_at
    except ValueError:
        return "", "", None


def _names(found: x509.Certificate) -> str:
    try:
        extension = found.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return one_line(found.subject.rfc4514_string())
    names = extension.value.get_values_for_type(x509.DNSName)
    addresses = [str(ip) for ip in extension.value.get_values_for_type(x509.IPAddress)]
    return one_line(", ".join([*names, *addresses][:NAMES_SHOWN]))


def _issuer(found: x509.Certificate) -> str:
    for kind in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME):
        for attribute in found.issuer.get_attributes_for_oid(kind):
            return one_line(str(attribute.value))
    return ""
