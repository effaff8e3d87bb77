"""The store: transactions for coroutines.

PostgreSQL: a small pool of threads, each transaction on a connection of its own.

SQLite: one *writer* thread per process, in whose queue transactions wait in order of
arrival (many writers on one file starve each other: p99 of 0.7–2.8 s was measured).
The writer takes a blocking `flock` beside the database, so that processes take turns
instead of polling, runs as many waiting items as there are in one transaction, each in
a savepoint of its own, and answers after the commit: one flush for all of them.
Readers have threads and connections of their own and never wait for the writer.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import queue
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from enum import Enum, auto
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, make_url, text
from sqlalchemy.exc import (
    DBAPIError,
    InterfaceError,
    InternalError,
    OperationalError,
)
from sqlalchemy.exc import (
    TimeoutError as PoolTimeout,
)

from keyturn.adapters.sql.engine import POOL, is_memory, postgres_engine, sqlite_engine
from keyturn.adapters.sql.quick import WAY, Quick, flush
from keyturn.adapters.sql.tx import NOTHING, News, SqlTx
from keyturn.adapters.threads import Awaited, Slot, Threads, Waited
from keyturn.ports.store import StoreUnavailable, Tx

T = TypeVar("T")
Work = Callable[[Tx], T]

BATCH = 64
READERS = 3
CHECKPOINT_SECONDS = 5.0
OUTAGES = (OperationalError, InterfaceError, InternalError, PoolTimeout)
WRITING, COMMIT = Quick(text("BEGIN")), Quick(text("COMMIT"))
SNAPSHOT = Quick(text("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"))
#: PostgreSQL: serialization_failure, deadlock_detected, unique_violation (two began the
#: same thing at the same moment: the second run sees the first's row).
AGAIN = ("40001", "40P01", "23505")
#: Of those who begin the same thing at once, one gets on in each round: more rounds than
#: connections that a few servers have.
RUNS = 40


class Manner(Enum):
    """How a function is run; each is a method of ports.store.Store."""

    READ = auto()
    GLANCE = auto()
    EACH = auto()
    WRITE = auto()


class SqlStore(ABC):
    """What both databases share: handing work to threads, hearing of commits."""

    def __init__(self) -> None:
        self._listeners: list[tuple[News, Callable[[], None]]] = []

    def on_commit(self, listener: Callable[[], None]) -> None:
        """See ports.store.Store."""
        self._listeners.append((News.MESSAGES, listener))

    def on_work(self, listener: Callable[[], None]) -> None:
        """See ports.store.Store."""
        self._listeners.append((News.WORK, listener))

    def _announce(self, news: News) -> None:
        for wanted, listener in self._listeners if news else ():
            if wanted in news:
                listener()

    async def read(self, fn: Work[T]) -> T:
        """See ports.store.Store."""
        return await self._ask(Manner.READ, fn)

    async def glance(self, fn: Work[T]) -> T:
        """See ports.store.Store."""
        return await self._ask(Manner.GLANCE, fn)

    async def each(self, fn: Work[T]) -> T:
        """See ports.store.Store."""
        return await self._ask(Manner.EACH, fn)

    async def write(self, fn: Work[T]) -> T:
        """See ports.store.Store."""
        return await self._ask(Manner.WRITE, fn)

    def submit_read(self, fn: Work[T]) -> Future[T]:
        """As `read`, for callers without an event loop."""
        return self._submit(Manner.READ, fn)

    def submit_glance(self, fn: Work[T]) -> Future[T]:
        """As `glance`, for callers without an event loop."""
        return self._submit(Manner.GLANCE, fn)

    def submit_each(self, fn: Work[T]) -> Future[T]:
        """As `each`, for callers without an event loop."""
        return self._submit(Manner.EACH, fn)

    def submit_write(self, fn: Work[T]) -> Future[T]:
        """As `write`, for callers without an event loop."""
        return self._submit(Manner.WRITE, fn)

    def _ask(self, manner: Manner, fn: Work[T]) -> asyncio.Future[T]:
        slot = Awaited[T]()
        self._give(manner, fn, slot)
        return slot.future

    def _submit(self, manner: Manner, fn: Work[T]) -> Future[T]:
        slot = Waited[T]()
        self._give(manner, fn, slot)
        return slot.future

    @abstractmethod
    def _give(self, manner: Manner, fn: Work[T], slot: Slot[T]) -> None:
        """Have `fn` run in a thread."""

    @abstractmethod
    def close(self) -> None:
        """Finish what is under way and let go of threads and connections."""


@contextmanager
def outages() -> Iterator[None]:
    """A database that does not answer is an outage to everybody above; a statement that
    is wrong is a fault of ours and stays one.
    """
    try:
        yield
    except OUTAGES as error:
        raise StoreUnavailable(type(error).__name__) from error


class PostgresStore(SqlStore):
    """Transactions on PostgreSQL: a few threads, each with a connection of its own.

    The connections do not begin transactions by themselves; `_within` says how one begins.
    """

    def __init__(self, url: str) -> None:
        super().__init__()
        self.engine = postgres_engine(url)
        self._autocommit = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        self._local = threading.local()
        self._connections: list[Connection] = []
        self._threads = Threads(POOL, "keyturn-store")

    def _give(self, manner: Manner, fn: Work[T], slot: Slot[T]) -> None:
        self._threads.give(partial(self._run, manner, fn), slot)

    def _run(self, manner: Manner, fn: Work[T]) -> T:
        """A glance sees one moment without a transaction, too: that saves the round trips of
        BEGIN and COMMIT.
        """
        with outages():
            if manner is Manner.WRITE:
                return self._write(fn)
            return self._within(SNAPSHOT if manner is Manner.READ else None, fn)

    def _write(self, fn: Work[T]) -> T:
        for left in reversed(range(RUNS)):
            try:
                return self._within(WRITING, fn)
            except DBAPIError as error:
                if not left or not may_run_again(error):
                    raise
        raise AssertionError  # the last round returns or raises

    def _within(self, begin: Quick | None, fn: Work[T]) -> T:
        """Run `fn` in the transaction that `begin` begins; None: each statement is one."""
        with self._own() as connection:
            if begin is not None:
                begin.tell(connection, {})
            tx = SqlTx(connection, "postgresql", writing=begin is WRITING)
            answer = fn(tx)
            if begin is None:
                flush(connection)
            else:
                COMMIT.count(connection, {})
            if connection.in_transaction():
                connection.commit()  # SQLAlchemy's view of it
        self._announce(tx.news)
        return answer

    @contextmanager
    def _own(self) -> Iterator[Connection]:
        """This thread's connection. What went wrong is rolled back; a connection that may be
        broken is given up, and the next transaction has a new one.
        """
        connection: Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._autocommit.connect()
            self._connections.append(connection)
        try:
            yield connection
        except OUTAGES as error:
            if may_run_again(error):
                _undo(connection)
            else:
                self._give_up(connection)
            raise
        except BaseException:
            _undo(connection)
            raise

    def _give_up(self, connection: Connection) -> None:
        self._local.connection = None
        self._connections.remove(connection)
        connection.invalidate()
        connection.close()

    def close(self) -> None:
        """See SqlStore."""
        self._threads.shutdown()
        for connection in self._connections:
            connection.close()
        self.engine.dispose()


def _undo(connection: Connection) -> None:
    """Roll back, for SQLAlchemy and for the server, which heard of BEGIN from us, or never will."""
    connection.info[WAY].drop()
    connection.rollback()
    driver: Any = connection.connection.driver_connection
    driver.rollback()


def may_run_again(error: BaseException) -> bool:
    """Whether the transaction failed only because of others beside it."""
    return getattr(getattr(error, "orig", None), "sqlstate", None) in AGAIN


class _Item:
    """One transaction in the writer's queue."""

    __slots__ = ("answer", "error", "fn", "slot")

    def __init__(self, fn: Work[Any], slot: Slot[Any]) -> None:
        self.fn = fn
        self.slot = slot
        self.answer: Any = None
        self.error: BaseException | None = None

    def settle(self) -> None:
        """Give the caller the answer or the error. Whoever asked may have given up meanwhile:
        what was done is done all the same, and the next in line is waiting.
        """
        if not self.slot.wanted():
            return
        if self.error is not None:
            self.slot.fail(self.error)
        else:
            self.slot.put(self.answer)


class SqliteStore(SqlStore):
    """Transactions on SQLite: one writer, several readers."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.engine = sqlite_engine(url, begin="BEGIN IMMEDIATE")
        self._memory = is_memory(url)
        self._local = threading.local()
        self._stop = threading.Event()
        self._items: queue.SimpleQueue[_Item | None] = queue.SimpleQueue()
        self._lock_file = None if self._memory else writer_lock(url)
        self._writer = threading.Thread(target=self._run, name="keyturn-writer", daemon=True)
        self._writer.start()
        if self._memory:
            return
        self._reading = sqlite_engine(url, begin="BEGIN")
        self._threads = Threads(READERS, "keyturn-reader")
        self._keeper = threading.Thread(target=self._checkpoint, args=(url,), daemon=True)
        self._keeper.start()

    def _give(self, manner: Manner, fn: Work[T], slot: Slot[T]) -> None:
        """The writer's transactions are as cheap as single statements, and a snapshot is no
        dearer than a glance. An in-memory database has one connection: the writer reads.
        """
        if manner in (Manner.READ, Manner.GLANCE) and not self._memory:
            self._threads.give(partial(self._read, fn), slot)
        else:
            self._items.put(_Item(fn, slot))

    def _read(self, fn: Work[T]) -> T:
        with outages():
            connection = getattr(self._local, "connection", None)
            if connection is None:
                connection = self._local.connection = self._reading.connect()
            try:
                return fn(SqlTx(connection, "sqlite", writing=False))
            finally:
                connection.rollback()

    def _run(self) -> None:
        """The writer's life."""
        connection: Connection | None = None
        while (first := self._items.get()) is not None:
            done: list[_Item] = []
            try:
                if connection is None:
                    connection = self.engine.connect()
                with self._turn():
                    news = self._batch(connection, first, done)
            except BaseException as error:  # noqa: BLE001  whatever it was, callers must hear of it
                _abandon(connection)
                connection = None
                done = done or [first]  # the database did not even open
                for item in done:
                    item.error = StoreUnavailable(type(error).__name__)
                    item.error.__cause__ = error
                news = NOTHING
            for item in done:
                item.settle()
            self._announce(news)
        if connection is not None:
            connection.close()

    def _batch(self, connection: Connection, first: _Item, done: list[_Item]) -> News:
        """Run what waits in one transaction; what is to be told of it."""
        news = self._one(connection, first, done)
        while len(done) < BATCH:
            try:
                item = self._items.get_nowait()
            except queue.Empty:
                break
            if item is None:
                self._items.put(None)
                break
            news |= self._one(connection, item, done)
        connection.commit()
        return news

    def _one(self, connection: Connection, item: _Item, done: list[_Item]) -> News:
        """Run one item; an error of its own undoes only itself. The first of a batch has
        the transaction to itself, the others each a savepoint in it.
        """
        first = not any(other.error is None for other in done)
        done.append(item)
        tx = SqlTx(connection, "sqlite", writing=True)
        if not first:
            connection.exec_driver_sql("SAVEPOINT item")
        try:
            item.answer = item.fn(tx)
        except OUTAGES:
            raise
        except BaseException as error:  # noqa: BLE001  it is the caller's, and goes to the caller
            item.error = error
            if first:
                connection.rollback()
        if not first:
            connection.exec_driver_sql("ROLLBACK TO item" if item.error else "RELEASE item")
        return NOTHING if item.error else tx.news

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Wait for this process's turn to write."""
        if self._lock_file is None:
            yield
            return
        fcntl.flock(self._lock_file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._lock_file, fcntl.LOCK_UN)

    def _checkpoint(self, url: str) -> None:
        """Bring the write-ahead log into the file in the background; never in a commit."""
        engine = sqlite_engine(url, begin="BEGIN").execution_options(isolation_level="AUTOCOMMIT")
        while not self._stop.wait(CHECKPOINT_SECONDS):
            with engine.connect() as connection:
                connection.exec_driver_sql("pragma wal_checkpoint(passive)")

    def close(self) -> None:
        """See SqlStore."""
        self._stop.set()
        self._items.put(None)
        self._writer.join()
        if not self._memory:
            self._threads.shutdown()
            os.close(self._lock_file or 0)
        self.engine.dispose()


def _abandon(connection: Connection | None) -> None:
    """Drop a connection whose transaction failed as a whole."""
    if connection is not None:
        connection.invalidate()
        connection.close()


def writer_lock(url: str) -> int:
    """The file whose lock is the right to write to the SQLite database at `url`, opened."""
    path = Path(str(make_url(url).database) + ".writer")
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def open_store(url: str) -> SqlStore:
    """The store that `url` names: "sqlite:///path", "sqlite://" (in memory) or
    "postgresql+psycopg://…". Opens no connection yet.
    """
    return SqliteStore(url) if url.startswith("sqlite") else PostgresStore(url)


def engine_of(store: SqlStore) -> Engine:
    """The engine, for migrations and tests."""
    if isinstance(store, SqliteStore | PostgresStore):
        return store.engine
    raise TypeError(store)
