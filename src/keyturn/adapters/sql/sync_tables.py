"""Tables of what was read in directories; see schema.py and directory_tables.py.

An account is JSON: what is searched of it has a column besides.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Index, PrimaryKeyConstraint, String, Table, Text, text

from keyturn.adapters.sql.schema import ID, MS, metadata, partial
from keyturn.rules.directories.known import ID_MOST

#: of a name, what is searched: longer ones are found by their beginning
WORD: Final = 64


def _binary(length: int) -> String:
    """Text that both databases order by its bytes, whatever PostgreSQL's own order is."""
    kept: String = String(length).with_variant(String(length, collation="C"), "postgresql")
    return kept


syncs = Table(
    "syncs",
    metadata,
    Column("directory_id", ID, primary_key=True),
    Column("tenant_id", ID, nullable=False),
    Column("scope", Text, nullable=False),
    Column("number", MS, nullable=False),
    Column("phase", String(9), nullable=False),
    Column("after", String(ID_MOST), nullable=False),
    Column("total", MS, nullable=False),
    Column("done", MS, nullable=False),
    Column("cursor", Text, nullable=False),
    Column("begun_at", MS),
    Column("finished_at", MS),
    Column("heard_at", MS),
    Column("trouble", Text, nullable=False),
)

DUE = text("phase = 'due'")
partial("ix_syncs_due", syncs.c.directory_id, syncs.c.number, where=DUE)

entries = Table(
    "entries",
    metadata,
    Column("directory_id", ID, nullable=False),
    Column("id", _binary(ID_MOST), nullable=False),
    Column("tenant_id", ID, nullable=False),
    Column("word", _binary(WORD), nullable=False),
    Column("entry", Text, nullable=False),
    Column("seen_at", MS, nullable=False),
    Column("gone_at", MS),
    Column("told", Text, nullable=False),
    Column("remind_at", MS),
    PrimaryKeyConstraint("directory_id", "id"),
    Index(None, "directory_id", "word", "id"),
)
partial(
    "ix_entries_gone",
    entries.c.directory_id,
    entries.c.gone_at,
    where=entries.c.gone_at.is_not(None),
)
partial("ix_entries_remind_at", entries.c.remind_at, where=entries.c.remind_at.is_not(None))
