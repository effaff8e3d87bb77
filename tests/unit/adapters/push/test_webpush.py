"""What the real pusher posts, word for word, and where it does not post at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from keyturn.adapters.memory_secrets import START, MemoryClock
from keyturn.adapters.public_hosts import PublicTransport
from keyturn.adapters.push.encryption import CURVE, point
from keyturn.adapters.push.vapid import VapidKey
from keyturn.adapters.push.webpush import PushServices, WebPusher
from keyturn.rules.pushing import (
    PAYLOAD_MAX,
    Accepted,
    Answer,
    Later,
    Push,
    Refusal,
    Refused,
    Subscription,
    Unreachable,
    Urgency,
)
from tests.unit.adapters.push import rfc8188
from tests.unit.adapters.push.tokens import claims

BROWSER = ec.derive_private_key(7, CURVE)
URL = "https://push.example.test/s/1"
TO = Subscription(URL, point(BROWSER.public_key()), bytes(16))
KEY = VapidKey(ec.derive_private_key(9, CURVE), "mailto:ops@example.test")
SERVICES = PushServices(("push.example.test",))
HELLO = Push(b"hello", ttl_s=60)

Service = Callable[[httpx.Request], httpx.Response]


def send(
    service: Service,
    push: Push = HELLO,
    to: Subscription = TO,
    services: PushServices = SERVICES,
    address: str = "8.8.8.8",
) -> Answer:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return [address]

    async def once() -> Answer:
        way = PublicTransport(resolve=resolve, inner=httpx.MockTransport(service))
        pusher = WebPusher(services, KEY, MemoryClock(), way)
        try:
            return await pusher.send(to, push)
        finally:
            await pusher.aclose()

    return asyncio.run(once())


def told(status: int, text: str, location: str = "") -> httpx.Response:
    """An answer that comes over a line, not all at once."""

    async def line() -> AsyncIterator[bytes]:
        yield text.encode()

    fields = {"Location": location} if location else {}
    return httpx.Response(status, headers=fields, content=line())


def posted(push: Push) -> httpx.Request:
    seen: list[httpx.Request] = []

    def take(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(201)

    assert send(take, push) == Accepted(201)
    return seen[0]


@given(
    payload=st.binary(max_size=PAYLOAD_MAX),
    ttl_s=st.integers(0, 2_419_200),
    urgency=st.sampled_from(Urgency),
    topic=st.none() | st.from_regex(r"[A-Za-z0-9_-]{1,32}", fullmatch=True),
)
def test_a_message_is_posted_with_these_fields_and_no_others(
    payload: bytes, ttl_s: int, urgency: Urgency, topic: str | None
) -> None:
    request = posted(Push(payload, ttl_s, urgency, topic))
    fields = dict(request.headers)
    holder, said = claims(fields.pop("authorization"))
    assert holder == KEY.public
    assert said == {
        "aud": "https://push.example.test",
        "exp": START // 1000 + 43_200,
        "sub": "mailto:ops@example.test",
    }
    assert fields.pop("user-agent")
    assert fields == {
        "host": "push.example.test", "accept": "*/*", "accept-encoding": "identity",
        "connection": "keep-alive", "content-encoding": "aes128gcm", "content-length": "2150",
        "content-type": "application/octet-stream", "ttl": str(ttl_s), "urgency": str(urgency),
        **({} if topic is None else {"topic": topic}),
    }  # fmt: skip
    assert rfc8188.opened(request.read(), TO, BROWSER) == payload


def never(request: httpx.Request) -> httpx.Response:
    pytest.fail(f"posted to {request.url}")


@pytest.mark.parametrize(
    "url",
    [
        "http://push.example.test/s/1",
        "https://push.example.test:8443/s/1",
        "https://evil.example.test/s/1",
        "https://a:b@push.example.test/s/1",
        "https://push.example.test@evil.test/",
        "",
    ],
)
def test_an_endpoint_elsewhere_is_refused_before_anything_is_looked_up(url: str) -> None:
    assert send(never, to=replace(TO, endpoint=url)) == Refused(Refusal.ENDPOINT)


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "fd00::1"])
def test_a_service_that_leads_into_a_private_network_is_not_called(address: str) -> None:
    assert send(never, address=address) == Refused(Refusal.ADDRESS)


def test_a_redirect_is_not_followed() -> None:
    seen: list[str] = []

    def elsewhere(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        return told(307, "", "https://push.example.test/s/2")

    assert send(elsewhere) == Refused(Refusal.REDIRECT, 307)
    assert len(seen) == 1


def test_a_services_words_are_one_short_printable_line() -> None:
    words = "<b>no\r\n\x1b[31m" + "x" * 9000
    answer = send(lambda _: told(400, words))
    assert isinstance(answer, Refused)
    assert answer.said.startswith("<b>no [31mxx")
    assert len(answer.said) == 300
    assert answer.said.isprintable()


def test_of_a_body_without_end_only_the_beginning_is_read() -> None:
    given_out: list[int] = []

    async def endless() -> AsyncIterator[bytes]:
        while True:
            given_out.append(1)
            yield b"x" * 100

    answer = send(lambda _: httpx.Response(503, content=endless()))
    assert isinstance(answer, Later)
    assert answer.said == "x" * 300
    assert len(given_out) < 20


def test_a_body_that_breaks_off_takes_nothing_from_the_answer() -> None:
    async def breaking() -> AsyncIterator[bytes]:
        yield b"wait"
        raise httpx.ReadError("gone")

    answer = send(lambda _: httpx.Response(429, headers={"Retry-After": "9"}, content=breaking()))
    assert answer == Later(9, 429, "wait")


@pytest.mark.parametrize(
    ("error", "uncertain", "said"),
    [
        (httpx.ConnectError("refused"), False, "refused"),
        (httpx.ConnectTimeout(""), False, "ConnectTimeout"),
        (httpx.PoolTimeout(""), False, "PoolTimeout"),
        (httpx.ReadTimeout(""), True, "ReadTimeout"),
        (httpx.RemoteProtocolError("no HTTP"), True, "no HTTP"),
        (TimeoutError(), True, "TimeoutError"),
    ],
)
def test_what_went_wrong_tells_whether_the_message_may_have_been_taken(
    error: Exception, uncertain: bool, said: str
) -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise error

    assert send(fail) == Unreachable(said, uncertain=uncertain)


def test_a_name_that_nobody_finds_holds_nobody_up() -> None:
    async def silent(host: str, port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        raise AssertionError

    async def once() -> Answer:
        way = PublicTransport(resolve=silent, inner=httpx.MockTransport(never))
        services = replace(SERVICES, wait_s=0.05)
        return await WebPusher(services, KEY, MemoryClock(), way).send(TO, HELLO)

    assert asyncio.run(once()) == Unreachable("TimeoutError", uncertain=True)


def test_letting_go_of_what_was_never_used_is_nothing() -> None:
    asyncio.run(WebPusher(SERVICES, KEY, MemoryClock()).aclose())


def test_the_key_is_the_one_that_signs() -> None:
    assert WebPusher(SERVICES, KEY, MemoryClock()).public_key == KEY.public
