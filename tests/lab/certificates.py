"""An authority of our own, and certificates as servers should and should not have them."""

from __future__ import annotations

import datetime as dt
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
FAR = dt.datetime(2120, 1, 1, tzinfo=dt.UTC)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


class Authority:
    """Vouches for whatever it is asked to. `ca`: its own certificate's file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ca = folder / "ca.pem"
        self._key = ec.generate_private_key(ec.SECP256R1())
        made = (
            x509.CertificateBuilder(
                _named("Lab CA"), _named("Lab CA"), self._key.public_key(), 1, LONG_AGO, FAR
            )
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.ca.write_bytes(made.public_bytes(serialization.Encoding.PEM))

    def certify(self, name: str, ends: dt.datetime = FAR) -> tuple[Path, Path]:
        """Files of a certificate for a host name, and of its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        number = x509.random_serial_number()
        made = (
            x509.CertificateBuilder(
                _named("Lab CA"), _named(name), key.public_key(), number, LONG_AGO, ends
            )
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        cert, secret = self.folder / f"{number}.pem", self.folder / f"{number}.key"
        cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        secret.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        secret.chmod(0o600)
        return cert, secret

    def context(self, name: str, ends: dt.datetime = FAR) -> ssl.SSLContext:
        """For a server that shows such a certificate."""
        made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        made.load_cert_chain(*self.certify(name, ends))
        return made
