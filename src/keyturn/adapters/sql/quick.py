"""Statements of the busiest paths, handed to the driver as text.

After each password hash the processor's caches are cold, and what a statement costs is how
much code runs for it: SQLAlchemy's execution takes longer than the driver and SQLite
together.  So SQLAlchemy writes the text once for each database, and the driver gets text
and parameters; a sign-in is a fifth cheaper.  Rows come as the driver makes them: on SQLite
a Boolean is 0 or 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement

Params = Mapping[str, Any]
Rows = list[tuple[Any, ...]]
#: the rows that a statement returned, and how many it changed
Ran = tuple[Rows, int]
Run = Callable[[str, Sequence[Any]], Ran]
#: under which key of `Connection.info` its way to run statements is; engines put it there
RUN = "keyturn.run"
#: text; the order of its parameters; those that never change
Written = tuple[str, Sequence[str], Params]


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

    def _run(self, connection: Connection, params: Params) -> Ran:
        """Run it within the connection's transaction, which begins with it if need be; by
        itself on a connection that commits each statement.
        """
        if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
            _begin(connection)
        dialect = connection.dialect
        text, order, fixed = self._written.get(dialect.name) or self._write(dialect)
        given = {**fixed, **params} if fixed else params
        driver: Any = connection.connection.driver_connection
        errors = dialect.loaded_dbapi.Error
        try:
            ran: Ran = connection.info[RUN](text, [given[name] for name in order])
        except errors as error:
            if dialect.is_disconnect(error, driver, None):
                connection.invalidate(error)
            raise DBAPIError.instance(
                None, None, error, errors, hide_parameters=True, dialect=dialect
            ) from error
        return ran

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
    """The dialect as it writes for a `Run`."""
    if dialect.name == "sqlite":
        return dialect
    kind: Callable[..., Dialect] = type(dialect)
    return kind(paramstyle="numeric_dollar")


def plain(driver: Any) -> Run:
    """How a driver runs a statement by itself."""

    def run(text: str, values: Sequence[Any]) -> Ran:
        cursor = driver.execute(text, values)
        return cursor.fetchall(), cursor.rowcount

    return run
