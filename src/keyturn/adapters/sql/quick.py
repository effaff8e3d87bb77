"""Statements of the busiest paths, handed to the driver as text.

After each password hash the processor's caches are cold, and what a statement costs is how
much code runs for it: SQLAlchemy's execution takes longer than the driver and SQLite
together.  So SQLAlchemy writes the text once for each database, and the driver gets text
and parameters; a sign-in is a fifth cheaper.  Rows come as the driver makes them: on SQLite
a Boolean is 0 or 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement

Params = Mapping[str, Any]
#: text; the order of its parameters, None where they are named; those that never change
Written = tuple[str, Sequence[str] | None, Params]


class Quick:
    """A statement whose text is written once for each database."""

    def __init__(self, statement: ClauseElement) -> None:
        self._statement = statement
        self._written: dict[str, Written] = {}

    def rows(self, connection: Connection, params: Params) -> list[tuple[Any, ...]]:
        """What it returns. Raises as `Connection.execute` does."""
        return list(self._run(connection, params).fetchall())

    def count(self, connection: Connection, params: Params) -> int:
        """How many rows it changed. Raises as `Connection.execute` does."""
        return int(self._run(connection, params).rowcount)

    def _run(self, connection: Connection, params: Params) -> Any:
        """Run it within the connection's transaction, which begins with it if need be."""
        if not connection.in_transaction():
            connection.begin()
        text, order, fixed = self._for(connection.dialect)
        values = {**fixed, **params} if fixed else params
        driver: Any = connection.connection.driver_connection
        errors = connection.dialect.loaded_dbapi.Error
        try:
            return driver.execute(text, values if order is None else [values[n] for n in order])
        except errors as error:
            if connection.dialect.is_disconnect(error, driver, None):
                connection.invalidate(error)
            raise DBAPIError.instance(
                None, None, error, errors, hide_parameters=True, dialect=connection.dialect
            ) from error

    def _for(self, dialect: Dialect) -> Written:
        written = self._written.get(dialect.name)
        if written is None:
            written = self._written[dialect.name] = self._write(dialect)
        return written

    def _write(self, dialect: Dialect) -> Written:
        compiled = self._statement.compile(dialect=dialect)
        if not isinstance(compiled, SQLCompiler):
            raise TypeError(self._statement)
        names = compiled.bind_names.items()
        fixed = {name: bind.effective_value for bind, name in names if not bind.required}
        return compiled.string, compiled.positiontup, fixed
