"""Statements of the busiest paths, handed to the driver as text.

After each password hash the processor's caches are cold, and what a statement costs is how
much code runs for it: SQLAlchemy's execution takes longer than the driver and SQLite
together.  So SQLAlchemy writes the text once for each database, and the driver gets text
and parameters; a sign-in is a fifth cheaper.  Rows come as the driver makes them: on SQLite
a Boolean is 0 or 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import Connection, Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement

Params = Mapping[str, Any]
Rows = list[tuple[Any, ...]]
#: the rows that a statement returned, and how many it changed
Ran = tuple[Rows, int]
#: under which key of `Connection.info` its Way is; engines put it there
WAY = "keyturn.way"
#: text; the order of its parameters; those that never change
Written = tuple[str, Sequence[str], Params]


class Way(Protocol):
    """How a driver runs statements that are text."""

    def run(self, text: str, values: Sequence[Any], /) -> Ran:
        """Run one."""

    def tell(self, text: str, values: Sequence[Any], /) -> None:
        """Run one now, or with the next one that is run or flushed, which raises what it does."""

    def flush(self) -> None:
        """Run what was told."""

    def drop(self) -> None:
        """Forget what was told and not run."""


class Quick:
    """A statement whose text is written once for each database."""

    def __init__(self, statement: ClauseElement) -> None:
        self._statement = statement
        self._written: dict[str, Written] = {}

    def rows(self, connection: Connection, params: Params) -> Rows:
        """What it returns. Raises as `Connection.execute` does."""
        return self._run(connection, params)[0]

    def count(self, connection: Connection, params: Params) -> int:
        """How many rows it changed. Raises as `Connection.execute` does."""
        return self._run(connection, params)[1]

    def tell(self, connection: Connection, params: Params) -> None:
        """Run it with the transaction's next statement, at the latest with its COMMIT: nobody
        asks what it did. Raises as `Connection.execute` does, or lets that statement raise.
        """
        text, values = self._bound(connection, params)
        try:
            connection.info[WAY].tell(text, values)
        except connection.dialect.loaded_dbapi.Error as error:
            raise _as_sqlalchemys(connection, error) from error

    def _run(self, connection: Connection, params: Params) -> Ran:
        text, values = self._bound(connection, params)
        try:
            ran: Ran = connection.info[WAY].run(text, values)
        except connection.dialect.loaded_dbapi.Error as error:
            raise _as_sqlalchemys(connection, error) from error
        return ran

    def _bound(self, connection: Connection, params: Params) -> tuple[str, Sequence[Any]]:
        """Text and values; and the connection's transaction begins, if need be, unless each
        statement is committed by itself.
        """
        if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
            _begin(connection)
        dialect = connection.dialect
        text, order, fixed = self._written.get(dialect.name) or self._write(dialect)
        given = {**fixed, **params} if fixed else params
        return text, [given[name] for name in order]

    def _write(self, dialect: Dialect) -> Written:
        compiled = self._statement.compile(dialect=_positional(dialect))
        if not isinstance(compiled, SQLCompiler):
            raise TypeError(self._statement)
        names = compiled.bind_names.items()
        fixed = {name: bind.effective_value for bind, name in names if not bind.required}
        written = compiled.string, compiled.positiontup or (), fixed
        self._written[dialect.name] = written
        return written


def _begin(connection: Connection) -> None:
    if not connection.in_transaction():
        connection.begin()


def _positional(dialect: Dialect) -> Dialect:
    """The dialect as it writes for a `Way`."""
    if dialect.name == "sqlite":
        return dialect
    kind: Callable[..., Dialect] = type(dialect)
    return kind(paramstyle="numeric_dollar")


def flush(connection: Connection) -> None:
    """Run what was told. Raises as `Connection.execute` does."""
    try:
        connection.info[WAY].flush()
    except connection.dialect.loaded_dbapi.Error as error:
        raise _as_sqlalchemys(connection, error) from error


def _as_sqlalchemys(connection: Connection, error: Any) -> BaseException:
    """A driver's error as SQLAlchemy raises it, without values; a connection that is lost is
    given up.
    """
    dialect, errors = connection.dialect, connection.dialect.loaded_dbapi.Error
    if dialect.is_disconnect(error, connection.connection.driver_connection, None):
        connection.invalidate(error)
    raised: BaseException = DBAPIError.instance(
        None, None, error, errors, hide_parameters=True, dialect=dialect
    )
    return raised


class Plain:
    """How SQLite's driver runs a statement: by itself, in the same process, at once."""

    def __init__(self, driver: Any) -> None:
        self._driver = driver

    def run(self, text: str, values: Sequence[Any]) -> Ran:
        """See Way."""
        cursor = self._driver.execute(text, values)
        return cursor.fetchall(), cursor.rowcount

    def tell(self, text: str, values: Sequence[Any]) -> None:
        """See Way."""
        self._driver.execute(text, values)

    def flush(self) -> None:
        """See Way. There is nothing left to run."""

    def drop(self) -> None:
        """See Way. There is nothing left to drop."""
