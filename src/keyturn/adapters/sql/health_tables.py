"""Tables of how directories are; see directory_tables.py.

What agents said and what was judged is JSON: it is read whole, and never searched.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, String, Table, Text

from keyturn.adapters.sql.schema import ID, MS, metadata

agent_notes = Table(
    "agent_notes",
    metadata,
    Column("agent_id", ID, primary_key=True),
    Column("tenant_id", ID, nullable=False),
    Column("directory_id", ID, nullable=False),
    Column("left_at", MS),
    Column("left_place", Text, nullable=False),
    Column("ahead_ms", MS),
    Column("second_at", MS),
    Column("second_place", Text, nullable=False),
    Column("beside", Text, nullable=False),
    Column("beside_at", MS),
    Index(None, "directory_id"),
)

health_books = Table(
    "health_books",
    metadata,
    Column("directory_id", ID, primary_key=True),
    Column("tenant_id", ID, nullable=False),
    Column("seen", Text, nullable=False),
    Column("seen_at", MS),
    Column("memory", Text, nullable=False),
    Column("judged_at", MS),
    Column("alarmed_at", MS),
)

health_lines = Table(
    "health_lines",
    metadata,
    Column("id", ID, primary_key=True),
    Column("tenant_id", ID, nullable=False),
    Column("directory_id", ID, nullable=False),
    Column("at", MS, nullable=False),
    Column("change", String(8), nullable=False),
    Column("cause", String(40), nullable=False),
    Column("subject", Text, nullable=False),
    Column("before", String(40), nullable=False),
    Column("facts", Text, nullable=False),
    Index(None, "directory_id", "id"),
)
