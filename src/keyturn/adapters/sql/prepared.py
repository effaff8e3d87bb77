"""Statements prepared on one PostgreSQL connection, run by libpq itself.

psycopg's cursors do much that a prepared statement of ours does not need: they look for a
plan, wait in Python, build row factories.  Its public wrapper of libpq (psycopg.pq) sends a
statement and waits for its answer in one call, without the interpreter's lock; its
Transformer turns values into PostgreSQL's and back exactly as a cursor does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import pq
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import InFailedSqlTransaction, error_from_result

_TEXT = PyFormat.TEXT
_DONE = (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK)


class Prepared:
    """The statements that one connection knows. For one thread at a time."""

    def __init__(self, driver: psycopg.Connection[Any]) -> None:
        self._driver = driver
        self._pg = driver.pgconn
        self._values = Transformer(driver)
        self._names: dict[str, bytes] = {}

    def run(self, text: str, values: Sequence[Any]) -> tuple[list[tuple[Any, ...]], int]:
        """The rows that a statement returns, and how many it changed or returned.

        Args:
            text: with $1, $2 … for the values, each with its type.

        Raises psycopg.Error, as a cursor does; and InFailedSqlTransaction for a COMMIT that
        the server answered with ROLLBACK, which to PostgreSQL is no error.
        """
        name = self._names.get(text) or self._prepare(text)
        self._begin()
        dumped: Any = self._values.dump_sequence(values, [_TEXT] * len(values))
        result = self._done(self._pg.exec_prepared(name, dumped))
        if text == "COMMIT" and result.command_status != b"COMMIT":
            raise InFailedSqlTransaction
        rows: list[tuple[Any, ...]] = []
        if result.ntuples:
            self._values.set_pgresult(result)
            rows = self._values.load_rows(0, result.ntuples, tuple)
        return rows, result.command_tuples or 0

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

    def _done(self, result: pq.abc.PGresult) -> pq.abc.PGresult:
        if result.status not in _DONE:
            raise error_from_result(result)
        return result
