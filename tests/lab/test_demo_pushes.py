"""The demo's push service: whose messages it takes, and to whom it hands them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from keyturn.adapters.memory_push import MemoryPushService
from keyturn.adapters.memory_secrets import MemoryClock
from keyturn.adapters.push.vapid import VapidKey
from keyturn.adapters.push.webpush import PushServices, WebPusher
from keyturn.demo.pushes import Pushed, PushService, signer
from keyturn.lab.certificates import Authority
from keyturn.rules.pushing import Accepted, Answer, Push, Refused, Subscription, Urgency

NAME = "A" * 22
KEY, OTHER = (VapidKey(ec.derive_private_key(number, ec.SECP256R1())) for number in (11, 12))
HELLO = Push(b'{"v": 1}', 60, Urgency.HIGH, None)
LOOPBACK = ("127.0.0.0/8", "::1/128")


@pytest.fixture
def pushed(tmp_path: Path) -> Pushed:
    return Pushed(tmp_path / "pushed.jsonl")


def sent(pushed: Pushed, tmp_path: Path, key: VapidKey, path: Callable[[str], str]) -> Answer:
    """What one message comes to that this key has signed. `path`: of the address, by the port."""
    clock, authority = MemoryClock(), Authority(tmp_path / "ca")

    async def once() -> Answer:
        service = PushService(authority.context("localhost"), clock, pushed.add)
        await service.start()
        services = PushServices(("localhost",), (service.port,), LOOPBACK, str(authority.ca))
        pusher = WebPusher(services, key, clock)
        try:
            return await pusher.send(to(f"{service.origin}{path(KEY.public)}"), HELLO)
        finally:
            await pusher.aclose()
            service.stop()

    return asyncio.run(once())


def to(endpoint: str) -> Subscription:
    """A browser's subscription there."""
    return replace(MemoryPushService(MemoryClock()).subscribe("x").subscription, endpoint=endpoint)


def test_a_message_is_kept_for_whoever_has_drawn_the_name(pushed: Pushed, tmp_path: Path) -> None:
    assert sent(pushed, tmp_path, KEY, lambda key: f"/push/{NAME}/{key}") == Accepted(201)
    (body,) = pushed.after(NAME, 0)
    assert len(body) > 2000
    assert pushed.after(NAME, 1) == []
    assert pushed.after("B" * 22, 0) == []


def test_it_takes_nothing_from_another_sender(pushed: Pushed, tmp_path: Path) -> None:
    answer = sent(pushed, tmp_path, OTHER, lambda key: f"/push/{NAME}/{key}")
    assert isinstance(answer, Refused)
    assert answer.status == 403
    assert pushed.after(NAME, 0) == []


@pytest.mark.parametrize("path", ["/push/short/x", "/", "/push/" + "A" * 22])
def test_another_address_is_none(pushed: Pushed, tmp_path: Path, path: str) -> None:
    assert sent(pushed, tmp_path, KEY, lambda _: path).status == 404  # type: ignore[union-attr]


def test_a_signature_counts_for_this_service_and_for_a_day() -> None:
    here, now = "https://localhost:1", 1_700_000_000
    field = KEY.authorization(here, now * 1000)
    assert signer(field, here, now) == KEY.public
    assert signer(field, "https://localhost:2", now) is None
    assert signer(field, here, now + 86_400) is None
    assert signer(field, here, now - 86_400) is None
    assert signer("", here, now) is None
    assert signer(field.replace(KEY.public, OTHER.public), here, now) is None
    assert signer(field.replace(", k=", "A, k=", 1)[:-1], here, now) is None
