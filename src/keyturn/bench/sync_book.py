"""Where a measurement stores what an agent reads: a stand-in for the server's transactions.

A page and the place behind it are one transaction, so that whoever comes after a crash finds both
or neither.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from keyturn.rules.directories.entries import Changes, Entry

_TABLES = """
PRAGMA journal_mode = WAL;
CREATE TABLE IF NOT EXISTS place (
  one INTEGER PRIMARY KEY CHECK (one = 1), cursor BLOB, after TEXT, pages INTEGER
);
CREATE TABLE IF NOT EXISTS entry (id TEXT PRIMARY KEY, body TEXT);
CREATE TABLE IF NOT EXISTS told (id TEXT, page INTEGER);
"""


@dataclass(frozen=True, slots=True)
class Place:
    """How far a full read has come.

    Attributes:
        cursor: that was given when it began. after: this id, and all before it, are stored.
        pages: stored so far.
    """

    cursor: bytes
    after: str
    pages: int


class Book:
    """A SQLite file."""

    def __init__(self, path: Path) -> None:
        self._file = sqlite3.connect(path, isolation_level=None)
        self._file.executescript(_TABLES)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._file.close()

    def begin(self, cursor: bytes) -> Place:
        """Where to go on; with this cursor where nothing is begun."""
        self._file.execute("INSERT OR IGNORE INTO place VALUES (1, ?, '', 0)", (cursor,))
        return self.place()

    def place(self) -> Place:
        """How far it has come; the beginning where nothing is begun."""
        row = self._file.execute("SELECT cursor, after, pages FROM place").fetchone()
        return Place(*row) if row else Place(b"", "", 0)

    def page(self, upto: str, entries: Sequence[Entry]) -> None:
        """After the place and up to this id there are these entries, and no other."""
        with self._file:
            self._file.execute("BEGIN IMMEDIATE")
            place = self.place()
            self._file.execute("DELETE FROM entry WHERE id > ? AND id <= ?", (place.after, upto))
            self._store(entries)
            told = [(entry.id, place.pages) for entry in entries]
            self._file.executemany("INSERT INTO told VALUES (?, ?)", told)
            self._file.execute("UPDATE place SET after = ?, pages = pages + 1", (upto,))

    def part(self, part: Changes) -> None:
        """What changed, and the cursor behind it."""
        with self._file:
            self._file.execute("BEGIN IMMEDIATE")
            gone = [(id_,) for id_ in part.gone]
            self._file.executemany("DELETE FROM entry WHERE id = ?", gone)
            self._store(part.entries)
            self._file.execute("UPDATE place SET cursor = ?", (part.cursor,))

    def _store(self, entries: Sequence[Entry]) -> None:
        bodies = [(entry.id, json.dumps(asdict(entry))) for entry in entries]
        self._file.executemany("INSERT OR REPLACE INTO entry VALUES (?, ?)", bodies)

    def bodies(self) -> dict[str, dict[str, Any]]:
        """Everything that is stored, by id."""
        rows = self._file.execute("SELECT id, body FROM entry")
        return {id_: json.loads(body) for id_, body in rows}

    def twice(self) -> int:
        """How many were told by more than one page of the full read."""
        again = "SELECT id FROM told GROUP BY id HAVING count(*) > 1"
        ((count,),) = self._file.execute(f"SELECT count(*) FROM ({again})")  # noqa: S608  ours
        return int(count)
