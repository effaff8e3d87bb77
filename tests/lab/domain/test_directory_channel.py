"""A channel that is given up while it opens leaves nothing open."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from pathlib import Path
from typing import Any

import pytest

from keyturn.agent.directories.ldap.channel import Channel, trusting
from keyturn.agent.ports import Unreachable
from keyturn.lab.certificates import Authority

pytestmark = pytest.mark.lab

HOST = "ldap1.corp.example.test"


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(100):
        writer.write(data)
    writer.close()


def open_sockets() -> int:
    """Of this process."""
    found = 0
    for each in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            found += str(each.readlink()).startswith("socket:")
    return found


def test_a_channel_given_up_at_any_moment_leaves_no_socket(tmp_path: Path) -> None:
    authority = Authority(tmp_path)

    async def story() -> None:
        server = await asyncio.start_server(echo, "127.0.0.1", 0, ssl=authority.context(HOST))
        port, context = server.sockets[0].getsockname()[1], trusting(authority.ca)
        before, opened, given_up = open_sockets(), 0, 0
        for turns in range(60):
            opening = asyncio.create_task(Channel.open(HOST, "127.0.0.1", port, context))
            for _ in range(turns):
                await asyncio.sleep(0.0005)
            opening.cancel()
            try:
                channel = await opening
            except asyncio.CancelledError:
                given_up += 1
            else:
                opened += 1
                channel.close()
        assert given_up
        assert opened
        async with asyncio.timeout(10):
            while open_sockets() > before:  # noqa: ASYNC110  the other side hears of it a little later
                await asyncio.sleep(0.01)
        server.close()

    asyncio.run(story())


def test_a_channel_given_up_between_its_two_sides_leaves_no_socket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TLS is agreed on, and our own end is not there yet. Nothing is left to the garbage collector
    either: its warnings are errors here.
    """
    authority, real = Authority(tmp_path), asyncio.open_connection

    async def story() -> None:
        reached = asyncio.Event()

        async def open_connection(*args: Any, **how: Any) -> Any:
            if how["sock"].family is socket.AF_INET:
                return await real(*args, **how)
            reached.set()
            return await asyncio.Event().wait()

        server = await asyncio.start_server(echo, "127.0.0.1", 0, ssl=authority.context(HOST))
        port, context = server.sockets[0].getsockname()[1], trusting(authority.ca)
        before = open_sockets()
        monkeypatch.setattr(asyncio, "open_connection", open_connection)
        opening = asyncio.create_task(Channel.open(HOST, "127.0.0.1", port, context))
        await reached.wait()
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        async with asyncio.timeout(3):
            while open_sockets() > before:  # noqa: ASYNC110  as below
                await asyncio.sleep(0.01)
        server.close()

    asyncio.run(story())


@pytest.mark.parametrize("slam", [True, False])
def test_a_refused_channel_leaves_no_socket(tmp_path: Path, slam: bool) -> None:
    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    authority, other = Authority(tmp_path / "a"), Authority(tmp_path / "b")

    async def story() -> None:
        shown = None if slam else other.context(HOST)
        server = await asyncio.start_server(hang_up if slam else echo, "127.0.0.1", 0, ssl=shown)
        port, context = server.sockets[0].getsockname()[1], trusting(authority.ca)
        before = open_sockets()
        for _ in range(5):
            with pytest.raises(Unreachable):
                await Channel.open(HOST, "127.0.0.1", port, context)
        async with asyncio.timeout(10):
            while open_sockets() > before:  # noqa: ASYNC110  as above
                await asyncio.sleep(0.01)
        server.close()

    asyncio.run(story())
