"""Rows to value types and back, and the few statements every table has.

A `Shape` pairs a table with a frozen dataclass whose fields are the table's columns in
any order; columns that need a conversion (JSON, enum, tuple) name it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Generic, TypeVar

from sqlalchemy import BindParameter, Connection, Row, Select, Table, bindparam, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.dml import Insert, Update

from keyturn.adapters.sql.quick import Quick
from keyturn.ports.store import Taken

V = TypeVar("V")


def upsert(dialect: str) -> Callable[[Table], Any]:
    """INSERT … ON CONFLICT, spelled by each dialect's own construct, means the same on both.
    Only the one in use is loaded.
    """
    if dialect == "sqlite":
        from sqlalchemy.dialects.sqlite import insert as of_sqlite  # noqa: PLC0415  as said

        return of_sqlite
    from sqlalchemy.dialects.postgresql import insert as of_postgresql  # noqa: PLC0415  as said

    return of_postgresql


class Repository:
    """A room of an open transaction.

    Attributes:
        writing: rows read are also held, where the port says so.
        enqueued: told by whoever adds a message, read by the store after the commit.
        stirred: the same of whatever agents should hear of.
    """

    def __init__(self, connection: Connection, dialect: str, *, writing: bool) -> None:
        self._c = connection
        self._dialect = dialect
        self._writing = writing
        self.enqueued = False
        self.stirred = False


@dataclass(frozen=True, slots=True)
class Codec:
    """How one column's value is written and read."""

    write: Callable[[Any], Any]
    read: Callable[[Any], Any]


def param(name: str) -> BindParameter[Any]:
    """A value given at execution: statements are built once and reused. Its name must not
    be a column's (SQLAlchemy reserves those in INSERT and UPDATE).
    """
    return bindparam(name)


def compact(value: object) -> str:
    """JSON without spaces, text kept as it is."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


JSON = Codec(write=compact, read=json.loads)


def enum(kind: Callable[[str], Any]) -> Codec:
    """A column that holds an enum's value."""
    return Codec(write=str, read=kind)


class Shape(Generic[V]):
    """A table and its value type."""

    def __init__(
        self,
        table: Table,
        cls: Callable[..., V],
        key: Sequence[str] = ("id",),
        **codecs: Codec,
    ) -> None:
        self.table = table
        self.cls = cls
        self.codecs = codecs
        self.names = tuple(f.name for f in fields(cls))  # type: ignore[arg-type]
        self.columns = tuple(table.c[name] for name in self.names)
        self.size = len(self.names)
        self._read = tuple((i, codecs[n].read) for i, n in enumerate(self.names) if n in codecs)
        self.insert: Insert = table.insert()
        self.quick_insert = Quick(self.insert)
        changed = {n: param("v_" + n) for n in self.names if n not in key}
        self.update: Update = table.update().values(changed)
        for name in key:
            self.update = self.update.where(table.c[name] == param("k_" + name))
        self.quick_update = Quick(self.update)

    def select(self) -> Select[Any]:
        """All of the type's columns."""
        return select(*self.columns)

    def value(self, row: Row[Any] | Sequence[Any]) -> V:
        """The value type of a row that holds exactly its columns."""
        cells = list(row)
        for at, read in self._read:
            if cells[at] is not None:
                cells[at] = read(cells[at])
        return self.cls(*cells)

    def maybe(self, row: Row[Any] | None) -> V | None:
        """As `value`, None for no row."""
        return None if row is None else self.value(row)

    def params(self, value: V) -> dict[str, Any]:
        """Column values for an insert."""
        return {n: self._written(n, getattr(value, n)) for n in self.names}

    def changes(self, value: V, **key: Any) -> Mapping[str, Any]:
        """Parameters of `update`: every column and the key."""
        params = {"v_" + n: self._written(n, getattr(value, n)) for n in self.names}
        params.update({"k_" + n: v for n, v in key.items()})
        for name in key:
            params.pop("v_" + name, None)
        return params

    def _written(self, name: str, value: Any) -> Any:
        codec = self.codecs.get(name)
        return codec.write(value) if codec and value is not None else value


class taken:  # noqa: N801  reads as a statement: `with taken(connection, "phone")`
    """Turn a broken unique index into Taken, and leave the transaction usable."""

    def __init__(self, connection: Connection, what: str) -> None:
        self._connection, self._what = connection, what

    def __enter__(self) -> None:
        self._savepoint = self._connection.begin_nested()

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if error is None:
            self._savepoint.commit()
            return
        self._savepoint.rollback()
        if isinstance(error, IntegrityError):
            raise Taken(self._what) from error
