"""Tables of cases' logs and of recoveries; loaded when somebody comes to them."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, String, Table, Text, text

from keyturn.adapters.sql.schema import ID, MS, metadata, partial

log = Table(
    "case_log",
    metadata,
    Column("id", ID, primary_key=True),
    Column("tenant_id", ID, nullable=False),
    Column("case_id", ID, nullable=False),
    Column("number", Integer, nullable=False),
    Column("kind", String(8), nullable=False),
    Column("at", MS, nullable=False),
    Column("actor_id", ID),
    Column("about", ID, nullable=False),
    Column("facts", Text, nullable=False),
    Index(None, "case_id", "number", unique=True),
    Index(None, "tenant_id", "about"),
)

#: SQLite uses a partial index only where a query says its condition in the same words
WAITING = text("state = 'waiting'")

recoveries = Table(
    "recoveries",
    metadata,
    Column("id", ID, primary_key=True),
    Column("tenant_id", ID, nullable=False),
    Column("user_id", ID, nullable=False),
    Column("case_id", ID, nullable=False),
    Column("ref", String(12), nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("by", ID, nullable=False),
    Column("made_at", MS, nullable=False),
    Column("due_at", MS, nullable=False),
    Column("state", String(8), nullable=False),
    Column("sent_at", MS),
    Column("link_number", Integer, nullable=False),
    Column("ended_at", MS),
    Column("why", String(12)),
    Index(None, "user_id"),
    Index(None, "case_id"),
)
# one of a user waits
partial("uq_recoveries_waiting", recoveries.c.user_id, unique=True, where=WAITING)
partial("ix_recoveries_due", recoveries.c.due_at, where=WAITING)
