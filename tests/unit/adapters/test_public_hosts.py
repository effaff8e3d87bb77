"""HTTPS to places that a stranger named: only to public addresses, and pinned to them."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.adapters.public_hosts import NotPublic, PublicTransport
from keyturn.rules.public_addresses import place

OK = httpx.Response(201)


class Net:
    """Names, who listens, and what was carried where."""

    def __init__(self, *addresses: str, deaf: Sequence[str] = ()) -> None:
        self.addresses = addresses
        self.deaf = deaf
        self.asked: list[tuple[str, int]] = []
        self.carried: list[httpx.Request] = []

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        self.asked.append((host, port))
        return self.addresses

    async def carry(self, request: httpx.Request) -> httpx.Response:
        self.carried.append(request)
        if request.url.host in self.deaf:
            raise httpx.ConnectError("refused")
        return httpx.Response(201, request=request)

    def post(self, url: str = "https://push.example.test/s/1", also: Sequence[str] = ()) -> int:
        async def once() -> int:
            way = PublicTransport(also, resolve=self.resolve, inner=httpx.MockTransport(self.carry))
            async with httpx.AsyncClient(transport=way) as http:
                return (await http.post(url, content=b"body")).status_code

        return asyncio.run(once())


def test_a_request_goes_to_the_address_under_the_name() -> None:
    net = Net("8.8.8.8")
    assert net.post("https://push.example.test:8443/s/1?x=y") == 201
    assert net.asked == [("push.example.test", 8443)]
    (sent,) = net.carried
    assert str(sent.url) == "https://8.8.8.8:8443/s/1?x=y"
    assert sent.headers["host"] == "push.example.test:8443"
    assert sent.extensions["sni_hostname"] == "push.example.test"
    assert (sent.method, sent.read()) == ("POST", b"body")


def test_an_ipv6_address_is_spelled_as_one() -> None:
    net = Net("2606:4700::1111")
    assert net.post() == 201
    assert str(net.carried[0].url) == "https://[2606:4700::1111]/s/1"
    assert net.asked == [("push.example.test", 443)]


def test_the_name_is_looked_up_once_for_each_request() -> None:
    net = Net("8.8.8.8", "8.8.4.4", deaf=["8.8.8.8"])
    net.post()
    assert len(net.asked) == 1


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["8.8.8.8", "10.0.0.1"],
        ["::1", "8.8.8.8"],
        ["::ffff:169.254.169.254"],
        ["fe80::1%eth0"],
    ],
)
def test_one_address_that_is_not_public_condemns_the_name(addresses: list[str]) -> None:
    net = Net(*addresses)
    with pytest.raises(NotPublic) as caught:
        net.post()
    assert caught.value.address in addresses
    assert net.carried == []


def test_a_network_of_the_operators_own_may_be_named() -> None:
    assert Net("10.0.0.1").post(also=["10.0.0.0/24"]) == 201
    with pytest.raises(NotPublic):
        Net("10.0.1.1").post(also=["10.0.0.0/24"])


def test_an_address_that_takes_no_connection_is_followed_by_the_next() -> None:
    net = Net("8.8.8.8", "8.8.8.8", "8.8.4.4", deaf=["8.8.8.8"])
    assert net.post() == 201
    assert [request.url.host for request in net.carried] == ["8.8.8.8", "8.8.4.4"]


def test_at_most_three_are_tried() -> None:
    addresses = [f"8.8.8.{n}" for n in range(9)]
    net = Net(*addresses, deaf=addresses)
    with pytest.raises(httpx.ConnectError):
        net.post()
    assert [request.url.host for request in net.carried] == addresses[:3]


@pytest.mark.parametrize("error", [socket.gaierror(-2, "unknown"), UnicodeError("label too long")])
def test_a_name_that_is_not_found_is_a_place_not_reached(error: Exception) -> None:
    net = Net()

    async def fail(host: str, port: int) -> Sequence[str]:
        raise error

    net.resolve = fail  # type: ignore[method-assign]
    with pytest.raises(httpx.ConnectError):
        net.post()


def test_so_is_a_name_without_addresses() -> None:
    with pytest.raises(httpx.ConnectError):
        Net().post()


@given(st.from_regex(r"https://[a-z0-9.:-]{1,12}(:[0-9]{1,5})?(/[!-~]{0,12})?", fullmatch=True))
def test_what_is_read_of_an_address_is_what_the_client_reads(url: str) -> None:
    there = place(url)
    if there is not None:
        read = httpx.URL(url)
        assert (read.scheme, read.host, read.port or 443) == ("https", there.host, there.port)
        assert not read.userinfo
        assert not read.fragment


def test_nothing_goes_without_tls() -> None:
    net = Net("8.8.8.8")
    with pytest.raises(httpx.UnsupportedProtocol):
        net.post("http://push.example.test/s/1")
    assert not net.carried
    assert not net.asked
