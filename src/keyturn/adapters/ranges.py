"""The operator's range file, in memory: which network an address belongs to.

Text (rules/range_file.py) or MMDB, told apart by what stands in the file.  It is read when it is
first asked for, or at a server's start, and again when it changes; a file that became unreadable
leaves what was read before.  Nothing is looked up elsewhere.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from keyturn.rules import range_file
from keyturn.rules.networks import Address, Network, Range, address
from keyturn.rules.range_file import BadLine

#: how often a server looks whether the file has changed, in seconds
PACE_S: Final = 10.0
#: stands before an MMDB file's own description, near its end
_MMDB: Final = b"\xab\xcd\xefMaxMind.com"
_TAIL: Final = 128 * 1024

_LOG = logging.getLogger("keyturn.ranges")
Find = Callable[[Address], Range | None]


class Unusable(Exception):
    """The file cannot be used.

    Attributes:
        path: its name. line: the one that is wrong, from 1; 0 for the whole file.
        why: "unreadable", "not-utf-8", "mmdb" (damaged), or as BadLine has it.
        said: the operating system's words, or the line's beginning.
    """

    def __init__(self, path: str, why: str, said: str, line: int = 0) -> None:
        super().__init__(path, why, said, line)
        self.path = path
        self.why = why
        self.said = said
        self.line = line


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read. mark: tells another file; count: ranges, None where nobody counts them."""

    find: Find
    mark: tuple[int, int, int]
    count: int | None


class RangeFile:
    """See ports.networks.Networks. Safe from any thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._guard = threading.Lock()
        self._read: _Read | None = None

    def find(self, ip: str) -> Range | None:
        """What the file says of an address. Raises Unusable where it was never readable."""
        at = address(ip)
        return None if at is None else self.load().find(at)

    def load(self) -> _Read:
        """The file, read once. Raises Unusable."""
        with self._guard:
            if self._read is None:
                self._read = read(self._path)
            return self._read

    def refresh(self) -> None:
        """Read it again if it is another file now."""
        try:
            if self._read is not None and _mark(self._path) == self._read.mark:
                return
            fresh = read(self._path)
        except Unusable as error:
            _LOG.warning("range file path=%s line=%d why=%s", error.path, error.line, error.why)
            return
        with self._guard:
            self._read = fresh
        _LOG.info("range file read path=%s", self._path)

    async def keep(self, stop: asyncio.Event, pace_s: float = PACE_S) -> None:
        """Go on refreshing until the server stops."""
        while not stop.is_set():
            await asyncio.to_thread(self.refresh)
            try:
                await asyncio.wait_for(stop.wait(), pace_s)
            except TimeoutError:
                continue


def read(path: Path) -> _Read:
    """A range file. Raises Unusable."""
    mark = _mark(path)
    try:
        with path.open("rb") as file:
            file.seek(max(0, mark[1] - _TAIL))
            binary = _MMDB in file.read()
        if binary:
            return _Read(_mmdb(path), mark, None)
        found = range_file.read(path.read_text("utf-8").splitlines())
    except OSError as error:
        raise Unusable(str(path), "unreadable", error.strerror or "") from error
    except UnicodeDecodeError as error:
        raise Unusable(str(path), "not-utf-8", "") from error
    except BadLine as error:
        raise Unusable(str(path), error.why, error.text, error.number) from error
    return _Read(_longest(found), mark, len(found))


def _mark(path: Path) -> tuple[int, int, int]:
    try:
        seen = path.stat()
    except OSError as error:
        raise Unusable(str(path), "unreadable", error.strerror or "") from error
    return seen.st_mtime_ns, seen.st_size, seen.st_ino


def _longest(found: Mapping[Network, Range]) -> Find:
    """The most specific range that an address lies in: one look for each length there is."""
    by_length: dict[tuple[int, int], dict[int, Range]] = {}
    for network, one in found.items():
        key = (network.version, network.prefixlen)
        by_length.setdefault(key, {})[int(network.network_address)] = one
    lengths = sorted(by_length, reverse=True)

    def find(at: Address) -> Range | None:
        number, size = int(at), at.max_prefixlen
        for version, length in lengths:
            if version == at.version:
                start = number >> (size - length) << (size - length)
                hit = by_length[version, length].get(start)
                if hit is not None:
                    return hit
        return None

    return find


def _mmdb(path: Path) -> Find:
    import maxminddb  # noqa: PLC0415  only where the operator has such a file

    try:
        reader = maxminddb.open_database(path, maxminddb.MODE_MEMORY)
    except (maxminddb.InvalidDatabaseError, TypeError, ValueError) as error:  # damaged heads too
        raise Unusable(str(path), "mmdb", str(error)) from error

    def find(at: Address) -> Range | None:
        try:
            return range_file.of_record(reader.get(at))
        except (ValueError, maxminddb.InvalidDatabaseError):
            return None  # IPv6 in a file of IPv4 alone, or a damaged record: no evidence

    return find
