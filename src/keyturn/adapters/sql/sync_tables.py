"""Tables of what was read in directories; see schema.py and directory_tables.py.

An account is JSON: what is searched of it has a column besides.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Index, PrimaryKeyConstraint, String, Table, Text, text

from keyturn.adapters.sql.schema import ID, MS, metadata, partial
from keyturn.rules.directories.known import ID_MOST

#: an empty text, as both databases are told of it
NONE: Final = text("''")
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
    # what a server of the release before adds is yet to be settled
    Column("owing", String(7), nullable=False, server_default="due"),
    Column("unclear", String(8), nullable=False, server_default=NONE),
    Column("mail", String(254), nullable=False, server_default=NONE),
    PrimaryKeyConstraint("directory_id", "id"),
    Index(None, "directory_id", "word", "id"),
    Index(None, "directory_id", "mail"),
)
#: SQLite uses a partial index only where a query says its condition in the same words
OWED = text("owing IN ('due', 'sure')")
HELD = text("owing = 'held'")
UNCLEAR = text("unclear <> ''")
partial("ix_entries_owed", entries.c.directory_id, entries.c.id, where=OWED)
partial("ix_entries_held", entries.c.directory_id, entries.c.gone_at, where=HELD)
partial("ix_entries_unclear", entries.c.directory_id, entries.c.id, where=UNCLEAR)
partial(
    "ix_entries_gone",
    entries.c.directory_id,
    entries.c.gone_at,
    where=entries.c.gone_at.is_not(None),
)
partial("ix_entries_remind_at", entries.c.remind_at, where=entries.c.remind_at.is_not(None))
