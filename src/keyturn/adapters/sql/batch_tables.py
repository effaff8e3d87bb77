"""Tables of people who are invited together; loaded when somebody comes to them."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, PrimaryKeyConstraint, String, Table, text

from keyturn.adapters.sql.schema import ID, MS, metadata, partial

batches = Table(
    "batches",
    metadata,
    Column("id", ID, primary_key=True),
    Column("tenant_id", ID, nullable=False),
    Column("source", String(6), nullable=False),
    Column("label", String(200), nullable=False),
    Column("directory_id", ID),
    Column("state", String(7), nullable=False),
    Column("people", Integer, nullable=False),
    Column("made_by", String(26), nullable=False),
    Column("made_at", MS, nullable=False),
    Column("begun_by", String(26)),
    Column("begun_at", MS),
    Column("ended_at", MS),
    Column("stop", String(8)),
    Column("expires_at", MS),
    Column("act", String(8), nullable=False, server_default="invite"),
    Index(None, "tenant_id", "id"),
)
#: SQLite uses a partial index only where a query says its condition in the same words
SENDING = text("state = 'sending'")
partial("ix_batches_sending", batches.c.id, where=SENDING)

rows = Table(
    "batch_rows",
    metadata,
    Column("batch_id", ID, nullable=False),
    Column("number", Integer, nullable=False),
    Column("tenant_id", ID, nullable=False),
    Column("name", String(100), nullable=False),
    Column("email", String(254), nullable=False),
    Column("phone", String(16), nullable=False),
    Column("account", String(254), nullable=False),
    Column("user_id", ID),
    Column("means", String(16), nullable=False),
    Column("about", String(26), nullable=False),
    Column("state", String(7), nullable=False),
    Column("done_at", MS),
    PrimaryKeyConstraint("batch_id", "number"),
    Index(None, "user_id"),
)
WAITING = text("state = 'waiting'")
partial("ix_batch_rows_waiting", rows.c.batch_id, rows.c.number, where=WAITING)
