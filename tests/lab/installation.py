"""An installation with people, served by two processes, on either database."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text

from tests.lab.commanded import SRC, Server, environment


@dataclass
class Running:
    """A server, and commands that work on its data. Attributes: `url` of the database."""

    server: Server
    folder: Path
    url: str

    @property
    def origin(self) -> str:
        """Where it answers."""
        return self.server.origin

    @property
    def kind(self) -> str:
        """The database's name, for people."""
        return self.url.partition(":")[0].partition("+")[0]

    def keyturn(self, *words: str | Path) -> dict[str, Any]:
        """Run a command beside it; what it says to programs."""
        done = subprocess.run(
            [sys.executable, "-m", "keyturn", *map(str, words), "--json"], cwd=self.folder,
            env=environment(**self.server.settings), capture_output=True, text=True, timeout=120,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout.splitlines()[-1]))

    def ask(self, statement: str) -> list[Any]:
        """Look into the database."""
        engine = create_engine(self.url)
        with engine.connect() as connection:
            rows = [tuple(row) for row in connection.execute(text(statement))]
        engine.dispose()
        return rows


def seeded(folder: Path, url: str, people: int, src: Path = SRC) -> None:
    """Keys, tables and people, made by the release whose code is at `src`."""
    seed = [sys.executable, str(Path(__file__).with_name("seed.py"))]
    subprocess.run(
        [*seed, str(folder / "data"), url, str(people)],
        env=environment(PYTHONPATH=str(src)), check=True, timeout=60,
    )  # fmt: skip


def empty(url: str) -> None:
    """One PostgreSQL serves all tests of a module: begin anew."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("drop schema public cascade"))
        connection.execute(text("create schema public"))
    engine.dispose()


@contextmanager
def serving_people(folder: Path, url: str, people: int) -> Iterator[Running]:
    """People, and a server for them, for the length of a block."""
    seeded(folder, url, people)
    server = Server(folder, KEYTURN_STORE__URL=url, KEYTURN_MAIL__PORT="1")
    try:
        server.listening()
        yield Running(server, folder, url)
    finally:
        server.close()
