"""The pusher that the settings describe."""

from __future__ import annotations

from pathlib import Path

import pytest

from keyturn import couriers, wiring
from keyturn.adapters.memory_secrets import MemoryClock
from keyturn.adapters.push.made import contact_of, pusher_of
from keyturn.adapters.push.vapid import ring_key
from keyturn.adapters.sealing import KeyRing, load_key_ring
from keyturn.settings import Push, Server, Settings, Storage

RING = KeyRing(digest=bytes(range(32)), sealing={"a": bytes(32)})


@pytest.mark.parametrize(
    ("origin", "contact", "named"),
    [
        ("https://id.example.test", None, "https://id.example.test"),
        ("https://id.example.test", "mailto:ops@example.test", "mailto:ops@example.test"),
        ("http://localhost:8080", "mailto:ops@example.test", "mailto:ops@example.test"),
        ("http://localhost:8080", None, None),
    ],
)
def test_the_contact_is_the_one_that_is_set_or_the_site(
    origin: str, contact: str | None, named: str | None
) -> None:
    settings = Settings(server=Server(origin=origin), push=Push(contact=contact))
    assert contact_of(settings) == named


def test_its_key_is_the_rings() -> None:
    made = pusher_of(Settings(), RING, MemoryClock())
    assert made.public_key == ring_key(RING).public


def test_every_process_of_an_installation_has_the_same_key(tmp_path: Path) -> None:
    settings = Settings(store=Storage(data_dir=tmp_path / "var"))
    keys = []
    for _ in range(2):
        house = wiring.open_house(settings)
        keys.append(couriers.pusher(house.settings, house.parts.clock).public_key)
        house.close()
    assert keys[0] == keys[1] == ring_key(load_key_ring(tmp_path / "var" / "keys.json")).public
