"""A certificate for a demo that other devices reach, and the authority that they are to trust.

A phone's owner who trusts an authority trusts it with every site there is, unless it says itself
how little it may vouch for.  This one says: for one address, and for servers alone; and its key is
gone when the one certificate is signed: it was never written anywhere.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

#: long enough for a demo; iOS takes none of more than 825 days
LIFE: Final = dt.timedelta(days=30)
#: clocks are not all alike
BEFORE: Final = dt.timedelta(hours=1)
#: the one name that it may vouch for, which nobody has (RFC 6761 §6.4)
NOBODY: Final = "keyturn-demo.invalid"
#: octets of a fingerprint in a line
LINE: Final = 8
#: what a certificate of an address is good for, besides
_USAGE: Final = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])


@dataclass(frozen=True, slots=True)
class Papers:
    """Files of an authority's certificate, of the server's, and of the server's key."""

    authority: Path
    certificate: Path
    key: Path

    def shown(self) -> x509.Certificate:
        """The authority's certificate."""
        return x509.load_pem_x509_certificate(self.authority.read_bytes())

    @property
    def fingerprint(self) -> tuple[str, ...]:
        """SHA-256 of the authority's certificate, as phones show it, in lines to be compared."""
        digest = self.shown().fingerprint(hashes.SHA256())
        return tuple(digest[at : at + LINE].hex(" ").upper() for at in range(0, len(digest), LINE))


def papers(folder: Path, address: str, now: int) -> Papers:
    """Those for an address: what lies in `folder` while it is good for another day, else new ones.

    Args:
        now: ms.
    """
    found = Papers(folder / "authority.pem", folder / "server.pem", folder / "server.key")
    moment = dt.datetime.fromtimestamp(now / 1000, dt.UTC)
    if not _good(found, address, moment):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _make(found, IPv4Address(address), moment)
    return found


def _good(found: Papers, address: str, moment: dt.datetime) -> bool:
    if not all(path.exists() for path in (found.authority, found.certificate, found.key)):
        return False
    server = x509.load_pem_x509_certificate(found.certificate.read_bytes())
    named = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    mine = named.get_values_for_type(x509.IPAddress) == [IPv4Address(address)]
    return mine and server.not_valid_after_utc > moment + dt.timedelta(days=1)


def _make(to: Papers, address: IPv4Address, moment: dt.datetime) -> None:
    own, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    name, ends = _named(f"Keyturn demo at {address}, until {moment + LIFE:%d %B %Y}"), moment + LIFE
    only = x509.NameConstraints(
        [x509.IPAddress(IPv4Network(address)), x509.DNSName(NOBODY)], excluded_subtrees=None
    )
    authority = (
        x509.CertificateBuilder(
            name, name, own.public_key(), x509.random_serial_number(), moment - BEFORE, ends
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(only, critical=True)
        .add_extension(_signing(certificates=True), critical=True)
        .add_extension(_USAGE, critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
        .sign(own, hashes.SHA256())
    )
    server = (
        x509.CertificateBuilder(
            name, _named(str(address)), key.public_key(), x509.random_serial_number(),
            moment - BEFORE, ends,
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(address)]), critical=False)
        .add_extension(_signing(certificates=False), critical=True)
        .add_extension(_USAGE, critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(own.public_key()), critical=False
        )
        .sign(own, hashes.SHA256())
    )  # fmt: skip
    pem = serialization.Encoding.PEM
    to.authority.write_bytes(authority.public_bytes(pem))
    to.certificate.write_bytes(server.public_bytes(pem))
    to.key.touch(0o600)
    to.key.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _signing(*, certificates: bool) -> x509.KeyUsage:
    """What a key may sign: certificates, or what is said in TLS."""
    return x509.KeyUsage(
        digital_signature=not certificates, key_cert_sign=certificates, crl_sign=certificates,
        content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
