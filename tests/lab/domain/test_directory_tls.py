"""TLS to a controller: what is refused, with which cause, and how soon."""

from __future__ import annotations

import asyncio
import datetime as dt
import socket
import ssl
import warnings
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from keyturn.agent.directories.ldap.channel import Channel, trusting
from keyturn.agent.ports import Unreachable
from keyturn.lab.certificates import Authority

pytestmark = pytest.mark.lab

HOST = "dc1.corp.example.test"
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(100):
        writer.write(data)
    writer.close()


async def cause(ca: Path, context: ssl.SSLContext | None, serve: Serve = echo) -> str:
    """What a channel to such a server says; "" if it opens."""
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    try:
        channel = await Channel.open(HOST, "127.0.0.1", port, trusting(ca))
    except Unreachable as error:
        return error.cause
    finally:
        server.close()
    channel.close()
    return ""


def versions(context: ssl.SSLContext, lowest: ssl.TLSVersion, highest: ssl.TLSVersion) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version, context.maximum_version = lowest, highest


@pytest.mark.parametrize(
    ("highest", "expected"),
    [
        (ssl.TLSVersion.TLSv1, "tls_old"),
        (ssl.TLSVersion.TLSv1_1, "tls_old"),
        (ssl.TLSVersion.TLSv1_2, ""),
        (ssl.TLSVersion.TLSv1_3, ""),
    ],
)
def test_tls_1_2_is_the_least(authority: Authority, highest: ssl.TLSVersion, expected: str) -> None:
    context = authority.context(HOST)
    versions(context, ssl.TLSVersion.TLSv1, highest)
    assert asyncio.run(cause(authority.ca, context)) == expected


def test_who_signed_whose_name_and_until_when(
    authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = Authority(tmp_path_factory.mktemp("other"))
    past = dt.datetime(2021, 1, 1, tzinfo=dt.UTC)
    ca = authority.ca
    assert asyncio.run(cause(ca, authority.context(HOST))) == ""
    assert asyncio.run(cause(ca, other.context(HOST))) == "tls_ca"
    assert asyncio.run(cause(ca, authority.context("dc2.corp.example.test"))) == "tls_name"
    assert asyncio.run(cause(ca, authority.context("127.0.0.1"))) == "tls_name"
    assert asyncio.run(cause(ca, authority.context(HOST, past))) == "tls_expired"


def test_what_is_no_tls_at_all(authority: Authority) -> None:
    async def garbage(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.test ESMTP\r\n")
        await writer.drain()
        writer.close()

    async def slam(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    assert asyncio.run(cause(authority.ca, None, garbage)) == "tls"
    assert asyncio.run(cause(authority.ca, None, slam)) == "tls"


def test_nobody_there(authority: Authority) -> None:
    async def at(address: str, port: int) -> str:
        with pytest.raises(Unreachable) as told:
            await Channel.open(HOST, address, port, trusting(authority.ca))
        return told.value.cause

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert asyncio.run(at("127.0.0.1", taken.getsockname()[1])) == "refused"
    assert asyncio.run(at("nobody.invalid", 636)) == "name"
    assert asyncio.run(at("a..b", 636)) == "name"
    assert asyncio.run(at("x" * 70 + ".test", 636)) == "name"


def test_bytes_go_both_ways_and_the_end_is_heard_on_both_sides(authority: Authority) -> None:
    async def story() -> None:
        server = await asyncio.start_server(echo, "127.0.0.1", 0, ssl=authority.context(HOST))
        port = server.sockets[0].getsockname()[1]
        channel = await Channel.open(HOST, "127.0.0.1", port, trusting(authority.ca))
        end = socket.socket(fileno=channel.take())
        end.settimeout(5)
        said = b"x" * 300_000
        sending = asyncio.to_thread(end.sendall, said)
        back = asyncio.to_thread(_receive, end, len(said))
        _nothing, heard = await asyncio.gather(sending, back)
        assert heard == said
        channel.close()
        assert await asyncio.to_thread(end.recv, 1) == b""
        assert channel.closed
        end.close()
        server.close()

    asyncio.run(story())


def _receive(end: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        data += end.recv(65536)
    return data


def test_a_file_that_is_no_authority_is_told_at_once(tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("")
    with pytest.raises(ssl.SSLError):
        trusting(empty)
    with pytest.raises(OSError, match="No such file"):
        trusting(tmp_path / "absent.pem")
