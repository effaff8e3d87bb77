"""The real pusher over real TLS, against a push service on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import repeat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from keyturn.adapters.memory_push import MemoryPushService
from keyturn.adapters.memory_secrets import MemoryClock
from keyturn.adapters.push.vapid import VapidKey
from keyturn.adapters.push.webpush import PushServices, WebPusher
from keyturn.lab.certificates import ENDED, OTHER_NAME, Authority
from keyturn.rules.pushing import Accepted, Answer, Later, Refusal, Refused, Unreachable
from tests.lab.blunt import blunt
from tests.lab.own import free_port
from tests.lab.push_side import FLOOD, PushSide
from tests.unit.adapters.push.push_contract import HELLO, Far, PusherContract

KEY = VapidKey(ec.derive_private_key(11, ec.SECP256R1()), "mailto:ops@example.test")
LOOPBACK = ("127.0.0.0/8", "::1/128")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def side(authority: Authority) -> Iterator[PushSide]:
    opened = PushSide(authority.context("localhost"))
    yield opened
    opened.close()


def pusher(side: PushSide, authority: Authority, **changed: object) -> WebPusher:
    services = PushServices(("localhost",), (side.port,), LOOPBACK, str(authority.ca))
    # the service's clock, so that what they say of time is comparable
    return WebPusher(replace(services, **changed), KEY, side.clock)  # type: ignore[arg-type]


@pytest.fixture
def far(side: PushSide, authority: Authority) -> Far:
    return Far(pusher(side, authority), side.service, side.clock)


class TestWebPusher(PusherContract):
    @pytest.fixture
    def far(self, side: PushSide, authority: Authority) -> Far:
        return Far(pusher(side, authority), side.service, side.clock)


def test_a_service_that_says_nothing_is_waited_for_no_longer_than_is_set(
    side: PushSide, authority: Authority
) -> None:
    hasty = Far(pusher(side, authority, wait_s=1), side.service, side.clock)
    browser = hasty.browser()
    browser.answers("mute")
    answer = hasty.send(browser)
    assert isinstance(answer, Unreachable)
    assert answer.uncertain


def test_a_service_finds_nothing_wrong_with_a_message(far: Far, side: PushSide) -> None:
    browser = far.browser()
    assert far.send(browser) == Accepted(201)
    assert side.wrongs == []
    assert [side.origin + path for path in side.posts] == [browser.subscription.endpoint]


def test_a_services_words_come_back(far: Far) -> None:
    browser = far.browser()
    browser.answers(429, "30")
    assert far.send(browser) == Later(30, 429, '{"message": "as told"}')


def test_a_redirect_is_not_followed(far: Far, side: PushSide) -> None:
    browser = far.browser()
    browser.answers(307)
    answer = far.send(browser)
    assert isinstance(answer, Refused)
    assert answer.why is Refusal.REDIRECT
    assert [path for path in side.posts if "elsewhere" in path] == []
    assert len(side.posts) == 1


def test_an_answer_without_end_is_left_after_its_beginning(far: Far, side: PushSide) -> None:
    browser = far.browser()
    browser.answers("endless")
    assert far.send(browser) == Later(60, 503, "x" * 300)
    side.close()
    assert side.flooded < FLOOD


def test_a_clock_that_is_days_off_is_told_by_the_service(
    side: PushSide, authority: Authority
) -> None:
    slow = MemoryClock(side.clock.now() - 2 * 86_400_000)
    services = PushServices(("localhost",), (side.port,), LOOPBACK, str(authority.ca))
    late = Far(WebPusher(services, KEY, slow), side.service, side.clock)
    answer = late.send(late.browser())
    assert isinstance(answer, Refused)
    assert (answer.why, answer.status) == (Refusal.UNAUTHORIZED, 401)


Makes = Callable[[Authority, Path], PushSide]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda ca, _: PushSide(ca.context("localhost", ends=ENDED)), "certificate has expired"),
        (lambda ca, _: PushSide(ca.context(OTHER_NAME)), "Hostname mismatch"),
        (lambda ca, _: PushSide(ca.context("127.0.0.1")), "Hostname mismatch"),
        (lambda _, tmp: PushSide(Authority(tmp).context("localhost")), "certificate verify failed"),
        (lambda _ca, _tmp: PushSide(None), "SSL"),
    ],
    ids=["expired", "another-name", "address-only", "another-authority", "no-tls"],
)
def test_a_service_that_does_not_prove_itself_gets_nothing(
    make: Makes, said: str, authority: Authority, tmp_path: Path
) -> None:
    side = make(authority, tmp_path)
    try:
        there = Far(pusher(side, authority), side.service, side.clock)
        answer = there.send(there.browser())
    finally:
        side.close()
    assert isinstance(answer, Unreachable)
    assert said in answer.said
    assert not answer.uncertain
    assert side.posts == []


def test_loopback_is_reached_only_where_a_setting_allows_it(
    side: PushSide, authority: Authority
) -> None:
    closed = Far(pusher(side, authority, networks=()), side.service, side.clock)
    assert closed.send(closed.browser()) == Refused(Refusal.ADDRESS)
    assert side.posts == []


def test_another_port_is_reached_only_where_a_setting_allows_it(
    side: PushSide, authority: Authority
) -> None:
    closed = Far(pusher(side, authority, ports=(443,)), side.service, side.clock)
    assert closed.send(closed.browser()) == Refused(Refusal.ENDPOINT)
    assert side.posts == []


def test_no_proxy_of_the_environment_stands_between(
    far: Far, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    assert far.send(far.browser()) == Accepted(201)


def test_nobody_there_is_told_and_nothing_was_sent(far: Far, side: PushSide) -> None:
    browser = far.browser()
    side.close()
    answer = far.send(browser, HELLO)
    assert isinstance(answer, Unreachable)
    assert not answer.uncertain


def heard(
    authority: Authority,
    says: Callable[[], Iterable[bytes]],
    *,
    bare: bool = False,
    wait_s: float = 10,
) -> Answer:
    """What a message comes to at a service that says this."""
    browser = MemoryPushService(MemoryClock()).subscribe("key").subscription
    with blunt(authority.context("localhost"), says, bare=bare) as port:
        services = PushServices(("localhost",), (port,), LOOPBACK, str(authority.ca), wait_s)

        async def once() -> Answer:
            sender = WebPusher(services, KEY, MemoryClock())
            try:
                to = replace(browser, endpoint=f"https://localhost:{port}/s/1")
                return await sender.send(to, HELLO)
            finally:
                await sender.aclose()

        return asyncio.run(once())


@pytest.mark.parametrize(
    "says",
    [
        lambda: (),
        lambda: (b"no HTTP at all\r\n\r\n",),
        lambda: (b"HTTP/1.1 201",),
        lambda: (b"HTTP/1.1 2x1 Created\r\n\r\n",),
        lambda: (b"HTTP/1.1 201 Created\r\n\x00: y\r\n\r\n",),
        lambda: (b"HTTP/1.1 201 Created\r\nContent-Length: -1\r\n\r\n",),
        lambda: (b"HTTP/1.1 201 Created\r\n", *repeat(b"x: y\r\n" * 500, 1000)),
        lambda: repeat(b"HTTP/1.1 100 Continue\r\n\r\n"),
        lambda: repeat(b"x" * 4096),
    ],
    ids=["nothing", "words", "cut", "status", "field", "length", "fields", "continue", "endless"],
)
def test_an_answer_that_is_none_leaves_open_whether_the_message_was_taken(
    authority: Authority, says: Callable[[], Iterable[bytes]]
) -> None:
    answer = heard(authority, says, wait_s=2)
    assert isinstance(answer, Unreachable)
    assert answer.uncertain
    assert answer.said


def test_a_line_that_breaks_beneath_tls_is_no_stumble(authority: Authority) -> None:
    answer = heard(authority, lambda: (b"\x17\x03\x03\x00\x20" + bytes(32),), bare=True)
    assert isinstance(answer, Unreachable)
    assert answer.uncertain


@pytest.mark.parametrize(
    "rest",
    [
        b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8b\x08",
        b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"Content-Length: 1000\r\n\r\nshort",
        b"Retry-After: \xff\xfe\r\n\r\n",
    ],
)
def test_whatever_follows_a_status_takes_nothing_from_it(authority: Authority, rest: bytes) -> None:
    answer = heard(authority, lambda: (b"HTTP/1.1 503 Busy\r\n", rest))
    assert isinstance(answer, Later)
    assert (answer.status, answer.retry_after) == (503, 60)
    assert answer.said.isprintable()
