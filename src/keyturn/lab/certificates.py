"""An authority of our own, and certificates as servers should and should not have them."""

from __future__ import annotations

import datetime as dt
import ssl
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
ENDED = dt.datetime(2021, 1, 1, tzinfo=dt.UTC)
NOT_YET = dt.datetime(2110, 1, 1, tzinfo=dt.UTC)
FAR = dt.datetime(2120, 1, 1, tzinfo=dt.UTC)
OTHER_NAME = "printer.example.test"


class Shown(StrEnum):
    """What certificate a server shows."""

    GOOD = "good"
    EXPIRED = "expired"
    OTHER_NAME = "other_name"
    OTHER_CA = "other_ca"
    NOT_YET = "not_yet"


@dataclass(frozen=True, slots=True)
class Pair:
    """Files of a certificate and of its key."""

    certificate: Path
    key: Path


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


class Authority:
    """Vouches for whatever it is asked to. `ca`: its own certificate's file."""

    def __init__(self, folder: Path, name: str = "Lab CA") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.name = name
        self.ca = folder / "ca.pem"
        self._key = ec.generate_private_key(ec.SECP256R1())
        made = (
            x509.CertificateBuilder(
                _named(name), _named(name), self._key.public_key(), 1, LONG_AGO, FAR
            )
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.ca.write_bytes(made.public_bytes(serialization.Encoding.PEM))

    def certify(
        self, *names: str, starts: dt.datetime = LONG_AGO, ends: dt.datetime = FAR
    ) -> tuple[Path, Path]:
        """Files of a certificate for host names and addresses, and of its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        number = x509.random_serial_number()
        made = (
            x509.CertificateBuilder(
                _named(self.name), _named(names[0]), key.public_key(), number, starts, ends
            )
            .add_extension(x509.SubjectAlternativeName([_general(n) for n in names]), False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
            .sign(self._key, hashes.SHA256())
        )
        cert, secret = self.folder / f"{number}.pem", self.folder / f"{number}.key"
        cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        secret.touch(0o600)
        secret.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return cert, secret

    def context(self, name: str, ends: dt.datetime = FAR) -> ssl.SSLContext:
        """For a server that shows such a certificate."""
        made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        made.load_cert_chain(*self.certify(name, ends=ends))
        return made


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


class Wardrobe:
    """Every certificate that a lab's servers can show. `ca`: what clients are to trust."""

    def __init__(self, folder: Path) -> None:
        self._ours = Authority(folder / "ours")
        self._other = Authority(folder / "other", "Another CA")
        self.ca = self._ours.ca

    def pair(self, shown: Shown, *names: str) -> Pair:
        """A new certificate for these names and addresses, or one with what is wrong with it."""
        by = self._other if shown is Shown.OTHER_CA else self._ours
        if shown is Shown.OTHER_NAME:
            names = (OTHER_NAME,)
        starts = NOT_YET if shown is Shown.NOT_YET else LONG_AGO
        ends = ENDED if shown is Shown.EXPIRED else FAR
        return Pair(*by.certify(*names, starts=starts, ends=ends))
