"""The twin of Pusher keeps its contract."""

from __future__ import annotations

import pytest

from keyturn.adapters.memory_push import MemoryPusher, MemoryPushService
from keyturn.adapters.memory_secrets import MemoryClock
from tests.unit.adapters.push.push_contract import Far, PusherContract


class TestMemoryPusher(PusherContract):
    @pytest.fixture
    def far(self) -> Far:
        clock = MemoryClock()
        service = MemoryPushService(clock)
        return Far(MemoryPusher(service), service, clock)


def test_two_subscriptions_have_neither_place_nor_keys_in_common() -> None:
    service = MemoryPushService(MemoryClock())
    one, two = (service.subscribe("key").subscription for _ in range(2))
    assert one.endpoint != two.endpoint
    assert one.p256dh != two.p256dh
    assert one.auth != two.auth
