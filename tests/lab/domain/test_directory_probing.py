"""What a server's ports offer, as a probe sees it: each fault by itself, and in pairs."""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from keyturn.agent.directories.ldap.probing import answering, is_for, probe
from keyturn.lab.certificates import ENDED, FAR, OTHER_NAME, Shown, Wardrobe
from keyturn.rules.directories.health.facts import Probe

pytestmark = pytest.mark.lab

HOST = "dc1.corp.example.test"
V1, V11, V12, V13 = (
    ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3,
)  # fmt: skip


@pytest.fixture(scope="module")
def wardrobe(tmp_path_factory: pytest.TempPathFactory) -> Wardrobe:
    return Wardrobe(tmp_path_factory.mktemp("wardrobe"))


def context(
    wardrobe: Wardrobe, shown: Shown, lowest: ssl.TLSVersion = V12, highest: ssl.TLSVersion = V13
) -> ssl.SSLContext:
    pair = wardrobe.pair(shown, HOST)
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(pair.certificate, pair.key)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        made.set_ciphers("ALL:@SECLEVEL=0")
        made.minimum_version, made.maximum_version = lowest, highest
    return made


async def _silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


@asynccontextmanager
async def serving(tls: ssl.SSLContext | None) -> AsyncIterator[int]:
    server = await asyncio.start_server(_silent, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def probed(tls: ssl.SSLContext, ca: Path) -> Probe:
    async def act() -> Probe:
        async with serving(tls) as port:
            return await probe(HOST, "127.0.0.1", port, ca)

    return asyncio.run(act())


@pytest.mark.parametrize(
    ("lowest", "highest", "expected"),
    [
        (V12, V13, ("TLSv1.2", "TLSv1.3")),
        (V13, V13, ("TLSv1.3", "TLSv1.3")),
        (V1, V11, ("TLSv1.1", "TLSv1.1")),
        (V1, V1, ("TLSv1", "TLSv1")),
        (V11, V12, ("TLSv1.1", "TLSv1.2")),
    ],
)
def test_the_versions_that_it_agrees_to(
    wardrobe: Wardrobe, lowest: ssl.TLSVersion, highest: ssl.TLSVersion, expected: tuple[str, str]
) -> None:
    seen = probed(context(wardrobe, Shown.GOOD, lowest, highest), wardrobe.ca)
    assert (seen.oldest, seen.newest) == expected


@pytest.mark.parametrize(
    ("shown", "trusted", "named", "ends"),
    [
        (Shown.GOOD, True, True, FAR),
        (Shown.EXPIRED, True, True, ENDED),
        (Shown.OTHER_NAME, True, False, FAR),
        (Shown.OTHER_CA, False, True, FAR),
        (Shown.NOT_YET, True, True, FAR),
    ],
)
def test_a_certificate_is_seen_with_what_is_wrong_with_it_and_nothing_else(
    wardrobe: Wardrobe, shown: Shown, trusted: bool, named: bool, ends: dt.datetime
) -> None:
    seen = probed(context(wardrobe, shown), wardrobe.ca)
    assert (seen.trusted, seen.named) == (trusted, named)
    assert seen.ends_at == int(ends.timestamp() * 1000)
    assert seen.names == ((HOST,) if named else (OTHER_NAME,))
    assert seen.issuer == ("CN=Another CA" if shown is Shown.OTHER_CA else "CN=Lab CA")


def test_who_speaks_no_tls_offers_nothing(wardrobe: Wardrobe) -> None:
    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async def act() -> Probe:
        server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        try:
            return await probe(HOST, "127.0.0.1", port, wardrobe.ca)
        finally:
            server.close()

    seen = asyncio.run(act())
    assert (seen.oldest, seen.newest, seen.trusted, seen.named) == ("", "", None, None)


def test_ports_that_take_a_connection_are_signs_of_life() -> None:
    async def act() -> tuple[tuple[int, ...], int]:
        async with serving(None) as port, serving(None) as other:
            pass
        async with serving(None) as port:
            return await answering("127.0.0.1", (other, port)), port

    found, port = asyncio.run(act())
    assert found == (port,)


@pytest.mark.parametrize(
    ("name", "host", "expected"),
    [
        ("DC1.corp.test", "dc1.corp.test.", True),
        ("*.corp.test", "dc1.corp.test", True),
        ("*.corp.test", "a.dc1.corp.test", False),
        ("*.corp.test", "corp.test", False),
        ("*.", "dc1", False),
        ("corp.test", "dc1.corp.test", False),
    ],
)
def test_a_name_is_for_a_host_or_not(name: str, host: str, expected: bool) -> None:
    assert is_for(name, host) is expected
