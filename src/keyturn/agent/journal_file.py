"""The journal's file: statements, durability, and whether it is the true one."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_SCHEMA = """
create table if not exists notes (name text primary key, value text not null) strict;
create table if not exists jobs (
  job_id text primary key, number integer not null unique, step text not null,
  guid text not null, kind text not null, run_id text not null, intent text not null,
  ending text not null) strict;
create table if not exists tries (
  job_id text not null, controller text not null, number integer not null unique,
  bind text not null, primary key (job_id, controller)) strict;
"""
_ASK = """
insert into jobs (number, job_id, step, guid, kind, run_id, intent, ending)
values ((select coalesce(max(number), 0) + 1 from jobs), ?, ?, ?, ?, ?, ?, ?)
on conflict (job_id) do update set run_id = excluded.run_id where jobs.step = excluded.step
"""
_ADVANCE = """
update jobs set step = ?, intent = iif(? = '', intent, ?), ending = iif(? = '', ending, ?)
where job_id = ? and step in (select value from json_each(?))
"""
_ROW = "select job_id, step, guid, kind, run_id, intent, ending from jobs where job_id = ?"
_ROWS = """
select job_id, step, guid, kind, run_id, intent, ending from jobs where step = ? order by number
"""
_PRUNE = """
delete from jobs where step in (select value from json_each(?))
and number <= (select max(number) from jobs) - ?
"""
_PRUNE_ALL = "delete from jobs where number <= (select max(number) from jobs) - ?"
_TRY = """
insert into tries (number, job_id, controller, bind)
values ((select coalesce(max(number), 0) + 1 from tries), ?, ?, '') on conflict do nothing
"""
_PRUNE_TRIES = "delete from tries where number <= (select max(number) from tries) - ?"


class Locked(Exception):
    """Another process has the journal open."""


@dataclass(frozen=True, slots=True)
class Row:
    """An entry as it is stored; `intent` and `ending` are JSON or ""."""

    job_id: str
    step: str
    guid: str
    kind: str
    run_id: str
    intent: str
    ending: str


@dataclass(frozen=True, slots=True)
class Opened:
    """A file that is open, and whether it is the one that was left."""

    file: JournalFile
    intact: bool


def open_file(path: Path) -> Opened:
    """Open or make it. Raises Locked.

    A file that is no database any more is put aside: what it knew is lost, which is as safe as
    a lost file, because what it knew can be read in the directory.
    """
    try:
        file = JournalFile(path)
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise
        for old in (path, path.with_name(f"{path.name}-wal")):
            if old.exists():
                old.replace(old.with_name(f"{old.name}.bad"))
        file = JournalFile(path)
    return Opened(file, file.take_over(path.with_name(f"{path.name}.id")))


class JournalFile:
    """An open journal; every change is one durable transaction."""

    def __init__(self, path: Path) -> None:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        self._db = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
        try:
            self._prepare()
        except sqlite3.DatabaseError as error:
            self._db.close()
            if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_BUSY:
                raise Locked from None
            raise

    def _prepare(self) -> None:
        # held until it is closed, by whatever means: a second writer is impossible
        self._db.execute("pragma locking_mode = exclusive")
        self._db.execute("pragma journal_mode = wal")
        self._db.execute("pragma synchronous = full")  # a commit is on the disk when it returns
        self._db.execute("begin exclusive")
        self._db.execute("commit")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        self._db.close()

    def take_over(self, beside: Path) -> bool:
        """Give it a new identity; whether the old one was the one that stands beside it.

        Both may stand there for a moment, so that a crash between two writes of this very
        function does not look like a file that was put back.
        """
        known = beside.read_text().split() if beside.exists() else []
        here = self.noted("identity")
        intact = here in known or not (here or known)
        new = secrets.token_hex(16)
        _write_durably(beside, f"{here} {new}\n" if intact else f"{new}\n")
        with self._transaction():
            if not intact:
                self._db.execute("delete from jobs where step = 'asked'")
            self._note("identity", new)
        _write_durably(beside, f"{new}\n")
        return intact

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._db.execute("rollback")
            raise
        self._db.execute("commit")

    # --- jobs

    def ask(self, row: Row) -> None:
        """Put an *asked* entry, or renew one; what is further on stays as it is."""
        values = (row.job_id, row.step, row.guid, row.kind, row.run_id, row.intent, row.ending)
        with self._transaction():
            self._db.execute(_ASK, values)

    def advance(
        self, job_id: str, of: tuple[str, ...], to: str, intent: str = "", ending: str = ""
    ) -> bool:
        """Move an entry on, if it is in one of the steps `of`; whether it was."""
        values = (to, intent, intent, ending, ending, job_id, json.dumps(of))
        with self._transaction():
            moved = self._db.execute(_ADVANCE, values)
        return moved.rowcount == 1

    def row(self, job_id: str) -> Row | None:
        found = self._db.execute(_ROW, (job_id,)).fetchone()
        return Row(*found) if found else None

    def rows(self, step: str) -> list[Row]:
        return [Row(*row) for row in self._db.execute(_ROWS, (step,))]

    def prune(self, steps: tuple[str, ...], keep: int, at_most: int) -> None:
        """Forget the oldest: of `steps` beyond `keep`, of all beyond `at_most`."""
        with self._transaction():
            self._db.execute(_PRUNE, (json.dumps(steps), keep))
            self._db.execute(_PRUNE_ALL, (at_most,))

    # --- tries of a password

    def try_once(self, job_id: str, controller: str, at_most: int) -> bool:
        """Whether this was the first time; the oldest beyond `at_most` are forgotten."""
        with self._transaction():
            new = self._db.execute(_TRY, (job_id, controller))
            self._db.execute(_PRUNE_TRIES, (at_most,))
        return new.rowcount == 1

    def set_try(self, job_id: str, controller: str, bind: str | None) -> None:
        key = (job_id, controller)
        with self._transaction():
            if bind is None:
                self._db.execute("delete from tries where job_id = ? and controller = ?", key)
            else:
                self._db.execute(
                    "update tries set bind = ? where job_id = ? and controller = ?", (bind, *key)
                )

    def get_try(self, job_id: str, controller: str) -> str:
        found = self._db.execute(
            "select bind from tries where job_id = ? and controller = ?", (job_id, controller)
        ).fetchone()
        return found[0] if found else ""

    # --- notes

    def note(self, name: str, value: str) -> None:
        with self._transaction():
            self._note(name, value)

    def _note(self, name: str, value: str) -> None:
        self._db.execute("insert or replace into notes (name, value) values (?, ?)", (name, value))

    def noted(self, name: str) -> str:
        found = self._db.execute("select value from notes where name = ?", (name,)).fetchone()
        return found[0] if found else ""


def _write_durably(path: Path, text: str) -> None:
    """Replace a small file at once and for good: file, then name, then folder."""
    new = path.with_name(f"{path.name}.new")
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
