"""A backup's file: one stream of JSON lines, gzipped, and sealed if so wished.

    {"keyturn backup":1,"release":…,"revision":…,"taken_at":…,"engine":…}
    {"table":"users","columns":["id",…]}
    ["01h…",…]                                    a line for each row
    {"end":"users","rows":2,"sha256":…}           of the rows' lines
    …
    {"manifest":{…head, tables…},"mac":…}

The last line counts and hashes all that came before, under a key of the installation's
ring: a backup that was altered or cut off, or that belongs to another key ring, is known
before anything is done with it.  It is written and read in one pass and never held in
memory, and fits either database.  `zcat FILE | head` shows it to people.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Final

from keyturn.adapters.sealed_stream import CHUNK, MAGIC, SealedReader, SealedWriter, Unreadable
from keyturn.adapters.sealing import KeyRing, Sealer

FORMAT: Final = 1
_MARK: Final = "keyturn backup"
_PURPOSE: Final = "backup"
_GZIP: Final = b"\x1f\x8b"
#: no row of ours comes near it; a line that does is no backup's
_LINE_MAX: Final = 16 * 1024 * 1024
_EVERY: Final = 100_000

Row = Sequence[object]
#: (table, rows so far): called now and then, and at the end of each table
Progress = Callable[[str, int], None]


class BadArchive(Exception):
    """A file that is no backup to restore from.

    Attributes:
        cause: "not-ours" (no backup of Keyturn), "format" (of a later release), "cut" (it
            ends before its end), "altered" (a hash or count is not right), "keys" (made
            under another key ring, or altered as a whole).
        detail: where, for an administrator.
    """

    def __init__(self, cause: str, detail: str = "") -> None:
        super().__init__(cause, detail)
        self.cause = cause
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Head:
    """Of what, when and by what the backup is.

    Attributes:
        release: that made it.
        revision: of the tables.
        taken_at: the moment whose state it holds, ms.
        engine: "sqlite" or "postgresql"; for people, it restores into either.
    """

    release: str
    revision: str
    taken_at: int
    engine: str


@dataclass(frozen=True, slots=True)
class Tally:
    """One part: a table, its columns, how many rows, SHA-256 of their lines."""

    table: str
    columns: tuple[str, ...]
    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """All that a backup says of itself."""

    head: Head
    tables: tuple[Tally, ...]

    @property
    def rows(self) -> int:
        """Of all tables."""
        return sum(tally.rows for tally in self.tables)


@dataclass(frozen=True, slots=True)
class Part:
    """A table's rows, to be written or as they are read; `rows` can be gone through once."""

    table: str
    columns: tuple[str, ...]
    rows: Iterable[Row]


def write(
    out: IO[bytes], ring: KeyRing, head: Head, parts: Iterable[Part], tell: Progress, *, seal: bool
) -> Manifest:
    """Write a backup to `out`; memory stays flat. Sealed, nobody reads it without the ring."""
    sealed = SealedWriter(out, ring) if seal else None
    under: Any = sealed or out
    with gzip.GzipFile(fileobj=under, mode="wb", compresslevel=4, mtime=0) as stream:
        _line(stream, {_MARK: FORMAT, **asdict(head)})
        tallies = tuple(_write_part(stream, part, tell) for part in parts)
        manifest = Manifest(head, tallies)
        _line(stream, {"manifest": asdict(manifest), "mac": _mac(ring, manifest)})
    if sealed is not None:
        sealed.finish()
    return manifest


def _write_part(stream: gzip.GzipFile, part: Part, tell: Progress) -> Tally:
    _line(stream, {"table": part.table, "columns": list(part.columns)})
    digest, count = hashlib.sha256(), 0
    for row in part.rows:
        digest.update(_line(stream, list(row)))
        count += 1
        if count % _EVERY == 0:
            tell(part.table, count)
    tell(part.table, count)
    tally = Tally(part.table, part.columns, count, digest.hexdigest())
    _line(stream, {"end": part.table, "rows": count, "sha256": tally.sha256})
    return tally


def _line(stream: gzip.GzipFile, document: object) -> bytes:
    line = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
    stream.write(line)
    return line


def _mac(ring: KeyRing, manifest: Manifest) -> str:
    text = json.dumps(asdict(manifest), sort_keys=True, separators=(",", ":"))
    return Sealer(ring).digest(_PURPOSE, text)


class Archive:
    """A backup being read, from its head on. `parts` must be gone through before `close`."""

    def __init__(self, stream: gzip.GzipFile, ring: KeyRing) -> None:
        self._stream = stream
        self._ring = ring
        self._tallies: list[Tally] = []
        self._begun = False
        self.head = self._head()
        self._begun = True

    def _head(self) -> Head:
        found = self._next()
        if not isinstance(found, dict) or _MARK not in found:
            raise BadArchive("not-ours")
        if found.pop(_MARK) != FORMAT:
            raise BadArchive("format")
        try:
            return Head(**found)
        except TypeError:
            raise BadArchive("format") from None

    def parts(self, tell: Progress) -> Iterator[Part]:
        """Table after table; each one's rows must be gone through before the next. At the
        end everything has been checked. Raises BadArchive.
        """
        while "table" in (found := self._marker()):
            table, columns = found["table"], found.get("columns")
            if not isinstance(table, str) or not isinstance(columns, list):
                raise BadArchive("altered")
            names = tuple(map(str, columns))
            yield Part(table, names, self._rows(table, names, tell))
        self._check(found)

    def _rows(self, table: str, columns: tuple[str, ...], tell: Progress) -> Iterator[Row]:
        digest, count = hashlib.sha256(), 0
        while isinstance(row := self._next(digest), list):
            if len(row) != len(columns):
                raise BadArchive("altered", f"{table}, row {count + 1}")
            count += 1
            if count % _EVERY == 0:
                tell(table, count)
            yield row
        tell(table, count)
        tally = Tally(table, columns, count, digest.hexdigest())
        if row != {"end": table, "rows": count, "sha256": tally.sha256}:
            raise BadArchive("altered", table)
        self._tallies.append(tally)

    def _check(self, last: dict[str, Any]) -> None:
        manifest = Manifest(self.head, tuple(self._tallies))
        if last.get("manifest") != json.loads(json.dumps(asdict(manifest))):
            raise BadArchive("altered", "manifest")
        if last.get("mac") != _mac(self._ring, manifest):
            raise BadArchive("keys")
        if self._read():
            raise BadArchive("altered", "after the end")

    @property
    def manifest(self) -> Manifest:
        """What was read; whole once `parts` has come to its end."""
        return Manifest(self.head, tuple(self._tallies))

    def _marker(self) -> dict[str, Any]:
        found = self._next()
        if not isinstance(found, dict):
            raise BadArchive("altered")
        return found

    def _next(self, digest: Any = None) -> Any:
        """The next line; a row's goes into `digest`."""
        line = self._read()
        if not line.endswith(b"\n"):
            raise BadArchive("cut")
        if digest is not None and line.startswith(b"["):
            digest.update(line)
        try:
            return json.loads(line)
        except (ValueError, RecursionError):
            raise BadArchive("altered" if self._begun else "not-ours") from None

    def _read(self) -> bytes:
        try:
            return self._stream.readline(_LINE_MAX)
        except EOFError as error:
            raise BadArchive("cut") from error
        except Unreadable as error:
            raise BadArchive(error.cause) from error
        except (zlib.error, gzip.BadGzipFile) as error:
            raise BadArchive("altered") from error


@contextmanager
def reading(path: Path, ring: KeyRing) -> Iterator[Archive]:
    """The backup at `path`, sealed or not. Raises BadArchive, or OSError."""
    with path.open("rb") as file, gzip.GzipFile(fileobj=_plain(file, ring)) as stream:
        yield Archive(stream, ring)


def _plain(file: io.BufferedReader, ring: KeyRing) -> IO[bytes]:
    """The gzipped stream in a file. Raises BadArchive."""
    start = file.peek(len(MAGIC))
    if start.startswith(_GZIP):
        return file
    if not start.startswith(MAGIC):
        raise BadArchive("not-ours")
    try:
        return io.BufferedReader(SealedReader(file, ring), CHUNK)
    except Unreadable as error:
        raise BadArchive(error.cause) from error


def verify(path: Path, ring: KeyRing, tell: Progress) -> Manifest:
    """Read a backup from beginning to end and check all of it. Raises BadArchive, OSError."""
    with reading(path, ring) as archive:
        for part in archive.parts(tell):
            for _ in part.rows:
                pass
        return archive.manifest
