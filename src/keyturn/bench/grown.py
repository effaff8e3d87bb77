"""A database that has grown: filled, and gone again when it was looked at."""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import create_engine, text

from keyturn.bench import crowd
from keyturn.bench.crowd import Person
from keyturn.bench.places import SQLITE
from keyturn.bench.task import Task

#: people who sign in once each, right or wrong
MOST_PEOPLE = 100_000
GIB = 2**30
#: what a big database takes at most, with its indexes and the log it is written by
_BYTES_PER_ROW = 1_500
_CHANCE = secrets.SystemRandom()


@dataclass(frozen=True, slots=True)
class Place:
    """A database that was filled.

    Attributes:
        load_s: how long filling took.
        accounts: how many people there are.
    """

    url: str
    accounts: int
    load_s: float

    def people(self) -> Iterator[Person]:
        """People who can sign in, in an order drawn at random, none twice."""
        numbers = _CHANCE.sample(range(1, self.accounts + 1), min(self.accounts, MOST_PEOPLE))
        return (person for person in map(Person, numbers) if person.usual)

    @property
    def size(self) -> int:
        """Bytes that it takes."""
        if self.url.startswith(SQLITE):
            return self._file.stat().st_size
        engine = create_engine(self.url)
        with engine.connect() as link:
            asked = text("select pg_database_size(current_database())")
            size = int(link.execute(asked).scalar_one())
        engine.dispose()
        return size

    @property
    def _file(self) -> Path:
        return Path(self.url.removeprefix("sqlite:///"))

    def remove(self) -> None:
        """A file of many gigabytes is not kept until all is done."""
        if self.url.startswith(SQLITE):
            for file in self._file.parent.glob("*.db*"):
                file.unlink()


def room_for(task: Task, rows: int) -> None:
    """Say so in time if the disk will not do. Raises crowd.NoRoom."""
    free, wanted = shutil.disk_usage(task.folder).free, 2 * rows * _BYTES_PER_ROW
    if free < wanted:
        raise crowd.NoRoom(wanted // GIB, free // GIB)


def filled(task: Task, engine: str, accounts: int, rows: int) -> Place:
    """A fresh database with so many accounts, and rows as crowd.load counts them."""
    task.reporter.say(f"on {engine}: filling with {accounts:,} accounts, {rows:,} rows")
    url = task.databases.fresh(engine)
    began = time.monotonic()
    crowd.load(url, accounts, rows, task.reporter.say)
    return Place(url, accounts, round(time.monotonic() - began, 1))
