"""The key by which push services know us."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from keyturn.adapters.push.vapid import VapidKey, ring_key
from keyturn.adapters.sealing import KeyRing, load_key_ring
from tests.unit.adapters.push.rfc8188 import raw
from tests.unit.adapters.push.tokens import claims

RING = KeyRing(digest=bytes(range(32)), sealing={"a": bytes(32)})
#: of that ring
PUBLIC = "BDxtN9jNxwirFq0i9Tl6W_AwTdtAqrTvbdOPToVrOKt0mwSlWHOTtMggkv8aDyPW4FER3XjsTSJEl33pXAl-SFk"
ORIGIN = "https://push.example.net"
#: RFC 8292 §2.4
EXAMPLE = (
    "vapid t=eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9.eyJhdWQiOiJodHRwczovL3B1c2guZXhhbXBsZS5uZXQi"
    "LCJleHAiOjE0NTM1MjM3NjgsInN1YiI6Im1haWx0bzpwdXNoQGV4YW1wbGUuY29tIn0.i3CYb7t4xfxCDquptFOep"
    "C9GAu_HLGkMlMuCGSK2rpiUfnK9ojFwDXb1JrErtmysazNjjvW2L9OkSSHzvoD1oA, k=BA1Hxzyi1RUM1b5wjxsn"
    "7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2EmClBPs"
)


def test_the_example_of_rfc_8292_is_read_as_it_is_meant() -> None:
    _, said = claims(EXAMPLE)
    assert said == {"aud": ORIGIN, "exp": 1453523768, "sub": "mailto:push@example.com"}
    with pytest.raises(InvalidSignature):
        claims(EXAMPLE.replace("NTM1MjM3Njgs", "NTM1MjM3Njks"))


@given(now=st.integers(0, 4_000_000_000_000), number=st.integers(1, 2**255))
def test_every_message_carries_a_signed_claim_for_its_service(now: int, number: int) -> None:
    key = VapidKey(ec.derive_private_key(number, ec.SECP256R1()), "mailto:ops@example.test")
    holder, said = claims(key.authorization(ORIGIN, now))
    assert holder == key.public
    assert said == {
        "aud": ORIGIN, "exp": now // 1000 + 12 * 3600, "sub": "mailto:ops@example.test",
    }  # fmt: skip


def test_without_a_contact_none_is_claimed() -> None:
    _, said = claims(ring_key(RING).authorization(ORIGIN, 1_000))
    assert said == {"aud": ORIGIN, "exp": 43_201}


def test_the_public_key_is_what_a_browser_wants_when_it_subscribes() -> None:
    key = raw(ring_key(RING).public)
    assert (len(key), key[0]) == (65, 4)


def test_the_key_is_the_same_wherever_the_ring_is_and_another_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    one, two = ring_key(load_key_ring(path)), ring_key(load_key_ring(path))
    assert one.public == two.public != ring_key(RING).public


def test_a_newer_sealing_key_leaves_subscriptions_alive() -> None:
    newer = replace(RING, sealing={"b": bytes(32), **RING.sealing})
    assert ring_key(newer).public == ring_key(RING).public


def test_the_key_of_a_ring_never_changes_with_a_release() -> None:
    # every subscription would be dead
    assert ring_key(RING).public == PUBLIC


def test_the_private_key_is_not_shown() -> None:
    assert "private" not in repr(ring_key(RING, "mailto:ops@example.test"))
