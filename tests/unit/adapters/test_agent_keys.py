"""The key that signs what agents are answered, and what it takes a certificate for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from keyturn.adapters.agent_keys import RingNotary
from keyturn.adapters.sealing import KeyRing, load_key_ring
from keyturn.wire import certificates
from keyturn.wire.certificates import Certificate

RING = KeyRing(digest=bytes(range(32)), sealing={"a": bytes(32)})
SAID = Certificate("directory", "agent", bytes(32), 1, 1_000)


def test_the_key_is_the_same_wherever_the_ring_is_and_another_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    one, two = RingNotary(load_key_ring(path)), RingNotary(load_key_ring(path))
    assert one.server_key == two.server_key
    assert one.server_key != RingNotary(RING).server_key
    assert one.key.public_key().public_bytes_raw() == one.server_key


def test_a_newer_sealing_key_changes_nothing_for_agents() -> None:
    newer = replace(RING, sealing={"b": bytes(32), **RING.sealing})
    assert RingNotary(newer).server_key == RingNotary(RING).server_key


def test_the_key_is_none_of_the_rings_own() -> None:
    raw = RingNotary(RING).key.private_bytes_raw()
    assert raw not in (RING.digest, *RING.sealing.values())


def test_a_certificate_counts_for_what_it_says_and_nothing_else() -> None:
    identity, notary = Ed25519PrivateKey.generate(), RingNotary(RING)
    public = identity.public_key().public_bytes_raw()
    other = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    signed = certificates.sign(identity, SAID)
    assert notary.certified(public, signed, "directory", "agent", bytes(32), 999)
    assert not notary.certified(public, signed, "directory", "agent", bytes(32), 1_000)
    assert not notary.certified(other, signed, "directory", "agent", bytes(32), 999)
    assert not notary.certified(public, signed, "elsewhere", "agent", bytes(32), 999)
    assert not notary.certified(public, signed, "directory", "another", bytes(32), 999)
    assert not notary.certified(public, signed, "directory", "agent", b"k" * 32, 999)
    assert not notary.certified(public, b"", "directory", "agent", bytes(32), 999)
