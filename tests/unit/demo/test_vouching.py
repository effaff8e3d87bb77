"""What a phone's owner is asked to trust, and how little that is."""

from __future__ import annotations

import datetime as dt
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from keyturn.demo.vouching import LIFE, Papers, papers

ADDRESS, NOW = "192.168.1.20", 1_700_000_000_000
DAY_MS = 86_400_000


@pytest.fixture
def made(tmp_path: Path) -> Papers:
    return papers(tmp_path / "lan", ADDRESS, NOW)


def certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_it_may_vouch_for_one_address_and_for_servers_alone(made: Papers) -> None:
    shown = made.shown().extensions
    only = shown.get_extension_for_class(x509.NameConstraints)
    assert only.critical
    assert only.value.permitted_subtrees == [
        x509.IPAddress(IPv4Network(ADDRESS)), x509.DNSName("keyturn-demo.invalid"),
    ]  # fmt: skip
    basic = shown.get_extension_for_class(x509.BasicConstraints)
    assert (basic.critical, basic.value.ca, basic.value.path_length) == (True, True, 0)
    usage = shown.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]


def test_the_key_that_could_sign_more_is_nowhere(made: Papers) -> None:
    folder = made.key.parent
    assert {one.name for one in folder.iterdir()} == {"authority.pem", "server.pem", "server.key"}
    assert (made.key.stat().st_mode & 0o777, folder.stat().st_mode & 0o777) == (0o600, 0o700)
    of_authority = made.shown().public_key()
    assert isinstance(of_authority, ec.EllipticCurvePublicKey)
    kept = certificate(made.certificate).public_key()
    assert kept != of_authority


def verified(made: Papers, address: str) -> None:
    """As somebody who trusts the authority."""
    moment = dt.datetime.fromtimestamp(NOW / 1000 + 60, dt.UTC)
    builder = PolicyBuilder().store(Store([made.shown()])).time(moment)
    judge = builder.build_server_verifier(x509.IPAddress(IPv4Address(address)))
    judge.verify(certificate(made.certificate), [])


def test_whoever_trusts_it_reaches_that_address_and_no_other(made: Papers) -> None:
    verified(made, ADDRESS)
    with pytest.raises(VerificationError):
        verified(made, "192.168.1.21")


def test_it_lives_for_as_long_as_a_demo_and_is_used_again_meanwhile(
    made: Papers, tmp_path: Path
) -> None:
    before = made.fingerprint
    assert made.shown().not_valid_after_utc == dt.datetime.fromtimestamp(NOW / 1000, dt.UTC) + LIFE
    assert papers(tmp_path / "lan", ADDRESS, NOW + 28 * DAY_MS).fingerprint == before
    assert papers(tmp_path / "lan", ADDRESS, NOW + 29 * DAY_MS).fingerprint != before


def test_another_address_has_papers_of_its_own(made: Papers, tmp_path: Path) -> None:
    before = made.fingerprint
    assert papers(tmp_path / "lan", "10.0.0.7", NOW).fingerprint != before
    made.key.unlink()
    assert papers(tmp_path / "lan", "10.0.0.7", NOW).key.exists()
