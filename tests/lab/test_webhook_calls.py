"""A tenant's address for alarms is called over real TLS: it, and nobody else."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from keyturn.adapters.public_hosts import resolved
from keyturn.adapters.webhook import HttpsCaller
from keyturn.lab.certificates import Authority
from keyturn.ports.delivery import NotDelivered, Receipt
from keyturn.ports.webhooks import Call

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

NAME = "hooks.example.test"
BODY = b'{"type": "keyturn.alarm"}'


@dataclass
class Receiver:
    """Answers every call alike, and keeps what it was sent."""

    answer: bytes
    port: int = 0
    taken: list[bytes] = field(default_factory=list)

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            head = await reader.readuntil(b"\r\n\r\n")
            self.taken.append(head + await reader.readexactly(len(BODY)))
            writer.write(self.answer)
            await writer.drain()
        writer.close()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@asynccontextmanager
async def receiving(context: ssl.SSLContext, status: str) -> AsyncIterator[Receiver]:
    receiver = Receiver(f"HTTP/1.1 {status}\r\nlocation: https://{NAME}/\r\n"
                        "content-length: 2\r\n\r\nno".encode())  # fmt: skip
    server = await asyncio.start_server(receiver.take, "127.0.0.1", 0, ssl=context)
    async with server:
        receiver.port = server.sockets[0].getsockname()[1]
        yield receiver


async def here(_host: str, _port: int) -> Sequence[str]:
    return ("127.0.0.1",)


def called(
    authority: Authority, status: str = "204 No Content", *, shown: str = NAME,
    private: bool = True, ca_file: Path | None = None,
) -> tuple[Receipt | NotDelivered, Receiver]:  # fmt: skip
    async def act() -> tuple[Receipt | NotDelivered, Receiver]:
        async with receiving(authority.context(shown), status) as receiver:
            caller = HttpsCaller(
                private=private, resolve=here, ca_file=str(ca_file or authority.ca)
            )
            url = f"https://{NAME}:{receiver.port}/services/x?y=1"
            try:
                return await caller.send(Call(url, {"webhook-id": "m1"}, BODY)), receiver
            except NotDelivered as refusal:
                return refusal, receiver

    return asyncio.run(act())


def test_it_is_called_by_its_name_with_exactly_what_was_signed(authority: Authority) -> None:
    answer, receiver = called(authority)
    assert answer == Receipt("", "HTTP 204")
    (taken,) = receiver.taken
    head, _, body = taken.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /services/x?y=1 HTTP/1.1")
    assert f"host: {NAME}:{receiver.port}".encode() in head.lower()
    assert b"webhook-id: m1" in head
    assert body == BODY


@pytest.mark.parametrize(
    ("status", "final"),
    [("302 Found", True), ("410 Gone", True), ("404 Not Found", False), ("503 Busy", False)],
)
def test_what_does_not_take_it_is_told_and_nothing_is_followed(
    authority: Authority, status: str, final: bool
) -> None:
    answer, receiver = called(authority, status)
    assert isinstance(answer, NotDelivered)
    assert (answer.final, answer.detail) == (final, f"HTTP {status[:3]}")
    assert len(receiver.taken) == 1


def test_a_private_address_is_not_even_connected_to(authority: Authority) -> None:
    answer, receiver = called(authority, private=False)
    assert isinstance(answer, NotDelivered)
    assert answer.detail == "the name leads into a private network"
    assert receiver.taken == []


def test_whoever_cannot_show_its_name_is_told_nothing(authority: Authority, tmp_path: Path) -> None:
    other = Authority(tmp_path, "Another")
    for answer, receiver in (
        called(authority, shown="other.example.test"), called(authority, ca_file=other.ca),
    ):  # fmt: skip
        assert isinstance(answer, NotDelivered)
        assert "certificate verify failed" in answer.detail.lower()
        assert (answer.final, receiver.taken) == (False, [])


def test_a_name_that_leads_nowhere_is_tried_again_later() -> None:
    async def nowhere(_host: str, _port: int) -> Sequence[str]:
        return ()

    async def unknown(_host: str, _port: int) -> Sequence[str]:
        raise OSError(-2, "Name or service not known")

    for resolve, words in ((nowhere, "has no address"), (unknown, "was not found")):
        caller = HttpsCaller(private=False, resolve=resolve)
        with pytest.raises(NotDelivered, match=words) as caught:
            asyncio.run(caller.send(Call(f"https://{NAME}/", {}, b"")))
        assert caught.value.final is False


def test_what_breaks_beneath_tls_is_tried_again_later() -> None:
    async def junk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-none\r\n")
        await writer.drain()
        writer.close()

    async def act() -> None:
        server = await asyncio.start_server(junk, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            caller = HttpsCaller(private=True, resolve=here)
            await caller.send(Call(f"https://{NAME}:{port}/", {}, b""))

    with pytest.raises(NotDelivered, match="not taken") as caught:
        asyncio.run(act())
    assert caught.value.final is False


def test_names_are_looked_up_by_this_hosts_resolver() -> None:
    assert "127.0.0.1" in asyncio.run(resolved("127.0.0.1", 443))
