"""Statements prepared on one PostgreSQL connection, run by libpq itself.

psycopg's cursors do much that a prepared statement of ours does not need: they look for a
plan, wait in Python, build row factories.  Its public wrapper of libpq (psycopg.pq) sends a
statement and waits for its answer in one call, without the interpreter's lock; its
Transformer turns values into PostgreSQL's and back exactly as a cursor does.

What is only told, not asked, waits for the next statement and goes with it in one message
(libpq's pipeline mode): BEGIN with what is first looked for, the rows that a sign-in leaves
behind with their COMMIT.  Each way to the server and back wakes two processes.
"""

from __future__ import annotations

import select
from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import pq
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import InFailedSqlTransaction, OperationalError, error_from_result

_TEXT = PyFormat.TEXT
_DONE = (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK)
#: a statement's name at the server, and its values
_Bound = tuple[bytes, Any]


class Prepared:
    """The statements that one connection knows. For one thread at a time."""

    def __init__(self, driver: psycopg.Connection[Any]) -> None:
        self._driver = driver
        self._pg = driver.pgconn
        self._values = Transformer(driver)
        self._names: dict[str, bytes] = {}
        self._told: list[_Bound] = []
        self._readable = select.poll()
        self._readable.register(self._pg.socket, select.POLLIN)

    def run(self, text: str, values: Sequence[Any]) -> tuple[list[tuple[Any, ...]], int]:
        """The rows that a statement returns, and how many it changed or returned.

        Args:
            text: with $1, $2 … for the values, each with its type.

        Raises psycopg.Error, as a cursor does, also for what was told before; and
        InFailedSqlTransaction for a COMMIT that the server answered with ROLLBACK, which to
        PostgreSQL is no error.
        """
        bound = self._bound(text, values)
        if self._told:
            result = self._together(bound)
        else:
            self._begin()
            result = self._done(self._pg.exec_prepared(*bound))
        if text == "COMMIT" and result.command_status != b"COMMIT":
            raise InFailedSqlTransaction
        rows: list[tuple[Any, ...]] = []
        if result.ntuples:
            self._values.set_pgresult(result)
            rows = self._values.load_rows(0, result.ntuples, tuple)
        return rows, result.command_tuples or 0

    def tell(self, text: str, values: Sequence[Any]) -> None:
        """Run a statement with the next one, or with `flush`; what it answers nobody asks, and
        what it raises they raise. Whoever tells on a connection that begins transactions by
        itself (psycopg's autocommit is off) has it run at once.
        """
        if self._driver.autocommit:
            self._told.append(self._bound(text, values))
        else:
            self.run(text, values)

    def flush(self) -> None:
        """Run what was told. Raises psycopg.Error."""
        if self._told:
            self._together(self._told.pop())

    def drop(self) -> None:
        """Forget what was told and not run: its transaction is undone."""
        self._told.clear()

    def _bound(self, text: str, values: Sequence[Any]) -> _Bound:
        name = self._names.get(text) or self._prepare(text)
        dumped: Any = self._values.dump_sequence(values, [_TEXT] * len(values))
        return name, dumped

    def _prepare(self, text: str) -> bytes:
        name = b"keyturn_%d" % len(self._names)
        self._done(self._pg.prepare(name, text.encode()))
        self._names[text] = name
        return name

    def _begin(self) -> None:
        """What a cursor does before the first statement of a transaction."""
        idle = self._pg.transaction_status == pq.TransactionStatus.IDLE
        if idle and not self._driver.autocommit:
            self._done(self._pg.exec_(b"BEGIN"))

    def _together(self, last: _Bound) -> pq.abc.PGresult:
        """Run what was told, then `last`; its result. The first that fails is raised, and the
        server does none of those after it.
        """
        every = [*self._told, last]
        self._told.clear()
        self._pg.enter_pipeline_mode()
        for bound in every:
            self._pg.send_query_prepared(*bound)
        self._pg.pipeline_sync()
        results = [self._answer() for _ in every]
        self._synced()
        self._pg.exit_pipeline_mode()
        for result in results[:-1]:
            self._done(result)
        return self._done(results[-1])

    def _answer(self) -> pq.abc.PGresult:
        """The result of one statement, which libpq follows with an empty one. A connection that
        breaks stays in pipeline mode: it is of no use any more.
        """
        result = self._next()
        if result is None:
            raise OperationalError(self._pg.get_error_message())
        while self._next() is not None:
            pass
        return result

    def _synced(self) -> None:
        result = self._next()
        if result is None or result.status != pq.ExecStatus.PIPELINE_SYNC:
            raise OperationalError(self._pg.get_error_message())

    def _next(self) -> pq.abc.PGresult | None:
        """What libpq says next. It is waited for outside of libpq, whose own wait here would keep
        the interpreter's lock: whoever holds the row that this waits for could not let it go.
        """
        while self._pg.is_busy():
            self._readable.poll()
            self._pg.consume_input()
        return self._pg.get_result()

    def _done(self, result: pq.abc.PGresult) -> pq.abc.PGresult:
        if result.status in _DONE:
            return result
        if self._pg.status != pq.ConnStatus.OK:  # libpq's own words, without an SQLSTATE
            raise OperationalError(self._pg.get_error_message())
        raise error_from_result(result)
