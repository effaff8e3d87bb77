"""The operator's range file: text or MMDB, read again when it changes, refused by line."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

from keyturn import wiring
from keyturn.adapters.probes.ranges import RangesProbe
from keyturn.adapters.ranges import RangeFile, Unusable
from keyturn.rules.networks import Kind, Range
from keyturn.settings import Settings
from keyturn.settings.model import KnownNetworks
from keyturn.wiring import CannotOpen

VPN, HOST = Range(Kind.VPN, "Example VPN"), Range(Kind.HOSTING, "Within it")
TEXT = """
203.0.113.0/24   vpn      Example VPN
203.0.113.128/25 hosting  Within it
2001:db8::/32    vpn      Example VPN
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "ranges.txt"
    found.write_text(TEXT)
    return found


@pytest.mark.parametrize(
    ("ip", "found"),
    [
        ("203.0.113.7", VPN),
        ("203.0.113.200", HOST),
        ("::ffff:203.0.113.7", VPN),
        ("2001:db8:1::7", VPN),
        ("203.0.112.255", None),
        ("2001:db9::1", None),
        ("", None),
        ("unix", None),
    ],
)
def test_the_most_specific_range_counts(path: Path, ip: str, found: Range | None) -> None:
    assert RangeFile(path).find(ip) == found


def test_it_is_read_again_when_it_is_another(path: Path) -> None:
    ranges = RangeFile(path)
    assert ranges.load() is ranges.load()
    before = ranges.load()
    ranges.refresh()
    assert ranges.load() is before
    fresh = path.with_suffix(".new")
    fresh.write_text("198.51.100.0/24 proxy Another\n")
    fresh.replace(path)
    ranges.refresh()
    assert ranges.find("198.51.100.1") == Range(Kind.PROXY, "Another")
    assert ranges.find("203.0.113.7") is None


def test_one_that_became_bad_leaves_what_was_read(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ranges = RangeFile(path)
    ranges.load()
    path.write_text("203.0.113.0/24 house\n")
    with caplog.at_level(logging.WARNING, "keyturn.ranges"):
        ranges.refresh()
    assert ranges.find("203.0.113.7") == VPN
    assert "line=1 why=kind" in caplog.text
    path.unlink()
    ranges.refresh()
    assert ranges.find("203.0.113.7") == VPN


def test_a_server_looks_until_it_stops(path: Path) -> None:
    ranges = RangeFile(path)

    async def serve() -> None:
        stop = asyncio.Event()
        task = asyncio.create_task(ranges.keep(stop, pace_s=0.001))
        while ranges.find("198.51.100.1") is None:
            await asyncio.to_thread(path.write_text, "198.51.100.0/24 proxy Another\n")
        stop.set()
        await task

    asyncio.run(serve())


@pytest.mark.parametrize(
    ("data", "why", "line"),
    [
        (b"203.0.113.0/24 vpn x\n203.0.113.0/33 vpn y\n", "network", 2),
        (b"203.0.113.0/24 house\n", "kind", 1),
        (b"\xff\xfe", "not-utf-8", 0),
        (b"\xab\xcd\xefMaxMind.com" + b"\x00" * 20, "mmdb", 0),
    ],
)
def test_a_bad_file_is_refused_at_a_server_s_start(
    path: Path, data: bytes, why: str, line: int
) -> None:
    path.write_bytes(data)
    with pytest.raises(Unusable) as error:
        RangeFile(path).load()
    assert (error.value.why, error.value.line) == (why, line)
    with pytest.raises(CannotOpen) as refused:
        wiring.check_ranges(Settings(networks=KnownNetworks(ranges=path)))
    assert refused.value.cause == "ranges"
    assert str(path) in refused.value.detail
    assert (f"line {line}" in refused.value.detail) is bool(line)


def test_no_file_is_no_mistake_and_a_missing_one_is(tmp_path: Path) -> None:
    wiring.check_ranges(Settings())
    with pytest.raises(Unusable) as error:
        RangeFile(tmp_path / "none").find("203.0.113.7")
    assert error.value.why == "unreadable"


def mmdb(network_bit: int, record: bytes) -> bytes:
    """The smallest file (MaxMind DB 2.0, IPv4, 24 bits): one bit of the address decides."""
    nodes = (
        [(17).to_bytes(3) + (1).to_bytes(3)]
        if network_bit == 0
        else [(1).to_bytes(3) + (17).to_bytes(3)]
    )
    metadata = _map(
        {
            "node_count": b"\xa1\x01",
            "record_size": b"\xa1\x18",
            "ip_version": b"\xa1\x04",
            "database_type": _text("Test"),
            "binary_format_major_version": b"\xa1\x02",
            "binary_format_minor_version": b"\xa0",
            "build_epoch": b"\x00\x02",
            "languages": b"\x00\x04",
            "description": b"\xe0",
        }
    )
    return b"".join(nodes) + b"\x00" * 16 + record + b"\xab\xcd\xefMaxMind.com" + metadata


def _text(text: str) -> bytes:
    return bytes([0x40 | len(text)]) + text.encode()


def _map(cells: dict[str, bytes]) -> bytes:
    body = b"".join(_text(key) + value for key, value in cells.items())
    return bytes([0xE0 | len(cells)]) + body


def test_an_mmdb_file_says_the_same(tmp_path: Path) -> None:
    path = tmp_path / "ranges.mmdb"
    record = _map({"kind": _text("vpn"), "name": _text("Example VPN")})
    path.write_bytes(mmdb(1, record))
    ranges = RangeFile(path)
    assert ranges.find("203.0.113.7") == VPN  # its first bit is 1
    assert ranges.find("100.0.0.1") is None
    assert ranges.find("2001:db8::1") is None


def test_the_doctor_sees_its_age_and_its_fault(path: Path, tmp_path: Path) -> None:
    seen = asyncio.run(RangesProbe(path).look())
    assert seen.changed_at == path.stat().st_mtime_ns // 1_000_000
    assert asyncio.run(RangesProbe(tmp_path / "none").look()).fault == "unreadable"
    path.write_text("203.0.113.0/24 house\n")
    assert asyncio.run(RangesProbe(path).look()).fault == "line 1: kind"
