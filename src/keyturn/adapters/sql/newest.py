"""The newest rows of a filtered list, read from an index whatever the filter is.

An index that ends in the row's id gives the newest rows of *one* value of what stands
before it.  Where a filter lets several values through, each is asked for its newest rows,
and the newest of all are taken: a few short looks instead of one that may go far.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, TextClause, select, union_all

Clause = ColumnElement[bool] | TextClause
Clauses = Sequence[Clause]


def newest(column: Column[str], filters: Iterable[Clauses], limit: int) -> Select[Any]:
    """The ids of at most `limit` rows that pass any of the filters, newest first.

    Args:
        column: the table's id.
        filters: each one that an index answers; no row passes two of them.
    """
    looks = [
        select(column).where(*clauses).order_by(column.desc()).limit(limit).subquery()
        for clauses in filters
    ]
    every = union_all(*(select(look.c.id) for look in looks)).subquery()
    return select(every.c.id).order_by(every.c.id.desc()).limit(limit)
