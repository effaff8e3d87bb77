"""KannelTexter over real sockets, against the demo's gateway; reports come back signed."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from http import HTTPStatus

import pytest

from keyturn.adapters.memory_secrets import MemorySealer
from keyturn.adapters.sms.kannel import KannelGateway, KannelTexter, report, reported
from keyturn.demo.peers import Peers
from keyturn.ports.delivery import NotDelivered, Receipt, Text
from keyturn.rules.messages import MessageState
from tests.lab.hook import Hook
from tests.unit.adapters.delivery_contract import ID, TexterContract

SEALER = MemorySealer()


@pytest.fixture
def hook() -> Iterator[Hook]:
    running = Hook()
    yield running
    running.close()


@pytest.fixture
def peers() -> Iterator[Peers]:
    with Peers(username="keyturn", password="s3cret", delay_s=0.05) as running:
        yield running


def texter_for(url: str, hook: Hook, password: str = "s3cret") -> KannelTexter:
    return KannelTexter(KannelGateway(url, "keyturn", password, hook.url, wait_s=2), SEALER)


def send(texter: KannelTexter, to: str, words: str = "Your code is 042917.") -> Receipt:
    async def once() -> Receipt:
        try:
            return await texter.send(Text(ID, to, words))
        finally:
            await texter.aclose()

    return asyncio.run(once())


class ClosingTexter(KannelTexter):
    """Gives its connections back after each text: each test runs loops of its own."""

    async def send(self, text: Text) -> Receipt:
        try:
            return await super().send(text)
        finally:
            await self.aclose()


class TestKannelTexter(TexterContract):
    @pytest.fixture
    def texter(self, peers: Peers, hook: Hook) -> KannelTexter:
        gateway = KannelGateway(peers.gateway.url, "keyturn", "s3cret", hook.url)
        return ClosingTexter(gateway, SEALER)


@pytest.mark.parametrize(
    ("last", "state", "words"),
    [
        ("0", MessageState.DELIVERED, "DELIVRD"),
        ("9", MessageState.BOUNCED, "UNDELIV"),
        ("8", MessageState.EXPIRED, "EXPIRED"),
        ("7", MessageState.REJECTED, "REJECTD"),
    ],
)
def test_a_report_comes_back_signed_and_says_what_became_of_the_text(
    peers: Peers, hook: Hook, last: str, state: MessageState, words: str
) -> None:
    send(texter_for(peers.gateway.url, hook), f"+44770090012{last}")
    assert hook.settled.wait(5)
    first, second = hook.calls
    assert report(first) is None
    outcome = report(second)
    assert outcome is not None
    assert outcome[0] is state
    assert words in outcome[1]
    assert [reported(call, SEALER) for call in hook.calls] == [ID, ID]


def test_of_some_texts_nothing_is_ever_known(peers: Peers, hook: Hook) -> None:
    send(texter_for(peers.gateway.url, hook), "+447700900126")
    assert not hook.settled.wait(0.5)


@pytest.mark.parametrize(("words", "coding"), [("Code: 1 €", "0"), ("Код 042917 – 日本", "2")])
def test_a_text_arrives_as_it_was_written(
    peers: Peers, hook: Hook, words: str, coding: str
) -> None:
    send(texter_for(peers.gateway.url, hook), "+447700900120", words)
    (kept,) = peers.gateway.texts
    assert (kept.to, kept.text, kept.coding) == ("+447700900120", words, coding)


def test_a_wrong_password_is_ours_to_mend_and_not_the_end_of_the_text(
    peers: Peers, hook: Hook
) -> None:
    with pytest.raises(NotDelivered) as caught:
        send(texter_for(peers.gateway.url, hook, password="old"), "+447700900120")
    assert not caught.value.final
    assert "Authorization failed" in caught.value.detail
    assert not peers.gateway.texts


@pytest.mark.parametrize(
    ("status", "final"),
    [
        (HTTPStatus.BAD_REQUEST, True),
        (HTTPStatus.NOT_ACCEPTABLE, True),
        (HTTPStatus.TOO_MANY_REQUESTS, False),
        (HTTPStatus.FOUND, False),
        (HTTPStatus.INTERNAL_SERVER_ERROR, False),
        (HTTPStatus.SERVICE_UNAVAILABLE, False),
    ],
)
def test_what_the_gateway_says_decides_whether_to_try_again(
    status: HTTPStatus, final: bool
) -> None:
    gateway = Hook(status)
    try:
        with pytest.raises(NotDelivered) as caught:
            send(texter_for(gateway.url, gateway), "+447700900120")
    finally:
        gateway.close()
    assert caught.value.final is final
    assert str(status.value) in caught.value.detail


def test_a_gateway_that_is_away_is_a_refusal_for_now(hook: Hook) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(NotDelivered) as caught:
        send(texter_for(f"http://127.0.0.1:{port}/", hook), "+447700900120")
    assert not caught.value.final
    assert caught.value.detail


@pytest.mark.parametrize(
    "request_",
    [
        b"",
        b"GET / HTTP/1.1\r\n\r\n",
        b"POST /cgi-bin/sendsms HTTP/1.1\r\n\r\n",
        b"\0\xff\r\n\r\n",
        b"A" * 40_000,
    ],
)
def test_the_gateway_outlives_nonsense(peers: Peers, hook: Hook, request_: bytes) -> None:
    with socket.create_connection(("127.0.0.1", peers.gateway.port), 5) as link:
        link.sendall(request_)
        link.shutdown(socket.SHUT_WR)
        answer = link.recv(1000)
    assert answer == b"" or b" 404 " in answer
    assert send(texter_for(peers.gateway.url, hook), "+447700900126").reference == ID


def test_the_peers_can_start_again_and_refuse_a_port_that_is_taken() -> None:
    peers = Peers()
    for _ in range(2):
        peers.start()
        assert peers.mailbox.port
        peers.stop()
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        peers.start(sms_port=taken.getsockname()[1])
    peers.stop()
